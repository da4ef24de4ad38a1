"""A merchant's page on an origin of its own, with the strict Content-Security-Policy of `src/ui/README.md`."""

import http.server
import threading

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>A shop</title><link rel="icon" href="data:,">{load}</head>
<body><h1>A shop</h1><p>{filler}</p><button id="pay">Pay</button> <button id="other">Another button</button>
<p id="result" role="status"></p><script src="/shop.js"></script></body></html>
"""

# What a merchant would write, and a record of all that is called.
SCRIPT = """
const told = [];
const options = () => {
  const query = new URLSearchParams(location.search);
  return {
    clientToken: query.get("token"), mode: query.get("mode") ?? undefined, lang: query.get("lang") ?? undefined,
    onComplete: ({ status }) => told.push(["complete", status]), onAbort: ({ status }) => told.push(["abort", status]),
  };
};
const said = (result) => { document.getElementById("result").textContent = `${told.map((one) => one.join(" ")).join(", ")}: ${JSON.stringify(result)}`; };
const pay = () => Lendport.open(options()).then(said, (error) => said({ error: error.message }));
document.getElementById("pay").addEventListener("click", pay);
addEventListener("load", () => Lendport.resume(options())?.then(said));
"""

# One that does not wait for the page.
EARLY = "Lendport.resume();"


class Shop:
    """Serves the page; `host` decides whose site it is."""

    def __init__(self, host="localhost"):
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.split("?")[0]
                if path == "/cookie":
                    return self.cookie()
                scripts = {"/shop.js": SCRIPT, "/early.js": EARLY}
                body, kind = (scripts[path], "text/javascript") if path in scripts else (shop.page(path), "text/html")
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                gateway = shop.gateway
                self.send_header("Content-Security-Policy", f"default-src 'none'; script-src 'self' {gateway}; connect-src 'self' {gateway}; "
                                 f"frame-src {gateway} {shop.frames}; img-src data:; base-uri 'none'; form-action 'none'")
                self.end_headers()
                self.wfile.write(body.encode())

            def cookie(self):
                """Sets a cookie that may go along in frames, and says which one came back."""
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Set-Cookie", "kept=1; Path=/; SameSite=None; Secure")
                self.end_headers()
                self.wfile.write(f"<!doctype html><title>A tracker</title><p>{self.headers.get('Cookie', 'none')}</p>".encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://{host}:{self.server.server_port}"
        self.return_urls = {"success": f"{self.origin}/ok", "failure": f"{self.origin}/cart"}
        self.gateway = "'none'"
        self.frames = ""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path):
        kinds = {"/early": f'<script src="{self.gateway}/assets/lendport.js"></script><script src="/early.js"></script>',
                 "/module": f'<script type="module" src="{self.gateway}/assets/lendport.js"></script>',
                 "/named": f'<link rel="modulepreload" href="{self.gateway}/assets/lendport.mjs">'
                           f'<script type="module" src="{self.gateway}/assets/lendport.mjs"></script>'}
        load = kinds.get(path, f'<script src="{self.gateway}/assets/lendport.js"></script>')
        return PAGE.format(load=load, filler="Something to scroll past. " * 400)

    def url(self, checkout, path="/", **query):
        rest = "".join(f"&{name}={value}" for name, value in query.items())
        return f"{self.origin}{path}?token={checkout['client_token']}{rest}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

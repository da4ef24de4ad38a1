"""The program itself, with its simulators, and what a merchant's server would ask it."""

import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

# How long anything may take on a busy machine.
PATIENCE_S = 90
# Links of a customer that work for a minute, the shortest there is.
SHORT_LINKS = {"LENDPORT_PAGE__CLIENT_TOKEN_MINUTES": "1"}


def until(what, found):
    """Asks again and again until there is an answer; fails with `what` when there is none in time."""
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.05)


class Answer:
    """An answer over HTTP."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.bytes = body
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.text)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are answers like others."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def http(method, url, body=None, headers=None, raw=None):
    """One request; any status is an answer."""
    data = raw if body is None else json.dumps(body).encode()
    wanted = {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url, data=data, method=method, headers={**wanted, **(headers or {})})
    try:
        with OPENER.open(request, timeout=PATIENCE_S) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as answer:
        return Answer(answer.code, answer.headers, answer.read())


class Lender:
    """A simulator in a process of its own, which a restart of the gateway does not touch."""

    # What `lendport dev` takes for the test merchant's account.
    ACCOUNT = ("--username", "cdx_demo", "--password", "simulated-password", "--merchant-id", "1234")

    def __init__(self, binary, provider):
        command = [binary, "simulate", provider, "--bind", "127.0.0.1:0", "--resend-interval-ms", "200", *self.ACCOUNT]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.url = next(word for line in self.process.stdout for word in line.split() if word.startswith("http://"))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


# What this process has claimed; the system takes the claims back when it ends.
_places = []


def place():
    """An address that nobody has, that the system gives to nobody by itself, and no other story either: free after a while too."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        address = ("127.0.0.1", random.randint(10_000, first_given - 1))
        claim = socket.socket(socket.AF_UNIX)
        try:
            # The system forgets such a name with the process that has it.
            claim.bind(f"\0lendport-browser-{address[1]}")
            with socket.socket() as probe:
                probe.bind(address)
        except OSError:
            claim.close()
            continue
        _places.append(claim)
        return f"{address[0]}:{address[1]}"


class Gateway:
    """`lendport dev` in a folder of its own. One that is to be started again has places of its own: then it has the same
    address, database and simulators' addresses."""

    def __init__(self, binary, origins=(), settings=None, again=False):
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory(prefix="lendport-browser-")
        self.ready_file = Path(self.folder.name) / "ready.json"
        self.log = open(Path(self.folder.name) / "log", "a+b")  # noqa: SIM115, closed with the folder
        self.process = None
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("LENDPORT_")}
        self.env["LENDPORT_PROVIDERS__WEPAY__ENABLED"] = "true"
        self.env["LENDPORT_PROVIDERS__SANDBOX__ENABLED"] = "true"
        self.env["LENDPORT_PROVIDERS__FLEXSHOPPER__ENABLED"] = "true"
        if origins:
            self.env["LENDPORT_MERCHANT__NAME"] = "Demo TV"
            self.env["LENDPORT_MERCHANT__PAGE__ALLOWED_ORIGINS"] = " ".join(origins)
        self.env.update(settings or {})
        self.bind = "127.0.0.1:0"
        if again:
            self.bind, self.env["LENDPORT_SIMULATOR__SHOP_BIND"] = place(), place()
            for provider in ("WEGETFINANCING", "WEPAY", "SANDBOX", "FLEXSHOPPER"):
                self.env[f"LENDPORT_SIMULATOR__BIND__{provider}"] = place()
        self.start()

    def start(self):
        """Starts it and waits until it answers."""
        self.ready_file.unlink(missing_ok=True)
        command = [self.binary, "dev", "--bind", self.bind, "--data-dir", str(Path(self.folder.name) / "data")]
        command += ["--ready-file", str(self.ready_file)]
        self.process = subprocess.Popen(command, env=self.env, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

        def ready():
            assert self.process.poll() is None, f"the gateway ended:\n{self.said()}"
            return self.ready_file.exists()

        until("the gateway to answer", ready)
        told = json.loads(self.ready_file.read_text())
        self.url = told["url"]
        self.key = told["secret_key"]
        self.simulators = told["simulators"]
        self.shop = told.get("shop", "")

    def kill(self):
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        """Ends it and forgets all it had."""
        if self.process.poll() is None:
            self.kill()
        self.log.close()
        self.folder.cleanup()

    def said(self):
        """The end of its log."""
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")[-4000:]

    # ---- what a merchant's server asks

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        return http(method, self.url + path, body, headers)

    def post_checkout(self, **rest):
        """Asks for a checkout of the usual cart; `rest` replaces parts of it."""
        return self.ask("POST", "/v1/checkouts", {
            "reference": "ORDER-123",
            "customer": {"first_name": "John", "last_name": "Doe", "email": "john@example.com", "phone": "2222222222"},
            "billing_address": {
                "line1": "6 West End Court 1", "city": "Long Branch", "state": "NJ", "postal_code": "07740", "country": "US",
            },
            "items": [{"sku": "TV-1", "name": "Television 55″", "quantity": 1, "unit_price": "1370.00", "unit_tax": "52.69"}],
            "shipping_amount": "50.00",
            "return_urls": {"success": "https://shop.example/ok", "failure": "https://shop.example/cart"},
        } | rest)

    def open_checkout(self, **rest):
        """A checkout that was made."""
        answer = self.post_checkout(**rest)
        assert answer.status == 201, answer.text
        return answer.json

    def read(self, checkout):
        answer = self.ask("GET", f"/v1/checkouts/{checkout['id']}?expand=attempts")
        assert answer.status == 200, answer.text
        return answer.json

    def until_status(self, checkout, status):
        """Waits until the merchant would read this status."""
        return until(f"status {status}", lambda: (now := self.read(checkout))["status"] == status and now)

    def page_of(self, answer):
        """The page of a checkout that the answer names; the merchant's server asks for a token."""
        token = self.ask("POST", f"/v1/checkouts/{answer.json['checkout']['id']}/client_token", {})
        assert token.status == 200, token.text
        return token.json["checkout_url"]

    def stands(self, page):
        """Where the customer of this page stands."""
        return http("GET", f"{page}/status").json["state"]

    # ---- what a lender does

    def disturb(self, provider, **fault):
        """Something goes wrong at the next call of the simulator."""
        answer = http("POST", f"{self.simulators[provider]}/_sim/faults", {"on": "create"} | fault)
        assert answer.status in (200, 201), answer.text

    def play(self, page, decision):
        """A person decides on the simulator's own page."""
        body = f"decision={decision}".encode()
        answer = http("POST", f"{page}/decide", headers={"Content-Type": "application/x-www-form-urlencoded"}, raw=body)
        assert answer.status in (200, 303), answer.text

    def requests_at(self, provider):
        """What the simulator was asked to finance, newest first."""
        return http("GET", f"{self.simulators[provider]}/_sim/requests").json["requests"]

    def way_back(self, provider, checkout):
        """Where the lender sends who is done there."""
        reference = self.read(checkout)["attempt"]["provider_reference"]
        asked = http("GET", f"{self.simulators[provider]}/_sim/requests/{reference}").json
        return json.loads(asked["body"])["success_url"]

    def creates_at(self, provider):
        """How often the simulator was asked to create."""
        return http("GET", f"{self.simulators[provider]}/_sim/calls").json.get("create", 0)

    def decide(self, provider, checkout, status):
        """Has the lender decide, without the shopper's browser."""
        reference = self.read(checkout)["attempt"]["provider_reference"]
        answer = http("POST", f"{self.simulators[provider]}/_sim/requests/{reference}/decide", {"status": status, "await": True})
        assert answer.status in (200, 202, 204), answer.text

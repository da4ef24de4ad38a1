// Lendport for shops' pages: opens a checkout over the page, or goes to it, and says how it ended.
// A plain script and a module at once: both set `Lendport`. `lendport.mjs` beside it has named exports.
// What it says is what the gateway answered, and still only a word in a browser: orders are made by signed webhooks.
(() => {
  "use strict";
  if (globalThis.Lendport) return;

  // Both are written in by the gateway that serves this file.
  const gateway = "%LENDPORT_GATEWAY%";
  const texts = "%LENDPORT_TEXTS%";
  // As browsers spell it in messages: without a path or a port that is the usual one.
  const { origin: home } = new URL(gateway);

  const KEPT = "lendport.open";
  const DONE = ["approved", "preapproved", "deciding", "checking"];
  const READY_MS = 15_000;
  const ANSWER_MS = 10_000;
  const PAUSES_MS = [0, 1_000, 2_000, 4_000, 8_000];

  /** What was opened last, until it is known how it stands: { token, promise, shown, isOpen, later }. */
  let current = null;

  // sessionStorage may be forbidden: then nothing is resumed.
  const remember = (value) => {
    try {
      if (value) sessionStorage.setItem(KEPT, JSON.stringify(value));
      else sessionStorage.removeItem(KEPT);
    } catch {}
  };
  const remembered = () => {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT));
    } catch {
      return null;
    }
  };

  const address = (token, query) => `${gateway}/c/${token}${query}`;

  /** What the gateway says of the checkout. */
  async function ask(token) {
    for (const pause of PAUSES_MS) {
      await new Promise((go) => setTimeout(go, pause));
      try {
        const signal = AbortSignal.timeout(ANSWER_MS);
        const answer = await fetch(address(token, "/status"), { cache: "no-store", credentials: "omit", signal });
        if (answer.ok) {
          const { state, is_final: isFinal, return_url: returnUrl } = await answer.json();
          return { status: state, isFinal, returnUrl };
        }
        if (answer.status === 401) return { status: "token_expired", isFinal: false, returnUrl: null };
        if (answer.status === 404) break;
      } catch {}
    }
    return { status: "unknown", isFinal: false, returnUrl: null };
  }

  function lightbox(token, lang) {
    const language = (lang ?? document.documentElement.lang ?? "").slice(0, 2);
    const [title, closing, opening, slow] = texts[language] ?? texts.en;
    const channel = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const wide = matchMedia("(min-width: 48rem)").matches;

    const element = (name, rest, style) => {
      const made = Object.assign(document.createElement(name), rest);
      Object.assign(made.style, style);
      return made;
    };
    // Styles are set one by one: a strict Content-Security-Policy lets scripts do that, and forbids style attributes.
    const dialog = element("dialog", { dir: "ltr" }, {
      position: "fixed", inset: "0", width: "100vw", height: "100dvh", maxWidth: "none", maxHeight: "none", margin: "0",
      padding: wide ? "2vh 2vw" : "0", border: "0", boxSizing: "border-box", background: "rgb(10 12 15 / .6)", overflow: "hidden",
    });
    const panel = element("div", {}, {
      display: "flex", flexDirection: "column", position: "relative", height: "100%", maxWidth: "62rem", maxHeight: wide ? "54rem" : "none",
      margin: "0 auto", overflow: "hidden", background: "Canvas", color: "CanvasText", colorScheme: "light dark",
      borderRadius: wide ? "1rem" : "0", font: "1rem/1.5 system-ui, sans-serif",
    });
    const close = element("button", { type: "button", textContent: "×" }, {
      position: "absolute", insetBlockStart: ".25rem", insetInlineEnd: ".25rem", zIndex: "1", width: "3rem", height: "3rem", padding: "0",
      border: "0", borderRadius: "50%", background: "none", color: "inherit", font: "1.6rem/1 system-ui, sans-serif", cursor: "pointer",
    });
    close.setAttribute("aria-label", closing);
    const note = element("p", { textContent: opening }, { position: "absolute", inset: "45% 1rem auto", margin: "0", textAlign: "center" });
    note.setAttribute("role", "status");
    // The name survives whatever the page inside does, and needs no storage.
    const frame = element("iframe", { name: `lendport:${channel}:${location.origin}`, title }, {
      flex: "1", width: "100%", border: "0", position: "relative", opacity: "0",
    });
    frame.src = address(token, `?embed=1${lang ? `&lang=${encodeURIComponent(lang)}` : ""}`);
    dialog.setAttribute("aria-label", title);
    panel.append(close, note, frame);
    dialog.append(panel);

    return new Promise((closed) => {
      const opener = document.activeElement;
      const { overflow, paddingInlineEnd } = document.documentElement.style;
      const bar = innerWidth - document.documentElement.clientWidth;
      const slowly = setTimeout(() => { note.textContent = slow; }, READY_MS);

      // Also for what is no checkout, such as a page that says that the link has run out.
      const shown = () => {
        clearTimeout(slowly);
        note.hidden = true;
        frame.style.opacity = "1";
      };
      const heard = ({ origin, source, data }) => {
        if (origin !== home || source !== frame.contentWindow || data?.lendport !== 1 || data.channel !== channel) return;
        if (data.type === "ready") {
          shown();
          frame.focus();
        } else if (data.type === "close") {
          end();
        }
      };
      const end = () => {
        if (!dialog.isConnected) return;
        clearTimeout(slowly);
        removeEventListener("message", heard);
        dialog.remove();
        Object.assign(document.documentElement.style, { overflow, paddingInlineEnd });
        opener?.focus?.();
        closed();
      };
      frame.addEventListener("load", shown);
      addEventListener("message", heard);
      close.addEventListener("click", end);
      dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        end();
      });
      // Browsers may close a dialog without asking, when Escape is pressed again and again.
      dialog.addEventListener("close", end);
      // The page behind stays where it is, and does not jump when its scroll bar goes.
      Object.assign(document.documentElement.style, { overflow: "hidden", paddingInlineEnd: bar ? `${bar}px` : paddingInlineEnd });
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  /** Resolves when the shopper is back without the page having been loaded anew. */
  function redirect(token, lang) {
    location.assign(address(token, lang ? `?lang=${encodeURIComponent(lang)}` : ""));
    return new Promise((back) => {
      // A page that is still loading shows itself once more, before the shopper is gone.
      const seen = ({ persisted }) => {
        if (!persisted) return;
        removeEventListener("pageshow", seen);
        back();
      };
      addEventListener("pageshow", seen);
    });
  }

  /** Resolves when the page can take the lightbox: scripts in its head run before. */
  const bodyIsThere = () => document.body ?? new Promise((there) => addEventListener("DOMContentLoaded", there, { once: true }));

  /** Tells of it once it is over. Without `shown` it is not opened, only asked about. */
  function follow(kept, { onComplete, onAbort } = {}, shown) {
    // Where the shopper is sent away this page shows nothing: they may stop that, and press again.
    const mine = { token: kept.clientToken, shown, isOpen: Boolean(shown) && kept.mode !== "redirect" };
    if (current?.token === mine.token) current.later = mine;
    current = mine;
    remember(kept);
    mine.promise = outcome(mine, kept).then((result) => {
      (DONE.includes(result.status) ? onComplete : onAbort)?.(result);
      return result;
    });
    return mine.promise;
  }

  async function outcome(mine, kept) {
    let result;
    try {
      await mine.shown;
      // The gateway's answer may take a while. What the shopper has closed stays closed, on the next page too.
      if (current === mine) remember({ ...kept, isClosed: true });
      mine.isOpen = false;
      result = await ask(mine.token);
    } finally {
      mine.isOpen = false;
      // Meanwhile another one may have been opened.
      if (current === mine) {
        remember(null);
        current = null;
      }
    }
    // Opened once more: how that ends is the answer. Over another one that is open nobody is told anything.
    if (mine.later) return mine.later.promise;
    while (current?.isOpen) await current.shown.catch(() => {});
    return result;
  }

  function open(options) {
    const { clientToken: token, mode = "lightbox", lang } = options ?? {};
    if (typeof token !== "string" || !/^[\w-]+(\.[\w-]+)*$/.test(token)) {
      return Promise.reject(new TypeError("Lendport.open: clientToken is the client_token of a checkout"));
    }
    if (mode !== "lightbox" && mode !== "redirect") {
      return Promise.reject(new TypeError('Lendport.open: mode is "lightbox" or "redirect"'));
    }
    if (current?.isOpen) {
      // A second click, or a second button, while it is open.
      return current.token === token ? current.promise : Promise.reject(new Error("Lendport.open: another checkout is open"));
    }
    const kept = { clientToken: token, mode, lang };
    const shown = mode === "redirect" ? redirect(token, lang) : Promise.resolve(bodyIsThere()).then(() => lightbox(token, lang));
    return follow(kept, options, shown);
  }

  function resume(callbacks) {
    const kept = remembered();
    if (current || typeof kept?.clientToken !== "string") return current?.promise ?? null;
    // Who closed the checkout, or went to it and is back, is not sent there again: only asked about.
    if (kept.isClosed || kept.mode === "redirect") return follow(kept, callbacks, null);
    return open({ ...callbacks, ...kept });
  }

  globalThis.Lendport = Object.freeze({ open, resume });
})();

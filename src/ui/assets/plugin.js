// A financer that is shown by a script: it draws a button of its own into our page, and its window opens over it. The order
// is made by the server of what it has stored. What the script says in the end is a reason to look, and no more.

// Longer than a slow line takes; who waits still is told and may try again.
const SLOW_MS = 20_000;

const find = (id) => document.getElementById(id);

let loaded = "";
let shown = null;

/** True while the financer's button is there. */
export function isShown() {
  return Boolean(shown?.isConnected);
}

/**
 * Shows the financer's button, or says why not.
 *
 * @param {string} base path of the checkout's routes
 * @param {string} allowed the origin that the page's policy lets scripts come from
 * @param {{ signed: () => void, moved: () => void, over: () => void }} tell called when the financer says that the customer is
 *   done; when the page has to be loaded anew; when there is nothing to do any more
 */
export async function show(base, allowed, tell) {
  const [open, place, loading, trouble] = ["open", "plugin-place", "plugin-loading", "plugin-trouble"].map(find);
  const pressed = document.activeElement === open || trouble.contains(document.activeElement);
  if (!loading.hidden) return;
  open.parentElement.hidden = trouble.hidden = true;
  loading.hidden = false;
  try {
    const answer = await fetch(`${base}/plugin`, { cache: "no-store", signal: AbortSignal.timeout(SLOW_MS) });
    if (answer.status === 401 || answer.status === 404 || answer.status === 409) return tell.over();
    if (!answer.ok) throw new Error(`plugin ${answer.status}`);
    const { script_url: url, order } = await answer.json();
    if (new URL(url).origin !== allowed) return tell.moved();
    await load(url);
    // Drawn anew meanwhile: whoever did that shows it again.
    if (!place.isConnected) return;
    find("plugin").replaceChildren();
    place.hidden = false;
    const button = { createOrder: (_, actions) => actions.transaction.create(order), onSign: () => tell.signed() };
    globalThis.FlexSDK.Button(button).render("#plugin");
    shown = place;
    if (pressed) place.focus();
  } catch (error) {
    place.hidden = true;
    trouble.hidden = false;
    const others = document.querySelector(".others");
    if (others) others.open = true;
    if (pressed) find("plugin-again").focus();
    console.warn(error);
  } finally {
    loading.hidden = true;
  }
}

/** Loads a script that defines `FlexSDK`, once. */
function load(url) {
  if (loaded === url) return Promise.resolve();
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    const late = setTimeout(() => failed(new Error("the financer's script takes too long")), SLOW_MS);
    const end = (worked) => {
      clearTimeout(late);
      if (!worked) {
        script.remove();
        return failed(new Error("the financer's script is not there"));
      }
      loaded = url;
      done();
    };
    // As its pages in frames: it may know on whose page it is, and never the address of this one.
    script.referrerPolicy = "strict-origin";
    script.addEventListener("load", () => end(typeof globalThis.FlexSDK?.Button === "function"));
    script.addEventListener("error", () => end(false));
    script.src = url;
    document.head.append(script);
  });
}

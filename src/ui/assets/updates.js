// Hears where the checkout stands: server-sent events where they arrive, questions every few seconds where they do not.
// Nothing of this counts as proof of anything; it is what the server says, shown.

const SLOWEST_MS = 15_000;
// An event stream that is open and silent for so long may be held back by something in between.
const FIRST_EVENT_MS = 6_000;
const ANSWER_MS = 20_000;
const AGAIN_MS = 10_000;

/**
 * @param {string} base path of the checkout's routes
 * @param {(status: object) => void} heard called with every status document that differs from the one before
 * @param {(connected: boolean) => void} connection called when the server is lost and when it is there again
 * @param {() => void} gone called when the link has run out
 * @returns {() => void} asks at once
 */
export function listen(base, heard, connection, gone) {
  let source = null;
  let streaming = false;
  let failures = 0;
  let pause = 2_000;
  let tag = "";
  let latest = "";
  let timer = 0;
  let over = false;
  let worked = false;
  let tried = 0;

  const take = (text) => {
    failures = 0;
    connection(true);
    if (text === latest || over) return;
    latest = text;
    const status = JSON.parse(text);
    if (status.is_final) stop();
    pause = status.poll_after_ms ?? pause;
    heard(status);
  };

  const stop = () => {
    over = true;
    clearTimeout(timer);
    source?.close();
  };

  const later = (delay) => {
    clearTimeout(timer);
    if (!over) timer = setTimeout(ask, delay);
  };

  const ask = async () => {
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(`${base}/status`, { headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.status === 401 || answer.status === 404) {
        stop();
        return gone();
      }
      if (answer.status === 200) {
        tag = answer.headers.get("ETag") ?? "";
        take(await answer.text());
      } else if (answer.status === 304) {
        failures = 0;
        connection(true);
      } else {
        throw new Error(`status ${answer.status}`);
      }
      // Given up by the browser, perhaps because there were too many: not again at every question.
      if (source.readyState === EventSource.CLOSED && performance.now() - tried > AGAIN_MS) stream();
    } catch {
      failures += 1;
      connection(false);
    }
    const slow = document.hidden ? SLOWEST_MS : Math.min(pause * 2 ** failures, SLOWEST_MS);
    if (!streaming) later(slow);
  };

  const stream = () => {
    if (over) return;
    tried = performance.now();
    source = new EventSource(`${base}/events`);
    const mine = source;
    source.addEventListener("status", (event) => {
      worked = streaming = true;
      clearTimeout(timer);
      take(event.data);
    });
    source.addEventListener("open", () => {
      // After a break the stream may have nothing new to say: what is shown still holds.
      if (worked) {
        streaming = true;
        failures = 0;
        clearTimeout(timer);
        connection(true);
      }
    });
    source.addEventListener("bye", (event) => {
      streaming = false;
      mine.close();
      const { reason } = JSON.parse(event.data);
      if (reason === "token_expired") {
        stop();
        gone();
      } else {
        later(reason === "final" ? 0 : 1_000);
      }
    });
    source.addEventListener("error", () => {
      // The browser reconnects by itself, or has given up. Questions go on in either case.
      streaming = false;
      later(failures === 0 ? 1_000 : Math.min(pause * 2 ** failures, SLOWEST_MS));
    });
    later(FIRST_EVENT_MS);
  };

  // Phones stop what is not seen: look when the page is seen again.
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  addEventListener("online", ask);
  stream();
  return ask;
}

// The financer's page in a box over ours: one at a time, closed by Escape or its button, focus back where it was.

const box = document.getElementById("box");
const place = document.getElementById("box-place");
const opening = document.getElementById("box-opening");
const news = document.getElementById("box-news");

let frame = null;
let heard = null;

/** True while the financer's page is shown. */
export function isOpen() {
  return frame !== null;
}

/**
 * Shows the financer's page. Does nothing while one is shown.
 *
 * @param {string} url the financer's page
 * @param {(why: "closed" | "complete" | "abort" | "hint") => void} tell called when it is over, and for each hint before
 */
export function open(url, tell) {
  if (frame) return;
  heard = tell;
  const theirs = new URL(url, location.href).origin;
  frame = document.createElement("iframe");
  frame.title = document.getElementById("box-name").textContent;
  frame.referrerPolicy = "strict-origin";
  frame.dataset.origin = theirs;
  frame.addEventListener("load", () => { opening.hidden = true; });
  opening.hidden = false;
  news.hidden = true;
  document.getElementById("box-whole").href = url;
  frame.src = url;
  place.append(frame);
  document.documentElement.style.overflow = "hidden";
  box.showModal();
  // Neither button is what the customer came for.
  document.getElementById("box-name").focus();
}

/** Takes the financer's page away. */
export function close(why) {
  if (!frame) return;
  frame.remove();
  frame = null;
  document.documentElement.style.overflow = "";
  if (box.open) box.close();
  const tell = heard;
  heard = null;
  tell(why);
}

/** Says beside the financer's page that there is news. */
export function offerNews() {
  if (frame) news.hidden = false;
}

// A dialog that the browser closes itself (Escape) is closed all the same.
box.addEventListener("close", () => close("closed"));
box.addEventListener("cancel", (event) => {
  event.preventDefault();
  close("closed");
});
document.getElementById("box-back").addEventListener("click", () => close("closed"));
document.getElementById("box-see").addEventListener("click", () => close("complete"));

addEventListener("message", ({ source, origin, data }) => {
  if (!frame || source !== frame.contentWindow) return;
  if (origin === location.origin && data?.lendport === 1 && data.type === "came_back") {
    // The financer sent the frame back to us.
    close(data.outcome === "complete" ? "complete" : "abort");
  } else if (origin === frame.dataset.origin && typeof data === "string") {
    // Financers say in words of their own that the customer is done. It is a reason to look, and no more.
    heard("hint");
  }
});

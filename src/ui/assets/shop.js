// The shop's page around this one, when `lendport.js` shows it in its lightbox. That script gave the frame a name that
// holds a secret of this opening and the shop's origin.

const [mark, channel, ...rest] = window.name.split(":");
const origin = rest.join(":");

/** Tells the shop's page; nothing when there is none, or when the merchant has not allowed it. */
export function tell(allowed, type) {
  if (isEmbedded(allowed)) parent.postMessage({ lendport: 1, channel, type }, origin);
}

/** True when a shop that the merchant allowed shows this page by our script. */
export function isEmbedded(allowed) {
  return parent !== window && mark === "lendport" && allowed.includes(origin);
}

// The demo shop's page: a cart becomes an order at the shop's own server, `Lendport.open` shows its checkout, and every
// message between the two servers becomes a card.

const { base } = document.body.dataset;
const find = (id) => document.getElementById(id);
const carts = find("carts");
const cards = find("cards");
const trouble = find("trouble");
const KEPT = "demo.order";

let order = null;
let story = null;

const make = (name, rest = {}, ...children) => {
  const made = Object.assign(document.createElement(name), rest);
  made.append(...children);
  return made;
};

async function ask(path, body) {
  const method = body === undefined ? "GET" : "POST";
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(`${base}/api/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error?.body?.detail ?? told.detail ?? `The shop’s server answered ${answer.status}.`);
  return told;
}

const complain = (error) => {
  trouble.textContent = error.message;
  trouble.hidden = false;
};

// ---- carts

function cartCard(cart) {
  const items = cart.items.map(({ name, quantity }) => (quantity === 1 ? name : `${quantity} × ${name}`)).join(", ");
  return make("li", { className: "cart" },
    make("h2", { textContent: cart.title }),
    make("p", { className: "items", textContent: items }),
    make("p", { className: "quiet", textContent: [`${cart.reference_total} ${cart.currency}`, cart.note].filter(Boolean).join(" · ") }),
    Object.assign(make("button", { type: "button", textContent: "Buy now" }), { onclick: (event) => event.detail < 2 && buy(cart.id, event.target) }));
}

let buying = false;

/** A double click is one order. */
async function buy(cart, button) {
  if (buying) return;
  buying = true;
  trouble.hidden = true;
  button.setAttribute("aria-disabled", "true");
  try {
    const financer = find("financer").value;
    follow(await ask("orders", { cart, financers: financer ? [financer] : null }));
  } catch (error) {
    return complain(error);
  } finally {
    buying = false;
    button.removeAttribute("aria-disabled");
  }
  // Who closes the checkout may buy something else at once, before it is known how this one stands.
  show(order).catch(complain);
}

// ---- the checkout

/** What is said of an order when its checkout was closed; nothing when another one is shown by now. */
const told = (mine) => {
  const outcome = ({ status }) => {
    if (mine !== order) return;
    find("order-state").textContent = `The checkout is closed; the gateway says “${status}”. The shop’s server waits for its webhook.`;
    refresh();
  };
  return { onComplete: outcome, onAbort: outcome };
};

async function show(mine) {
  const mode = document.querySelector("[name=mode]:checked").value;
  const lang = find("language").value || undefined;
  const open = () => Lendport.open({ clientToken: mine.client_token, mode, lang, ...told(mine) });
  const result = await open();
  if (result.status === "token_expired" && mine === order) {
    mine.client_token = (await ask(`orders/${mine.order}/client_token`, {})).client_token;
    await open();
  }
}

find("again").addEventListener("click", () => show(order).catch(complain));

// ---- the order, as the shop's server knows it

function follow(told) {
  order = told;
  try { sessionStorage.setItem(KEPT, order.order); } catch {}
  find("order").hidden = false;
  find("order-name").textContent = `Order ${order.order}`;
  find("own-page").href = order.checkout_url;
  find("order-state").textContent = "The shopper has not decided yet.";
  cards.replaceChildren();
  find("quiet").hidden = true;
  story?.close();
  story = new EventSource(`${base}/api/orders/${order.order}/events`);
  story.addEventListener("card", ({ data }) => addCard(JSON.parse(data)));
}

let asked = 0;

async function refresh() {
  asked += 1;
  const mine = asked;
  const { status, shipped } = await ask(`orders/${order.order}`);
  // An answer that a later question has overtaken is old.
  if (mine !== asked) return;
  find("order-state").textContent = shipped
    ? "Paid: the shop’s server has heard checkout.ready_to_fulfill and sends the goods."
    : `The shop’s server knows: ${status}.`;
}

function addCard(card) {
  const known = cards.querySelector(`[data-n="${Number(card.n)}"]`);
  if (known) return;
  const details = card.body === undefined || card.body === null ? [] : [
    make("details", {}, make("summary", { textContent: "Body" }), make("pre", { tabIndex: 0, textContent: JSON.stringify(card.body, null, 2) }))];
  const verified = card.kind === "webhook" ? (card.verified ? "signature verified" : "signature refused") : "";
  const right = [card.status, verified, new Date(card.at).toLocaleTimeString()].filter(Boolean).join(" · ");
  const bad = card.status >= 400 || card.verified === false;
  const item = make("li", { className: `card ${card.who} ${card.kind}${bad ? " bad" : ""}` },
    make("p", { className: "who" }, make("span", { textContent: `${card.who}: ${card.kind}` }), make("span", { textContent: right })),
    make("p", { className: "title", textContent: card.type ?? card.title }), ...details);
  item.dataset.n = card.n;
  cards.append(item);
  if (card.kind === "webhook" || card.kind === "decision") refresh().catch(() => {});
}

// ---- the beginning

try {
  const { data, financers = [] } = await ask("carts");
  carts.replaceChildren(...data.map(cartCard));
  for (const { id, name } of financers) find("financer").append(make("option", { value: id, textContent: name }));
} catch (error) {
  complain(error);
}
carts.setAttribute("aria-busy", "false");

// Back from the checkout, or loaded anew: the same order goes on.
let kept = null;
try { kept = sessionStorage.getItem(KEPT); } catch {}
kept = new URLSearchParams(location.search).get("order") ?? kept;
if (kept) {
  try {
    follow(await ask(`orders/${encodeURIComponent(kept)}`));
    await refresh();
    await Lendport.resume(told(order));
  } catch {
    // An order of an earlier gateway: nobody knows it any more.
  }
}

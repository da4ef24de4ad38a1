// The customer's page. The server draws it; this opens the financer, hears of changes and has them drawn anew.
import { close, isOpen, offerNews, open } from "./box.js";
import { isShown, show as showPlugin } from "./plugin.js";
import { isEmbedded, tell } from "./shop.js";
import { listen } from "./updates.js";

const data = JSON.parse(document.getElementById("lendport-data").textContent);
const { base, lang, allowed_origins: allowed } = data;
const stage = document.getElementById("stage");
const said = document.getElementById("said");
const net = document.getElementById("net");
const embedded = isEmbedded(allowed);
const LONG_WAIT_MS = 20_000;
const DRAW_AGAIN_MS = 2_000;
const HINTS_MS = 3_000;
// A line that is lost says nothing: no answer is waited for without end. A choice may take as long as its financer.
const STAGE_MS = 20_000;
const CHOICE_MS = 40_000;
// Long enough to read how it ended.
const LEAD_ON_MS = 4_000;
// What is shown inside this page.
const SHOWN_HERE = ["lightbox", "iframe", "plugin"];

let status = data.status;
let longWait = 0;
let hinted = false;
let heardAt = -Infinity;

const find = (id) => document.getElementById(id);

// ---- the language, which no financer brings back

try {
  const here = new URL(location.href);
  const kept = sessionStorage.getItem("lendport.lang");
  if (here.searchParams.has("lang")) sessionStorage.setItem("lendport.lang", lang);
  else if (here.searchParams.has("back") && kept && kept !== lang) {
    here.searchParams.set("lang", kept);
    location.replace(here);
  }
} catch {
  // Where nothing may be kept, whoever comes back chooses again.
}

/** Brings the reader to what is new; tells of it where the reader is elsewhere on the page. */
function show(section, hadFocus) {
  const heading = section.querySelector("h1");
  if (hadFocus) heading.focus();
  else said.textContent = heading.textContent;
}

/** True when the reader is at the part that changes, or nowhere. */
const atStage = () => document.activeElement === document.body || stage.contains(document.activeElement);

// ---- the financer's page

const way = (link) => link.dataset.way;

function goToFinancer() {
  const link = find("open");
  if (!link || isOpen()) return;
  if (way(link) === "plugin") return goToPlugin();
  // Inside a shop's page only the shopper's own click may leave it.
  if (way(link) === "redirect") return embedded || link.click();
  hinted = false;
  open(link.href, (why) => {
    if (why === "hint") {
      hinted = true;
      // Some say a great deal.
      if (performance.now() - heardAt > HINTS_MS) {
        heardAt = performance.now();
        cameBack("complete");
      }
      // What the server said before the financer's page did is looked at again.
      return draw();
    }
    const complete = why === "complete";
    cameBack(complete ? "complete" : "abort");
    if (complete) wait(true);
    else find("open")?.focus();
    draw();
  });
}

/** The financer's button, drawn by its own script. */
function goToPlugin() {
  hinted = false;
  showPlugin(base, data.status.next_action?.origin ?? "", {
    signed: () => {
      hinted = true;
      cameBack("complete");
      wait(true);
      draw();
    },
    moved: () => anew(true, false),
    over: () => ask(),
  });
}

/** The customer is back: have the server look. It is told what the browser thinks, and does not believe it. */
function cameBack(outcome) {
  const body = JSON.stringify({ outcome });
  const headers = { "Content-Type": "application/json" };
  fetch(`${base}/came_back`, { method: "POST", headers, body, keepalive: true }).then(ask, ask);
}

/** Shows that the lender's word is waited for, in the place of the invitation to go there. */
function wait(waiting) {
  const [todo, section] = [find("todo"), find("waiting")];
  clearTimeout(longWait);
  if (!section) return;
  todo.hidden = waiting;
  section.hidden = !waiting;
  find("waiting-long").hidden = true;
  if (!waiting) return;
  longWait = setTimeout(() => { find("waiting-long")?.removeAttribute("hidden"); }, LONG_WAIT_MS);
  show(section, true);
}

// ---- what is clicked

stage.addEventListener("click", (event) => {
  const link = event.target.closest("a, button");
  if (!link) return;
  const plainly = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (link.id === "open" && plainly && way(link) !== "redirect") {
    event.preventDefault();
    goToFinancer();
  } else if (link.id === "plugin-again") {
    goToFinancer();
  } else if (link.id === "reopen") {
    wait(false);
    goToFinancer();
  } else if (link.id === "back" && embedded && plainly) {
    // The shop's page asks the server itself and goes on from there.
    event.preventDefault();
    tell(allowed, "close");
  }
});

stage.addEventListener("submit", (event) => {
  event.preventDefault();
  choose(event.target);
});

let choosing = false;

async function choose(form) {
  if (choosing) return;
  choosing = true;
  const button = form.querySelector("button");
  const label = button.textContent;
  for (const one of stage.querySelectorAll("form button")) one.setAttribute("aria-disabled", "true");
  button.textContent = said.textContent = button.dataset.starting;
  const wanted = new FormData(form);
  const body = JSON.stringify({ provider: wanted.get("provider"), after: wanted.get("after") || null });
  try {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const answer = await fetch(`${base}/attempts`, { method: "POST", headers, body, signal: AbortSignal.timeout(CHOICE_MS) });
    // Refused because somebody else chose meanwhile: what is there now is shown as well.
    if (answer.ok || answer.status === 409 || answer.status === 412) return anew(answer.ok, true);
  } catch {
    // Whether it arrived is not known: the same choice may be sent again, and the page hears what became of it.
  }
  choosing = false;
  button.textContent = label;
  for (const one of stage.querySelectorAll("form button")) one.removeAttribute("aria-disabled");
  const trouble = find("choice-trouble");
  trouble.hidden = false;
  said.textContent = trouble.textContent;
  draw();
  ask();
}

/** Loads the page anew, for its policy names one financer's address. `going` opens that one's page at once. */
function anew(going, another) {
  const here = new URL(location.href);
  // Who came back from one financer has not been at the next.
  if (going || another) ["back", "of"].forEach((name) => here.searchParams.delete(name));
  history.replaceState({ going }, "", here);
  location.reload();
}

// ---- what is heard

let drawing = Promise.resolve();

/** Has the page show what is known; again and again while that cannot be fetched. */
function draw() {
  drawing = drawing.then(redraw).catch(() => { setTimeout(draw, DRAW_AGAIN_MS); });
}

async function redraw() {
  const latest = status;
  // The answer to the choice says how to go on.
  if (choosing) return;
  const drawn = stage.querySelector("[data-stage]").dataset;
  const attempt = latest.attempt ?? "";
  const another = drawn.attempt !== attempt;
  if (another || frameIsNew(latest)) {
    if (!isOpen()) anew(false, another);
    // Another financer follows while the customer is at the one before: whoever is done there is led on.
    else if (hinted) close("complete");
    else offerNews();
    return;
  }
  if (drawn.stage === latest.state && (drawn.inShop === "true") === latest.in_shop && sameChoices(latest)) return;
  if (isOpen()) {
    // The customer may still have something to do there, to read or to print, unless the financer called it done.
    if (!latest.is_final && latest.state !== "choose") return;
    if (hinted) close("complete");
    else offerNews();
    return;
  }
  // What the financer's script has drawn stays while the customer may be reading there.
  const shown = isShown();
  if (shown && !hinted && !latest.is_final && latest.state !== "choose" && drawn.stage !== latest.state) return;
  const answer = await fetch(`${base}/stage?lang=${lang}${data.embed ? "&embed=1" : ""}`, { cache: "no-store", signal: AbortSignal.timeout(STAGE_MS) });
  if (!answer.ok) throw new Error(`stage ${answer.status}`);
  const hadFocus = atStage();
  const drawnAnew = new DOMParser().parseFromString(await answer.text(), "text/html");
  clearTimeout(longWait);
  stage.replaceChildren(...drawnAnew.body.childNodes);
  show(stage, hadFocus);
  if (shown && status.state === "continue") goToFinancer();
  leadOn();
}

/** Whom the financer sent back is led on to the shop, once it is known how it ended. */
function leadOn() {
  const back = find("back");
  if (embedded || !status.is_final || !back || !new URLSearchParams(location.search).has("back")) return;
  find("leading")?.removeAttribute("hidden");
  setTimeout(() => location.replace(back.href), LEAD_ON_MS);
}

const sameChoices = ({ choices }) =>
  [...stage.querySelectorAll("[name=provider]")].map((input) => input.value).join() === choices.map(({ id }) => id).join();

/** The page's policy was made for another address, or before there was anything to load. */
function frameIsNew({ next_action: next }) {
  const known = data.status.next_action;
  return Boolean(next && (known || SHOWN_HERE.includes(next.type)) && next.origin !== known?.origin);
}

let lost = 0;

function connection(there) {
  clearTimeout(lost);
  if (!there) {
    // A hiccup is not worth a word.
    lost = setTimeout(() => { net.hidden = false; }, 1_500);
  } else if (!net.hidden) {
    net.hidden = true;
    said.textContent = net.dataset.back;
  }
}

const ask = listen(
  base,
  (latest) => {
    status = latest;
    draw();
  },
  connection,
  () => location.reload(),
);

// ---- the shop around it

if (embedded) {
  tell(allowed, "ready");
  document.addEventListener("keydown", (event) => {
    // A window of the financer's script closes itself, and no more.
    const theirs = document.querySelector("dialog[open]");
    if (event.key === "Escape" && !isOpen() && !theirs) tell(allowed, "close");
  });
}

// A page that comes back from the browser's memory may be old.
addEventListener("pageshow", ({ persisted }) => persisted && ask());

const going = history.state?.going;
history.replaceState(null, "");
leadOn();
if (data.came_back) wait(true);
else if (going || (embedded && status.state === "continue" && (find("open")?.dataset.way ?? "redirect") !== "redirect")) goToFinancer();

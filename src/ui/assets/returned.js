// Where a financer sends the browser back to, in the frame in which we showed it: our page around it is told and goes on.
const outcome = document.querySelector("[data-outcome]").dataset.outcome;
if (parent === window) {
  location.replace(document.getElementById("go").href);
} else {
  parent.postMessage({ lendport: 1, type: "came_back", outcome }, location.origin);
}

// Asks the page around for the order, hands it in and goes on to the application.
(function () {
  "use strict";
  var status = document.getElementById("status");
  var taken = false;
  function fail(why) {
    status.setAttribute("role", "alert");
    status.textContent = "This order cannot be leased: " + why;
  }
  window.addEventListener("message", function (event) {
    if (taken || event.source !== window.parent) return;
    if (!event.data || event.data.flexshopper !== "order") return;
    taken = true;
    fetch("/sdk/orders" + window.location.search, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(event.data.order),
    })
      .then(function (answer) {
        return answer.json();
      })
      .then(function (body) {
        if (body.next) window.location.replace(body.next);
        else fail((body.error && body.error.message) || body.message || "no reason was given");
      })
      .catch(function () {
        fail("FlexShopper could not be reached");
      });
  });
  if (window.parent !== window) window.parent.postMessage({ flexshopper: "ready" }, "*");
})();

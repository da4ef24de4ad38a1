// Tells the page around that the lease is signed, or that the customer leaves. It proves nothing: the shop has to look.
(function () {
  "use strict";
  var own = document.currentScript.dataset;
  function tell() {
    if (window.parent === window) return;
    var told = { flexshopper: own.event };
    if (own.event === "signed") {
      told.leaseNumber = own.leaseNumber;
      told.transactionId = own.transactionId;
    }
    window.parent.postMessage(told, "*");
  }
  var leave = document.getElementById("leave");
  if (leave) leave.addEventListener("click", tell);
  else tell();
})();

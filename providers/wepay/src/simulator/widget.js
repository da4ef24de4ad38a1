// What a shop embeds: WePay.iframe_checkout(element_id, checkout_uri) and WePay.listen(name, callback).
var WePay = window.WePay || {};
(function () {
  "use strict";
  var heard = {};
  var origins = [];
  WePay.listen = function (name, callback) {
    (heard[name] = heard[name] || []).push(callback);
  };
  WePay.iframe_checkout = function (element_id, uri) {
    var frame = document.createElement("iframe");
    frame.src = uri;
    frame.title = "Payment";
    frame.style.cssText = "width:100%;min-height:46rem;border:0";
    origins.push(new URL(uri, document.baseURI).origin);
    document.getElementById(element_id).appendChild(frame);
  };
  window.addEventListener("message", function (event) {
    if (origins.indexOf(event.origin) < 0 || typeof event.data !== "string") return;
    var told;
    try {
      told = JSON.parse(event.data);
    } catch (error) {
      return;
    }
    (heard[told.wepay_message_type] || []).forEach(function (callback) {
      callback(told);
    });
  });
})();

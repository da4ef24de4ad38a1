// What a shop embeds: FlexSDK.Button({createOrder, onSign}).render(selector). The window is a modal dialog with a frame.
(function () {
  "use strict";
  var source = new URL(document.currentScript.src, document.baseURI);
  var origin = source.origin;
  var authKey = source.searchParams.get("authKey") || "";

  function open(order, options) {
    return new Promise(function (resolve) {
      var dialog = document.createElement("dialog");
      dialog.setAttribute("aria-label", "FlexShopper");
      dialog.style.width = "min(42rem, 96vw)";
      dialog.style.height = "min(56rem, 94vh)";
      dialog.style.padding = "0";
      dialog.style.border = "2px solid #555";
      var close = document.createElement("button");
      close.type = "button";
      close.textContent = "Close FlexShopper";
      close.style.margin = "0.5rem";
      close.style.font = "inherit";
      var frame = document.createElement("iframe");
      frame.title = "FlexShopper: apply and sign";
      frame.src = origin + "/sdk/frame?authKey=" + encodeURIComponent(authKey);
      frame.style.border = "0";
      frame.style.width = "100%";
      frame.style.height = "calc(100% - 3.5rem)";
      dialog.appendChild(close);
      dialog.appendChild(frame);
      document.body.appendChild(dialog);

      function heard(event) {
        if (event.origin !== origin || event.source !== frame.contentWindow) return;
        var told = event.data && event.data.flexshopper;
        if (told === "ready") {
          frame.contentWindow.postMessage({ flexshopper: "order", order: order }, origin);
          resolve(order.transactionId);
        } else if (told === "signed") {
          dialog.close();
          if (options.onSign) {
            options.onSign({ leaseNumber: event.data.leaseNumber, transactionId: event.data.transactionId });
          }
        } else if (told === "left") {
          dialog.close();
        }
      }
      window.addEventListener("message", heard);
      close.addEventListener("click", function () {
        dialog.close();
      });
      dialog.addEventListener("close", function () {
        window.removeEventListener("message", heard);
        dialog.remove();
      });
      dialog.showModal();
    });
  }

  function Button(options) {
    return {
      render: function (selector) {
        var place = document.querySelector(selector);
        if (!place) throw new Error("FlexSDK: nothing matches " + selector);
        var button = document.createElement("button");
        button.type = "button";
        button.textContent = "Lease with FlexShopper";
        button.style.font = "inherit";
        button.style.padding = "0.6rem 1.2rem";
        button.addEventListener("click", function () {
          var actions = {
            transaction: {
              create: function (order) {
                return open(order, options);
              },
            },
          };
          options.createOrder({}, actions);
        });
        place.appendChild(button);
        return button;
      },
    };
  }

  window.FlexSDK = { Button: Button };
})();

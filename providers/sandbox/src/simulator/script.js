// What a merchant's page loads: FlexSDK.Button({createOrder, onSign}).render(selector), the contract that pages of the gateway know.
(() => {
  "use strict";
  const page = document.currentScript.src.replace(/\/script\.js$/, "");
  const { origin } = new URL(page);

  function open(order, { onSign }) {
    const dialog = document.createElement("dialog");
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close Sandbox" });
    const frame = Object.assign(document.createElement("iframe"), { title: "Sandbox", src: page });
    Object.assign(dialog.style, { width: "min(30rem, 96vw)", height: "min(50rem, 94vh)" });
    Object.assign(frame.style, { width: "100%", height: "90%", border: "0" });
    dialog.setAttribute("aria-label", "Sandbox");
    dialog.append(close, frame);
    const heard = (event) => {
      if (event.origin !== origin || event.source !== frame.contentWindow) return;
      if (!/, (approved|captured)\./.test(event.data?.sandbox ?? "")) return;
      dialog.close();
      onSign?.({ application: order.application });
    };
    addEventListener("message", heard);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      removeEventListener("message", heard);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  const Button = (options) => ({
    render(selector) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Apply at Sandbox" });
      const actions = { transaction: { create: (order) => open(order, options) } };
      button.addEventListener("click", () => options.createOrder({}, actions));
      document.querySelector(selector).append(button);
    },
  });
  globalThis.FlexSDK = Object.freeze({ Button });
})();

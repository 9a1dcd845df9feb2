/** What the frame knows of the page around it, and how they talk. */

const { origin } = document.body.dataset;

/** The words of the page, in its language: templates whose {names} get values. */
export const words = (name, values = {}) => {
  const template = document.querySelector(`template[data-message="${name}"]`);
  return template.content.textContent.replace(/\{(\w+)\}/g, (_, key) => values[key]);
};

/** Tell the page around the frame something. */
export const tell = (message) => {
  if (window.parent !== window && origin) window.parent.postMessage(message, origin);
};

/** Hear what the page around the frame wants; nobody else is listened to. */
export const listen = (handlers) => {
  window.addEventListener("message", ({ source, origin: sender, data }) => {
    if (source !== window.parent || sender !== origin || !data) return;
    if (Object.hasOwn(handlers, data.type)) handlers[data.type](data);
  });
};

// A live region speaks a text that it had before only if it was empty in between.
const ANNOUNCE_DELAY_MS = 60;
let announcement = 0;

/** Have a screen reader say something. */
export const announce = (text) => {
  const region = document.getElementById("status");
  region.textContent = "";
  window.clearTimeout(announcement);
  announcement = window.setTimeout(() => {
    region.textContent = text;
  }, ANNOUNCE_DELAY_MS);
};

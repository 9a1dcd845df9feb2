/* Inflect CAPTCHA: puts the widget into pages. No dependency; everything else runs in its frame.
 *
 *   <script src="https://HOST/captcha/api.js" async defer></script>
 *   <div class="inflect-captcha" data-sitekey="..."></div>
 *
 * ?render=explicit renders nothing by itself; ?onload=NAME calls that global function when ready.
 */
(() => {
  "use strict";
  if (window.inflect && window.inflect.render) return;

  const script = document.currentScript;
  if (!script || !script.src) {
    console.error("Inflect CAPTCHA: load api.js with a <script src> element, not as a module.");
    return;
  }
  const address = new URL(script.src);
  const CLASSES = ["inflect-captcha", "g-recaptcha", "h-captcha", "cf-turnstile"];
  // What servers of the other services read; ours comes first.
  const FIELDS = ["inflect-captcha-response", "g-recaptcha-response"];
  const FIELD_OF_CLASS = {
    "h-captcha": "h-captcha-response",
    "cf-turnstile": "cf-turnstile-response",
  };
  // Under the address of another service the script also answers to that service's name.
  const GLOBALS_OF_PATH = {
    "/recaptcha/api.js": ["grecaptcha"],
    "/1/api.js": ["hcaptcha", "grecaptcha"],
    "/turnstile/v0/api.js": ["turnstile"],
  };
  const OPTIONS = [
    "sitekey", "theme", "action", "cdata", "callback", "expired-callback", "error-callback",
  ];
  const COLLAPSED_HEIGHT = 76;

  /** One widget of a page: its frame, its hidden fields and the site's callbacks. */
  class Widget {
    constructor(container, options) {
      this.container = container;
      this.options = options;
      this.token = "";
      this.fields = this.addFields();
      this.frame = this.addFrame();
      this.onFormReset = () => this.reset();
      const form = container.closest("form");
      if (form) form.addEventListener("reset", this.onFormReset);
    }

    addFields() {
      const extra = CLASSES.filter((name) => this.container.classList.contains(name))
        .map((name) => FIELD_OF_CLASS[name])
        .filter(Boolean);
      return [...FIELDS, ...extra].map((name) => {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = name;
        this.container.append(field);
        return field;
      });
    }

    addFrame() {
      const page = new URL("/captcha/widget/", address.origin);
      page.searchParams.set("sitekey", this.options.sitekey || "");
      page.searchParams.set("origin", window.location.origin);
      page.searchParams.set("theme", this.options.theme || "auto");
      // Behind the hash, because the server needs them with the challenge only.
      page.hash = new URLSearchParams({
        action: this.options.action || "",
        cdata: this.options.cdata || "",
      });
      const frame = document.createElement("iframe");
      frame.title = "Human check: listen and answer";
      frame.allow = "autoplay";
      frame.src = page;
      // Through the object model, which a page's style-src does not restrict.
      Object.assign(frame.style, {
        display: "block",
        boxSizing: "border-box",
        width: "100%",
        maxWidth: "340px",
        height: `${COLLAPSED_HEIGHT}px`,
        border: "0",
        borderRadius: "14px",
        colorScheme: "normal",
      });
      this.container.append(frame);
      return frame;
    }

    /** Handle a message of our own frame; its origin was checked. */
    receive(message) {
      if (message.type === "resize" && Number.isFinite(message.height)) {
        this.frame.style.height = `${Math.min(Math.max(message.height, 40), 1200)}px`;
      } else if (message.type === "token" && typeof message.token === "string") {
        this.setToken(message.token);
        this.call("callback", message.token);
      } else if (message.type === "expired") {
        this.setToken("");
        this.call("expired-callback");
      } else if (message.type === "error") {
        this.setToken("");
        this.call("error-callback", message.code);
      }
    }

    setToken(token) {
      this.token = token;
      for (const field of this.fields) field.value = token;
    }

    call(name, ...values) {
      const named = this.options[name];
      const callback = typeof named === "string" ? window[named] : named;
      if (typeof callback === "function") callback(...values);
      else if (named) console.error(`Inflect CAPTCHA: ${name} ${named} is no global function.`);
    }

    reset() {
      this.setToken("");
      if (this.frame.contentWindow) {
        this.frame.contentWindow.postMessage({ type: "reset" }, address.origin);
      }
    }

    remove() {
      const form = this.container.closest("form");
      if (form) form.removeEventListener("reset", this.onFormReset);
      for (const element of [...this.fields, this.frame]) element.remove();
    }
  }

  const widgets = new Map();
  let lastId = 0;

  const found = (id) => {
    const widget = id === undefined ? widgets.values().next().value : widgets.get(String(id));
    if (!widget) throw new Error("Inflect CAPTCHA: there is no such widget. Render it first.");
    return widget;
  };

  const elementOf = (container) => {
    if (container instanceof Element) return container;
    const element = document.getElementById(container) || document.querySelector(container);
    if (!element) throw new Error(`Inflect CAPTCHA: no element ${container} on this page.`);
    return element;
  };

  const inflect = {
    /** Put a widget into an element (or its id or selector); returns the widget's id. */
    render(container, options = {}) {
      const element = elementOf(container);
      const all = {};
      for (const name of OPTIONS) {
        all[name] = options[name] ?? element.getAttribute(`data-${name}`) ?? "";
      }
      const id = String((lastId += 1));
      widgets.set(id, new Widget(element, all));
      return id;
    },
    /** Forget the token and start over; without an id, the first widget. */
    reset(id) {
      found(id).reset();
    },
    /** The response token, or "" while there is none. */
    getResponse(id) {
      return found(id).token;
    },
    remove(id) {
      const widget = found(id);
      widget.remove();
      for (const [key, value] of widgets) if (value === widget) widgets.delete(key);
    },
    /** Call a function once widgets can be rendered. */
    ready(callback) {
      if (document.readyState !== "loading") callback();
      else document.addEventListener("DOMContentLoaded", () => callback());
    },
  };
  window.inflect = inflect;
  for (const name of GLOBALS_OF_PATH[address.pathname] || []) {
    const isWanted = name !== "grecaptcha" || address.searchParams.get("recaptchacompat") !== "off";
    if (isWanted && !window[name]) window[name] = inflect;
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== address.origin || !event.data) return;
    for (const widget of widgets.values()) {
      if (event.source === widget.frame.contentWindow) widget.receive(event.data);
    }
  });

  inflect.ready(() => {
    if (address.searchParams.get("render") !== "explicit") {
      const selector = CLASSES.map((name) => `.${name}[data-sitekey]`).join(",");
      for (const element of document.querySelectorAll(selector)) inflect.render(element);
    }
    const onload = window[address.searchParams.get("onload")];
    if (typeof onload === "function") onload();
  });
})();

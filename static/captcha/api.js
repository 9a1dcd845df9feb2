/* Inflect CAPTCHA: puts the widget into pages. No dependency; everything else runs in its frame.
 *
 *   <script src="https://HOST/captcha/api.js" async defer></script>
 *   <div class="inflect-captcha" data-sitekey="..."></div>
 *
 * ?render=explicit renders nothing by itself, ?onload=NAME calls that global function when ready,
 * ?hl=de sets the language. It answers to the names of reCAPTCHA, hCaptcha and Turnstile as well.
 */
(() => {
  "use strict";
  const script =
    document.currentScript ||
    document.querySelector(
      'script[src*="/captcha/api."], script[src*="/1/api.js"], script[src*="/turnstile/v0/api.js"]',
    );
  if (!script || !script.src) {
    console.error("Inflect CAPTCHA: load api.js with a <script src> element, not as a module.");
    return;
  }
  // Loaded twice, for instance by clients of two services: the first copy serves both.
  const LOAD = Symbol.for("inflect-captcha.load");
  if (window[LOAD]) {
    window[LOAD](script);
    return;
  }

  const server = new URL(script.src).origin;
  const FIELD_OF_NAME = {
    inflect: "inflect-captcha-response",
    grecaptcha: "g-recaptcha-response",
    hcaptcha: "h-captcha-response",
    turnstile: "cf-turnstile-response",
  };
  const NAME_OF_CLASS = {
    "inflect-captcha": "inflect",
    "g-recaptcha": "grecaptcha",
    "h-captcha": "hcaptcha",
    "cf-turnstile": "turnstile",
  };
  const OPTIONS = [
    "sitekey",
    "theme",
    "size",
    "tabindex",
    "language",
    "hl",
    "kind",
    "action",
    "cdata",
    "appearance",
    "execution",
    "response-field",
    "response-field-name",
    "refresh-expired",
    "callback",
    "expired-callback",
    "error-callback",
    "chalexpired-callback",
    "open-callback",
    "close-callback",
    "timeout-callback",
    "before-interactive-callback",
    "after-interactive-callback",
    "unsupported-callback",
  ];
  // Codes that integrations compare with; all other codes are our own in every flavour.
  const CODES = {
    hcaptcha: {
      network: "network-error",
      rate_limited: "rate-limited",
      closed: "challenge-closed",
      expired: "challenge-expired",
    },
    turnstile: { site_not_found: "110100", hostname_not_allowed: "110200" },
  };
  const HANDLERS = {
    ready: "onReady",
    resize: "onResize",
    open: "onOpen",
    close: "onClose",
    token: "onToken",
    expired: "onExpired",
    "challenge-expired": "onChallengeExpired",
    error: "onError",
  };
  const COLLAPSED_HEIGHT = { normal: 76, flexible: 76, compact: 140, invisible: 0 };
  const READY_TIMEOUT_MS = 20_000;
  const TOP = "2147483647"; // above whatever the page has

  const widgets = new Map(); // by number, in the order of rendering
  let lastNumber = -1;

  const clean = (value) =>
    value === undefined || value === null || value === "undefined" ? "" : value;
  const isButton = (element) => element.matches("button, input[type=submit], input[type=button]");

  /** One widget of a page: its frame, its hidden fields, the site's callbacks. */
  class Widget {
    constructor(container, options, flavour, query) {
      Object.assign(this, {
        container,
        options,
        flavour,
        token: "",
        key: "",
        isExpired: false,
        isOpen: false,
        waiting: [],
        unsent: [],
      });
      this.number = lastNumber += 1;
      this.size = isButton(container)
        ? "invisible"
        : options.size in COLLAPSED_HEIGHT
          ? options.size
          : "normal";
      if (options.appearance === "execute") this.size = "invisible";
      this.isDialog = this.size === "invisible" || this.size === "compact";
      this.box = document.createElement("div");
      // A button has no room inside, but its form has beside it.
      if (isButton(container)) container.after(this.box);
      else container.append(this.box);
      this.fields = this.addFields(query);
      this.frame = this.addFrame(query);
      this.onFormReset = (event) => event.target.contains(this.box) && this.reset();
      document.addEventListener("reset", this.onFormReset);
      // A dialog closes even before its frame has got the focus.
      this.onKeydown = ({ key }) =>
        key === "Escape" && this.isDialog && this.isOpen && this.send({ type: "close" });
      document.addEventListener("keydown", this.onKeydown);
      this.onClick = (event) => this.startByButton(event);
      if (isButton(container)) container.addEventListener("click", this.onClick);
    }

    addFields(query) {
      const { flavour, options } = this;
      if (String(options["response-field"]) === "false") return [];
      const names = [
        FIELD_OF_NAME.inflect,
        options["response-field-name"] || FIELD_OF_NAME[flavour],
      ];
      if (query.get("recaptchacompat") !== "off") names.push(FIELD_OF_NAME.grecaptcha);
      return [...new Set(names)].map((name) => {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name });
        // The first of a page has this id with the others too, and scripts look for it.
        field.id = document.getElementById(name) ? `${name}-${this.number}` : name;
        this.box.append(field);
        return field;
      });
    }

    addFrame(query) {
      const { options } = this;
      const page = new URL("/captcha/widget/", server);
      const language = options.language || options.hl || query.get("hl") || "";
      Object.entries({
        sitekey: options.sitekey,
        origin: window.location.origin,
        theme: options.theme || "auto",
        size: this.size,
        kind: options.kind,
        hl: ["auto", "undefined"].includes(language) ? "" : language,
      }).forEach(([name, value]) => value && page.searchParams.set(name, value));
      // Behind the hash, because the server needs them with the challenge only.
      page.hash = new URLSearchParams({ action: options.action, cdata: options.cdata });
      const frame = document.createElement("iframe");
      frame.title = "Human check"; // until the frame tells it in the visitor's language
      frame.allow = "autoplay";
      if (options.tabindex !== "") frame.tabIndex = Number(options.tabindex) || 0;
      frame.src = page;
      // A frame that a policy or the network keeps away fires this event too, but says nothing.
      frame.addEventListener("load", () => {
        window.setTimeout(
          () => this.isReady || this.onError({ code: "network" }),
          READY_TIMEOUT_MS,
        );
      });
      this.box.append(frame);
      this.frame = frame;
      this.place(false, COLLAPSED_HEIGHT[this.size]);
      return frame;
    }

    /** Give the frame its size and place; through the object model, which style-src allows. */
    place(isOpen, height) {
      const { size } = this;
      const isHidden = size === "invisible" && !isOpen;
      const width = size === "compact" ? "158px" : "100%";
      const maxWidth = { compact: "158px", flexible: "none" }[size] || "340px";
      Object.assign(this.frame.style, {
        display: "block",
        boxSizing: "border-box",
        border: "0",
        borderRadius: "14px",
        colorScheme: "normal",
        position: "relative",
        inset: "auto",
        transform: "none",
        zIndex: isOpen ? TOP : "auto",
        width,
        maxWidth,
        minWidth: "0",
        maxHeight: "none",
        margin: "0",
        boxShadow: "none",
        height: `${height}px`,
        visibility: isHidden ? "hidden" : "visible",
      });
      // Fixed, so that it widens no page; of its later width, so that it knows its height.
      if (isHidden)
        Object.assign(this.frame.style, {
          position: "fixed",
          inset: "0 auto auto 0",
          width: "340px",
          height: "1px",
        });
      if (isOpen && this.isDialog) {
        Object.assign(this.frame.style, {
          position: "fixed",
          inset: "50% auto auto 50%",
          transform: "translate(-50%, -50%)",
          width: "340px",
          maxWidth: "calc(100vw - 16px)",
          maxHeight: "calc(100vh - 16px)",
          boxShadow: "0 0 0 100vmax rgb(0 0 0 / 45%)",
        });
      }
      if (size === "compact")
        Object.assign(this.box.style, { width, minHeight: `${COLLAPSED_HEIGHT.compact}px` });
    }

    startByButton(event) {
      const { form } = this.container;
      // The browser itself says what is missing, and a token need not be asked for twice.
      if (form && !form.noValidate && !form.checkValidity()) return;
      if (form && this.token && !this.options.callback) return;
      event.preventDefault();
      this.execute();
    }

    send(message) {
      if (this.isReady) this.frame.contentWindow.postMessage(message, server);
      else this.unsent.push(message);
    }

    /** Handle a message of our own frame; its origin was checked. */
    receive(message) {
      const handle = HANDLERS[message.type];
      if (handle) this[handle](message);
    }

    onReady({ title }) {
      this.frame.title = String(title);
      // Moved within the page, a frame loads anew and knows nothing of what was before.
      if (this.isReady && this.token) this.onExpired();
      if (this.isReady) this.settle("reject", this.codeOf("closed"));
      this.isReady = true;
      this.unsent.splice(0).forEach((message) => this.send(message));
    }

    onResize({ height, isOpen }) {
      this.isOpen = isOpen === true;
      if (Number.isFinite(height)) this.place(this.isOpen, Math.min(Math.max(height, 40), 1400));
    }

    onOpen() {
      if (this.isDialog) this.frame.focus();
      this.call("open-callback");
      this.call("before-interactive-callback");
    }

    onClose({ isSolved }) {
      // Hidden again, the frame would leave the focus nowhere.
      const { opener } = this;
      if (this.size === "invisible" && opener && opener.isConnected)
        opener.focus({ preventScroll: true });
      this.call("after-interactive-callback");
      if (isSolved) return;
      this.call("close-callback");
      this.settle("reject", this.codeOf("closed"));
    }

    onToken({ token, key }) {
      if (typeof token !== "string") return;
      Object.assign(this, { key: String(key || ""), isExpired: false });
      this.setToken(token);
      this.call("callback", token);
      this.settle("resolve", token);
      const { form } = this.container;
      if (isButton(this.container) && form && !this.options.callback) form.requestSubmit();
    }

    onExpired() {
      this.isExpired = true;
      this.setToken("");
      this.call("expired-callback");
      const wish = this.options["refresh-expired"] || "auto";
      if (this.flavour !== "turnstile" || wish === "manual") return;
      // Anew by itself where nobody is asked anything, else the frame says so and waits.
      this.send({ type: wish === "never" ? "reset" : "renew" });
    }

    onChallengeExpired() {
      this.call("chalexpired-callback");
      this.call("timeout-callback");
      this.settle("reject", this.codeOf("expired"));
    }

    onError({ code }) {
      this.setToken("");
      this.call("error-callback", this.codeOf(code));
      this.settle("reject", this.codeOf(code));
    }

    codeOf(code) {
      return (CODES[this.flavour] || {})[code] || String(code);
    }

    setToken(token) {
      this.token = token;
      for (const field of this.fields) field.value = token;
    }

    settle(how, value) {
      for (const promise of this.waiting.splice(0)) promise[how](value);
    }

    call(name, ...values) {
      const named = this.options[name];
      const callback = typeof named === "string" ? window[named] : named;
      if (typeof callback === "function") callback(...values);
      else if (named) console.error(`Inflect CAPTCHA: ${name} ${named} is no global function.`);
    }

    /** Start by the page's wish; the promise gets the token. */
    execute({ action } = {}) {
      if (document.activeElement !== this.frame) this.opener = document.activeElement;
      const promise = new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
      promise.catch(() => {}); // for callers that use the callbacks only
      this.send({ type: "execute", action: clean(action) });
      return promise;
    }

    reset() {
      this.setToken("");
      this.isExpired = false;
      this.key = "";
      if (this.isReady) this.send({ type: "reset" });
      this.settle("reject", this.codeOf("closed"));
    }

    remove() {
      document.removeEventListener("reset", this.onFormReset);
      document.removeEventListener("keydown", this.onKeydown);
      this.container.removeEventListener("click", this.onClick);
      this.box.remove();
      widgets.delete(this.number);
    }
  }

  const elementOf = (container) => {
    if (container instanceof Element) return container;
    const element = document.getElementById(container) || document.querySelector(container);
    if (!element) throw new Error(`Inflect CAPTCHA: no element ${container} on this page.`);
    return element;
  };

  /** The widget of an id, a container or a selector; without one, the first that is on the page. */
  const lookUp = (id) => {
    const all = [...widgets.values()];
    if (id === undefined || id === null) return all.find((one) => one.box.isConnected) || all[0];
    const numbered = /^(?:inflect-)?(\d+)$/.exec(String(id));
    if (numbered) return widgets.get(Number(numbered[1]));
    return all.find(
      ({ container }) =>
        container === id ||
        (typeof id === "string" && (container.id === id || `#${container.id}` === id)),
    );
  };

  const found = (id) => {
    const widget = lookUp(id);
    if (!widget) throw new Error("Inflect CAPTCHA: there is no such widget. Render it first.");
    return widget;
  };

  /** What is gone already needs neither reset nor removal; frameworks ask for both while unmounting. */
  const forgive = (id, act) => {
    const widget = lookUp(id);
    if (widget) act(widget);
    else console.warn("Inflect CAPTCHA: there is no such widget any more.");
  };

  const render = (flavour, query, container, options = {}) => {
    const element = elementOf(container);
    const earlier = [...widgets.values()].find(
      (one) => one.container === element && one.box.isConnected,
    );
    if (earlier) {
      console.warn("Inflect CAPTCHA: this element has a widget already.");
      return earlier;
    }
    const classed = Object.keys(NAME_OF_CLASS).find((name) => element.classList.contains(name));
    const spoken = flavour === "inflect" && classed ? NAME_OF_CLASS[classed] : flavour;
    const all = {};
    for (const name of OPTIONS) {
      const given = name === "cdata" ? (options.cData ?? options.cdata) : options[name];
      all[name] = clean(given ?? element.getAttribute(`data-${name}`));
    }
    const widget = new Widget(element, all, spoken, query);
    widgets.set(widget.number, widget);
    return widget;
  };

  /** The interface under one service's name; they differ in ids and in what `execute` gives. */
  const interfaceOf = (flavour, query) => {
    const idOf = (widget) =>
      flavour === "grecaptcha" ? widget.number : `inflect-${widget.number}`;
    const renderHidden = (options) => {
      const host = document.body.appendChild(document.createElement("div"));
      return render(flavour, query, host, { ...options, size: "invisible" });
    };
    return {
      /** Put a widget into an element (or its id or selector); returns the widget's id. */
      render: (container, options) =>
        idOf(
          container && !(container instanceof Element) && typeof container === "object"
            ? renderHidden(container)
            : render(flavour, query, container, options),
        ),
      /** Forget the token and start over; without an id, the first widget. */
      reset: (id) => forgive(id, (widget) => widget.reset()),
      /** The response token, or "" while there is none. */
      getResponse: (id) => found(id).token,
      getRespKey: (id) => found(id).key,
      isExpired: (id) => found(id).isExpired,
      /** Start a challenge by script: of a widget, or of a sitekey without a widget. */
      execute(id, options = {}) {
        const isSitekey =
          !lookUp(id) &&
          typeof id === "string" &&
          !/^[#.]/.test(id) &&
          !document.getElementById(id);
        const widget = isSitekey
          ? renderHidden({ sitekey: id, "response-field": "false" })
          : found(id);
        const token = widget.execute(options || {});
        if (isSitekey) {
          const discard = () => widget.container.remove() || widget.remove();
          token.then(discard, discard);
        }
        if (flavour !== "hcaptcha") return token;
        if (!options || !options.async) return undefined;
        return token.then((response) => ({ response, key: widget.key }));
      },
      remove: (id) => forgive(id, (widget) => widget.remove()),
      close: (id) => found(id).send({ type: "close" }),
      setData() {}, // hCaptcha's enterprise data: nothing here uses it
      /** Call a function once widgets can be rendered. */
      ready(callback) {
        if (document.readyState !== "loading") callback();
        else document.addEventListener("DOMContentLoaded", () => callback());
      },
    };
  };

  const renderAll = (query) => {
    for (const [className, flavour] of Object.entries(NAME_OF_CLASS)) {
      for (const element of document.querySelectorAll(`.${className}[data-sitekey]`)) {
        if (!lookUp(element)) render(flavour, query, element);
      }
    }
  };

  const load = (loaded) => {
    const address = new URL(loaded.src);
    const query = address.searchParams;
    for (const name of Object.keys(FIELD_OF_NAME)) {
      if (name === "grecaptcha" && query.get("recaptchacompat") === "off") continue;
      // Google's own snippet makes an object with `ready` alone before the script has come.
      const existing = window[name];
      if (existing && existing.render) continue;
      // An element with such an id is a global of this name too.
      const isObject = existing && Object.getPrototypeOf(existing) === Object.prototype;
      window[name] = Object.assign(isObject ? existing : {}, interfaceOf(name, query));
      if (name === "grecaptcha") window[name].enterprise = window[name];
    }
    // A client of Turnstile waits for a script of this id.
    if (!loaded.id && !document.getElementById("cf-turnstile-script"))
      loaded.id = "cf-turnstile-script";
    window.inflect.ready(() => {
      if (query.get("render") !== "explicit") renderAll(query);
      // Later, because clients expect it after the script element's own load event.
      window.setTimeout(() => {
        const onload = window[query.get("onload")];
        if (typeof onload === "function") onload();
        const queued = (window.___grecaptcha_cfg || {}).fns || [];
        for (const callback of queued.splice(0)) callback();
      });
    });
  };

  window.addEventListener("message", (event) => {
    if (event.origin !== server || !event.data) return;
    for (const widget of widgets.values()) {
      if (event.source === widget.frame.contentWindow) widget.receive(event.data);
    }
  });
  window[LOAD] = load;
  load(script);
})();

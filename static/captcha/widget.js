/** The widget inside its frame: start, clips, verdict, and what it tells the page around it. */

import { Player } from "./player.js";
import { ServerError, fetchAudio, post } from "./server.js";

const element = (id) => document.getElementById(id);
const { sitekey, hostname, origin, start: startPath, problem } = document.body.dataset;
const options = new URLSearchParams(location.hash.slice(1));

// The next clip starts by itself, after the announcement of its number has been spoken.
const NEXT_CLIP_DELAY_MS = 900;
// Errors after which a new challenge is the only way on.
const OVER = ["challenge_expired", "challenge_not_found", "out_of_order", "audio_gone"];
const MESSAGE_OF_CODE = {
  network: "network",
  pool_empty: "pool-empty",
  rate_limited: "rate-limited",
};

const words = (name, values = {}) => {
  const template = document.querySelector(`template[data-message="${name}"]`);
  return template.content.textContent.replace(/\{(\w+)\}/g, (_, key) => values[key]);
};

const tell = (message) => {
  if (window.parent !== window && origin) window.parent.postMessage(message, origin);
};

class Widget {
  constructor() {
    this.card = element("card");
    this.panel = element("panel");
    this.startButton = element("start");
    this.retryButton = element("retry");
    this.answers = [...document.querySelectorAll("[data-answer]")];
    this.player = new Player({
      button: element("play"),
      label: element("play-label"),
      wave: element("wave"),
      words,
    });
    this.startButton.addEventListener("click", () => this.begin());
    this.retryButton.addEventListener("click", () => this.retry());
    element("play").addEventListener("click", () => this.play());
    for (const button of this.answers) {
      button.addEventListener("click", () => this.answer(button.dataset.answer));
    }
    this.panel.addEventListener("keydown", (event) => this.onKey(event));
    // Firefox presses a focused button when space comes up again.
    this.panel.addEventListener("keyup", (event) => event.key === " " && event.preventDefault());
    document.addEventListener("visibilitychange", () => this.checkExpiry());
    this.reset();
  }

  /** Back to the start, with nothing remembered. */
  reset() {
    this.generation = (this.generation || 0) + 1; // replies still under way are for nobody
    this.endsAt = 0;
    this.isVerified = false;
    this.forgetChallenge();
    this.hideNotice();
    this.close();
    this.show("idle", words("start"));
    this.setBusy(false);
  }

  async begin() {
    if (this.isBusy || this.isVerified) return;
    if (this.challenge) {
      this.open();
      return;
    }
    const body = {
      sitekey,
      hostname,
      action: options.get("action") || "",
      cdata: options.get("cdata") || "",
    };
    await this.attempt(() => post(startPath, body));
  }

  async answer(value) {
    if (this.isBusy || !this.item) return;
    const path = `${startPath}/${this.challenge}/answer`;
    const body = { item: this.item.number, answer: value };
    this.player.stop();
    // Sent again after a lost connection, it counts once and gets the same reply.
    await this.attempt(() => post(path, body));
  }

  /** Go where the server's reply says. */
  async proceed(described) {
    this.setEnd(described.expires_in);
    if (described.state === "open") await this.ask(described);
    else if (described.state === "passed") this.pass(described.token);
    else this.fail();
  }

  async ask({ challenge, item }) {
    const isFirst = item.number === 1;
    const isLonger = !isFirst && item.of > this.item.of;
    this.challenge = challenge;
    this.item = item;
    const bytes = await fetchAudio(item.audio);
    if (this.item !== item) return; // reset in the meantime
    this.player.load(bytes);
    element("count").textContent = `${item.number} / ${item.of}`;
    const announced = words("clip", item);
    this.announce(isLonger ? `${words("more")} ${announced}` : announced);
    if (isFirst) this.open();
    window.setTimeout(() => this.item === item && this.play(), isFirst ? 0 : NEXT_CLIP_DELAY_MS);
  }

  async play() {
    if (!this.item) return;
    if (!(await this.player.play())) this.announce(words("blocked"));
  }

  pass(token) {
    const hadFocus = this.panel.contains(document.activeElement);
    this.isVerified = true;
    this.forgetChallenge();
    this.close();
    this.show("verified", words("verified"));
    this.announce(words("verified"));
    if (hadFocus) this.startButton.focus();
    tell({ type: "token", token });
  }

  fail() {
    this.startOver("failed");
  }

  /** Drop the challenge, say why, and offer a new one. */
  startOver(message) {
    this.forgetChallenge();
    this.close();
    this.show("idle", words("start"));
    this.showNotice(words(message), () => this.begin());
  }

  forgetChallenge() {
    this.challenge = null;
    this.item = null;
    this.player.unload();
  }

  /** Send something and go on with the reply; when that fails, say so and offer to send again. */
  async attempt(send) {
    const generation = this.generation;
    this.hideNotice();
    this.setBusy(true);
    try {
      const described = await send();
      if (generation === this.generation) await this.proceed(described);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      if (generation === this.generation) this.explain(error, send);
    } finally {
      if (generation === this.generation) this.setBusy(false);
    }
  }

  explain(error, send) {
    if (OVER.includes(error.code)) {
      this.startOver("challenge-expired");
      return;
    }
    const message = MESSAGE_OF_CODE[error.code] || "unexpected";
    const seconds = error.retryAfterS || 10;
    this.showNotice(words(message, { seconds }), () => this.attempt(send));
    tell({ type: "error", code: error.code });
  }

  showNotice(text, retryAction) {
    this.retryAction = retryAction;
    element("notice-text").textContent = text;
    element("notice").hidden = false;
    this.announce(text);
    // Never out of another field: a confirmation may expire while the visitor writes elsewhere.
    if (document.hasFocus()) this.retryButton.focus({ preventScroll: true });
  }

  hideNotice() {
    element("notice").hidden = true;
  }

  retry() {
    if (this.isBusy) return;
    if (this.panel.hidden) this.startButton.focus();
    else element("play").focus();
    this.retryAction();
  }

  open() {
    this.panel.hidden = false;
    this.startButton.setAttribute("aria-expanded", "true");
    this.show("open", words("listening"));
    element("play").focus({ preventScroll: true });
  }

  close() {
    this.player.stop();
    this.panel.hidden = true;
    this.startButton.setAttribute("aria-expanded", "false");
  }

  show(state, label) {
    this.card.dataset.state = state;
    element("start-label").textContent = label;
    this.startButton.setAttribute("aria-disabled", String(state === "verified"));
  }

  setBusy(isBusy) {
    this.isBusy = isBusy;
    this.card.setAttribute("aria-busy", String(isBusy));
    const label = element("start-label");
    if (isBusy && this.card.dataset.state === "idle") label.textContent = words("loading");
    else if (this.card.dataset.state === "idle") label.textContent = words("start");
  }

  announce(text) {
    element("status").textContent = text;
  }

  /** Note when the challenge, or once verified the token, comes to its end. */
  setEnd(seconds) {
    this.endsAt = Date.now() + seconds * 1000;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.checkExpiry(), seconds * 1000);
  }

  checkExpiry() {
    if (!this.endsAt || Date.now() < this.endsAt) return;
    this.endsAt = 0;
    if (this.isVerified) {
      this.isVerified = false;
      this.startOver("token-expired");
      tell({ type: "expired" });
    } else if (this.challenge) {
      this.startOver("challenge-expired");
    }
  }

  /** Digits answer, space plays again, arrows move, Escape closes; Enter presses a button. */
  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    // By place as well as by character: French keyboards give digits with Shift only.
    const place = /^(?:Digit|Numpad)([0-7])$/.exec(event.code);
    const digit = place ? place[1] : event.key;
    if (event.key === " ") event.repeat || this.play();
    else if (/^[0-7]$/.test(digit)) event.repeat || this.answer(this.valueOfDigit(digit));
    else if (event.key === "Escape") this.collapse();
    else if (!this.moveFocus(event.key)) return;
    event.preventDefault();
  }

  valueOfDigit(digit) {
    return digit === "0" ? "skip" : this.answers[Number(digit) - 1].dataset.answer;
  }

  collapse() {
    this.close();
    this.show("idle", words("start"));
    this.startButton.focus();
  }

  moveFocus(key) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 2, ArrowUp: -2 }[key];
    const at = this.answers.indexOf(document.activeElement);
    if (!step) return false;
    const target = this.answers[at < 0 ? 0 : at + step] || element("play");
    target.focus();
    return true;
  }
}

function reportHeight() {
  tell({ type: "resize", height: Math.ceil(element("card").getBoundingClientRect().height) });
}

new ResizeObserver(reportHeight).observe(element("card"));
if (problem) {
  tell({ type: "error", code: problem === "sitekey" ? "site_not_found" : "hostname_not_allowed" });
} else {
  const widget = new Widget();
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== origin) return;
    if (event.data && event.data.type === "reset") widget.reset();
  });
}

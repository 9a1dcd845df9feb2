/** The widget inside its frame: start, questions, verdict, and what it tells the page around it. */

import { Challenge } from "./challenge.js";
import { announce, listen, tell, words } from "./page.js";
import { Panel } from "./panel.js";
import { ServerError, fetchAudio } from "./server.js";

const element = (id) => document.getElementById(id);
const { sitekey, hostname, start: startPath, work: workPath, problem } = document.body.dataset;
const { size, silent: isSilent, kind: firstKind } = document.body.dataset;
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

class Widget {
  constructor() {
    this.card = element("card");
    this.startButton = element("start");
    this.retryButton = element("retry");
    this.kind = firstKind;
    this.challenge = new Challenge({ startPath, workPath });
    this.panel = new Panel({
      onAnswer: (value) => this.answer(value),
      onKind: (kind) => this.change(kind),
      onBlocked: () => announce(words("blocked")),
    });
    this.startButton.addEventListener("click", () => this.begin());
    this.retryButton.addEventListener("click", () => this.retry());
    element("close").addEventListener("click", () => this.collapse());
    document.addEventListener("visibilitychange", () => this.checkExpiry());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.escape(event));
    // A page that puts the focus into the frame means the question.
    window.addEventListener("focus", () => {
      if (this.panel.isOpen && document.activeElement === document.body) this.panel.focus();
    });
    this.reset();
    this.startButton.disabled = false;
  }

  /** Back to the start, with nothing remembered. */
  reset() {
    this.generation = (this.generation || 0) + 1; // replies still under way are for nobody
    this.endsAt = 0;
    this.isVerified = false;
    this.isEngaged = false;
    this.forgetChallenge();
    this.hideNotice();
    this.close();
    this.show("idle", words("start"));
    this.setBusy(false);
  }

  async begin() {
    if (this.isBusy || this.isVerified) return;
    if (this.challenge.isAsking) {
      this.open();
      return;
    }
    const wishes = {
      sitekey,
      hostname,
      kind: this.kind,
      language: document.documentElement.lang,
      action: options.get("action") || "",
      cdata: options.get("cdata") || "",
    };
    await this.attempt(() => this.challenge.start(wishes));
  }

  /** Start because a script of the page wants it. */
  execute(action) {
    if (action) options.set("action", action);
    if (this.isVerified || (action && this.challenge.id)) this.reset();
    this.begin();
  }

  /** Start over by itself, which a visitor notices only where there is nothing to answer. */
  renew() {
    if (!isSilent && this.kind !== "work") return;
    this.reset();
    this.begin();
  }

  /** Another kind of challenge in place of this one. */
  async change(kind) {
    if (this.isBusy) return;
    this.kind = kind;
    this.forgetChallenge();
    await this.begin();
  }

  async answer(value) {
    if (this.isBusy || !this.challenge.isAsking) return;
    this.panel.player.stop();
    await this.attempt(() => this.challenge.answer(value));
  }

  /** Go where the server's reply says. */
  async proceed(described) {
    this.setEnd(described.expires_in);
    this.challenge.follow(described);
    if (described.state === "passed") this.pass(described);
    else if (described.state !== "open") this.startOver("failed");
    else if (described.item) await this.ask(described);
    else await this.compute();
  }

  async compute() {
    if (this.panel.isOpen) this.startButton.focus();
    this.challenge.item = null;
    this.close();
    this.show("computing", words("computing"));
    announce(words("computing"));
    const { generation } = this;
    const described = await this.challenge.prove();
    if (generation === this.generation) await this.proceed(described);
  }

  async ask({ kind = this.kind, item, answers }) {
    const isFirst = item.number === 1;
    const { generation } = this;
    const before = this.challenge.item;
    const isLonger = !isFirst && before && item.of > before.of;
    // Not the present item before it is heard: an answer that is sent again is to the one before.
    const bytes = item.audio ? await fetchAudio(item.audio) : null;
    if (generation !== this.generation) return; // reset in the meantime
    this.challenge.item = item;
    this.panel.show({ item, answers, kind, bytes });
    const announced = bytes ? words("clip", item) : `${words("text", item)} ${item.text}`;
    announce(isLonger ? `${words("more")} ${announced}` : announced);
    // The first waits for its button: the screen reader is still telling what there is to press.
    if (isFirst) this.open();
    else this.playSoon(item);
  }

  playSoon(item) {
    const play = () => this.challenge.item === item && this.panel.isOpen && this.panel.play();
    window.setTimeout(play, NEXT_CLIP_DELAY_MS);
  }

  pass({ token, challenge }) {
    const hadFocus = document.hasFocus();
    const wasOpen = this.isEngaged;
    this.isVerified = true;
    this.isEngaged = false;
    this.forgetChallenge();
    this.close();
    this.show("verified", words("verified"));
    announce(words("verified"));
    if (hadFocus) this.startButton.focus();
    tell({ type: "token", token, key: challenge });
    if (wasOpen) tell({ type: "close", isSolved: true });
  }

  /** Drop the challenge, say why, and offer a new one. */
  startOver(message) {
    this.forgetChallenge();
    this.close();
    this.show("idle", words("start"));
    this.showNotice(words(message), () => this.begin());
  }

  forgetChallenge() {
    this.challenge.forget();
    this.panel.unload();
  }

  /** Send something and go on with the reply; when that fails, say so and offer to send again. */
  async attempt(send) {
    const { generation } = this;
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
    if (this.card.dataset.state === "computing") {
      this.forgetChallenge();
      this.show("idle", words("start"));
      this.showNotice(words(message, { seconds }), () => this.begin());
    } else {
      this.showNotice(words(message, { seconds }), () => this.attempt(send));
    }
    tell({ type: "error", code: error.code });
  }

  showNotice(text, retryAction) {
    this.retryAction = retryAction;
    element("notice-text").textContent = text;
    element("notice").hidden = false;
    this.engage();
    announce(text);
    // Never out of another field: a confirmation may expire while the visitor writes elsewhere.
    if (document.hasFocus()) this.retryButton.focus({ preventScroll: true });
  }

  hideNotice() {
    element("notice").hidden = true;
  }

  retry() {
    if (this.isBusy) return;
    if (this.panel.isOpen) this.panel.focus();
    else this.startButton.focus();
    this.retryAction();
  }

  open() {
    this.engage();
    this.startButton.setAttribute("aria-expanded", "true");
    this.show("open", words(this.panel.isSpoken ? "listening" : "reading"));
    this.panel.open();
    reportSize();
  }

  /** Ask for the visitor's attention, for which an invisible widget has to appear. */
  engage() {
    if (this.isEngaged || this.isVerified || isSilent) return;
    this.isEngaged = true;
    reportSize();
    tell({ type: "open" });
  }

  close() {
    this.panel.close();
    this.startButton.setAttribute("aria-expanded", "false");
    reportSize();
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
      tell({ type: "expired" });
      // An invisible widget has nobody to tell it to.
      if (size === "invisible") this.reset();
      else this.startOver("token-expired");
    } else if (this.challenge.id) {
      tell({ type: "challenge-expired" });
      this.startOver("challenge-expired");
    }
  }

  /** Escape closes from wherever the focus is, also on nothing at all. */
  escape(event) {
    if (!this.panel.isOpen && !this.isEngaged) return;
    event.preventDefault();
    this.collapse();
  }

  /** Close by the visitor's wish; the challenge stays, and starting again goes on with it. */
  collapse() {
    this.close();
    this.hideNotice();
    this.isEngaged = false;
    this.show("idle", words("start"));
    this.startButton.focus();
    reportSize();
    tell({ type: "close", isSolved: false });
  }
}

let widget = null;

function reportSize() {
  const isOpen = Boolean(
    widget && (widget.panel.isOpen || (size === "invisible" && widget.isEngaged)),
  );
  document.documentElement.dataset.open = String(isOpen);
  const height = Math.ceil(element("card").getBoundingClientRect().height);
  tell({ type: "resize", height, isOpen });
}

new ResizeObserver(reportSize).observe(element("card"));
tell({ type: "ready", title: document.title });
if (problem) {
  tell({ type: "error", code: problem === "sitekey" ? "site_not_found" : "hostname_not_allowed" });
} else {
  widget = new Widget();
  listen({
    reset: () => widget.reset(),
    renew: () => widget.renew(),
    execute: ({ action }) => widget.execute(String(action || "")),
    close: () => (widget.panel.isOpen || widget.isEngaged) && widget.collapse(),
  });
}

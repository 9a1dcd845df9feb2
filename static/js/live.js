// The page /live/: microphone to server, scores back into the page.

import { LevelMeter } from "./level-meter.js";
import { LiveSession } from "./live-session.js";
import { Microphone, MicrophoneError } from "./microphone.js";
import { percent, Scores, Verdict } from "./scores.js";
import { Timeline } from "./timeline.js";

const BLOCK_MS = 100;
const LISTED_UTTERANCES = 8;
// The bars move four times a second; a screen reader hears of it at the end of an utterance, and
// every few seconds of a long one.
const CALM_MS = { speech_ended: 2500, interval: 6000 };

const page = document.querySelector("[data-live]");
const part = (name) => page.querySelector(`[data-${name}]`);
const scores = new Scores(part("scores"));
const verdict = new Verdict(part("verdict"), page.dataset.sprite);
const meter = new LevelMeter(part("level"));
const timeline = new Timeline(
  part("timeline"),
  scores.emotions.map((name) => ({ name, label: scores.label(name) })),
);
const toggle = part("toggle");

class Listening {
  isOn = false;
  #microphone = null;
  #session = null;
  #attempt = 0;
  #sentMs = 0;
  #summarizedAt = 0;

  async start() {
    const attempt = (this.#attempt += 1);
    this.isOn = true;
    this.#sentMs = 0;
    showProblem("");
    say("Opening the microphone…");
    timeline.clear();
    try {
      const microphone = await Microphone.open(
        page.dataset.worklet,
        (block) => this.#take(block),
        () => this.#fail("The microphone was disconnected."),
      );
      // Stopped, and perhaps started again, while the browser asked for permission.
      if (!this.isOn || attempt !== this.#attempt) microphone.close();
      else this.#connect(microphone);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (!(error instanceof MicrophoneError)) console.error(error);
      this.#over(error instanceof MicrophoneError ? error.message : "Live listening does not work in this browser.");
    }
  }

  stop() {
    this.#microphone?.close();
    this.#microphone = null;
    meter.clear();
    if (this.#session) this.#session.finish();
    else this.#over("");
  }

  // Only now, so that a session does not wait for somebody who thinks about the permission.
  #connect(microphone) {
    this.#microphone = microphone;
    this.#session = new LiveSession(page.dataset.socket);
    this.#wire(this.#session);
  }

  #fail(message) {
    showProblem(message);
    this.stop();
  }

  #wire(session) {
    const on = (type, react) => session.addEventListener(type, (event) => react(event.detail));
    on("session.created", () => {
      say("Listening: say something");
      this.#announce("Listening");
    });
    on("utterance.start", () => say("Listening: hearing a voice"));
    on("measurement.result", (message) => this.#show(message));
    on("utterance.end", () => say("Listening: quiet"));
    on("over", (problem) => this.#over(problem));
  }

  #take(block) {
    meter.show(block);
    if (!this.#session?.send(block.buffer)) return;
    this.#sentMs += BLOCK_MS;
    timeline.advance(this.#sentMs);
  }

  #show(message) {
    const label = scores.label(message.emotion);
    scores.show(message.scores, message.emotion);
    verdict.show(message.emotion, label, message.scores[message.emotion]);
    timeline.add(message.audio_start_ms, message.audio_end_ms, message.scores);
    if (message.trigger === "speech_ended") list(message, label);
    this.#summarize(label, message);
  }

  #summarize(label, message) {
    if (performance.now() - this.#summarizedAt < CALM_MS[message.trigger]) return;
    this.#announce(`Sounds ${label.toLowerCase()}, ${percent(message.scores[message.emotion])}`);
  }

  #announce(text) {
    this.#summarizedAt = performance.now();
    part("summary").textContent = text;
  }

  #over(problem) {
    this.#microphone?.close();
    this.#microphone = this.#session = null;
    this.isOn = false;
    meter.clear();
    if (problem) showProblem(problem);
    say("Not listening");
    this.#announce("Not listening");
    verdict.rest("Not listening");
    showToggle();
  }
}

function list(message, label) {
  const item = document.createElement("li");
  item.dataset.emotion = message.emotion;
  const [time, name, score] = ["span", "strong", "span"].map((tag) => document.createElement(tag));
  time.textContent = clock(message.audio_start_ms);
  name.textContent = label;
  score.textContent = percent(message.scores[message.emotion]);
  item.append(time, name, score);
  part("history").prepend(item);
  part("history-empty").hidden = true;
  while (part("history").children.length > LISTED_UTTERANCES) part("history").lastElementChild.remove();
}

function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function say(text) {
  part("state").textContent = text;
}

function showProblem(message) {
  part("problem").textContent = message;
  part("problem").hidden = !message;
}

function showToggle() {
  toggle.textContent = listening.isOn ? "Stop listening" : "Start listening";
  toggle.toggleAttribute("data-on", listening.isOn);
  toggle.classList.toggle("button--primary", !listening.isOn);
}

const listening = new Listening();
toggle.addEventListener("click", () => {
  if (listening.isOn) listening.stop();
  else listening.start();
  showToggle();
});
window.addEventListener("pagehide", () => listening.isOn && listening.stop());
toggle.disabled = false;

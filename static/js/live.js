// The page /live/: microphone to server, scores back into the page.

import { LevelMeter } from "./level-meter.js";
import { LiveSession } from "./live-session.js";
import { Microphone, MicrophoneError } from "./microphone.js";
import { percent, Scores, Verdict } from "./scores.js";
import { Timeline } from "./timeline.js";

const BLOCK_MS = 100;
const LISTED_UTTERANCES = 8;
// A screen reader hears a summary at most so often; the bars move four times a second.
const SUMMARY_EVERY_MS = 6000;

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
  #microphone = null;
  #session = null;
  #sentMs = 0;
  #summarizedAt = 0;

  get isOn() {
    return this.#session !== null;
  }

  async start() {
    showProblem("");
    say("Opening the microphone…");
    this.#sentMs = 0;
    timeline.clear();
    this.#session = new LiveSession(page.dataset.socket);
    this.#wire(this.#session);
    try {
      this.#microphone = await Microphone.open(
        page.dataset.worklet,
        (block) => this.#take(block),
        () => this.#fail("The microphone was disconnected."),
      );
    } catch (error) {
      if (!(error instanceof MicrophoneError)) console.error(error);
      this.#fail(error instanceof MicrophoneError ? error.message : "Live listening does not work in this browser.");
    }
    if (!this.isOn) this.#microphone?.close();
  }

  stop() {
    this.#microphone?.close();
    this.#microphone = null;
    this.#session?.finish();
    meter.clear();
  }

  #fail(message) {
    showProblem(message);
    this.stop();
  }

  #wire(session) {
    const on = (type, react) => session.addEventListener(type, (event) => react(event.detail));
    on("session.created", () => say("Listening: say something"));
    on("utterance.start", () => say("Listening: hearing a voice"));
    on("measurement.result", (message) => this.#show(message));
    on("utterance.end", () => say("Listening: quiet"));
    on("over", (problem) => this.#over(problem));
  }

  #take(block) {
    this.#session?.send(block.buffer);
    meter.show(block);
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
    if (performance.now() - this.#summarizedAt < SUMMARY_EVERY_MS) return;
    this.#summarizedAt = performance.now();
    part("summary").textContent = `Sounds ${label.toLowerCase()}, ${percent(message.scores[message.emotion])}`;
  }

  #over(problem) {
    this.#microphone?.close();
    this.#microphone = this.#session = null;
    meter.clear();
    if (problem) showProblem(problem);
    say("Not listening");
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
toggle.addEventListener("click", async () => {
  if (listening.isOn) listening.stop();
  else {
    const started = listening.start();
    showToggle();
    await started;
  }
});
window.addEventListener("pagehide", () => listening.stop());
toggle.disabled = false;

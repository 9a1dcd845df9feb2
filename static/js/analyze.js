// The page /analyze/: a file or a recording goes to the API, the answer comes back into the page.

import { LevelMeter } from "./level-meter.js";
import { Microphone, MicrophoneError, SAMPLING_RATE_HZ } from "./microphone.js";
import { percent, Scores, Verdict } from "./scores.js";
import { Waveform } from "./waveform.js";
import { wavFile } from "./wav.js";

const LONGEST_RECORDING_S = 30;

const page = document.querySelector("[data-analyze]");
const part = (name) => page.querySelector(`[data-${name}]`);
const scores = new Scores(part("scores"));
const verdict = new Verdict(part("verdict"), page.dataset.sprite);
const waveform = new Waveform(part("waveform"));

let newestRequest = 0;

async function analyze(file) {
  newestRequest += 1;
  const request = newestRequest;
  showProblem("");
  part("status").textContent = "Listening to the recording…";
  try {
    const answer = await predict(file);
    if (request === newestRequest) await showAnswer(answer, file);
  } catch (error) {
    if (request === newestRequest) showProblem(error.message);
  }
}

async function predict(file) {
  const body = new FormData();
  body.append("file", file);
  let response;
  try {
    response = await fetch(page.dataset.endpoint, { method: "POST", body });
  } catch {
    throw new Error("The server cannot be reached, or it ended the upload. Check the connection and the file’s size.");
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw new Error(answer?.error?.message ?? `The server answered with error ${response.status}.`);
}

async function showAnswer(answer, file) {
  const label = scores.label(answer.emotion);
  const score = answer.scores[answer.emotion];
  verdict.show(answer.emotion, label, score);
  scores.show(answer.scores, answer.emotion);
  part("duration").textContent = `${answer.duration_s.toFixed(1)} s`;
  part("voiced").textContent = `${answer.voiced_s.toFixed(1)} s`;
  part("model").textContent = `${answer.model.name} ${answer.model.version}`;
  part("result").hidden = false;
  part("status").textContent = `Done: sounds most like ${label.toLowerCase()}, ${percent(score)}.`;
  await waveform.show(file);
  part("result").scrollIntoView({ block: "nearest" });
}

function showProblem(message) {
  const problem = part("problem");
  problem.textContent = message;
  problem.hidden = !message;
  if (!message) return;
  part("status").textContent = "";
  part("result").hidden = true;
  waveform.hide();
}

function setUpUpload() {
  const form = part("upload");
  const input = form.querySelector("input[type=file]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    analyze(input.files[0]);
  });
  const drop = part("drop");
  part("drop-hint").hidden = false;
  const highlight = (on) => (event) => {
    event.preventDefault();
    drop.toggleAttribute("data-over", on);
  };
  drop.addEventListener("dragover", highlight(true));
  drop.addEventListener("dragleave", highlight(false));
  drop.addEventListener("drop", (event) => {
    highlight(false)(event);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    analyze(input.files[0]);
  });
}

class Recorder {
  #button = part("record");
  #clock = part("clock");
  #meter = new LevelMeter(part("level"));
  #microphone = null;
  #blocks = [];

  constructor() {
    part("recorder").hidden = false;
    this.#button.addEventListener("click", () => (this.#microphone ? this.#stop() : this.#start()));
  }

  async #start() {
    this.#button.disabled = true;
    showProblem("");
    this.#blocks = [];
    try {
      this.#microphone = await Microphone.open(
        page.dataset.worklet,
        (block) => this.#take(block),
        () => this.#stop(),
      );
      this.#show(true);
    } catch (error) {
      if (!(error instanceof MicrophoneError)) console.error(error);
      showProblem(error instanceof MicrophoneError ? error.message : "Recording does not work in this browser.");
    } finally {
      this.#button.disabled = false;
    }
  }

  #take(block) {
    this.#blocks.push(block);
    this.#meter.show(block);
    const elapsedS = this.#blocks.length / 10;
    this.#clock.textContent = `0:${String(Math.floor(elapsedS)).padStart(2, "0")}`;
    if (elapsedS >= LONGEST_RECORDING_S) this.#stop();
  }

  #stop() {
    if (!this.#microphone) return;
    this.#microphone.close();
    this.#microphone = null;
    this.#show(false);
    if (this.#blocks.length) analyze(wavFile(this.#blocks, SAMPLING_RATE_HZ));
  }

  #show(isRecording) {
    this.#button.textContent = isRecording ? "Stop and analyze" : "Record";
    this.#button.toggleAttribute("data-on", isRecording);
    if (isRecording) part("status").textContent = "Recording.";
    else this.#meter.clear();
  }
}

setUpUpload();
new Recorder();

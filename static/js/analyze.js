// The page /analyze/: a file or a recording goes to the page's own form, the drawn result comes back.

import { LevelMeter } from "./level-meter.js";
import { Microphone, MicrophoneError, SAMPLING_RATE_HZ } from "./microphone.js";
import { Playback } from "./playback.js";
import { wavFile } from "./wav.js";

const LONGEST_RECORDING_S = 30;

const page = document.querySelector("[data-analyze]");
const part = (name) => page.querySelector(`[data-${name}]`);

let newestRequest = 0;
let playback = null;

async function analyze(file) {
  newestRequest += 1;
  const request = newestRequest;
  clear();
  part("status").textContent = "Listening to the recording…";
  try {
    const answer = await drawn(file);
    if (request === newestRequest) show(answer, file);
  } catch (error) {
    if (request === newestRequest) showProblem(error.message);
  }
}

/** The server's drawing of the result, or of what was wrong. */
async function drawn(file) {
  const body = new FormData(part("upload"));
  body.set("file", file);
  let response;
  try {
    response = await fetch(page.ownerDocument.location.pathname, {
      method: "POST",
      headers: { "X-Requested-With": "fetch" },
      body,
    });
  } catch {
    throw new Error("The server cannot be reached, or it ended the upload. Check the connection and the file’s size.");
  }
  const answer = new DOMParser().parseFromString(await response.text(), "text/html");
  const drawing = answer.querySelector("[data-result], [data-problem]");
  if (drawing) return drawing;
  throw new Error(`The server answered with error ${response.status}.`);
}

function show(drawing, file) {
  const isResult = drawing.matches("[data-result]");
  part("status").textContent = isResult ? `Done. ${drawing.dataset.summary}` : "";
  part("answer").replaceChildren(drawing);
  if (!isResult) return;
  playback = new Playback(drawing);
  playback.load(file);
  drawing.scrollIntoView({ block: "nearest" });
}

function showProblem(message) {
  clear();
  if (!message) return;
  const problem = document.createElement("div");
  problem.className = "notice notice--error";
  problem.setAttribute("role", "alert");
  problem.dataset.problem = "";
  problem.textContent = message;
  part("answer").replaceChildren(problem);
}

function clear() {
  playback?.end();
  playback = null;
  part("status").textContent = "";
  part("answer").replaceChildren();
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

// A recording drawn as a waveform, playable, with a cursor that moves along.

import { color, onAppearanceChange, prepare } from "./palette.js";

const BAR_PX = 2;
const GAP_PX = 1;

export class Waveform {
  #element;
  #canvas;
  #audio;
  #samples = null;
  #url = null;

  constructor(element) {
    this.#element = element;
    this.#canvas = element.querySelector("canvas");
    this.#audio = element.querySelector("audio");
    this.#canvas.addEventListener("click", (event) => this.#seek(event));
    this.#audio.addEventListener("seeked", () => this.#draw());
    this.#audio.addEventListener("play", () => this.#follow());
    onAppearanceChange(this.#canvas, () => this.#draw());
  }

  /** Shows a file; a format that the browser cannot decode is still played where it can be. */
  async show(file) {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(file);
    this.#audio.src = this.#url;
    this.#samples = await decodeFirstChannel(file);
    this.#canvas.hidden = this.#samples === null;
    this.#element.hidden = false;
    this.#draw();
  }

  hide() {
    this.#audio.pause();
    this.#element.hidden = true;
  }

  get #duration() {
    return this.#samples ? this.#samples.data.length / this.#samples.rate : 0;
  }

  #seek(event) {
    if (!this.#duration) return;
    const box = this.#canvas.getBoundingClientRect();
    this.#audio.currentTime = ((event.clientX - box.left) / box.width) * this.#duration;
  }

  #follow() {
    this.#draw();
    if (!this.#audio.paused && !this.#audio.ended) requestAnimationFrame(() => this.#follow());
  }

  #draw() {
    if (!this.#samples || !this.#canvas.clientWidth) return;
    const { context, width, height } = prepare(this.#canvas);
    const peaks = peaksOf(this.#samples.data, Math.floor(width / (BAR_PX + GAP_PX)));
    const loudest = Math.max(...peaks, 1e-4);
    const played = this.#duration ? this.#audio.currentTime / this.#duration : 0;
    peaks.forEach((peak, index) => {
      const bar = Math.max(1, (peak / loudest) * (height - 16));
      context.fillStyle = index / peaks.length < played ? color("accent") : color("line-strong");
      context.fillRect(index * (BAR_PX + GAP_PX), (height - bar) / 2, BAR_PX, bar);
    });
    context.fillStyle = color("ink");
    context.fillRect(Math.min(played * width, width - 2), 0, 2, height);
    this.#describe(peaks);
  }

  #describe(peaks) {
    const loudestAt = (peaks.indexOf(Math.max(...peaks)) / peaks.length) * this.#duration;
    this.#canvas.setAttribute(
      "aria-label",
      `Waveform of ${this.#duration.toFixed(1)} seconds, loudest at ${loudestAt.toFixed(1)} seconds`,
    );
  }
}

async function decodeFirstChannel(file) {
  try {
    const context = new OfflineAudioContext(1, 1, 16000);
    const buffer = await context.decodeAudioData(await file.arrayBuffer());
    return { data: buffer.getChannelData(0), rate: buffer.sampleRate };
  } catch {
    return null;
  }
}

function peaksOf(samples, count) {
  const size = samples.length / Math.max(1, count);
  return Array.from({ length: count }, (_, index) => {
    let peak = 0;
    const end = Math.min(samples.length, Math.ceil((index + 1) * size));
    for (let at = Math.floor(index * size); at < end; at += 1) peak = Math.max(peak, Math.abs(samples[at]));
    return peak;
  });
}

/** Plays one clip as often as wanted and draws how loud it is over time. */

import { words } from "./page.js";

const BARS = 40;
const BAR_WIDTH = 2;
const WAV_HEADER_BYTES = 44;
const HEIGHT = 36;

export class Player {
  constructor({ button, label, wave }) {
    this.audio = new Audio();
    this.button = button;
    this.label = label;
    this.bars = makeBars(wave);
    this.audio.addEventListener("ended", () => this.showPlaying(false));
    this.audio.addEventListener("pause", () => this.showPlaying(false));
    this.audio.addEventListener("playing", () => this.showPlaying(true));
  }

  /** Take the bytes of a WAV file with 16-bit samples. */
  load(bytes) {
    this.unload();
    this.url = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
    this.audio.src = this.url;
    this.label.textContent = words("play");
    this.button.dataset.heard = "false";
    drawWaveform(this.bars, new Int16Array(bytes, WAV_HEADER_BYTES));
    this.drawProgress();
  }

  /** Play from the start; returns whether the browser allowed it. */
  async play() {
    this.audio.currentTime = 0;
    try {
      await this.audio.play();
    } catch (error) {
      // A pause or the next clip, while it was starting: wanted, no refusal.
      if (error.name === "AbortError") return true;
      return false;
    }
    this.label.textContent = words("replay");
    this.button.dataset.heard = "true";
    return true;
  }

  stop() {
    this.audio.pause();
  }

  unload() {
    this.stop();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
  }

  showPlaying(isPlaying) {
    this.button.dataset.playing = String(isPlaying);
    if (isPlaying) this.follow();
    else this.drawProgress();
  }

  follow() {
    this.drawProgress();
    if (!this.audio.paused && !this.audio.ended) requestAnimationFrame(() => this.follow());
  }

  drawProgress() {
    const { currentTime, duration, ended } = this.audio;
    const part = ended || !duration ? 0 : currentTime / duration;
    this.bars.forEach((bar, index) => {
      bar.classList.toggle("wave__bar--played", (index + 0.5) / BARS < part);
    });
  }
}

function makeBars(wave) {
  return Array.from({ length: BARS }, (_, index) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    bar.setAttribute("class", "wave__bar");
    bar.setAttribute("x", String((index * 160) / BARS + 1));
    bar.setAttribute("width", String(BAR_WIDTH));
    bar.setAttribute("rx", "1");
    wave.append(bar);
    return bar;
  });
}

function drawWaveform(bars, samples) {
  const width = Math.floor(samples.length / BARS);
  const levels = bars.map((_, index) => {
    let sum = 0;
    for (let i = index * width; i < (index + 1) * width; i += 1) sum += samples[i] ** 2;
    return Math.sqrt(sum / Math.max(width, 1));
  });
  const loudest = Math.max(...levels, 1);
  bars.forEach((bar, index) => {
    const height = Math.max(2, (levels[index] / loudest) * HEIGHT);
    bar.setAttribute("y", String((HEIGHT - height) / 2));
    bar.setAttribute("height", String(height));
  });
}

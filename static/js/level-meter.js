// Shows how loud the microphone is, from -60 to 0 dBFS.

const QUIETEST_DBFS = -60;

export function rms(block) {
  let sum = 0;
  for (const sample of block) sum += sample * sample;
  return Math.sqrt(sum / block.length) / 32768;
}

export class LevelMeter {
  #fill;

  constructor(element) {
    this.#fill = element.querySelector(".level__fill");
  }

  show(block) {
    const dbfs = 20 * Math.log10(Math.max(rms(block), 1e-6));
    const share = Math.max(0, Math.min(1, 1 - dbfs / QUIETEST_DBFS));
    this.#fill.style.transform = `scaleX(${share.toFixed(3)})`;
  }

  clear() {
    this.#fill.style.transform = "scaleX(0)";
  }
}

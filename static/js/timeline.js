// Half a minute of scores: a lane for each emotion, thicker where its score is higher.

import { color, onAppearanceChange, prepare } from "./palette.js";

const SHOWN_MS = 30_000;

export class Timeline {
  #canvas;
  #lanes;
  #points = [];
  #nowMs = 0;

  /** @param {{name: string, label: string}[]} lanes */
  constructor(canvas, lanes) {
    this.#canvas = canvas;
    this.#lanes = lanes;
    onAppearanceChange(canvas, () => this.#draw());
  }

  clear() {
    this.#points = [];
    this.#nowMs = 0;
    this.#draw();
  }

  /** Time goes on, with or without speech. */
  advance(nowMs) {
    this.#nowMs = nowMs;
    this.#draw();
  }

  add(startMs, endMs, scores) {
    const previous = this.#points.at(-1);
    const from = Math.max(startMs, previous ? previous.endMs : 0);
    if (endMs > from) this.#points.push({ startMs: from, endMs, scores });
    this.#points = this.#points.filter((point) => point.endMs > this.#nowMs - SHOWN_MS);
  }

  #draw() {
    if (!this.#canvas.clientWidth) return;
    const { context, width, height } = prepare(this.#canvas);
    const left = width < 480 ? 78 : 96;
    const lane = (height - 20) / this.#lanes.length;
    const startMs = Math.max(0, this.#nowMs - SHOWN_MS);
    const x = (ms) => left + ((ms - startMs) / SHOWN_MS) * (width - left);
    context.font = `500 13px ${getComputedStyle(this.#canvas).fontFamily}`;
    context.textBaseline = "middle";
    this.#lanes.forEach(({ name, label }, index) => {
      const middle = lane * (index + 0.5);
      context.fillStyle = color("ink-soft");
      context.fillText(label, 0, middle);
      context.fillStyle = color("line");
      context.fillRect(left, middle - 0.5, width - left, 1);
      context.fillStyle = color(name);
      for (const point of this.#points) this.#bar(context, point, name, middle, lane, x, left);
    });
    this.#axis(context, width, height, left, startMs);
  }

  #bar(context, point, name, middle, lane, x, left) {
    const from = Math.max(left, x(point.startMs));
    const to = x(point.endMs);
    const thickness = point.scores[name] * (lane - 4);
    if (to > from && thickness >= 1) context.fillRect(from, middle - thickness / 2, to - from + 0.5, thickness);
  }

  #axis(context, width, height, left, startMs) {
    context.fillStyle = color("ink-soft");
    const seconds = (ms) => `${Math.round(ms / 1000)} s`;
    context.textAlign = "left";
    context.fillText(seconds(startMs), left, height - 8);
    context.textAlign = "right";
    context.fillText(seconds(startMs + SHOWN_MS), width, height - 8);
    context.textAlign = "left";
  }
}

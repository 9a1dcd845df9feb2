/** The question: one clip or situation, its answers, and one place in the tab order for them all. */

import { words } from "./page.js";
import { Player } from "./player.js";

const element = (id) => document.getElementById(id);
const COLUMNS = 2; // of the answers, for the arrow keys

export class Panel {
  constructor({ onAnswer, onKind, onBlocked }) {
    Object.assign(this, { onAnswer, onBlocked });
    this.root = element("panel");
    this.controls = element("controls");
    this.playButton = element("play");
    this.answers = [...this.controls.querySelectorAll("[data-answer]")];
    this.player = new Player({
      button: this.playButton,
      label: element("play-label"),
      wave: element("wave"),
    });
    this.playButton.addEventListener("click", () => this.play());
    for (const button of this.answers) {
      button.addEventListener("click", () => onAnswer(button.dataset.answer));
    }
    for (const button of this.root.querySelectorAll("[data-kind]")) {
      button.addEventListener("click", () => onKind(button.dataset.kind));
    }
    this.controls.addEventListener("focusin", (event) => this.rove(event.target));
    this.controls.addEventListener("keydown", (event) => this.onKey(event));
    // Firefox presses a focused button when space comes up again.
    this.controls.addEventListener("keyup", (event) => event.key === " " && event.preventDefault());
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Show what is asked; `bytes` are the sound of a clip, without them the item has a text. */
  show({ item, answers, kind, bytes }) {
    this.isSpoken = Boolean(bytes);
    this.offered = this.answers.filter(
      ({ dataset }) => dataset.answer === "skip" || !answers || answers.includes(dataset.answer),
    );
    for (const button of this.answers) button.hidden = !this.offered.includes(button);
    const hints = this.isSpoken ? "keys keys-audio training" : "keys";
    this.controls.setAttribute("aria-describedby", hints);
    for (const id of ["player", "hint-keys", "training"]) element(id).hidden = !this.isSpoken;
    element("scenario").hidden = this.isSpoken;
    element("question").textContent = words(this.isSpoken ? "question-audio" : "question-text");
    element("count").textContent = `${item.number} / ${item.of}`;
    for (const button of this.root.querySelectorAll("[data-kind]")) {
      button.hidden = button.dataset.kind === kind;
    }
    element("ways").hidden = !element("ways").querySelector("[data-kind]:not([hidden])");
    if (this.isSpoken) {
      this.player.load(bytes);
    } else {
      element("scenario").textContent = item.text;
      element("scenario").lang = item.language || document.documentElement.lang;
    }
  }

  open() {
    this.root.hidden = false;
    this.focus();
  }

  close() {
    this.player.stop();
    this.root.hidden = true;
  }

  unload() {
    this.player.unload();
  }

  /** Go to the first control: the clip, or the first answer to a text. */
  focus() {
    (this.isSpoken ? this.playButton : this.offered[0]).focus({ preventScroll: true });
  }

  async play() {
    if (this.isSpoken && !(await this.player.play())) this.onBlocked();
  }

  /** Only the control that has the focus, or had it last, is a stop of the Tab key. */
  rove(target) {
    const stops = [this.playButton, ...this.answers];
    if (!stops.includes(target)) return;
    for (const stop of stops) stop.tabIndex = stop === target ? 0 : -1;
  }

  /** Digits answer, space plays again, arrows move; Enter presses a button. */
  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    // By place as well as by character: French keyboards give digits with Shift only.
    const place = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
    const digit = place ? place[1] : event.key;
    if (event.key === " " && this.isSpoken) event.repeat || this.play();
    else if (event.key === " ") event.repeat || document.activeElement.click();
    else if (/^[0-9]$/.test(digit)) event.repeat || this.answerByDigit(digit);
    else if (!this.moveFocus(event.key)) return;
    event.preventDefault();
  }

  /** Digits count the answers that are shown; 0 is "I cannot tell". */
  answerByDigit(digit) {
    const button = this.offered.find(({ dataset }) => dataset.digit === digit);
    if (button) this.onAnswer(button.dataset.answer);
  }

  moveFocus(key) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };
    const ends = { Home: 0, End: this.offered.length - 1 };
    const at = this.offered.indexOf(document.activeElement);
    if (!(key in steps) && !(key in ends)) return false;
    const next = key in ends ? ends[key] : at < 0 ? 0 : at + steps[key];
    const target = this.offered[next] || (this.isSpoken && next < 0 ? this.playButton : null);
    if (target) target.focus();
    return true;
  }
}

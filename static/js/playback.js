// Plays a recording beside its plots: a cursor moves along, a click or tap goes to a place.

export class Playback {
  #tracks;
  #audio;
  #cursor;
  #durationS;
  #url = null;

  /** The element is a result with plots whose width is the recording's length. */
  constructor(result) {
    this.#tracks = result.querySelector("[data-tracks]");
    this.#audio = result.querySelector("[data-audio]");
    this.#cursor = result.querySelector("[data-cursor]");
    this.#durationS = Number(result.dataset.duration);
    this.#audio.addEventListener("play", () => this.#follow());
    this.#audio.addEventListener("seeked", () => this.#place());
    for (const plot of this.#tracks.querySelectorAll(".plot")) {
      plot.addEventListener("click", (event) => this.#seek(event, plot));
    }
  }

  load(file) {
    this.#url = URL.createObjectURL(file);
    this.#audio.src = this.#url;
    this.#audio.hidden = false;
    this.#tracks.dataset.playable = "";
    this.#place();
  }

  end() {
    this.#audio.pause();
    if (this.#url) URL.revokeObjectURL(this.#url);
  }

  #seek(event, plot) {
    if (this.#audio.hidden) return;
    const box = plot.getBoundingClientRect();
    this.#audio.currentTime = ((event.clientX - box.left) / box.width) * this.#durationS;
  }

  #follow() {
    this.#place();
    if (!this.#audio.paused && !this.#audio.ended) requestAnimationFrame(() => this.#follow());
  }

  #place() {
    const share = this.#durationS ? Math.min(1, this.#audio.currentTime / this.#durationS) : 0;
    this.#cursor.hidden = share === 0; // at the start it would only strike through the captions
    this.#cursor.style.setProperty("--at", `${100 * share}%`);
  }
}

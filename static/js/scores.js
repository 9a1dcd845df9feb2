// The table of scores and the emotion beside it; both come from the server's templates.

export class Scores {
  #rows;

  constructor(table) {
    this.#rows = [...table.querySelectorAll("tr[data-emotion]")];
  }

  get emotions() {
    return this.#rows.map((row) => row.dataset.emotion);
  }

  label(emotion) {
    return this.#row(emotion).querySelector("th span").textContent;
  }

  show(scores, top) {
    for (const row of this.#rows) {
      const share = 100 * scores[row.dataset.emotion];
      row.querySelector("progress").value = share;
      row.querySelector("[data-value]").textContent = percent(share / 100);
      row.toggleAttribute("data-top", row.dataset.emotion === top);
    }
  }

  #row(emotion) {
    return this.#rows.find((row) => row.dataset.emotion === emotion);
  }
}

export class Verdict {
  #element;
  #sprite;

  constructor(element, sprite) {
    this.#element = element;
    this.#sprite = sprite;
  }

  show(emotion, label, score) {
    this.#element.dataset.emotion = emotion;
    this.#element.classList.remove("verdict--idle");
    this.#element.querySelector("use").setAttribute("href", `${this.#sprite}#${emotion}`);
    this.#element.querySelector("[data-name]").textContent = label;
    this.#element.querySelector("[data-score]").textContent = percent(score);
  }

  rest(text) {
    this.#element.classList.add("verdict--idle");
    this.#element.querySelector("[data-score]").textContent = text;
  }
}

export function percent(share) {
  return `${Math.round(100 * share)} %`;
}

"""Tables of figures as Markdown, for the documentation and the model card."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emotion.ml.labels import EMOTIONS

PROTOCOLS: Final = {
    "ravdess": "RAVDESS, five folds of actors",
    "emodb": "EMO-DB, leave one speaker out",
    "tess": "TESS, cross-corpus, by speaker",
    "folder": "folder, leave one speaker out",
}


def as_markdown(evaluation: Mapping[str, Any]) -> str:
    """Lay out the content of `evaluation.json`."""
    return "\n".join(_lines(evaluation)) + "\n"


def _lines(evaluation: Mapping[str, Any]) -> Iterator[str]:
    yield "| System | Protocol | WA % | UAR % | ECE % |"
    yield "|---|---|---|---|---|"
    for model, reports in evaluation.items():
        for title, by_corpus in reports.get("held_out", {}).get("systems", {}).items():
            for corpus in sorted(by_corpus, key=list(PROTOCOLS).index):
                yield _row(_title(model, title), corpus, by_corpus[corpus])
        for corpus, figures in reports.get("cross_corpus", {}).items():
            yield _row(_title(model, ""), corpus, figures)
    for model, reports in evaluation.items():
        whole = reports.get("held_out", {}).get("systems", {}).get("", {})
        for corpus, figures in {**whole, **reports.get("cross_corpus", {})}.items():
            yield ""
            yield from _confusion(model, corpus, figures["confusion"])


def _title(model: str, title: str) -> str:
    return f"{model}, {title}" if title else f"**{model}**"


def _row(title: str, corpus: str, figures: Mapping[str, Any]) -> str:
    accuracy = f"{100 * figures['wa_mean']:.1f} ± {100 * figures['wa_deviation']:.1f}"
    recall = f"{100 * figures['uar_mean']:.1f} ± {100 * figures['uar_deviation']:.1f}"
    ece = f"{100 * figures['ece']:.1f}"
    return f"| {title} | {PROTOCOLS[corpus]} | {accuracy} | {recall} | {ece} |"


def _confusion(model: str, corpus: str, rows: list[list[int]]) -> Iterator[str]:
    yield f"Confusion of **{model}** on {PROTOCOLS[corpus]} (clips; rows are the truth):"
    yield ""
    yield f"| | {' | '.join(EMOTIONS)} | recall % |"
    yield f"|---|{'---|' * (len(EMOTIONS) + 1)}"
    for index, (emotion, row) in enumerate(zip(EMOTIONS, rows, strict=True)):
        if sum(row):
            counts = " | ".join(str(count) for count in row)
            yield f"| **{emotion}** | {counts} | {100 * row[index] / sum(row):.0f} |"


def comparison(evaluation: Mapping[str, Any]) -> str:
    """Lay out one row a model: both corpora side by side, and the number of parameters.

    Args:
        evaluation: As `evaluation.json` holds it, with a `held_out` report of each model.
    """
    lines = [
        "| Model | RAVDESS WA % | RAVDESS UAR % | EMO-DB WA % | EMO-DB UAR % | Parameters |",
        "|---|---|---|---|---|---|",
    ]
    for model, reports in evaluation.items():
        held_out = reports.get("held_out")
        if held_out:
            lines.append(_compared(model, held_out))
    return "\n".join(lines) + "\n"


def _compared(model: str, held_out: Mapping[str, Any]) -> str:
    by_corpus = held_out["systems"][""]
    cells = [
        f"{100 * by_corpus[corpus][f'{measure}_mean']:.1f}"
        f" ± {100 * by_corpus[corpus][f'{measure}_deviation']:.1f}"
        if corpus in by_corpus
        else "-"
        for corpus in ("ravdess", "emodb")
        for measure in ("wa", "uar")
    ]
    return f"| `{model}` | {' | '.join(cells)} | {held_out['parameters']:,} |"

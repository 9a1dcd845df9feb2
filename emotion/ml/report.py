"""Tables of figures as Markdown, for the documentation and the model card."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emotion.ml.labels import EMOTIONS

TITLES: Final = {
    "default": "**default** (both, fused)",
    "network": "its network alone",
    "functionals": "its functionals alone",
}
PROTOCOLS: Final = {
    "ravdess": "RAVDESS, five folds of actors",
    "emodb": "EMO-DB, leave one speaker out",
    "tess": "TESS, cross-corpus, by speaker",
}


def as_markdown(evaluation: Mapping[str, Any]) -> str:
    """Lay out the content of `evaluation.json`."""
    return "\n".join(_lines(evaluation)) + "\n"


def _lines(evaluation: Mapping[str, Any]) -> Iterator[str]:
    yield "| System | Protocol | WA % | UAR % | ECE % |"
    yield "|---|---|---|---|---|"
    for system, by_corpus in evaluation.get("held_out", {}).get("systems", {}).items():
        for corpus in sorted(by_corpus, key=list(PROTOCOLS).index):
            yield _row(TITLES[system], corpus, by_corpus[corpus])
    for corpus, figures in evaluation.get("cross_corpus", {}).items():
        yield _row(TITLES["default"], corpus, figures)
    default = evaluation.get("held_out", {}).get("systems", {}).get("default", {})
    for corpus, figures in {**default, **evaluation.get("cross_corpus", {})}.items():
        yield ""
        yield from _confusion(corpus, figures["confusion"])


def _row(title: str, corpus: str, figures: Mapping[str, Any]) -> str:
    accuracy = f"{100 * figures['wa_mean']:.1f} ± {100 * figures['wa_deviation']:.1f}"
    recall = f"{100 * figures['uar_mean']:.1f} ± {100 * figures['uar_deviation']:.1f}"
    ece = f"{100 * figures['ece']:.1f}"
    return f"| {title} | {PROTOCOLS[corpus]} | {accuracy} | {recall} | {ece} |"


def _confusion(corpus: str, rows: list[list[int]]) -> Iterator[str]:
    yield f"Confusion of **default** on {PROTOCOLS[corpus]} (clips; rows are the truth):"
    yield ""
    yield f"| | {' | '.join(EMOTIONS)} | recall % |"
    yield f"|---|{'---|' * (len(EMOTIONS) + 1)}"
    for index, (emotion, row) in enumerate(zip(EMOTIONS, rows, strict=True)):
        if sum(row):
            counts = " | ".join(str(count) for count in row)
            yield f"| **{emotion}** | {counts} | {100 * row[index] / sum(row):.0f} |"

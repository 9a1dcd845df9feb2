"""Tables of figures as Markdown, for the documentation and the model card."""

from collections.abc import Iterator, Mapping, Sequence
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
    blocks = (
        recipe_table(evaluation),
        *served_tables(evaluation),
        *_confusions(evaluation),
        *_robustness_tables(evaluation),
    )
    return "\n".join(blocks)


def recipe_table(evaluation: Mapping[str, Any]) -> str:
    """Lay out what recipes reach by the protocol, one row a system and corpus."""
    lines = ["| System | Protocol | WA % | UAR % | ECE % |", "|---|---|---|---|---|"]
    for model, reports in evaluation.items():
        for title, by_corpus in reports.get("held_out", {}).get("systems", {}).items():
            for corpus in sorted(by_corpus, key=list(PROTOCOLS).index):
                lines.append(_row(_title(model, title), PROTOCOLS[corpus], by_corpus[corpus]))
        for corpus, figures in reports.get("cross_corpus", {}).items():
            lines.append(_row(_title(model, ""), PROTOCOLS[corpus], figures))
    return "\n".join(lines) + "\n"


def served_tables(evaluation: Mapping[str, Any]) -> Iterator[str]:
    """Lay out what the bytes of weights reach, with the digest of these bytes."""
    for model, reports in evaluation.items():
        if served := reports.get("as_served"):
            yield "\n".join(_served(model, served)) + "\n"


def _served(model: str, served: Mapping[str, Any]) -> Iterator[str]:
    yield f"`{model}` {served['version']} as it is served, `model.onnx` with the SHA-256"
    yield f"`{served['sha256']}`,"
    yield "means and standard deviations over speakers:"
    yield ""
    yield "| Corpus | Other clips of the speaker | WA % | UAR % | ECE % |"
    yield "|---|---|---|---|---|"
    for corpus, measured in served["corpora"].items():
        for count, figures in measured["references"].items():
            yield _row(_heard(corpus, measured), "none" if count == "0" else count, figures)


def _heard(corpus: str, measured: Mapping[str, Any]) -> str:
    """Say whether a corpus can tell how well strangers are recognised."""
    name, count = PROTOCOLS[corpus].partition(",")[0], measured["speakers"]
    if known := measured["speakers_trained_on"]:
        return (
            f"{name}, {known} of {count} speakers trained on: a check of function, not of accuracy"
        )
    return f"{name}, {count} speakers, never trained on"


def _confusions(evaluation: Mapping[str, Any]) -> Iterator[str]:
    for model, reports in evaluation.items():
        whole = reports.get("held_out", {}).get("systems", {}).get("", {})
        for corpus, figures in {**whole, **reports.get("cross_corpus", {})}.items():
            yield _confusion(f"**{model}** on {PROTOCOLS[corpus]}", figures["confusion"])
        for corpus, measured in reports.get("as_served", {}).get("corpora", {}).items():
            for count, known in (("0", "without"), ("all", "with all")):
                title = f"**{model}** as served on {_heard(corpus, measured)}, {known} other clips"
                yield _confusion(title, measured["references"][count]["confusion"])


def _title(model: str, title: str) -> str:
    title = title.replace("with 1 clips", "with 1 clip")
    return f"{model}, {title}" if title else f"**{model}**"


def _row(title: str, protocol: str, figures: Mapping[str, Any]) -> str:
    accuracy = f"{100 * figures['wa_mean']:.1f} ± {100 * figures['wa_deviation']:.1f}"
    recall = f"{100 * figures['uar_mean']:.1f} ± {100 * figures['uar_deviation']:.1f}"
    ece = f"{100 * figures['ece']:.1f}"
    return f"| {title} | {protocol} | {accuracy} | {recall} | {ece} |"


def _confusion(title: str, rows: Sequence[Sequence[int]]) -> str:
    lines = [
        f"Confusion of {title} (clips; rows are the truth):",
        "",
        f"| | {' | '.join(EMOTIONS)} | recall % |",
        f"|---|{'---|' * (len(EMOTIONS) + 1)}",
    ]
    for index, (emotion, row) in enumerate(zip(EMOTIONS, rows, strict=True)):
        if sum(row):
            counts = " | ".join(str(count) for count in row)
            lines.append(f"| **{emotion}** | {counts} | {100 * row[index] / sum(row):.0f} |")
    return "\n".join(lines) + "\n"


def _robustness_tables(evaluation: Mapping[str, Any]) -> Iterator[str]:
    for model, reports in evaluation.items():
        report = reports.get("robustness", {"corpora": {}})
        for corpus, conditions in report["corpora"].items():
            yield "\n".join(_robustness(model, corpus, conditions, report["left_out"])) + "\n"


def _robustness(
    model: str,
    corpus: str,
    conditions: Mapping[str, Mapping[str, float]],
    left_out: Mapping[str, str],
) -> Iterator[str]:
    name, clips = PROTOCOLS[corpus].partition(",")[0], next(iter(conditions.values()))["clips"]
    yield f"**{model}** on degraded clips of {name} ({clips} clips):"
    yield ""
    yield "| Condition | WA % | UAR % | ECE % | as when clean % |"
    yield "|---|---|---|---|---|"
    for condition, each in conditions.items():
        cells = (100 * each[key] for key in ("wa", "uar", "ece", "as_clean"))
        yield f"| {condition} | {' | '.join(f'{cell:.1f}' for cell in cells)} |"
    for condition, reason in left_out.items():
        yield f"\nNot measured: {condition}. {reason}."


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

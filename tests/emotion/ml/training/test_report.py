from emotion.ml.training.report import as_markdown, comparison

FIGURES = {
    "wa_mean": 0.7012,
    "wa_deviation": 0.05,
    "uar_mean": 0.6,
    "uar_deviation": 0.041,
    "ece": 0.0333,
    "confusion": [[3, 1, 0, 0, 0, 0, 0]] + [[0] * 7] * 6,
}


def test_figures_become_rows_in_per_cent():
    table = as_markdown(
        {
            "default": {
                "held_out": {"systems": {"": {"ravdess": FIGURES, "emodb": FIGURES}}},
                "cross_corpus": {"tess": FIGURES},
            }
        }
    )
    assert (
        "| **default** | RAVDESS, five folds of actors | 70.1 ± 5.0 | 60.0 ± 4.1 | 3.3 |"
    ) in table
    assert table.count("TESS, cross-corpus") == 2
    assert "| **angry** | 3 | 1 | 0 | 0 | 0 | 0 | 0 | 75 |" in table
    assert "**disgust** | 0" not in table


def test_models_are_compared_in_one_row_each():
    held_out = {"systems": {"": {"ravdess": FIGURES}}, "parameters": 12345}
    table = comparison({"classic": {"held_out": held_out}, "default": {"cross_corpus": {}}})
    assert "| `classic` | 70.1 ± 5.0 | 60.0 ± 4.1 | - | - | 12,345 |" in table
    assert "default" not in table


def test_an_evaluation_of_nothing_is_an_empty_table():
    assert as_markdown({}).splitlines() == [
        "| System | Protocol | WA % | UAR % | ECE % |",
        "|---|---|---|---|---|",
    ]
    assert len(comparison({}).splitlines()) == 2


def test_every_row_has_the_cells_of_its_head():
    report = {
        "held_out": {
            "systems": {"": {"emodb": FIGURES}, "its networks alone": {"emodb": FIGURES}},
            "parameters": 7,
        },
        "cross_corpus": {"tess": FIGURES},
    }
    for table in (as_markdown({"default": report}), comparison({"default": report})):
        for block in table.strip().split("\n\n"):
            rows = [line for line in block.splitlines() if line.startswith("|")]
            assert len({row.count("|") for row in rows}) <= 1


def test_corpora_stand_in_the_order_of_the_protocols():
    by_corpus = {"folder": FIGURES, "emodb": FIGURES, "ravdess": FIGURES}
    table = as_markdown({"default": {"held_out": {"systems": {"": by_corpus}}}})
    places = [table.index(f"| **default** | {name}") for name in ("RAVDESS", "EMO-DB", "folder")]
    assert places == sorted(places)


def test_parts_of_a_system_are_named_and_have_no_confusion_of_their_own():
    systems = {"": {"emodb": FIGURES}, "its functionals alone": {"emodb": FIGURES}}
    table = as_markdown({"default": {"held_out": {"systems": systems}}})
    assert "| default, its functionals alone | EMO-DB" in table
    assert table.count("Confusion of") == 1


SERVED = {
    "version": "9.9",
    "sha256": "ab" * 32,
    "corpora": {
        "ravdess": {
            "speakers": 24,
            "speakers_trained_on": 20,
            "references": {"0": FIGURES, "5": FIGURES, "all": FIGURES},
        }
    },
}


def test_figures_of_weights_name_their_bytes_and_warn_of_speakers_trained_on():
    text = as_markdown({"default": {"as_served": SERVED}})
    assert f"`default` 9.9 as it is served, `model.onnx` with the SHA-256\n`{'ab' * 32}`" in text
    heard = "RAVDESS, 20 of 24 speakers trained on: a check of function, not of accuracy"
    assert f"| {heard} | none | 70.1 ± 5.0 | 60.0 ± 4.1 | 3.3 |" in text
    assert f"| {heard} | 5 | 70.1 ± 5.0" in text
    assert text.count(f"as served on {heard}") == 2  # confusions without and with all other clips


def test_strangers_are_called_so():
    stranger = {**SERVED["corpora"]["ravdess"], "speakers": 4, "speakers_trained_on": 0}
    text = as_markdown({"default": {"as_served": {**SERVED, "corpora": {"ravdess": stranger}}}})
    assert "| RAVDESS, 4 speakers, never trained on | none |" in text
    assert "check of function" not in text

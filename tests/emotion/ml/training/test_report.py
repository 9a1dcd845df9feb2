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

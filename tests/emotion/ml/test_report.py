from emotion.ml.report import as_markdown

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
            "held_out": {"systems": {"default": {"ravdess": FIGURES, "emodb": FIGURES}}},
            "cross_corpus": {"tess": FIGURES},
        }
    )
    assert (
        "| **default** (both, fused) | RAVDESS, five folds of actors "
        "| 70.1 ± 5.0 | 60.0 ± 4.1 | 3.3 |"
    ) in table
    assert table.count("TESS, cross-corpus") == 2
    assert "| **angry** | 3 | 1 | 0 | 0 | 0 | 0 | 0 | 75 |" in table
    assert "**disgust** | 0" not in table

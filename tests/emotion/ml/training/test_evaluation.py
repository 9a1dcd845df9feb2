import numpy as np
import pytest

from emotion.ml.training.evaluation import (
    CorpusFigures,
    as_json,
    corpus_figures,
    expected_calibration_error,
    unweighted_average_recall,
)

TRUTH = np.array([0, 0, 0, 0, 1, 1, 4, 4])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 4, 4])


def figures_of(truth: np.ndarray, predicted: np.ndarray) -> CorpusFigures:
    """Of one fold in which every clip is recognised with full confidence."""
    speakers = np.full(len(truth), "a")
    return corpus_figures(np.eye(7)[predicted], truth, speakers, (frozenset({"a"}),))


def test_the_confusion_matrix_has_truth_in_rows():
    confusion = figures_of(TRUTH, PREDICTED).confusion
    assert [len(row) for row in confusion] == [7] * 7
    assert confusion[0] == (3, 1, 0, 0, 0, 0, 0)
    assert confusion[1] == (1, 1, 0, 0, 0, 0, 0)
    assert np.sum(confusion) == 8


def test_accuracy_and_recall_have_their_golden_values():
    figures = figures_of(TRUTH, PREDICTED)
    assert figures.wa_mean == pytest.approx(6 / 8)
    # Recalls are 3/4, 1/2 and 1; emotions that never occur do not count.
    assert figures.uar_mean == pytest.approx(0.75)
    assert unweighted_average_recall(TRUTH, PREDICTED) == pytest.approx(0.75)


def test_always_saying_the_most_frequent_emotion_has_the_recall_of_chance():
    figures = figures_of(np.array([0] * 9 + [1]), np.zeros(10, dtype=int))
    assert figures.wa_mean == pytest.approx(0.9)
    assert figures.uar_mean == pytest.approx(0.5)


def test_an_emotion_that_is_heard_but_never_meant_does_not_count():
    assert unweighted_average_recall([0, 0, 1, 1], [0, 6, 1, 1]) == pytest.approx(0.75)


def test_a_clip_in_which_nothing_is_recognised_is_a_miss():
    assert unweighted_average_recall(["sad", "sad"], ["sad", "None"]) == pytest.approx(0.5)


def confident(confidence: float, count: int) -> np.ndarray:
    """Rows that give the first emotion `confidence` and share the rest. (count, 7)"""
    row = np.full(7, (1 - confidence) / 6)
    row[0] = confidence
    return np.tile(row, (count, 1))


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy():
    half_right = np.array([0, 1] * 5)
    assert expected_calibration_error(confident(0.9, 10), half_right) == pytest.approx(0.4)
    assert expected_calibration_error(confident(0.5, 10), half_right) == pytest.approx(0.0)


def test_the_calibration_error_weighs_bins_by_their_clips():
    probabilities = np.concatenate((confident(0.9, 6), confident(0.6, 2)))
    truth = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    expected = 6 / 8 * 0.1 + 2 / 8 * 0.6
    assert expected_calibration_error(probabilities, truth) == pytest.approx(expected)


def test_full_confidence_falls_into_the_last_bin():
    assert expected_calibration_error(confident(1.0, 4), np.zeros(4, dtype=int)) == 0


def test_a_corpus_is_the_mean_of_its_folds():
    speakers = np.array(["a", "a", "a", "b"])
    truth = np.array([0, 0, 1, 1])
    probabilities = np.eye(7)[[0, 0, 1, 0]]
    figures = corpus_figures(probabilities, truth, speakers, (frozenset({"a"}), frozenset({"b"})))
    assert [fold.clips for fold in figures.folds] == [3, 1]
    assert (figures.wa_mean, figures.wa_deviation) == (0.5, 0.5)
    assert figures.confusion[1][:2] == (1, 1)
    assert as_json(figures)["folds"][0]["held_out"] == ("a",)

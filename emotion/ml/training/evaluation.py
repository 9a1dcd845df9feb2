"""Measures of recognition, and the figures of a corpus over its folds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from emotion.ml.labels import EMOTIONS

IntArray = NDArray[np.intp]
FloatMatrix = NDArray[np.float64]


def confusion_matrix(truth: IntArray, predicted: IntArray) -> NDArray[np.int64]:
    """Count clips by true emotion (rows) and predicted emotion (columns). (7, 7)"""
    size = len(EMOTIONS)
    flat = np.bincount(truth * size + predicted, minlength=size * size)
    return flat.reshape(size, size).astype(np.int64)


def weighted_accuracy(confusion: NDArray[np.int64]) -> float:
    """WA: the share of clips recognised, in [0, 1]."""
    return float(np.trace(confusion) / confusion.sum())


def unweighted_average_recall(confusion: NDArray[np.int64]) -> float:
    """UAR: the mean recall of the emotions that occur, in [0, 1]."""
    counts = confusion.sum(axis=1)
    present = counts > 0
    return float(np.mean(np.diag(confusion)[present] / counts[present]))


def expected_calibration_error(
    probabilities: FloatMatrix, truth: IntArray, bins: int = 15
) -> float:
    """ECE: mean distance of confidence from accuracy, over bins of equal width.

    Args:
        probabilities: Shape (clips, 7).
        truth: Indices, shape (clips,).
        bins: As in Guo et al. 2017, "On calibration of modern neural networks".

    Returns:
        In [0, 1].
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.clip(np.ceil(confidence * bins).astype(np.intp) - 1, 0, bins - 1)
    gap = np.bincount(place, weights=confidence - right, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


@dataclass(frozen=True)
class FoldFigures:
    """One fold of a protocol."""

    held_out: tuple[str, ...]
    clips: int
    wa: float
    uar: float


@dataclass(frozen=True)
class CorpusFigures:
    """A corpus over all of its folds. Deviations are of the population of folds."""

    folds: tuple[FoldFigures, ...]
    wa_mean: float
    wa_deviation: float
    uar_mean: float
    uar_deviation: float
    ece: float
    confusion: tuple[tuple[int, ...], ...]


def corpus_figures(
    probabilities: FloatMatrix,
    truth: IntArray,
    speakers: NDArray[np.str_],
    groups: Sequence[frozenset[str]],
) -> CorpusFigures:
    """Measure one corpus by its folds.

    Args:
        probabilities: Of clips scored without their speaker, shape (clips, 7).
        truth: Indices, shape (clips,).
        speakers: Shape (clips,).
        groups: The speakers of each fold, from `corpora.folds`.
    """
    predicted = probabilities.argmax(axis=1)
    measured = []
    for group in groups:
        chosen = np.isin(speakers, sorted(group))
        confusion = confusion_matrix(truth[chosen], predicted[chosen])
        measured.append(
            FoldFigures(
                tuple(sorted(group)),
                int(chosen.sum()),
                weighted_accuracy(confusion),
                unweighted_average_recall(confusion),
            )
        )
    accuracies = np.array([fold.wa for fold in measured])
    recalls = np.array([fold.uar for fold in measured])
    return CorpusFigures(
        folds=tuple(measured),
        wa_mean=float(accuracies.mean()),
        wa_deviation=float(accuracies.std()),
        uar_mean=float(recalls.mean()),
        uar_deviation=float(recalls.std()),
        ece=expected_calibration_error(probabilities, truth),
        confusion=tuple(tuple(row) for row in confusion_matrix(truth, predicted).tolist()),
    )


def as_json(figures: CorpusFigures) -> dict[str, object]:
    """Return the figures as plain data, fractions rounded to four places."""
    rounded = asdict(figures)
    for holder in (rounded, *rounded["folds"]):
        for key, value in holder.items():
            if isinstance(value, float):
                holder[key] = round(value, 4)
    return rounded

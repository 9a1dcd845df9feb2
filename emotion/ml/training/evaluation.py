"""Measures of recognition, and the figures of a corpus over its folds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from emotion.ml.labels import EMOTIONS

IntArray = NDArray[np.intp]
FloatMatrix = NDArray[np.float64]


def unweighted_average_recall(truth: ArrayLike, predicted: ArrayLike) -> float:
    """UAR: the mean recall of the emotions that occur in the truth, in [0, 1].

    Args:
        truth: Indices or names of emotions, shape (clips,).
        predicted: The same, or anything else for a clip in which no emotion is recognised.

    >>> unweighted_average_recall([0, 0, 0, 1], [0, 0, 1, 1])  # recalls of 2/3 and 1
    0.8333333333333333
    """
    return float(recall_score(truth, predicted, labels=np.unique(truth), average="macro"))


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
    """A corpus over all of its folds. Deviations are of the population of folds.

    Attributes:
        wa_mean: Of the weighted accuracy, the share of clips that are recognised.
        uar_mean: Of the unweighted average recall.
        confusion: Clips by true emotion (rows) and predicted emotion (columns).
    """

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
        measured.append(
            FoldFigures(
                tuple(sorted(group)),
                int(chosen.sum()),
                float(accuracy_score(truth[chosen], predicted[chosen])),
                unweighted_average_recall(truth[chosen], predicted[chosen]),
            )
        )
    confusion = confusion_matrix(truth, predicted, labels=range(len(EMOTIONS)))
    accuracies = np.array([fold.wa for fold in measured])
    recalls = np.array([fold.uar for fold in measured])
    return CorpusFigures(
        folds=tuple(measured),
        wa_mean=float(accuracies.mean()),
        wa_deviation=float(accuracies.std()),
        uar_mean=float(recalls.mean()),
        uar_deviation=float(recalls.std()),
        ece=expected_calibration_error(probabilities, truth),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def as_json(figures: CorpusFigures) -> dict[str, object]:
    """Return the figures as plain data, fractions rounded to four places."""
    rounded = asdict(figures)
    for holder in (rounded, *rounded["folds"]):
        for key, value in holder.items():
            if isinstance(value, float):
                holder[key] = round(value, 4)
    return rounded

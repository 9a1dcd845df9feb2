"""Fusing the scores of a model's parts into calibrated probabilities: temperature scaling with one
temperature for each part (Guo et al. 2017, for a sum of logits)."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from emotion.ml.errors import TrainingError

FloatMatrix = NDArray[np.float64]
Scales = tuple[float, ...]
"""What each part's scores are multiplied by before they are added."""

PULL: Final = 1e-6
"""Towards a scale of one; keeps the scale of a part defined that says nothing, or all."""

FLAT: Final = 1e-4
"""Slope of the loss below which its minimum is found: scales are published with five digits."""


def fused(parts: Sequence[FloatMatrix], scales: Scales) -> FloatMatrix:
    """Probabilities of all parts together, each part of shape (clips, emotions)."""
    return np.asarray(softmax(np.stack(tuple(parts), axis=2) @ np.asarray(scales), axis=1))


def fit_scales(parts: Sequence[FloatMatrix], labels: NDArray[np.intp]) -> Scales:
    """Minimise the mean negative log likelihood, which is convex in the scales.

    Args:
        parts: Scores of clips whose speakers no part was trained on, each (clips, emotions).
        labels: Indices of the true emotions, shape (clips,).

    Raises:
        TrainingError: If no minimum is found, as where a score is not finite.
    """
    stacked = np.stack(tuple(parts), axis=2)  # (clips, emotions, parts)
    clips = np.arange(len(labels))
    truth = stacked[clips, labels].mean(axis=0)  # (parts,)

    def loss(scales: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        likely = log_softmax(stacked @ scales, axis=1)
        expected = np.einsum("ne,nep->p", np.exp(likely), stacked) / len(labels)
        value = -likely[clips, labels].mean() + PULL * np.square(scales - 1).sum() / 2
        return float(value), expected - truth + PULL * (scales - 1)

    start = np.ones(stacked.shape[2])
    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    # Not its own `success`: it says no where the last bits of the loss allow no further step.
    if not np.abs(found.jac).max() < FLAT:
        raise TrainingError(f"The calibration found no minimum: {found.message}")
    return tuple(found.x.tolist())


def cross_fitted(
    parts: Sequence[FloatMatrix], labels: NDArray[np.intp], turn: NDArray[np.intp]
) -> FloatMatrix:
    """Probabilities of each round with scales fitted on the clips of the other rounds.

    Args:
        parts: Scores, each of shape (clips, emotions).
        labels: Indices of the true emotions, shape (clips,).
        turn: The round that held each clip out, shape (clips,).
    """
    probabilities = np.zeros_like(parts[0])
    for number in np.unique(turn):
        out = turn == number
        scales = fit_scales([part[~out] for part in parts], labels[~out])
        probabilities[out] = fused([part[out] for part in parts], scales)
    return probabilities

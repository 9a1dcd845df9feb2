"""Fusing the scores of a model's parts into calibrated probabilities: temperature scaling with one
temperature for each part (Guo et al. 2017, for a sum of logits)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float64]
Scales = tuple[float, ...]
"""What each part's scores are multiplied by before they are added."""


def softmax(logits: FloatMatrix) -> FloatMatrix:
    """Turn each row into probabilities. (clips, emotions)"""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def fused(parts: Sequence[FloatMatrix], scales: Scales) -> FloatMatrix:
    """Probabilities of all parts together, each part of shape (clips, emotions)."""
    return softmax(np.stack(tuple(parts), axis=2) @ np.asarray(scales))


def fit_scales(
    parts: Sequence[FloatMatrix], labels: NDArray[np.intp], *, steps: int = 50
) -> Scales:
    """Minimise the mean negative log likelihood by Newton's method.

    The likelihood is convex in the scales. A small pull towards one keeps the step defined where a
    part says nothing.

    Args:
        parts: Scores of clips whose speakers no part was trained on, each (clips, emotions).
        labels: Indices of the true emotions, shape (clips,).
        steps: Iterations at most.
    """
    stacked = np.stack(tuple(parts), axis=2)  # (clips, emotions, parts)
    truth = stacked[np.arange(len(labels)), labels]
    count = stacked.shape[2]
    scales, pull = np.ones(count), 1e-6
    for _ in range(steps):
        likely = softmax(stacked @ scales)
        expected = np.einsum("ne,nep->np", likely, stacked)
        gradient = (expected - truth).mean(axis=0) + pull * (scales - 1)
        second = np.einsum("ne,nep,neq->pq", likely, stacked, stacked) / len(labels)
        curvature = second - expected.T @ expected / len(labels) + pull * np.eye(count)
        step = np.linalg.solve(curvature, gradient)
        scales = scales - step / max(1.0, float(np.abs(step).max()) / 5)
        if np.abs(step).max() < 1e-9:
            break
    return tuple(scales.tolist())


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

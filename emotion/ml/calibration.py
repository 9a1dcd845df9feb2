"""Fusing two sets of scores into calibrated probabilities: temperature scaling with one
temperature for each half (Guo et al. 2017, for a sum of logits)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float64]


class Scales(NamedTuple):
    """What each half's scores are multiplied by before they are added."""

    network: float
    kernel: float


def softmax(logits: FloatMatrix) -> FloatMatrix:
    """Turn each row into probabilities. (clips, emotions)"""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def fused(network: FloatMatrix, kernel: FloatMatrix, scales: Scales) -> FloatMatrix:
    """Probabilities of the two halves together, each of shape (clips, emotions)."""
    return softmax(scales.network * network + scales.kernel * kernel)


def fit_scales(
    network: FloatMatrix, kernel: FloatMatrix, labels: NDArray[np.intp], *, steps: int = 50
) -> Scales:
    """Minimise the mean negative log likelihood by Newton's method.

    The likelihood is convex in the two scales. A small pull towards one keeps the step defined
    where a half says nothing.

    Args:
        network: Logits of clips that the network was not trained on, shape (clips, emotions).
        kernel: Scores of the kernel machine on the same clips, same shape.
        labels: Indices of the true emotions, shape (clips,).
        steps: Iterations at most.
    """
    halves = np.stack((network, kernel), axis=2)  # (clips, emotions, 2)
    truth = halves[np.arange(len(labels)), labels]
    scales, pull = np.ones(2), 1e-6
    for _ in range(steps):
        likely = softmax(halves @ scales)
        expected = np.einsum("ne,neh->nh", likely, halves)
        gradient = (expected - truth).mean(axis=0) + pull * (scales - 1)
        second = np.einsum("ne,neh,nek->hk", likely, halves, halves) / len(labels)
        curvature = second - expected.T @ expected / len(labels) + pull * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        scales = scales - step / max(1.0, float(np.abs(step).max()) / 5)
        if np.abs(step).max() < 1e-9:
            break
    return Scales(*scales.tolist())


def cross_fitted(
    network: FloatMatrix, kernel: FloatMatrix, labels: NDArray[np.intp], turn: NDArray[np.intp]
) -> FloatMatrix:
    """Probabilities of each round with scales fitted on the clips of the other rounds.

    Args:
        network: Logits, shape (clips, emotions).
        kernel: Scores, same shape.
        labels: Indices of the true emotions, shape (clips,).
        turn: The round that held each clip out, shape (clips,).
    """
    probabilities = np.zeros_like(network)
    for number in np.unique(turn):
        out = turn == number
        scales = fit_scales(network[~out], kernel[~out], labels[~out])
        probabilities[out] = fused(network[out], kernel[out], scales)
    return probabilities

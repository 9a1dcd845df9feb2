"""What learns from the listening encoder: kernel ridge regression, and its way with a speaker.

Features are standardised by the clean clips; examples weigh inversely to how frequent their
emotion is.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import softmax

from audio.whole_files import whole_file
from emotion.ml.errors import ModelError
from emotion.ml.labels import EMOTIONS

FloatMatrix = NDArray[np.float32]

SHARPNESS: Final = 8.0
"""What the regression gives is multiplied by this to be read as logits: the temperature that fits
held-out clips of RAVDESS and EMO-DB."""

SHRINKAGE: Final = 3.0
"""The mean of n clips counts n / (n + 3)."""

EVENNESS: Final = 0.1
"""Clips of each emotion that are taken to have been heard before the first: what is thought of few
clips stays near an even mix."""


@dataclass(frozen=True)
class HeadConfig:
    """Everything that changes the fit, besides the data."""

    gamma: float = 0.5
    """Width of the kernel exp(-gamma * mean squared difference)."""
    ridge: float = 0.2


@dataclass(frozen=True)
class EarHead:
    """A fitted head, and what it knows of voices.

    Attributes:
        mean: Of the clean clips' features, shape (features,).
        deviation: The same.
        support: Standardised examples in half precision, shape (examples, features).
        weights: Shape (examples, 7).
        voice: Mean of the training speakers' own means, standardised, shape (features,).
        emotions: What each emotion adds to its speaker's mean, shape (7, features).
        gamma: Width of the kernel.
    """

    mean: FloatMatrix
    deviation: FloatMatrix
    support: NDArray[np.float16]
    weights: FloatMatrix
    voice: FloatMatrix
    emotions: FloatMatrix
    gamma: NDArray[np.float32]

    def standardised(self, features: FloatMatrix) -> FloatMatrix:
        """Centre and scale, shape (clips, features) as given."""
        return np.asarray((features - self.mean) / self.deviation, np.float32)

    def logits(self, standardised: FloatMatrix) -> NDArray[np.float64]:
        """Score standardised features, shape (clips, 7)."""
        kernel = _kernel(standardised, self.support.astype(np.float32), float(self.gamma))
        return np.asarray(SHARPNESS * (kernel @ self.weights), np.float64)

    def shift(self, references: FloatMatrix, recognised: NDArray[np.float64] | None) -> FloatMatrix:
        """Say what to take off a speaker's standardised features.

        Args:
            references: Other clips of the speaker, standardised, shape (clips, features).
            recognised: Their probabilities, shape (clips, 7): what their emotions add to their
                mean is left in, so that clips of one emotion do not wash it out. None where the
                clips are known to be of many emotions.

        Returns:
            Shape (features,); zero without references.
        """
        count = len(references)
        if not count:
            return np.zeros_like(self.voice)
        own = references.mean(axis=0) - self.voice
        if recognised is not None:
            mix = recognised.sum(axis=0) + EVENNESS
            mix = mix / (count + len(EMOTIONS) * EVENNESS) - 1 / len(EMOTIONS)
            own = own - mix @ self.emotions
        return np.asarray(own * count / (count + SHRINKAGE), np.float32)

    def save(self, path: Path) -> None:
        """Write an `.npz`."""
        arrays = {each.name: getattr(self, each.name) for each in fields(self)}
        with whole_file(path) as unfinished:
            np.savez(unfinished, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ModelError: If it is missing or damaged.
        """
        try:
            with np.load(path) as stored:
                return cls(**{each.name: stored[each.name] for each in fields(cls)})
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise ModelError(f"{path} holds no trained head: {error}") from error


def fit_head(
    copies: list[FloatMatrix],
    labels: NDArray[np.intp],
    speakers: NDArray[np.str_],
    config: HeadConfig,
) -> EarHead:
    """Solve kernel ridge regression on all copies of the clips.

    Args:
        copies: Features of the clean clips, then of further copies, each (clips, features).
        labels: Shape (clips,).
        speakers: Shape (clips,).
        config: Width and ridge.
    """
    clean = copies[0]
    mean, deviation = clean.mean(axis=0), clean.std(axis=0) + 1e-4
    # Rounded before the fit, so that what is saved is exactly what was fitted.
    stacked = [((copy - mean) / deviation).astype(np.float16) for copy in copies]
    support = np.concatenate(stacked)
    weights = _solved(support.astype(np.float32), np.tile(labels, len(copies)), config)
    voice, emotions = _voices(stacked[0].astype(np.float32), labels, speakers)
    gamma = np.array(config.gamma, np.float32)
    return EarHead(mean, deviation, support, weights, voice, emotions, gamma)


def _solved(support: FloatMatrix, labels: NDArray[np.intp], config: HeadConfig) -> FloatMatrix:
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    kernel = _kernel(support, support, config.gamma)
    ridge = config.ridge * len(EMOTIONS) * counts[labels] / len(labels)
    kernel[np.diag_indices_from(kernel)] += ridge.astype(np.float32)
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[labels] - np.float32(1 / len(EMOTIONS))
    factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(cho_solve(factor, targets, check_finite=False), np.float32)


def _kernel(a: FloatMatrix, b: FloatMatrix, gamma: float) -> FloatMatrix:
    """exp(-gamma * mean squared difference), computed in place for its size. (a, b)"""
    squared = a @ b.T
    squared *= -2
    squared += np.square(a).sum(axis=1)[:, None]
    squared += np.square(b).sum(axis=1)[None]
    np.maximum(squared, 0, out=squared)
    squared *= -gamma / a.shape[1]
    return np.exp(squared, out=squared)


def _voices(
    clean: FloatMatrix, labels: NDArray[np.intp], speakers: NDArray[np.str_]
) -> tuple[FloatMatrix, FloatMatrix]:
    """Return the mean voice, and what each emotion adds to one; zero for emotions unheard."""
    names, owners = np.unique(speakers, return_inverse=True)
    means = np.stack([clean[owners == owner].mean(axis=0) for owner in range(len(names))])
    without = clean - means[owners]
    emotions = np.zeros((len(EMOTIONS), clean.shape[1]), np.float32)
    for label in np.unique(labels):
        emotions[label] = without[labels == label].mean(axis=0)
    return means.mean(axis=0), emotions


def adapted_logits(
    head: EarHead,
    standardised: FloatMatrix,
    plain: NDArray[np.float64],
    chosen: list[NDArray[np.intp]],
    *,
    compensated: bool,
) -> NDArray[np.float64]:
    """Score clips with other clips of their speakers at hand.

    Args:
        head: Fitted.
        standardised: Features of all clips, shape (clips, features).
        plain: Their logits without adaptation, shape (clips, 7).
        chosen: For each clip the indices of the others that are known.
        compensated: Leave in what the emotions of the others add.

    Returns:
        Shape (clips, 7).
    """
    probabilities = softmax(plain, axis=1)
    shifts = [
        head.shift(standardised[others], probabilities[others] if compensated else None)
        for others in chosen
    ]
    return head.logits(standardised - np.stack(shifts))

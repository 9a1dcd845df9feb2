"""Signals that behave like speech, made here so that no corpus is needed."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.signal import lfilter

RATE = 16_000


def vowel(f0_hz: np.ndarray, formants_hz: Sequence[float]) -> np.ndarray:
    """A pulse train through resonances of 80 Hz bandwidth; one F0 value a sample."""
    phase = np.cumsum(f0_hz / RATE)
    signal = np.diff(np.floor(phase), prepend=0.0)
    for formant in formants_hz:
        radius, angle = np.exp(-np.pi * 80 / RATE), 2 * np.pi * formant / RATE
        signal = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], signal)
    return signal / np.abs(signal).max() * 0.3


def syllables(
    f0_hz: float = 180.0,
    *,
    syllable_s: float = 0.2,
    rise: float = 0.0,
    seed: int = 0,
    formants: Sequence[Sequence[float]] = ((700, 1200), (300, 2300), (500, 900)),
) -> np.ndarray:
    """Vowels with hiss between them: a sentence of one syllable per vowel.

    Args:
        f0_hz: At the start.
        syllable_s: Length of a vowel.
        rise: In semitones from the first sample to the last.
        seed: Of the hiss.
        formants: Of each vowel.
    """
    rng = np.random.default_rng(seed)
    n = int(syllable_s * RATE)
    f0 = f0_hz * 2 ** (np.linspace(0, rise / 12, n * len(formants)) / 1)
    quiet = rng.normal(0, 1e-4, RATE // 10)
    parts = [quiet]
    for number, pair in enumerate(formants):
        hiss = rng.normal(0, 0.02, RATE // 20)
        parts += [hiss, vowel(f0[number * n : (number + 1) * n], pair)]
    return np.concatenate([*parts, quiet]).astype(np.float32)


@pytest.fixture
def speak() -> Callable[..., np.ndarray]:
    return syllables

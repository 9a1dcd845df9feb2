"""Variations of a clip that keep its emotion, for training only."""

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter, resample_poly

from emotion.ml.features import FloatArray, at_least

SPEEDS: Final = (Fraction(9, 10), Fraction(1), Fraction(11, 10))
"""Beyond ten per cent the change of pitch and formants stops sounding like another speaker."""

SNR_DB: Final = (10.0, 35.0)


def at_speed(waveform: FloatArray, speed: Fraction) -> FloatArray:
    """Play faster or slower by resampling: pitch, formants and tempo move together."""
    if speed == 1:
        return waveform
    return resample_poly(waveform, speed.denominator, speed.numerator).astype(np.float32)


def with_room_noise(waveform: FloatArray, rng: Generator) -> FloatArray:
    """Tilt the spectrum as another microphone would and add coloured noise at 10 to 35 dB."""
    tilted = lfilter([1.0, rng.uniform(-0.5, 0.5)], [1.0], waveform)
    noise = lfilter([1.0], [1.0, -rng.uniform(0.0, 0.98)], rng.standard_normal(waveform.size))
    snr = 10 ** (rng.uniform(*SNR_DB) / 20)
    noise *= np.sqrt(np.mean(tilted**2) / np.mean(noise**2)) / snr
    return np.asarray(tilted + noise, dtype=np.float32)


def random_part(waveform: FloatArray, sampling_rate: int, rng: Generator) -> FloatArray:
    """Cut out 0.9 to 1.6 s, what a live window hears of an utterance."""
    length = int(rng.uniform(0.9, 1.6) * sampling_rate)
    start = int(rng.integers(max(1, waveform.size - length + 1)))
    return waveform[start : start + length]


def varied_log_mel(log_mel: FloatArray, frames: int, rng: Generator) -> FloatArray:
    """Crop to `frames`, shift in frequency, tilt, change the level and mask.

    Args:
        log_mel: In dB, shape (any, n_mels).
        frames: Length of the crop; shorter input is repeated.
        rng: Source of chance.

    Returns:
        Shape (frames, n_mels).

    Source:
        Masks as in SpecAugment (Park et al. 2019), filled with the mean.
    """
    log_mel = at_least(log_mel, frames)
    start = int(rng.integers(len(log_mel) - frames + 1))
    x = np.array(log_mel[start : start + frames], dtype=np.float32)
    n_mels = x.shape[1]
    x = np.take(x, np.clip(np.arange(n_mels) + rng.integers(-1, 2), 0, n_mels - 1), axis=1)
    tilt_db = rng.uniform(-4, 4) * np.linspace(-1, 1, n_mels) + rng.uniform(-3, 3)
    x += tilt_db.astype(np.float32)
    mean = x.mean()
    for _ in range(2):
        width, height = int(rng.integers(0, frames // 8)), int(rng.integers(0, 7))
        left, low = int(rng.integers(frames - width)), int(rng.integers(n_mels - height))
        x[left : left + width] = mean
        x[:, low : low + height] = mean
    return x

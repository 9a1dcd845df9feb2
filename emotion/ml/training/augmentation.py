"""Variations of a clip that keep its emotion, for training only."""

from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

from emotion.ml.speech.features import FloatArray

SPEEDS: Final = (Fraction(9, 10), Fraction(1), Fraction(11, 10))
"""Beyond ten per cent the change of pitch and formants stops sounding like another speaker."""

SNR_DB: Final = (10.0, 35.0)

ROOM: Final = {"decay_s": (0.15, 0.5), "share": (0.2, 0.6)}
"""A small room, for `audio.effects.in_room`."""


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


def over_telephone(waveform: FloatArray) -> FloatArray:
    """Pass through the codec of a telephone line: 8 kHz and eight bits by mu-law (ITU-T G.711)."""
    narrow = resample_poly(waveform, 1, 2)
    peak = max(float(np.abs(narrow).max()), 1e-6)
    decoded = companded(narrow, full_scale=peak)
    return resample_poly(decoded, 2, 1)[: waveform.size].astype(np.float32)


def companded(narrow: FloatArray, *, full_scale: float) -> NDArray[np.floating[Any]]:
    """Round to eight bits on the logarithmic scale of mu-law; shape as given."""
    logarithms = np.sign(narrow) * np.log1p(255 * np.abs(narrow) / full_scale) / np.log(256)
    coded = np.round(logarithms * 127) / 127
    return np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255 * full_scale


def random_part(waveform: FloatArray, sampling_rate: int, rng: Generator) -> FloatArray:
    """Cut out 0.9 to 1.6 s, what a live window hears of an utterance."""
    length = int(rng.uniform(0.9, 1.6) * sampling_rate)
    start = int(rng.integers(max(1, waveform.size - length + 1)))
    return waveform[start : start + length]

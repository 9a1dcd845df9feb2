"""Variations of a clip that keep its emotion, for training only."""

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.random import Generator
from scipy.signal import fftconvolve, lfilter, resample_poly

from emotion.ml.features import FloatArray

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


def in_room(waveform: FloatArray, sampling_rate: int, rng: Generator) -> FloatArray:
    """Add the reverberation of a small room: exponentially decaying noise after the direct sound.

    Source:
        Statistical model of late reverberation (Polack 1988), decay time 0.15 to 0.5 s.
    """
    decay_s = rng.uniform(0.15, 0.5)
    time = np.arange(int(decay_s * sampling_rate)) / sampling_rate
    tail = rng.standard_normal(time.size) * np.exp(-6.9 * time / decay_s)
    tail *= rng.uniform(0.2, 0.6) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(fftconvolve(waveform, tail)[: waveform.size], dtype=np.float32)


def over_telephone(waveform: FloatArray) -> FloatArray:
    """Pass through the codec of a telephone line: 8 kHz and eight bits by mu-law (ITU-T G.711)."""
    narrow = resample_poly(waveform, 1, 2)
    peak = max(float(np.abs(narrow).max()), 1e-6)
    companded = np.sign(narrow) * np.log1p(255 * np.abs(narrow) / peak) / np.log(256)
    coded = np.round(companded * 127) / 127
    decoded = np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255 * peak
    return resample_poly(decoded, 2, 1)[: waveform.size].astype(np.float32)


def random_part(waveform: FloatArray, sampling_rate: int, rng: Generator) -> FloatArray:
    """Cut out 0.9 to 1.6 s, what a live window hears of an utterance."""
    length = int(rng.uniform(0.9, 1.6) * sampling_rate)
    start = int(rng.integers(max(1, waveform.size - length + 1)))
    return waveform[start : start + length]

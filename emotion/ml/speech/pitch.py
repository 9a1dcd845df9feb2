"""Fundamental frequency by autocorrelation, in numpy."""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.silence import loud_frames
from emotion.ml.speech.features import FloatArray, framed, hann

LOWEST_HZ: Final = 65.0
HIGHEST_HZ: Final = 600.0
"""Acted anger and fear of women reach beyond 500 Hz; a man's creak falls below 70 Hz."""

WINDOW_MS: Final = 46
"""Three periods of the lowest frequency, as Boersma (1993) asks for pitch."""

HOP_MS: Final = 10
VOICED_STRENGTH: Final = 0.45
"""Praat's default voicing threshold."""

OCTAVE_COST: Final = 0.02
VOICED_RANGE_DB: Final = 30.0


class Pitch(NamedTuple):
    """The contour of one waveform; both arrays have one value every 10 ms, shape (frames,)."""

    semitones: FloatArray
    """Above 55 Hz; meaningless where `strength` marks a frame as unvoiced (NaN)."""
    strength: FloatArray
    """Height of the autocorrelation's best peak, 0 for noise to 1 for a periodic signal."""


@cache
def _window_autocorrelation(length: int, n_fft: int) -> FloatArray:
    spectrum = np.abs(np.fft.rfft(hann(length), n_fft)) ** 2
    correlation = np.fft.irfft(spectrum)[: length // 2]
    return np.asarray(correlation / correlation[0], dtype=np.float32)


def track_pitch(waveform: FloatArray, sampling_rate: int) -> Pitch:
    """Track the fundamental frequency of speech.

    Args:
        waveform: Prepared signal, shape (samples,).
        sampling_rate: In Hz; the signal is halved first, since pitch lies below 600 Hz.

    Returns:
        The contour, with NaN semitones in unvoiced frames. Above 330 Hz a steady voice whose
        period lies halfway between two samples is found an octave low; the shipped weights were
        trained on such contours, so that this cannot change without them.

    Source:
        P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
        harmonics-to-noise ratio of a sampled sound", 1993: the autocorrelation of a windowed
        frame divided by that of the window, with a cost for each octave upwards in period.
    """
    frames = _frames(waveform, sampling_rate // 2)
    return _tracked(frames, _autocorrelation(frames), sampling_rate // 2)


def track_periodicity(waveform: FloatArray, sampling_rate: int) -> tuple[Pitch, FloatArray]:
    """Track the pitch as `track_pitch` does, and average what it was found in.

    Args:
        waveform: Signal, shape (samples,).
        sampling_rate: In Hz.

    Returns:
        The contour, and the mean normalised autocorrelation of its voiced frames by lag in
        samples at half the sampling rate, shape (lags,); empty where nothing is voiced.
    """
    frames = _frames(waveform, sampling_rate // 2)
    correlation = _autocorrelation(frames)
    pitch = _tracked(frames, correlation, sampling_rate // 2)
    voiced = ~np.isnan(pitch.semitones)
    if not voiced.any():
        return pitch, np.zeros(0, dtype=np.float32)
    return pitch, np.asarray(correlation[voiced].mean(axis=0), dtype=np.float32)


def _tracked(frames: FloatArray, correlation: FloatArray, rate: int) -> Pitch:
    shortest, longest = int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ) + 1
    candidates = correlation[:, shortest : longest + 1]  # (frames, lags)
    lags = np.arange(shortest, longest + 1, dtype=np.float32)
    cost = OCTAVE_COST * np.log2(lags / shortest).astype(np.float32)
    best = np.argmax(np.where(_is_peak(candidates), candidates - cost, -1.0), axis=1)
    strength = np.clip(np.take_along_axis(candidates, best[:, None], 1)[:, 0], 0.0, 1.0)
    period = _refined(correlation, best + shortest)
    semitones = 12 * np.log2(rate / period / 55.0)
    loud = loud_frames(np.mean(np.square(frames), axis=1), VOICED_RANGE_DB)
    voiced = (strength >= VOICED_STRENGTH) & loud
    return Pitch(
        np.where(voiced, semitones, np.nan).astype(np.float32), strength.astype(np.float32)
    )


def _frames(waveform: FloatArray, rate: int) -> FloatArray:
    """Cut the halved signal into windows without offset. (frames, samples)"""
    frames = framed(_halved(waveform), rate * WINDOW_MS // 1000, rate * HOP_MS // 1000)
    return np.asarray(frames - frames.mean(axis=1, keepdims=True), dtype=np.float32)


def _halved(waveform: FloatArray) -> FloatArray:
    """Halve the sampling rate after a short low pass (binomial, -6 dB at a quarter)."""
    kernel = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 16
    return np.asarray(np.convolve(waveform, kernel, mode="same")[::2], dtype=np.float32)


def _autocorrelation(frames: FloatArray) -> FloatArray:
    """Normalise by energy and by the window, shape (frames, length // 2)."""
    length = frames.shape[1]
    n_fft = _fast_length(length + length // 2)
    spectrum = np.fft.rfft(frames * hann(length), n_fft, axis=1)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, : length // 2]
    energy = np.maximum(correlation[:, :1], 1e-12)
    normalised = correlation / energy / _window_autocorrelation(length, n_fft)
    return np.asarray(normalised, dtype=np.float32)


@cache
def _fast_length(least: int) -> int:
    """Return the next length whose only factors are 2 and 3, which transforms quickly."""
    candidates = (2**a * 3**b for a in range(1, 12) for b in range(5))
    return min(each for each in candidates if each >= least)


def _is_peak(values: FloatArray) -> NDArray[np.bool_]:
    peaks = np.zeros(values.shape, dtype=np.bool_)
    peaks[:, 1:-1] = (values[:, 1:-1] >= values[:, :-2]) & (values[:, 1:-1] > values[:, 2:])
    return peaks


def _refined(correlation: FloatArray, lags: NDArray[np.intp]) -> NDArray[np.float64]:
    """Place each peak between samples by a parabola through its neighbours."""
    rows = np.arange(len(lags))
    before, at, after = (correlation[rows, lags + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.minimum(bend, -1e-6), 0.0)
    return np.asarray(lags + np.clip(shift, -0.5, 0.5), dtype=np.float64)

"""Statistics of prosody and spectrum over a clip: the classic half of the default model.

Low-level descriptors are measured every 10 ms, then described over the clip by moments,
percentiles, slopes, deltas and the spectrum of their modulation. All are free of gain.
"""

from functools import cache
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from emotion.ml.speech.features import FeatureConfig, FloatArray, framed
from emotion.ml.speech.pitch import Pitch, track_pitch

_Float = TypeVar("_Float", bound=np.floating[Any])

N_MFCC: Final = 20
N_COARSE: Final = 16
MODULATION_HZ: Final = (0.5, 2.0, 4.0, 6.0, 8.0, 12.0, 20.0, 35.0)
"""Edges of the modulation bands; syllables pass at 3 to 8 Hz, tremor and roughness above."""

MODULATION_FFT: Final = 256
UNVOICED_SEMITONES: Final = 20.0
"""Stands in where nothing is voiced: 175 Hz, between the habitual pitch of men and women."""

PERCENTILES: Final = (5, 25, 50, 75, 95)


def functionals(
    waveform: FloatArray, power: FloatArray, mel: FloatArray, config: FeatureConfig
) -> FloatArray:
    """Describe a prepared clip by a vector of fixed length.

    Args:
        waveform: From `features.prepare`, shape (samples,).
        power: From `features.power_spectrogram`, shape (frames, bins).
        mel: From `features.log_mel`, shape (frames, n_mels), in dB.
        config: The configuration of these.

    Returns:
        Shape (features,), finite for every valid clip. The length depends on `config` only.
    """
    pitch = track_pitch(waveform, config.sampling_rate)
    descriptors = _descriptors(waveform, power, mel, pitch, config)  # (frames, descriptors)
    voiced = _resized(~np.isnan(pitch.semitones), len(descriptors)).astype(np.bool_)
    parts = (
        _statistics(descriptors),
        _dynamics(descriptors),
        _voiced_statistics(descriptors, voiced),
        _pitch_statistics(pitch.semitones),
        _rhythm(voiced),
        _modulation(mel),
    )
    return np.concatenate(parts).astype(np.float32)


def _descriptors(
    waveform: FloatArray, power: FloatArray, mel: FloatArray, pitch: Pitch, config: FeatureConfig
) -> FloatArray:
    """Measure every frame. (frames, descriptors)"""
    coarse = mel.reshape(len(mel), N_COARSE, -1).mean(axis=2)
    cepstrum = mel @ cosine_transform(mel.shape[1])
    strength = _resized(pitch.strength, len(mel))
    harmonic = np.clip(strength, 0.01, 0.99)
    hnr_db = 10 * np.log10(harmonic / (1 - harmonic))
    columns = (cepstrum, coarse, _spectral(power, config), _crossings(waveform, config), hnr_db)
    return np.column_stack([column[: len(mel)] for column in columns]).astype(np.float32)


@cache
def cosine_transform(bands: int) -> FloatArray:
    """Return the orthonormal DCT-II without its constant row. (bands, N_MFCC - 1)"""
    order = np.arange(1, N_MFCC)
    angle = np.pi * order * (np.arange(bands)[:, None] + 0.5) / bands
    return np.asarray(np.sqrt(2 / bands) * np.cos(angle), dtype=np.float32)


def _spectral(power: FloatArray, config: FeatureConfig) -> FloatArray:
    """Level, shape and change of the spectrum, after eGeMAPS (Eyben et al. 2016)."""
    bin_hz = config.sampling_rate / config.n_fft
    hz = (np.arange(2, power.shape[1]) * bin_hz).astype(np.float32)
    power = power[:, 2:] + np.float32(1e-10)
    total = power.sum(axis=1)
    share = power / total[:, None]
    centroid = share @ hz
    spread = np.sqrt(np.maximum(share @ hz**2 - centroid**2, 1.0))
    cumulated = np.cumsum(share, axis=1)
    rolloffs = [hz[np.argmax(cumulated >= part, axis=1)] for part in (0.25, 0.5, 0.85, 0.95)]
    log_power = 10 * np.log10(power)
    flatness = log_power.mean(axis=1) - 10 * np.log10(total / power.shape[1])
    entropy = -(share * np.log(share)).sum(axis=1)
    flux = np.sqrt(np.square(np.diff(share, axis=0, prepend=share[:1])).sum(axis=1))
    band = _band_levels(power, hz)
    return np.column_stack(
        (
            10 * np.log10(total),
            np.log(centroid),
            np.log(spread),
            *[np.log(rolloff) for rolloff in rolloffs],
            flatness,
            entropy,
            flux,
            band[:, 2:5].max(axis=1) - band[:, :2].max(axis=1),
            _slope(log_power[:, hz < 500], hz[hz < 500]),
            _slope(
                log_power[:, (hz >= 500) & (hz < 1500)],
                hz[(hz >= 500) & (hz < 1500)],
            ),
            _slope(log_power[:, hz >= 1500], hz[hz >= 1500]),
            band[:, 1:] - band[:, :-1],
        )
    )


def _band_levels(power: FloatArray, hz: FloatArray) -> FloatArray:
    """Levels of bands round the first formants and above, in dB. (frames, 6)"""
    edges = np.searchsorted(hz, (50, 500, 1000, 2000, 3000, 5000, 7600))
    sums = [power[:, low:high].sum(axis=1) for low, high in zip(edges, edges[1:], strict=False)]
    return np.asarray(10 * np.log10(np.column_stack(sums)), dtype=np.float32)


def _slope(values: FloatArray, positions: FloatArray) -> FloatArray:
    """Fit a line to each row; in units of `values` a kHz. (rows,)"""
    centred = (positions - positions.mean()) / 1000
    return np.asarray(values @ centred / (centred @ centred), dtype=np.float32)


def _crossings(waveform: FloatArray, config: FeatureConfig) -> FloatArray:
    negative = np.signbit(framed(waveform, config.window_length, config.hop_length))
    return np.asarray(np.mean(negative[:, 1:] != negative[:, :-1], axis=1), dtype=np.float32)


def _statistics(values: FloatArray) -> FloatArray:
    """Moments, percentiles and trend of each column. (columns * 10,)"""
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    centred = values - mean
    cubed = centred * centred * centred  # a power would take ten times as long
    skewness = cubed.mean(axis=0) / np.maximum(deviation, 1e-3) ** 3
    time = np.linspace(-1, 1, len(values), dtype=np.float32)
    trend = time @ centred / max(float(time @ time), 1.0)
    spread = percentiles(values)
    return np.concatenate((mean, deviation, skewness, trend, *spread, spread[-1] - spread[0]))


def percentiles(values: FloatArray) -> list[FloatArray]:
    """Interpolate `PERCENTILES` of each column from one sort, as `numpy.percentile` does."""
    ordered = np.sort(values, axis=0)
    places = np.array(PERCENTILES) / 100 * (len(values) - 1)
    low = places.astype(np.intp)
    high = np.minimum(low + 1, len(values) - 1)
    part = (places - low)[:, None].astype(np.float32)
    return list(ordered[low] * (1 - part) + ordered[high] * part)


def _dynamics(values: FloatArray) -> FloatArray:
    """Speed and acceleration of each column. (columns * 3,)"""
    delta = deltas(values)
    second = deltas(delta)
    return np.concatenate((np.abs(delta).mean(axis=0), delta.std(axis=0), second.std(axis=0)))


def deltas(values: NDArray[_Float]) -> NDArray[_Float]:
    """Slope over five frames of each column (the regression of HTK), same shape.

    >>> deltas(np.arange(6.0)[:, None] * 2)[:, 0]  # edge frames are repeated
    array([1. , 1.6, 2. , 2. , 1.6, 1. ])
    """
    padded = np.pad(values, ((2, 2), (0, 0)), mode="edge")
    count = len(values)
    near = padded[3 : 3 + count] - padded[1 : 1 + count]
    far = padded[4 : 4 + count] - padded[:count]
    slope: NDArray[_Float] = (near + 2 * far) / 10
    return slope


def _voiced_statistics(values: FloatArray, voiced: NDArray[np.bool_]) -> FloatArray:
    """Mean and deviation over voiced frames only, over all where none is. (columns * 2,)"""
    chosen = values[voiced] if voiced.any() else values
    return np.concatenate((chosen.mean(axis=0), chosen.std(axis=0)))


def _pitch_statistics(semitones: FloatArray) -> FloatArray:
    """Level, range, movement and course of the pitch. (20,)"""
    heard = semitones[~np.isnan(semitones)]
    if heard.size < 2:
        heard = np.full(2, UNVOICED_SEMITONES, dtype=np.float32)
    spread = [float(value[0]) for value in percentiles(heard[:, None])]
    # Jumps beyond four semitones in 10 ms are errors of the tracker or a new phrase.
    steps = np.diff(semitones)
    steps = steps[np.abs(steps) < 4]
    if steps.size == 0:
        steps = np.zeros(1, dtype=np.float32)
    parts = np.array_split(np.resize(heard, max(3, heard.size)), 3)
    thirds = [float(part.mean()) for part in parts]
    time = np.linspace(-1, 1, heard.size)
    line, curve = np.polynomial.polynomial.polyfit(time, heard, 2)[1:] if heard.size > 2 else (0, 0)
    return np.array(
        [
            heard.mean(),
            heard.std(),
            *spread,
            spread[-1] - spread[0],
            spread[3] - spread[1],
            *thirds,
            line,
            curve,
            np.abs(steps).mean(),
            steps.std(),
            (steps > 0.1).mean(),
            (steps < -0.1).mean(),
            np.abs(np.diff(steps)).mean() if steps.size > 1 else 0.0,
            thirds[2] - thirds[0],
        ],
        dtype=np.float32,
    )


def _rhythm(voiced: NDArray[np.bool_]) -> FloatArray:
    """Share, rate and lengths of voiced and unvoiced stretches. (7,)"""
    edges = np.flatnonzero(np.diff(voiced.astype(np.int8), prepend=0, append=0))
    lengths = (edges[1::2] - edges[::2]) / 100
    gaps = (edges[2::2] - edges[1:-1:2]) / 100
    seconds = len(voiced) / 100
    return np.array(
        [
            voiced.mean(),
            lengths.size / seconds,
            *(_mean_and_deviation(lengths)),
            *(_mean_and_deviation(gaps)),
            lengths.max() if lengths.size else 0.0,
        ],
        dtype=np.float32,
    )


def _mean_and_deviation(values: NDArray[np.float64]) -> tuple[float, float]:
    return (float(values.mean()), float(values.std())) if values.size else (0.0, 0.0)


def _modulation(mel: FloatArray) -> FloatArray:
    """Log power of the modulation of eight bands and of the whole. (9 * 7,)"""
    bands = mel.reshape(len(mel), 8, -1).mean(axis=2)
    contours = np.column_stack((bands, mel.max(axis=1)))
    centred = contours - contours.mean(axis=0)
    n_fft = max(MODULATION_FFT, 1 << (len(mel) - 1).bit_length())
    spectrum = np.abs(np.fft.rfft(centred, n_fft, axis=0)) ** 2 / len(mel)
    edges = np.asarray(MODULATION_HZ) * n_fft / 100
    levels = [
        spectrum[int(np.ceil(low)) : int(np.ceil(high))].mean(axis=0)
        for low, high in zip(edges, edges[1:], strict=False)
    ]
    return np.log10(np.asarray(levels) + 1e-2).T.reshape(-1).astype(np.float32)


def _resized(values: NDArray[np.generic], count: int) -> NDArray[np.generic]:
    """Cut a contour of longer windows to `count` frames, or hold its last value."""
    if len(values) >= count:
        return values[:count]
    return np.pad(values, (0, count - len(values)), mode="edge")

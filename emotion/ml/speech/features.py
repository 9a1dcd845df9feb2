"""The log-mel front end, written once in numpy for training and for serving.

Every clip is first brought to one form: no offset, no silence at its ends, one level. What a
model sees therefore depends neither on the gain of a microphone nor on the padding of a corpus.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.silence import frame_powers, loud_frames, loud_span
from emotion.ml.errors import InvalidWaveformError, SilentError, TooShortError

FloatArray = NDArray[np.float32]

SILENT_PEAK = 3e-4
"""-70 dBFS: below the noise of a 16-bit recording with any gain on the microphone."""

ACTIVE_RANGE_DB = 35.0
"""Frames further below the loudest are silence. Unvoiced consonants lie about 30 dB below vowels;
RAVDESS and EMO-DB have 45 dB or more between speech and room."""

LEVEL_RMS = 0.05
"""-26 dBFS over active frames, the speech level of ITU-T P.56 practice."""


@dataclass(frozen=True)
class FeatureConfig:
    """Everything that changes the features; stored beside the weights and compared on loading.

    A window of 25 ms every 10 ms is the field's usual one (HTK, openSMILE, Kaldi). Bands start at
    60 Hz, above mains hum, and end where a 16 kHz recording's anti-alias filter begins.
    """

    sampling_rate: int = 16_000
    n_fft: int = 512
    window_length: int = 400
    hop_length: int = 160
    n_mels: int = 64
    lowest_hz: float = 60.0
    highest_hz: float = 7600.0
    floor_db: float = -60.0
    min_duration_s: float = 0.1
    min_frames: int = 32


def checked(waveform: FloatArray, config: FeatureConfig) -> FloatArray:
    """Return the waveform as float32 without offset, or say why it cannot be judged.

    Args:
        waveform: Mono signal in [-1, 1], shape (samples,), at `config.sampling_rate`.
        config: Gives the shortest duration.

    Raises:
        InvalidWaveformError: If it is not one channel of finite numbers.
        TooShortError: If it is shorter than `config.min_duration_s`.
        SilentError: If it never exceeds -70 dBFS.
    """
    signal = np.asarray(waveform)
    if signal.ndim != 1 or signal.dtype.kind not in "fiu":
        raise InvalidWaveformError(
            f"Unexpected waveform of shape {signal.shape} and type {signal.dtype}: "
            "send mono float32 of shape (samples,)"
        )
    duration_s = signal.size / config.sampling_rate
    if duration_s < config.min_duration_s:
        raise TooShortError(
            f"The waveform lasts {1000 * duration_s:.1f} ms: "
            f"send at least {1000 * config.min_duration_s:.0f} ms"
        )
    if not np.isfinite(signal).all():
        raise InvalidWaveformError("The waveform holds NaN or infinity: send finite samples")
    centred = (signal - signal.mean(dtype=np.float64)).astype(np.float32)
    if float(np.abs(centred).max()) < SILENT_PEAK:
        raise SilentError("The waveform is silent: its peak is below -70 dBFS")
    return centred


def prepare(waveform: FloatArray, config: FeatureConfig) -> FloatArray:
    """Remove the offset and the silence at both ends, and set the level of what remains.

    Args:
        waveform: Mono signal in [-1, 1], shape (samples,), at `config.sampling_rate`.
        config: Sampling rate and shortest duration.

    Returns:
        The active part with an RMS of `LEVEL_RMS` over its active frames, shape (n <= samples,).

    Raises:
        EmotionError: As `checked`.
    """
    centred = checked(waveform, config)
    active = active_frames(centred, config.hop_length)
    first, last = loud_span(active)
    hop = config.hop_length
    kept = centred[first * hop : last * hop]
    # The offset of the whole is pulled towards zero by silence: take that of the speech itself.
    kept = kept - kept.mean()
    frames = kept.reshape(-1, hop)[active[first:last]]
    rms = float(np.sqrt(np.mean(np.square(frames, dtype=np.float64))))
    return np.asarray(kept * (LEVEL_RMS / max(rms, 1e-9)), dtype=np.float32)


def active_frames(waveform: FloatArray, hop_length: int) -> NDArray[np.bool_]:
    """Say of each whole hop whether it lies within `ACTIVE_RANGE_DB` of the loudest.

    Returns:
        Shape (samples // hop_length,), at least one of them true.
    """
    # Three hops together, so that a single click is not the loudest.
    smooth = np.convolve(frame_powers(waveform, hop_length), np.full(3, 1 / 3), mode="same")
    return loud_frames(smooth, ACTIVE_RANGE_DB)


def framed(waveform: FloatArray, length: int, hop: int) -> FloatArray:
    """Cut overlapping frames, the end padded with zeros to at least one. (frames, length)"""
    if waveform.size < length:
        waveform = np.pad(waveform, (0, length - waveform.size))
    return sliding_window_view(waveform, length)[::hop]


def power_spectrogram(waveform: FloatArray, config: FeatureConfig) -> FloatArray:
    """Compute the power of each frame and frequency.

    Args:
        waveform: Prepared signal, shape (samples,).
        config: Window, hop and transform length in samples.

    Returns:
        Shape (frames, n_fft // 2 + 1). A full-scale sine peaks at about 0.25.
    """
    window = hann(config.window_length)
    frames = framed(waveform, config.window_length, config.hop_length) * window
    spectrum = np.fft.rfft(frames, config.n_fft, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2) / float(window.sum()) ** 2
    return np.asarray(power, dtype=np.float32)


def log_mel(power: FloatArray, config: FeatureConfig) -> FloatArray:
    """Sum power in mel bands, in decibels above a floor that hides quantisation and zeros.

    Args:
        power: From `power_spectrogram`, shape (frames, bins).
        config: Bands and floor.

    Returns:
        Shape (frames, n_mels), in dB, never below `config.floor_db`.
    """
    mel = power @ mel_filters(config)
    floor = 10 ** (config.floor_db / 10) * LEVEL_RMS**2
    return np.asarray(10 * np.log10((mel + floor) / LEVEL_RMS**2), dtype=np.float32)


@cache
def hann(length: int) -> FloatArray:
    """Return the periodic Hann window, shape (length,)."""
    phase = 2 * np.pi * np.arange(length) / length
    return np.asarray(0.5 - 0.5 * np.cos(phase), dtype=np.float32)


def hz_to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert frequency to mel (O'Shaughnessy 1987, the formula of HTK)."""
    return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert mel to frequency, the inverse of `hz_to_mel`."""
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))


@cache
def mel_filters(config: FeatureConfig) -> FloatArray:
    """Build triangular filters of height one, evenly spaced in mel.

    Returns:
        Shape (n_fft // 2 + 1, n_mels).
    """
    limits = hz_to_mel(np.array([config.lowest_hz, config.highest_hz]))
    corners = mel_to_hz(np.linspace(limits[0], limits[1], config.n_mels + 2))
    bins = np.arange(config.n_fft // 2 + 1) * config.sampling_rate / config.n_fft
    rising = (bins[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins[:, None]) / (corners[2:] - corners[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), dtype=np.float32)


def at_least(frames: FloatArray, count: int) -> FloatArray:
    """Repeat a short sequence of frames from its start until it has `count`. (count, bands)"""
    if len(frames) >= count:
        return frames
    return np.resize(frames, (count, *frames.shape[1:]))

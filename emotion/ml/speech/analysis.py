"""What can be seen of a recording: level, pitch, spectrogram, harmonic part, autocorrelation.

Everything is reduced to at most `MOST_FRAMES` points in time, so that the size of the result and
the cost after decoding do not grow with the length of a recording beyond the pitch's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from emotion.ml.speech.features import FeatureConfig, FloatArray, framed, hann, mel_filters
from emotion.ml.speech.pitch import HIGHEST_HZ, LOWEST_HZ, OCTAVE_COST, track_periodicity

MOST_FRAMES: Final = 800
"""About the pixels of a plot."""

SHORTEST_HOP: Final = 160
N_FFT: Final = 512
FLOOR_DB: Final = -90.0
HARMONIC_FRAMES: Final = 17
"""A partial lasts longer than this many frames, a click does not (librosa's default is 31 frames
of twice the hop)."""

LEAST_VOICED: Final = 0.05
"""Noise has a voiced frame now and then, which is no voice."""

AUDIBLE_PEAK: Final = 1e-4
"""-80 dBFS: no pitch is looked for in a piece that stays below."""

PIECE_S: Final = 10
"""Pitch is tracked in pieces of this length, which bounds its memory."""


@dataclass(frozen=True)
class Analysis:
    """Curves of one recording; those over time have one value a frame of `step_s`.

    Attributes:
        duration_s: Of the recording.
        step_s: From one frame to the next.
        lowest, highest: Of the samples of each frame, in [-1, 1].
        level_dbfs: RMS level, from `FLOOR_DB` to 0.
        harmonic_dbfs: Level of the harmonic part alone.
        pitch_hz: NaN where there is none.
        log_mel: In dB below the loudest, shape (frames, 64), from -80 to 0.
        lags_ms, autocorrelation: The mean normalised autocorrelation of voiced frames over the
            lag; empty where nothing is voiced.
    """

    duration_s: float
    step_s: float
    lowest: FloatArray
    highest: FloatArray
    level_dbfs: FloatArray
    harmonic_dbfs: FloatArray
    pitch_hz: FloatArray
    log_mel: FloatArray
    lags_ms: FloatArray
    autocorrelation: FloatArray

    @property
    def median_pitch_hz(self) -> float | None:
        """The middle of the voiced frames, None where hardly any frame is voiced."""
        voiced = self.pitch_hz[~np.isnan(self.pitch_hz)]
        is_voice = voiced.size >= LEAST_VOICED * len(self.pitch_hz)
        return float(np.median(voiced)) if voiced.size and is_voice else None

    @property
    def period_ms(self) -> float | None:
        """The lag of the highest peak of the autocorrelation, in the range of a voice.

        Its multiples are as high in a steady voice: they are held back as in the pitch tracker.
        None where hardly any frame is voiced.
        """
        possible = (self.lags_ms >= 1000 / HIGHEST_HZ) & (self.lags_ms <= 1000 / LOWEST_HZ)
        if self.median_pitch_hz is None or not possible.any():
            return None
        lags = self.lags_ms[possible]
        values = self.autocorrelation[possible] - OCTAVE_COST * np.log2(lags / lags[0])
        return float(lags[int(values.argmax())])


def analyse(waveform: FloatArray, sampling_rate: int) -> Analysis:
    """Measure everything that the plots show.

    Args:
        waveform: Mono signal, float32 in [-1, 1], shape (samples,), at least one sample.
        sampling_rate: In Hz.

    Source:
        Harmonic part: Fitzgerald, "Harmonic/percussive separation using median filtering", 2010.
    """
    hop = max(SHORTEST_HOP, -(-waveform.size // MOST_FRAMES))
    count = -(-waveform.size // hop)
    padded = np.pad(waveform, (0, count * hop - waveform.size)).reshape(count, hop)
    power = _power(waveform, hop, count)
    level = _decibels(np.mean(np.square(padded, dtype=np.float64), axis=1))
    filters = mel_filters(FeatureConfig(sampling_rate=sampling_rate))
    log_mel = 10 * np.log10(power @ filters + 1e-12)
    pitch_hz, correlation = _periodicity(waveform, sampling_rate)
    lags = np.arange(len(correlation)) * 1000 / (sampling_rate // 2)
    return Analysis(
        duration_s=waveform.size / sampling_rate,
        step_s=hop / sampling_rate,
        lowest=padded.min(axis=1),
        highest=padded.max(axis=1),
        level_dbfs=level,
        harmonic_dbfs=np.maximum(level + _decibels(_harmonic_share(power)), FLOOR_DB),
        pitch_hz=_nearest(pitch_hz, sampling_rate // 100, hop, count),
        log_mel=np.clip(log_mel - log_mel.max(), -80, 0).astype(np.float32),
        lags_ms=lags.astype(np.float32),
        autocorrelation=correlation,
    )


def _power(waveform: FloatArray, hop: int, count: int) -> FloatArray:
    """Power of one window at each frame. (count, bins)"""
    length = 400
    reach = np.pad(waveform, (0, max(0, (count - 1) * hop + length - waveform.size)))
    spectrum = np.fft.rfft(framed(reach, length, hop)[:count] * hann(length), N_FFT, axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float32)


def _decibels(power: NDArray[np.floating]) -> FloatArray:
    return np.maximum(10 * np.log10(np.maximum(power, 1e-12)), FLOOR_DB).astype(np.float32)


def _harmonic_share(power: FloatArray) -> FloatArray:
    """How much of each frame's power is harmonic, in [0, 1]. (frames,)"""
    steady = _median(power, HARMONIC_FRAMES, axis=0)
    sudden = _median(power, HARMONIC_FRAMES, axis=1)
    mask = steady**2 / np.maximum(steady**2 + sudden**2, 1e-20)
    return np.asarray((power * mask).sum(axis=1) / np.maximum(power.sum(axis=1), 1e-20))


def _median(values: FloatArray, width: int, axis: int) -> FloatArray:
    pad = [(0, 0), (0, 0)]
    pad[axis] = (width // 2, width // 2)
    windows = sliding_window_view(np.pad(values, pad, mode="edge"), width, axis=axis)
    return np.asarray(np.median(windows, axis=-1), dtype=np.float32)


def _periodicity(waveform: FloatArray, sampling_rate: int) -> tuple[FloatArray, FloatArray]:
    """Track the pitch piece by piece, and keep the autocorrelation of the loudest piece.

    Returns:
        Pitch in Hz every 10 ms, NaN where there is none, shape (samples / 10 ms,); mean
        autocorrelation of the ten loudest seconds, shape (lags,).
    """
    step, size = sampling_rate // 100, PIECE_S * sampling_rate
    hz = np.full(-(-waveform.size // step), np.nan, dtype=np.float32)
    loudest, correlation = _loudest_piece(waveform, size), np.zeros(0, dtype=np.float32)
    for start in range(0, waveform.size, size):
        piece = waveform[start : start + size]
        is_audible = np.abs(piece).max() > AUDIBLE_PEAK
        if is_audible or start == loudest:
            pitch, mean = track_periodicity(piece, sampling_rate)
            correlation = mean if start == loudest else correlation
        if is_audible:
            found = 55.0 * 2 ** (pitch.semitones / 12)
            first = start // step
            hz[first : first + len(found)] = found[: len(hz) - first]
    return hz, correlation


def _loudest_piece(waveform: FloatArray, size: int) -> int:
    """Where the loudest of the whole pieces starts; 0 where there is none."""
    pieces = waveform[: waveform.size // size * size].reshape(-1, size)
    return int(np.square(pieces).sum(axis=1).argmax()) * size if len(pieces) else 0


def _nearest(values: FloatArray, step: int, hop: int, count: int) -> FloatArray:
    """Keep the value nearest to each frame. (count,)"""
    return values[np.minimum(np.arange(count) * hop // step, len(values) - 1)]

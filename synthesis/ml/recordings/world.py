"""Speech taken apart by the WORLD vocoder: pitch, envelope and aperiodicity every 5 ms."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audio.silence import frame_powers, loud_frames, loud_span
from synthesis.ml.recordings.pyworld_import import import_pyworld

pyworld = import_pyworld()

Floats = NDArray[np.float64]

SAMPLING_RATE = 16_000
FRAME_PERIOD_MS = 5.0
N_BINS = 513  # CheapTrick's choice of a 1024-point FFT at 16 kHz

READER_F0_HZ = (90.0, 450.0)
ACTOR_F0_HZ = (60.0, 700.0)  # acted speech reaches far higher than reading

ACTIVE_RANGE_DB = 35.0  # frames this far below the loudest count as silence


@dataclass(frozen=True)
class Analysis:
    """One clip in WORLD's parameters.

    Attributes:
        f0: In Hz, 0 where unvoiced, shape (frames,).
        spectrum: Power envelope, shape (frames, N_BINS).
        aperiodicity: In [0, 1], shape (frames, N_BINS).
    """

    f0: Floats
    spectrum: Floats
    aperiodicity: Floats

    def __len__(self) -> int:
        return len(self.f0)

    @cached_property
    def voiced(self) -> NDArray[np.bool_]:
        return self.f0 > 0

    @cached_property
    def energy_db(self) -> Floats:
        """Mean power of each frame in dB, shape (frames,)."""
        energy: Floats = 10 * np.log10(self.spectrum.mean(axis=1) + 1e-14)
        return energy

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """Frames that carry speech rather than silence."""
        return loud_frames(self.spectrum.mean(axis=1), ACTIVE_RANGE_DB)

    @cached_property
    def active_span(self) -> slice:
        """From the first active frame to the last."""
        return slice(*loud_span(self.active))

    @cached_property
    def semitones(self) -> Floats:
        """Pitch in semitones re 1 Hz, interpolated through unvoiced frames."""
        voiced = np.flatnonzero(self.voiced)
        return np.interp(np.arange(len(self)), voiced, 12 * np.log2(self.f0[voiced]))

    @cached_property
    def median_semitones(self) -> float:
        return float(np.median(self.semitones[self.voiced]))


def trim(waveform: NDArray[np.float32]) -> Floats:
    """Cut the silence around a recording, keeping 40 ms at either end.

    Args:
        waveform: 16 kHz, shape (samples,).

    Returns:
        The speech, without its DC offset, shape (samples,).
    """
    signal: Floats = np.asarray(waveform, np.float64) - np.mean(waveform)
    hop = SAMPLING_RATE // 100
    level_db = np.convolve(10 * np.log10(frame_powers(signal, hop) + 1e-10), np.ones(3) / 3, "same")
    first, last = loud_span(loud_frames(10 ** (level_db / 10), ACTIVE_RANGE_DB), kept=4)
    return np.ascontiguousarray(signal[first * hop : last * hop])


def analyse(waveform: Floats, f0_range_hz: tuple[float, float]) -> Analysis:
    """Take a clip apart.

    Args:
        waveform: 16 kHz, float64, shape (samples,).
        f0_range_hz: Lowest and highest pitch searched for.

    Returns:
        Its pitch (Harvest), envelope (CheapTrick) and aperiodicity (D4C).

    Source:
        Morise et al., "WORLD: a vocoder-based high-quality speech synthesis system", 2016.
    """
    low, high = f0_range_hz
    f0, times = pyworld.harvest(waveform, SAMPLING_RATE, low, high, FRAME_PERIOD_MS)
    spectrum = pyworld.cheaptrick(waveform, f0, times, SAMPLING_RATE)
    aperiodicity = pyworld.d4c(waveform, f0, times, SAMPLING_RATE)
    return Analysis(f0, spectrum, np.clip(aperiodicity, 1e-3, 1.0))


def pitch(waveform: Floats, f0_range_hz: tuple[float, float]) -> Floats:
    """Find the pitch alone, ten times faster than `analyse`, for clips that are not rendered.

    Args:
        waveform: 16 kHz, float64, shape (samples,).
        f0_range_hz: Lowest and highest pitch searched for.

    Returns:
        F0 in Hz (DIO refined by StoneMask), 0 where unvoiced, shape (frames,).
    """
    low, high = f0_range_hz
    rough, times = pyworld.dio(waveform, SAMPLING_RATE, low, high, frame_period=FRAME_PERIOD_MS)
    f0: Floats = pyworld.stonemask(waveform, rough, times, SAMPLING_RATE)
    return f0


def synthesise(analysis: Analysis) -> Floats:
    """Put a clip together again; the inverse of `analyse`."""
    waveform: Floats = pyworld.synthesize(
        np.ascontiguousarray(analysis.f0),
        np.ascontiguousarray(analysis.spectrum),
        np.ascontiguousarray(analysis.aperiodicity),
        SAMPLING_RATE,
        FRAME_PERIOD_MS,
    )
    return waveform

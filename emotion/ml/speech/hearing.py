"""The front of the listening encoder: a recording brought to one form, whatever lies around it.

Nothing here hangs on the loudest sample or on sound outside the band of speech: mains hum and
offset are filtered out first, the level is that of the tenth loudest frame of a running median,
and samples far above it are held back. So neither a gain nor a click changes what is heard.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.silence import frame_powers, loud_span
from emotion.ml.errors import SilentError
from emotion.ml.speech.features import (
    ACTIVE_RANGE_DB,
    LEVEL_RMS,
    FeatureConfig,
    FloatArray,
    checked,
)

RATE: Final = 16_000
HOP: Final = 160
"""Whisper's hop, 10 ms."""

PASS_HZ: Final = (55.0, 90.0)
"""The high-pass rises as a cosine between these: above mains hum of 50 Hz, below the lowest pitch
of men that is common in speech (about 75 Hz, of which the harmonics stay whole)."""

LEVEL_MARGIN_DB: Final = 16.0
"""The level is taken over frames no further below the loud ones; ITU-T P.56 has 15.9 dB."""

LOUD_FRAMES: Final = 10
"""A clip is as loud as its tenth loudest frame: 100 ms of speech suffice, and a pop does not."""

MEDIAN_FRAMES: Final = 5
"""A running median of 50 ms: what lasts less than half of it disappears from the level."""

LEAST_RUN: Final = 3
"""Fewer active frames in a row are a click, unless there is nothing else."""

POP_RATIO: Final = 4.0
POP_SHARE: Final = 10**-2.5
"""A frame 6 dB above the running median is a pop, unless it lies 25 dB below the loud frames, as
the bursts of plosives do."""

LIMIT: Final = 12.0
"""Samples are held within so many times the level, 21.6 dB; speech has peaks of 15 to 18 dB."""

SILENT_POWER: Final = 1e-10
"""-100 dBFS, below the rounding of 16 bits: what is left here was never a voice."""

FADE_SAMPLES: Final = 1600
"""Zeros after the signal in the filter, so that its end does not reach round to the start."""


@dataclass(frozen=True)
class Heard:
    """Speech in one form.

    Attributes:
        speech: An RMS of `LEVEL_RMS` over its louder frames, within `LIMIT` times that; a whole
            number of hops, shape (samples,).
        background_db: Of the whole recording against its loud frames, 0 or less: what is left
            after the cut may have no pause to know it by.
    """

    speech: FloatArray
    background_db: float


def heard(waveform: FloatArray) -> Heard:
    """Filter a recording, cut the silence at its ends and set its level.

    Args:
        waveform: Mono signal in [-1, 1] at 16 kHz, shape (samples,).

    Raises:
        InvalidWaveformError: If it is not one channel of finite numbers.
        TooShortError: If it is shorter than 0.1 s.
        SilentError: If nothing in it lasts.
    """
    centred = checked(waveform, FeatureConfig())
    centred = centred - np.median(centred)  # a pop moves the mean, whose edges the filter keeps
    signal = high_passed(_without_pops(centred))
    power = lasting(frame_powers(signal, HOP))
    if (loud := loudness(power)) < SILENT_POWER:
        raise SilentError(
            "The waveform holds no sound that lasts 30 ms: send a recording of speech"
        )
    first, last = _active_span(power, loud)
    kept, own = signal[first * HOP : last * HOP], power[first:last]
    near = own >= loudness(own) * 10 ** (-LEVEL_MARGIN_DB / 10)
    gain = LEVEL_RMS / np.sqrt(own[near].mean())
    speech = np.clip(kept * gain, -LIMIT * LEVEL_RMS, LIMIT * LEVEL_RMS).astype(np.float32)
    return Heard(speech, _background_db(power))


def _without_pops(waveform: FloatArray) -> FloatArray:
    """Turn down frames that stand out for less than 30 ms.

    Before the filter, which would ring at its edge for a tenth of a second.
    """
    power = frame_powers(waveform, HOP)
    usual = lasting(power)
    bound = np.maximum(POP_RATIO * usual, POP_SHARE * loudness(usual))
    gains = np.sqrt(np.minimum(1.0, bound / np.maximum(power, 1e-20)))
    samples = np.repeat(gains, HOP)
    rest = waveform.size - samples.size
    return (waveform * np.pad(samples, (0, rest), mode="edge")).astype(np.float32)


def high_passed(waveform: FloatArray) -> FloatArray:
    """Take away what lies below speech, without a change of phase; shape (samples,) as given."""
    size = _fast_size(waveform.size + FADE_SAMPLES)
    hz = np.arange(size // 2 + 1) * (RATE / size)
    low, high = PASS_HZ
    rise = np.clip((hz - low) / (high - low), 0.0, 1.0)
    spectrum = np.fft.rfft(waveform, size) * (0.5 - 0.5 * np.cos(np.pi * rise))
    return np.fft.irfft(spectrum, size)[: waveform.size].astype(np.float32)


def _fast_size(least: int) -> int:
    """Return the next even product of small primes, for which the transform is quick."""
    powers = (odd << max(1, (-(-least // odd) - 1).bit_length()) for odd in (1, 3, 5, 9, 15))
    return min(powers)


def lasting(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the running median of power over `MEDIAN_FRAMES`, shape (frames,) as given."""
    padded = np.pad(power, MEDIAN_FRAMES // 2, mode="edge")
    return np.asarray(np.median(sliding_window_view(padded, MEDIAN_FRAMES), axis=1))


def loudness(power: NDArray[np.float64]) -> float:
    """Return the power of the tenth loudest frame, of the loudest quarter of a shorter clip."""
    rank = min(LOUD_FRAMES, max(1, power.size // 4))
    return float(np.partition(power, -rank)[-rank])


def _background_db(power: NDArray[np.float64]) -> float:
    """Compare the softest twentieth of the frames with the loudest."""
    softest, loudest = np.percentile(power, (5, 95))
    return float(10 * np.log10(max(softest / loudest, 1e-9))) if loudest > 0 else -90.0


def _active_span(power: NDArray[np.float64], loud: float) -> tuple[int, int]:
    active = power >= loud * 10 ** (-ACTIVE_RANGE_DB / 10)
    runs = _long_runs(active, LEAST_RUN)
    return loud_span(runs if runs.any() else active)


def _long_runs(active: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Drop the runs of fewer frames than `least`, shape (frames,) as given."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0]))))
    kept = np.zeros_like(active)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        kept[start:end] = end - start >= least
    return kept

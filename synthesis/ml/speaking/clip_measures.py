"""What a clip sounds like, in four numbers that are quick to take."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.resampling import resampled
from emotion.ml.speech.pitch import track_pitch

MEASURED_RATE_HZ = 16_000
SPLIT_HZ = 1000
REFERENCE_HZ = 55.0  # of the contour's semitones


@dataclass(frozen=True)
class ClipMeasures:
    """Prosody of one clip.

    Attributes:
        f0_hz: Median pitch of voiced frames; None, like the range, where nothing is voiced.
        f0_range_semitones: From the 10th to the 90th percentile.
        characters_per_s: Letters of the text over the clip's length.
        brightness_db: Power above over power below 1 kHz: the strain of a loud voice, which stays
            when levels are made equal.
    """

    f0_hz: float | None
    f0_range_semitones: float | None
    characters_per_s: float
    brightness_db: float


def measure_clip(waveform: NDArray[np.float32], sampling_rate: int, text: str) -> ClipMeasures:
    """Measure a clip.

    Args:
        waveform: Mono signal, float32 in [-1, 1], shape (samples,), not empty.
        sampling_rate: In Hz.
        text: What is said.
    """
    heard = resampled(waveform, sampling_rate, MEASURED_RATE_HZ)
    contour = track_pitch(heard, MEASURED_RATE_HZ).semitones
    voiced = contour[np.isfinite(contour)]
    median = low = high = None
    if voiced.size:
        low, median, high = (float(value) for value in np.percentile(voiced, [10, 50, 90]))
    letters = sum(character.isalnum() for character in text)
    return ClipMeasures(
        f0_hz=None if median is None else REFERENCE_HZ * 2 ** (median / 12),
        f0_range_semitones=None if low is None or high is None else high - low,
        characters_per_s=letters * sampling_rate / waveform.size,
        brightness_db=brightness_db_of(heard),
    )


def brightness_db_of(waveform: NDArray[np.float32]) -> float:
    """Power above over power below 1 kHz of a 16 kHz signal, in dB."""
    power = np.square(np.abs(np.fft.rfft(waveform.astype(np.float64))))
    split = SPLIT_HZ * 2 * len(power) // MEASURED_RATE_HZ
    floor = 1e-12 * max(float(power.sum()), 1e-12)  # digital silence has no ratio
    above, below = float(power[split:].sum()), float(power[:split].sum())
    return float(10 * np.log10((above + floor) / (below + floor)))

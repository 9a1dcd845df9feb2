"""The small turns that make every utterance its own: pitch, pace, energy and pauses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.silence import frame_powers, loud_frames

Waveform = NDArray[np.float32]

PITCH_RANGE_SEMITONES = 1.0
PACE_RANGE = 0.08
ENERGY_RANGE_DB = 1.5
PAUSE_RANGE = 0.25

HOP_S = 0.01
PAUSE_BELOW_DB = 35.0  # under the loudest hop
SHORTEST_PAUSE_S = 0.08  # the closure of a plosive is shorter
SHORTEST_LEFT_S = 0.05
KNEE = 0.8


@dataclass(frozen=True)
class Variation:
    """How one utterance departs from the voice's habit; bounded, so that the emotion stays.

    Attributes:
        semitones: Added to the pitch.
        slowness: Factor on every duration.
        energy_db: Change of level from the first to the last sample.
        pauses: Factor on the silences within the utterance.
    """

    semitones: float
    slowness: float
    energy_db: float
    pauses: float

    @classmethod
    def from_seed(cls, seed: int) -> "Variation":
        """Draw a departure within the ranges above."""
        pitch, pace, energy, pauses = np.random.default_rng(seed).uniform(-1.0, 1.0, 4)
        return cls(
            PITCH_RANGE_SEMITONES * pitch,
            1.0 + PACE_RANGE * pace,
            ENERGY_RANGE_DB * energy,
            1.0 + PAUSE_RANGE * pauses,
        )


def with_energy(waveform: Waveform, change_db: float) -> Waveform:
    """Let the level rise or fall evenly along an utterance."""
    slope_db = np.linspace(-change_db / 2, change_db / 2, len(waveform))
    return (waveform * 10 ** (slope_db / 20)).astype(np.float32)


def with_soft_peaks(waveform: Waveform, crest_db: float) -> Waveform:
    """Round off what stands out of an utterance, so that it can be as loud as any other.

    Args:
        waveform: Shape (samples,).
        crest_db: Highest peak left, over the RMS; samples above `KNEE` of it are bent.
    """
    rms = float(np.sqrt(np.square(waveform, dtype=np.float64).mean())) if len(waveform) else 0.0
    ceiling = rms * 10 ** (crest_db / 20)
    knee = KNEE * ceiling
    over = np.maximum(np.abs(waveform) - knee, 0.0)
    bent = knee + (ceiling - knee) * np.tanh(over / max(ceiling - knee, 1e-9))
    return np.where(over > 0, np.sign(waveform) * bent, waveform).astype(np.float32)


def with_pauses(waveform: Waveform, factor: float, sampling_rate: int) -> Waveform:
    """Lengthen or shorten the silences inside an utterance; its ends stay as they are.

    Args:
        waveform: Shape (samples,).
        factor: On every silence of `SHORTEST_PAUSE_S` or more.
        sampling_rate: In Hz.
    """
    hop = round(HOP_S * sampling_rate)
    parts: list[Waveform] = []
    done = 0
    for first, last in _pauses(waveform, hop):
        start, stop = first * hop, last * hop
        parts += [waveform[done:start], _resized(waveform[start:stop], factor, sampling_rate)]
        done = stop
    return np.concatenate([*parts, waveform[done:]])


def _pauses(waveform: Waveform, hop: int) -> list[tuple[int, int]]:
    """First and last hop of every silence between two sounds."""
    sounding = np.flatnonzero(loud_frames(frame_powers(waveform, hop), PAUSE_BELOW_DB))
    gaps = zip(sounding[:-1] + 1, sounding[1:], strict=True)
    shortest = round(SHORTEST_PAUSE_S / HOP_S)
    return [(int(first), int(last)) for first, last in gaps if last - first >= shortest]


def _resized(silence: Waveform, factor: float, sampling_rate: int) -> Waveform:
    """Repeat or drop the middle of a silence, where nothing begins or ends."""
    wanted = max(round(len(silence) * factor), round(SHORTEST_LEFT_S * sampling_rate))
    half = min(len(silence), wanted) // 2
    middle = np.zeros(wanted - 2 * half, np.float32)
    return np.concatenate([silence[:half], middle, silence[len(silence) - half :]])

"""What a trained speaker lacks beside its training clips, and is given back when it speaks.

A network trained on mean errors predicts averages: its spectra and its pitch move less than speech
does, and its durations are too short. The difference is measured once, over texts that were
rendered, and stored with the voice.

Source:
    Global variance compensation: Toda and Tokuda, "A speech parameter generation algorithm
    considering global variance", 2007; as a post-filter, Silen et al., "Ways to implement global
    variance in statistical speech synthesis", 2012.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthesis.ml.speaking.spectrum import N_MELS

Floats = NDArray[np.float64]

SHAPING_FILE = "shaping.json"

# Without measurements: predicted spectra move about four fifths as far around their mean over time
# as true ones. With this factor pocketsphinx misheard 20 % of the words of five sentences of the
# first voice, without it 32 %.
CONTRAST = 1.25
CONTRAST_BOUNDS = (0.9, 1.8)
OFFSET_BOUND = 1.5  # nepers, 13 dB
PITCH_SPREAD_BOUNDS = (0.8, 2.5)
PITCH_SHIFT_BOUND = 1.5  # units of the acoustic model
SLOWNESS_BOUNDS = (0.8, 1.5)


@dataclass(frozen=True)
class Shaping:
    """Corrections of one speaker's emotion.

    Attributes:
        offset: Added to every mel band, shape (mels,).
        contrast: Factor on its movement around the utterance's mean, shape (mels,).
        pitch_shift: Added to the predicted pitch, in units of the acoustic model.
        pitch_spread: Factor on its movement.
        slowness: Factor on durations.
    """

    offset: Floats
    contrast: Floats
    pitch_shift: float
    pitch_spread: float
    slowness: float

    @classmethod
    def usual(cls, pitch_spread: float, slowness: float) -> "Shaping":
        """What a voice without measurements is given."""
        return cls(np.zeros(N_MELS), np.full(N_MELS, CONTRAST), 0.0, pitch_spread, slowness)


@dataclass(frozen=True)
class Statistics:
    """How the clips of one speaker's emotion move.

    Attributes:
        mean: Of every mel band, shape (mels,).
        spread: Standard deviation of every band within a clip, shape (mels,).
        pitch: Mean over the phonemes that are voiced, in units of the acoustic model.
        pitch_spread: Standard deviation within a clip.
        frames: Per phoneme.
    """

    mean: Floats
    spread: Floats
    pitch: float
    pitch_spread: float
    frames: float


def shaping_between(spoken: Statistics, wanted: Statistics) -> Shaping:
    """Find what turns the first statistics into the second, within bounds."""
    return Shaping(
        offset=np.clip(wanted.mean - spoken.mean, -OFFSET_BOUND, OFFSET_BOUND),
        contrast=np.clip(wanted.spread / np.maximum(spoken.spread, 1e-3), *CONTRAST_BOUNDS),
        pitch_shift=float(
            np.clip(wanted.pitch - spoken.pitch, -PITCH_SHIFT_BOUND, PITCH_SHIFT_BOUND)
        ),
        pitch_spread=float(
            np.clip(wanted.pitch_spread / max(spoken.pitch_spread, 1e-3), *PITCH_SPREAD_BOUNDS)
        ),
        slowness=float(np.clip(wanted.frames / spoken.frames, *SLOWNESS_BOUNDS)),
    )


def write_shaping(folder: Path, shaping: Mapping[str, Shaping]) -> None:
    """Store the shaping of every Coqui speaker in a voice's folder."""
    rounded = {
        name: {key: np.round(value, 3).tolist() for key, value in vars(one).items()}
        for name, one in shaping.items()
    }
    (folder / SHAPING_FILE).write_text(json.dumps(rounded) + "\n", encoding="utf-8")


def read_shaping(folder: Path) -> dict[str, Shaping]:
    """Read the shaping of every Coqui speaker; empty if the folder has none.

    Raises:
        ValueError: If the file is not what `write_shaping` writes.
    """
    path = folder / SHAPING_FILE
    if not path.is_file():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {name: _shaping(entry) for name, entry in stored.items()}


def _shaping(entry: Mapping[str, object]) -> Shaping:
    values = {key: np.asarray(value, np.float64) for key, value in entry.items()}
    if values["offset"].shape != (N_MELS,) or values["contrast"].shape != (N_MELS,):
        raise ValueError(f"a shaping needs {N_MELS} bands")
    return Shaping(
        values["offset"],
        values["contrast"],
        float(values["pitch_shift"]),
        float(values["pitch_spread"]),
        float(values["slowness"]),
    )

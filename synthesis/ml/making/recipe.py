"""The recipe of the emotional renderings: donors and gains of each speaker's emotions."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECIPE_FILE = Path(__file__).with_name("rendering.toml")


@dataclass(frozen=True)
class DonorKey:
    """Which acted clip: RAVDESS actor, statement and repetition."""

    actor: int
    statement: str
    repetition: str


@dataclass(frozen=True)
class Gains:
    """How much of a donor is taken; 1 is as acted, 0 is nothing.

    Attributes:
        tempo: Exponent of the local change of tempo.
        pitch: Of the median pitch shift.
        pitch_shape: Of the pitch movement around that median.
        level: Of the level movement.
        timbre: Of the change of the spectral envelope.
        aperiodicity: Of the change of breathiness.
        own_pitch: Of the reader's own pitch movement, where the donor's replaces it.
        own_pitch_range: The same, where the donor's is added to it.
        own_level: Of the reader's own level movement.
        frequency_warp: Formants are multiplied by this.
        jitter: Standard deviation of the pitch, as a fraction, frame by frame.
        shimmer_db: Standard deviation of the level.
        adds_to_own_pitch: The donor's pitch is added to the reader's rather than replacing it.
        shares_timbre: The timbre is that of all actors of the sex, not of the donor's alone.
    """

    tempo: float
    pitch: float
    pitch_shape: float
    level: float
    timbre: float
    aperiodicity: float
    own_pitch: float
    own_level: float
    frequency_warp: float
    jitter: float
    shimmer_db: float
    own_pitch_range: float
    adds_to_own_pitch: bool
    shares_timbre: bool


@dataclass(frozen=True)
class TakeRecipe:
    """One way to render an emotion: a donor, and how much of it is taken."""

    donor: DonorKey
    gains: Gains


Recipe = Mapping[str, Sequence[TakeRecipe]]  # by emotion; neutral is the reading itself


def load_recipes(path: Path = RECIPE_FILE) -> Mapping[str, Recipe]:
    """Read how each speaker's six emotions are rendered."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    return {
        speaker: {emotion: [_take(entry) for entry in takes] for emotion, takes in table.items()}
        for speaker, table in tables.items()
    }


def _take(entry: dict[str, Any]) -> TakeRecipe:
    donor = DonorKey(**entry.pop("donor"))
    return TakeRecipe(donor, Gains(**entry))

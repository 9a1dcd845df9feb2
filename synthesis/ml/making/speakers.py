"""The speakers of a voice: the reader, and further ones made from her readings."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthesis.ml.making.formants import with_formants

if TYPE_CHECKING:
    from synthesis.ml.recordings.world import Analysis

SPEAKERS_FILE = Path(__file__).with_name("speakers.toml")


@dataclass(frozen=True)
class Speaker:
    """One speaker.

    Attributes:
        name: As users write it.
        formants: Factor on the frequency axis of the reader's envelope.
        pitch: Factor on her pitch.
        donors: Whose acted clips lend the emotions: "women" or "men".
    """

    name: str
    formants: float
    pitch: float
    donors: str

    @property
    def is_reader(self) -> bool:
        return self.formants == 1.0 and self.pitch == 1.0

    def reading(self, analysis: "Analysis") -> "Analysis":
        """Turn the reader's clip into this speaker's."""
        if self.is_reader:
            return analysis
        return replace(
            analysis,
            f0=analysis.f0 * self.pitch,
            spectrum=np.exp(with_formants(np.log(analysis.spectrum + 1e-14), self.formants)),
            aperiodicity=with_formants(analysis.aperiodicity, self.formants),
        )


def load_speakers(path: Path = SPEAKERS_FILE) -> tuple[Speaker, ...]:
    """Read the speakers, the reader first."""
    with path.open("rb") as file:
        return tuple(Speaker(name, **entry) for name, entry in tomllib.load(file).items())

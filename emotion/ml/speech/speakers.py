"""What other clips of a speaker tell about the voice, kept in memory only, as running sums."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.5
"""The mean of n clips counts n / (n + 0.5): a single clip tells of its emotion beside its speaker.
Chosen among nine pairs with `TRUST` on held-out speakers of RAVDESS and EMO-DB."""

TRUST = 4.0
"""With n clips the adapted scores count n / (n + 4) of the whole, the others the rest."""


@dataclass
class SpeakerProfile:
    """The mean functionals of the clips that a speaker was heard in.

    It holds no sound and no clip, only their sum, and lives as long as its owner keeps it.
    """

    clips: int = 0
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def add(self, functionals: NDArray[np.float32]) -> None:
        """Count one more clip, shape (features,)."""
        if not self.clips:
            self.total = np.zeros(functionals.shape)
        self.total = self.total + functionals
        self.clips += 1

    def shift(self, average: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what to take off this speaker's functionals, shape (features,).

        Args:
            average: The mean functionals of all training clips, shape (features,).
        """
        if not self.clips:
            return np.zeros_like(average)
        own = self.total / self.clips
        return np.asarray((own - average) * self.clips / (self.clips + SHRINKAGE), np.float32)

    @property
    def trust(self) -> float:
        """How much the adapted scores count, in [0, 1)."""
        return self.clips / (self.clips + TRUST)

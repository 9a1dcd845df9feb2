"""Recipes that describe a clip by one vector and hand it to scikit-learn."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar

import joblib
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from audio import decode
from audio.whole_files import whole_file
from emotion.ml.errors import ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig, FloatArray, prepare
from emotion.ml.training.corpora import Clip
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes.registry import Scores


@dataclass(frozen=True)
class Vectors:
    """Clips as one vector each."""

    speakers: NDArray[np.str_]
    labels: NDArray[np.intp]
    values: NDArray[np.float64]
    """Shape (clips, features)."""

    def subset(self, chosen: NDArray[np.bool_]) -> "Vectors":
        return Vectors(self.speakers[chosen], self.labels[chosen], self.values[chosen])


@dataclass(frozen=True)
class FittedPipeline:
    """A scikit-learn pipeline over vectors."""

    pipeline: Any
    parameters: int

    def scores(self, examples: Vectors) -> Scores:
        found = self._decisions(examples.values)
        scores = np.full((len(found), len(EMOTIONS)), found.min() - 1.0)
        scores[:, self.pipeline.classes_] = found
        return {"vector": scores}

    def _decisions(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if hasattr(self.pipeline, "decision_function"):
            return np.asarray(self.pipeline.decision_function(values))
        return np.log(np.asarray(self.pipeline.predict_proba(values)) + 1e-6)

    def save(self, folder: Path) -> None:
        """Write `pipeline.joblib`; it is a pickle, so load your own files only."""
        folder.mkdir(parents=True, exist_ok=True)
        joblib.dump(self, folder / "pipeline.joblib", compress=3)


class VectorRecipe(ABC):
    """A recipe with one vector a clip; subclasses say which, and what learns from it."""

    name: ClassVar[str]
    systems: ClassVar[dict[str, tuple[str, ...]]] = {"": ("vector",)}
    sampling_rate: ClassVar[int] = 16_000

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @abstractmethod
    def vector(self, waveform: FloatArray) -> NDArray[np.float64]:
        """Describe a prepared clip, shape (samples,), by a vector of fixed length."""

    @abstractmethod
    def pipeline(self, seed: int) -> Any:
        """Return the scikit-learn pipeline, not fitted."""

    @abstractmethod
    def count(self, pipeline: Any) -> int:
        """Count the numbers that were fitted."""

    def describe(self, clips: Sequence[Clip], *, cache: Path, varied: bool, seed: int) -> Vectors:
        """Compute the vectors, or read them from an earlier run; `varied` changes nothing here."""
        described = repr((self.name, [(clip.corpus, clip.path.name) for clip in clips]))
        digest = hashlib.sha256(described.encode()).hexdigest()[:12]
        path = cache / f"{self.name}-{digest}.npy"
        if not path.exists():
            bar = tqdm(clips, desc=f"{self.name} features", unit="clip")
            rows = np.stack([self._of(clip) for clip in bar])
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as unfinished:
                np.save(unfinished, rows)
        return Vectors(
            np.array([clip.speaker for clip in clips]),
            np.array([EMOTIONS.index(clip.emotion) for clip in clips]),
            np.load(path),
        )

    def _of(self, clip: Clip) -> NDArray[np.float64]:
        return self.vector(prepare(decode(clip.path), FeatureConfig()))

    def fit(self, examples: Vectors, place: RunPlace) -> FittedPipeline:
        pipeline = self.pipeline(place.seed).fit(examples.values, examples.labels)
        return FittedPipeline(pipeline, self.count(pipeline))

    def load(self, folder: Path) -> FittedPipeline:
        """Read what `FittedPipeline.save` wrote.

        Raises:
            ModelError: If it is missing or damaged.
        """
        try:
            fitted = joblib.load(folder / "pipeline.joblib")
        except (OSError, EOFError, KeyError, IndexError, ValueError, UnpicklingError) as error:
            raise ModelError(f"{folder} holds no trained {self.name}: {error}") from error
        if not isinstance(fitted, FittedPipeline):
            raise ModelError(f"{folder} holds something else than a trained {self.name}")
        return fitted

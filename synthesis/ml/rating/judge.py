"""An emotion judge for voices, trained on natural speech only.

Functionals of the emotion package and a kernel ridge: small enough to be trained again from the
corpora whenever a voice is made or measured, and fixed, whatever emotion model is shipped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.kernel_ridge import KernelRidge

from audio import decode
from audio.whole_files import whole_file
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.extraction import extract
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.training.corpora import Clip, load_corpus
from emotion.ml.training.ravdess import speaker_name

Floats = NDArray[np.float64]

RIDGE = 0.3
STEEPNESS = 4.0  # of the softmax over the machine's outputs, which lie between 0 and 1
CLIP = 4.0  # standard deviations: one odd feature must not decide alone

# Speakers of the judge that chooses takes, and of the one that the figures come from: no natural
# voice is known to both, and the donors are among those of the first.
CHOOSING_SPEAKERS = frozenset(map(speaker_name, range(1, 13))) | frozenset(
    f"emodb-{speaker}" for speaker in ("03", "08", "09", "10", "12", "14")
)


@dataclass(frozen=True)
class NaturalSpeech:
    """Functionals of acted recordings.

    Attributes:
        features: Shape (clips, features).
        emotions: Of each clip.
        speakers: Of each clip.
    """

    features: Floats
    emotions: NDArray[np.str_]
    speakers: NDArray[np.str_]

    def of(self, speakers: Iterable[str], *, others: bool = False) -> "NaturalSpeech":
        """Keep some speakers, or all others."""
        kept = np.isin(self.speakers, sorted(speakers), invert=others)
        return NaturalSpeech(self.features[kept], self.emotions[kept], self.speakers[kept])


def functionals_of(waveform: NDArray[np.float32]) -> Floats:
    """Describe a 16 kHz clip, shape (features,)."""
    return extract(waveform, FeatureConfig()).functionals.astype(np.float64)


def load_natural_speech(corpora: Sequence[tuple[str, Path]], cache: Path) -> NaturalSpeech:
    """Describe every clip of some corpora, or read that from a former run.

    Args:
        corpora: Names and folders, as the emotion package reads them.
        cache: An `.npz` file.
    """
    if not cache.exists():
        clips = [clip for name, folder in corpora for clip in load_corpus(name, folder)]
        _write(clips, cache)
    with np.load(cache) as stored:
        return NaturalSpeech(stored["features"], stored["emotions"], stored["speakers"])


def _write(clips: Sequence[Clip], cache: Path) -> None:
    with whole_file(cache) as unfinished:
        np.savez(
            unfinished,
            features=np.stack([functionals_of(decode(clip.path)) for clip in clips]),
            emotions=np.array([clip.emotion for clip in clips]),
            speakers=np.array([clip.speaker for clip in clips]),
        )


class Judge:
    """Kernel ridge on functionals, one output an emotion.

    Args:
        speech: What it learns from.

    Source:
        The reference model of the figures in docs/voices.md; weighted kernel ridge, of which
        scikit-learn solves (K + alpha W^-1) c = y.
    """

    def __init__(self, speech: NaturalSpeech) -> None:
        self._centre = speech.features.mean(axis=0)
        self._spread = speech.features.std(axis=0) + 1e-6
        targets = np.stack([speech.emotions == emotion for emotion in EMOTIONS], axis=1)
        # Every emotion counts the same, however many clips it has.
        weights = (1 / targets.sum(axis=0)) @ targets.T
        self._machine = KernelRidge(
            alpha=RIDGE, kernel="rbf", gamma=1 / speech.features.shape[1]
        ).fit(
            self._scaled(speech.features),
            targets - 1 / len(EMOTIONS),
            sample_weight=weights / weights.mean(),
        )

    def scores(self, features: Floats) -> Floats:
        """Score clips, shape (clips, features), over the emotions; rows sum to 1."""
        outputs = self._machine.predict(self._scaled(features))
        shares: Floats = softmax(STEEPNESS * outputs, axis=1)
        return shares

    def heard(self, features: Floats) -> list[str]:
        """Name the emotion of every clip."""
        return [EMOTIONS[index] for index in self.scores(features).argmax(axis=1)]

    def _scaled(self, features: Floats) -> Floats:
        scaled: Floats = np.clip((features - self._centre) / self._spread, -CLIP, CLIP)
        return scaled

"""Who attacks: each solver answers one question at a time, and may learn from the outcome."""

import random
import re
import warnings
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio import decode
from captcha.scenarios import grammar
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig, prepare
from emotion.ml.training.recipes.vectors import Vectors

SAMPLING_RATE_HZ = 16_000
Item = dict[str, Any]


class Solver(ABC):
    """Answers questions of one kind."""

    kind = "audio"

    def __init__(self, seed: int = 0) -> None:
        self.rng = random.Random(seed)

    @abstractmethod
    def answer(self, item: Item, sound: bytes, answers: list[str]) -> str:
        """Choose one of the answers for a clip or a situation."""

    def learn(self, *, passed: bool) -> None:  # noqa: B027 - most have nothing to learn
        """Hear how the challenge ended whose questions were answered last."""

    def facts(self) -> dict[str, float]:
        """What else is worth reporting."""
        return {}


class Guesser(Solver):
    """Answers at random."""

    def answer(self, item: Item, sound: bytes, answers: list[str]) -> str:
        return self.rng.choice(answers)


class EmotionModel(Solver):
    """Answers what the shipped emotion model hears."""

    @cached_property
    def _predictor(self) -> Any:
        from emotion.ml.speech.predictor import EmotionPredictor

        return EmotionPredictor.load()

    def answer(self, item: Item, sound: bytes, answers: list[str]) -> str:
        waveform = decode(sound, sampling_rate=SAMPLING_RATE_HZ)
        scores = self._predictor.predict(waveform, assume_speech=True).scores
        return max(answers, key=lambda emotion: scores[emotion])


class ClassicModel(Solver):
    """Answers what a model of librosa's classic features hears, trained on acted corpora."""

    def __init__(self, seed: int = 0, *, weights: Path) -> None:
        super().__init__(seed)
        # Here, because the other solvers need no librosa.
        from emotion.ml.training.recipes.classic import Classic

        self._recipe = Classic()
        self._fitted = self._recipe.load(weights)

    def answer(self, item: Item, sound: bytes, answers: list[str]) -> str:
        waveform = prepare(decode(sound, sampling_rate=SAMPLING_RATE_HZ), FeatureConfig())
        with warnings.catch_warnings():  # librosa's, of its own shorter windows
            warnings.simplefilter("ignore")
            values = self._recipe.vector(waveform)[None]
        nobody = np.zeros(1, np.intp)  # neither speaker nor label is known
        vectors = Vectors(nobody.astype(np.str_), nobody, values)
        found = self._fitted.scores(vectors)["vector"][0]
        return max(answers, key=lambda emotion: found[EMOTIONS.index(emotion)])


BANDS, STEPS = 24, 32  # of a fingerprint
# Correlation from which two fingerprints are one clip. Of 80 clips of the shipped voice, two
# servings of one reach 0.88 and more, and two different ones 0.77 at most.
SAME = 0.82


class Dictionary(Solver):
    """Remembers every clip that it heard, and what it answered when it passed; guesses the rest."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._prints: list[NDArray[np.float64]] = []
        self._answers: list[str | None] = []
        self._asked: list[tuple[int, str]] = []
        self._heard = self._again = self._known = 0

    def answer(self, item: Item, sound: bytes, answers: list[str]) -> str:
        place = self._place(fingerprint(decode(sound, sampling_rate=SAMPLING_RATE_HZ)))
        remembered = self._answers[place]
        self._known += remembered is not None
        given = remembered or self.rng.choice(answers)
        self._asked.append((place, given))
        return given

    def _place(self, found: NDArray[np.float64]) -> int:
        self._heard += 1
        if self._prints:
            likeness = np.stack(self._prints) @ found  # (clips,)
            best = int(np.argmax(likeness))
            if likeness[best] >= SAME:
                self._again += 1
                return best
        self._prints.append(found)
        self._answers.append(None)
        return len(self._prints) - 1

    def learn(self, *, passed: bool) -> None:
        for place, given in self._asked if passed else ():
            self._answers[place] = given
        self._asked.clear()

    def facts(self) -> dict[str, float]:
        heard = max(1, self._heard)
        return {
            "heard_before": round(self._again / heard, 3),
            "answered_from_memory": round(self._known / heard, 3),
        }


def fingerprint(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the shape of a clip's spectrogram, deaf to level, timbre and small changes of speed.

    Returns:
        Unit vector over `STEPS` moments and `BANDS` bands, shape (768,).
    """
    size, hop = 512, 160
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(waveform, size), size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2  # (frames, bins)
    edges = np.unique(np.geomspace(4, 200, BANDS + 1).astype(int))
    bands = np.log(np.add.reduceat(power, edges, axis=1)[:, :-1] + 1e-6)  # (frames, bands)
    moments = np.array_split(bands, STEPS)
    shape = np.stack([moment.mean(axis=0) for moment in moments])  # (steps, bands)
    shape = (shape - shape.mean(axis=0)).ravel()
    return shape / (np.linalg.norm(shape) + 1e-12)


class Templates(Solver):
    """Reads situations with the published grammar in hand."""

    kind = "text"

    def answer(self, item: Item, sound: bytes, answers: list[str]) -> str:
        for emotion, templates in grammar(item["language"]).templates.items():
            if any(_fits(template, item["text"]) for template in templates):
                return emotion
        return self.rng.choice(answers)


def _fits(template: str, text: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", ".+?", re.escape(template))
    return re.fullmatch(pattern, text, re.IGNORECASE) is not None


class Computer(Solver):
    """Does the proof of work, where a site offers it alone."""

    kind = "work"

    def answer(self, item: Item, sound: bytes, answers: list[str]) -> str:
        return self.rng.choice(answers)


SOLVERS: dict[str, type[Solver]] = {
    "guesser": Guesser,
    "model": EmotionModel,
    "classic": ClassicModel,
    "dictionary": Dictionary,
    "templates": Templates,
    "work": Computer,
}

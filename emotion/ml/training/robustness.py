"""What a model makes of degraded clips, condition by condition."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score
from tqdm import tqdm

from audio import decode
from audio.whole_files import whole_file
from emotion.ml.errors import CorpusError, SilentError, TooShortError, TrainingError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FloatArray
from emotion.ml.speech.predictor import EmotionPredictor
from emotion.ml.training.corpora import Clip, audio_files, load_corpus
from emotion.ml.training.degradations.beside import Surroundings
from emotion.ml.training.degradations.conditions import CLEAN, CONDITIONS, degraded, seeded
from emotion.ml.training.evaluation import (
    expected_calibration_error,
    unweighted_average_recall,
)
from emotion.ml.training.experiment import record
from emotion.ml.training.recipes.registry import Recipe

CACHE_FORMAT: Final = 1
"""Grows when what is stored changes, so that an older file is not taken for the new one."""

CROWD: Final = 40
"""Clips of other speakers that the voices of a crowd are drawn from."""


@runtime_checkable
class ScoresWaveforms(Protocol):
    """Trained weights that can judge any waveform."""

    sha256: str

    def probabilities(self, waveform: FloatArray) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Listener:
    """What judges waveforms at 16 kHz."""

    name: str
    sha256: str
    """Of its weights."""
    probabilities: Callable[[FloatArray], NDArray[np.float64]]
    """Of one waveform, shape (7,)."""


def listener_of(weights: Path, recipe: Recipe | None = None) -> Listener:
    """Open weights that judge waveforms.

    Args:
        weights: Folder that `train_emotion` wrote.
        recipe: What they are of; the default model, through the code that serves, if None.

    Raises:
        ModelError: If they are missing or damaged.
        TrainingError: If a model of this recipe judges no waveforms.
    """
    if recipe is None:
        predictor = EmotionPredictor.load(weights)
        return Listener("default", predictor.sha256, lambda waveform: _served(predictor, waveform))
    fitted = recipe.load(weights)
    if not isinstance(fitted, ScoresWaveforms):
        raise TrainingError(
            f"The model {recipe.name!r} judges features, not waveforms: choose default or encoder"
        )
    return Listener(recipe.name, fitted.sha256, fitted.probabilities)


def _served(predictor: EmotionPredictor, waveform: FloatArray) -> NDArray[np.float64]:
    scores = predictor.predict(waveform, assume_speech=True).scores
    return np.array([scores.get(emotion, 1 / len(EMOTIONS)) for emotion in EMOTIONS])


def measure_robustness(
    listener: Listener,
    data: Mapping[str, Path],
    out: Path,
    *,
    clips_per_speaker: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Score clips under every condition.

    Args:
        listener: What judges.
        data: Folders by name of corpus, of speakers that the weights were not trained on; `noise`
            may be among them, without which the conditions with recorded noise are left out.
        out: Its `evaluation.json` gains the key `robustness`; its `work` keeps what is scored, so
            that a killed run goes on where it was.
        clips_per_speaker: At most so many, drawn by chance; all if None.
        seed: Of that chance and of the degradations.

    Raises:
        CorpusError: If a corpus is missing, or none holds speech.
    """
    corpora = {
        name: _drawn(load_corpus(name, folder), clips_per_speaker, seed)
        for name, folder in data.items()
        if name != "noise"
    }
    if not corpora:
        raise CorpusError("The robustness needs speech: add a corpus, as tess=FOLDER")
    noises = (
        [decode(path) for path in audio_files("noise", data["noise"])] if "noise" in data else []
    )
    clips = [clip for chosen in corpora.values() for clip in chosen]
    bench = _Bench(listener, clips, noises, out / "work", seed)
    left_out = dict(bench.impossible())
    possible = [name for name in CONDITIONS if name not in left_out]
    scores = {name: bench.scores(name) for name in possible}
    own = np.array([clip.corpus for clip in clips])
    report = {
        "weights": listener.sha256,
        "seed": seed,
        "clips_per_speaker": clips_per_speaker,
        "left_out": left_out,
        "corpora": {name: _figures(scores, clips, own == name) for name in corpora},
    }
    return record(out, listener.name, {"robustness": report})


def _sounds(folder: Path) -> list[FloatArray]:
    """Decode sounds that are no speech; a recording of silence is none."""
    decoded = (decode(path) for path in audio_files("noise", folder))
    return [sound for sound in decoded if np.any(sound)]


def _drawn(clips: Sequence[Clip], count: int | None, seed: int) -> list[Clip]:
    """Draw so many clips of each speaker, in the order of the corpus."""
    if count is None:
        return list(clips)
    kept: list[int] = []
    for speaker in sorted({clip.speaker for clip in clips}):
        own = [index for index, clip in enumerate(clips) if clip.speaker == speaker]
        few = seeded("clips", seed, speaker).choice(own, min(count, len(own)), replace=False)
        kept += few.tolist()
    return [clips[index] for index in sorted(kept)]


def _figures(
    scores: Mapping[str, NDArray[np.float64]], clips: Sequence[Clip], own: NDArray[np.bool_]
) -> dict[str, dict[str, float]]:
    truth = np.array([EMOTIONS.index(clip.emotion) for clip in clips])[own]
    clean = _verdicts(scores[CLEAN][own])
    return {name: _measured(rows[own], truth, clean) for name, rows in scores.items()}


def _verdicts(probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the likeliest emotions, -1 where all are as likely; shape (clips,)."""
    return np.where(np.ptp(probabilities, axis=1) > 0, probabilities.argmax(axis=1), -1)


def _measured(
    probabilities: NDArray[np.float64], truth: NDArray[np.intp], clean: NDArray[np.intp]
) -> dict[str, float]:
    predicted = _verdicts(probabilities)
    return {
        "clips": len(truth),
        "wa": round(float(accuracy_score(truth, predicted)), 4),
        "uar": round(unweighted_average_recall(truth, predicted), 4),
        "ece": round(expected_calibration_error(probabilities, truth), 4),
        "as_clean": round(float(np.mean(predicted == clean)), 4),
    }


class _Bench:
    """Clips, the sounds around them, and what a listener says of them under each condition."""

    def __init__(
        self,
        listener: Listener,
        clips: Sequence[Clip],
        noises: Sequence[FloatArray],
        work: Path,
        seed: int,
    ) -> None:
        self._listener, self._clips, self._noises = listener, clips, noises
        self._work, self._seed = work, seed
        self._waveforms = [decode(clip.path) for clip in clips]
        self._crowds = {clip.speaker: self._crowd(clip.speaker) for clip in clips}

    def _crowd(self, speaker: str) -> list[FloatArray]:
        """Clips of other speakers, of which babble is made."""
        others = [i for i, clip in enumerate(self._clips) if clip.speaker != speaker]
        order = seeded("crowd", self._seed, speaker).permutation(others)
        return [self._waveforms[int(index)] for index in order[:CROWD]]

    def impossible(self) -> Iterator[tuple[str, str]]:
        """Name the conditions that cannot be made here, with the reason."""
        for name in CONDITIONS:
            try:
                self._degraded(name, 0)
            except TrainingError as error:
                yield name, str(error)

    def _degraded(self, name: str, index: int) -> FloatArray:
        clip = self._clips[index]
        around = Surroundings(self._crowds[clip.speaker], self._noises)
        seed = f"{self._seed} {clip.corpus} {clip.path.name}"
        return degraded(self._waveforms[index], name, around, seed=seed)

    def scores(self, name: str) -> NDArray[np.float64]:
        """Score all clips under a condition, or read what an earlier run found. (clips, 7)"""
        path = self._work / f"robustness-{self._digest(name)}.npy"
        if not path.exists():
            bar = tqdm(range(len(self._clips)), desc=name, unit="clip")
            rows = [self._judged(self._degraded(name, index)) for index in bar]
            self._work.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as unfinished:
                np.save(unfinished, np.stack(rows))
        return np.asarray(np.load(path), np.float64)

    def _judged(self, waveform: FloatArray) -> NDArray[np.float64]:
        """Where nothing is left to judge, all emotions are as likely: no verdict."""
        try:
            return self._listener.probabilities(waveform)
        except (SilentError, TooShortError):
            return np.full(len(EMOTIONS), 1 / len(EMOTIONS))

    def _digest(self, name: str) -> str:
        listed = [(clip.corpus, clip.path.name) for clip in self._clips]
        whose = (self._listener.name, self._listener.sha256, self._seed)
        described = repr((CACHE_FORMAT, name, whose, listed, [each.size for each in self._noises]))
        return hashlib.sha256(described.encode()).hexdigest()[:12]

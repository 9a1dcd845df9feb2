"""What the bytes of a folder of weights say of corpora, by the code that serves them.

The other protocols rate a recipe: they train it anew without the speakers that they score. This one
rates what is shipped, to the byte.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from audio import decode
from emotion.ml.errors import CorpusError, ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import EmotionPredictor, LookedAt
from emotion.ml.speech.speakers import SpeakerProfile
from emotion.ml.training.corpora import Clip, load_corpus
from emotion.ml.training.evaluation import as_json, corpus_figures
from emotion.ml.training.experiment import record

ALL: Final = "all"
REFERENCES: Final = ("0", "1", "3", "5", "10", ALL)
"""How many other clips of the speaker are known, of any emotions."""


def measure_as_served(
    data: Mapping[str, Path], out: Path, *, weights: Path, seed: int = 0
) -> dict[str, Any]:
    """Score corpora unadapted and with other clips of each speaker as references.

    Args:
        data: Folders by name of corpus.
        out: Its `evaluation.json` gains the key `as_served` of the default model.
        weights: Folder of `model.onnx` and `model.json`.
        seed: Draws the references.

    Returns:
        All reports. That of `as_served` names the SHA-256 of the `model.onnx` it belongs to, and
        how many of a corpus's speakers the weights were trained on: where there are any, the
        figures show that the weights work, not how well they recognise strangers.

    Raises:
        CorpusError: If a corpus is missing or misnamed, or a clip is silent.
        ModelError: If the weights are damaged, or do not name the speakers they were trained on.
    """
    predictor = EmotionPredictor.load(weights)
    known = _trained_on(weights)
    report = {
        "sha256": predictor.sha256,
        "version": predictor.version,
        "seed": seed,
        "corpora": {
            name: _measured(predictor, name, load_corpus(name, folder), known, seed)
            for name, folder in data.items()
        },
    }
    return record(out, predictor.name, {"as_served": report})


def _trained_on(weights: Path) -> frozenset[str]:
    manifest = json.loads((weights / "model.json").read_text(encoding="utf-8"))
    if "trained_on" not in manifest:
        raise ModelError(
            f"{weights / 'model.json'} does not name the speakers that the weights were trained on:"
            ' add them, as in "trained_on": ["ravdess-01"], or train again'
        )
    return frozenset(manifest["trained_on"])


def _measured(
    predictor: EmotionPredictor,
    corpus: str,
    clips: Sequence[Clip],
    known: frozenset[str],
    seed: int,
) -> dict[str, Any]:
    labels = np.array([EMOTIONS.index(clip.emotion) for clip in clips])
    speakers = np.array([clip.speaker for clip in clips])
    present = sorted(set(speakers.tolist()))
    looked_at = _looked_at(predictor, corpus, clips)
    figures = {}
    for count in REFERENCES:
        profiles = profiles_of(looked_at, speakers, count, seed)
        probabilities = _probabilities(predictor, looked_at, profiles)
        groups = [frozenset({speaker}) for speaker in present]
        figures[count] = as_json(corpus_figures(probabilities, labels, speakers, groups))
    return {
        "clips": len(clips),
        "speakers": len(present),
        "speakers_trained_on": len(known & set(present)),
        "references": figures,
    }


def _looked_at(
    predictor: EmotionPredictor, corpus: str, clips: Sequence[Clip]
) -> tuple[LookedAt, ...]:
    """Decode and describe each clip once, for all numbers of references."""
    found = []
    for clip in tqdm(clips, desc=corpus, unit="clip"):
        found.append(predictor.look_at(decode(clip.path), assume_speech=True))
        if not found[-1].windows:
            raise CorpusError(f"{clip.path} is silent: take it out of {corpus}")
    return tuple(found)


def profiles_of(
    clips: Sequence[LookedAt], speakers: NDArray[np.str_], count: str, seed: int
) -> list[SpeakerProfile]:
    """Hear other clips of each clip's speaker, drawn at random whatever their emotion.

    Args:
        clips: Of one corpus.
        speakers: Of the clips, shape (clips,).
        count: One of `REFERENCES`; a speaker with fewer other clips is heard in all of them.
        seed: The same clips are drawn for the same seed.
    """
    rng = np.random.default_rng(seed)
    functionals = [clip.functionals for clip in clips]
    profiles = []
    for index, speaker in enumerate(speakers):
        others = np.flatnonzero(speakers == speaker)
        others = others[others != index]
        if count != ALL:
            others = rng.choice(others, min(int(count), len(others)), replace=False)
        profile = SpeakerProfile()
        for other in others:
            profile.add(functionals[other])
        profiles.append(profile)
    return profiles


def _probabilities(
    predictor: EmotionPredictor, clips: Sequence[LookedAt], profiles: Sequence[SpeakerProfile]
) -> NDArray[np.float64]:
    """Score every clip by its profile. (clips, 7)"""
    judged = predictor.judge(clips, profiles, assume_speech=True)
    return np.array([[each.scores[emotion] for emotion in EMOTIONS] for each in judged])

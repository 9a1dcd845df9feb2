"""The experiments behind the published figures: hold speakers out, then train on everyone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from tqdm import tqdm

from audio import decode
from audio.whole_files import whole_file
from emotion.ml.errors import CorpusError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import EmotionPredictor
from emotion.ml.training.calibration import cross_fitted, fit_scales
from emotion.ml.training.corpora import Clip, folds, load_corpus
from emotion.ml.training.evaluation import as_json, corpus_figures
from emotion.ml.training.fitting import RunPlace, one_thread
from emotion.ml.training.protocol import HeldOutScores, score_held_out
from emotion.ml.training.recipes.registry import Described, Recipe

EVALUATION: Final = "evaluation.json"
NOT_FOR_TRAINING: Final = frozenset({"tess"})


def hold_out(
    recipe: Recipe, data: Mapping[str, Path], out: Path, place: RunPlace, *, jobs: int = 1
) -> dict[str, Any]:
    """Run the speaker-independent protocol and write its figures to `out / EVALUATION`.

    Args:
        recipe: What to train.
        data: Folders by name of corpus; all are trained on together.
        out: Keeps the work as well, so that a killed run goes on where it stopped.
        place: Seed and device.
        jobs: Rounds that run at once.

    Returns:
        What was written.

    Raises:
        CorpusError: If a corpus is missing, misnamed or may not be trained on.
    """
    clips = training_clips(data)
    one_thread()
    work = out / "work"
    examples = recipe.describe(clips, cache=work, varied=True, seed=place.seed)
    held = score_held_out(recipe, clips, examples, place, folder=work, jobs=jobs)
    report = {
        "seed": place.seed,
        "clips": len(clips),
        "recipe": repr(recipe),
        "parameters": held.parameters,
        "scales": {
            title: fit_scales([held.parts[part] for part in parts], examples.labels)
            for title, parts in recipe.systems.items()
        },
        "systems": _systems(recipe, clips, examples, held),
    }
    return record(out, recipe.name, {"held_out": report})


def _systems(
    recipe: Recipe, clips: Sequence[Clip], examples: Described, held: HeldOutScores
) -> dict[str, dict[str, object]]:
    """Figures of each published system of a recipe, by corpus."""
    corpora = np.array([clip.corpus for clip in clips])
    systems: dict[str, dict[str, object]] = {}
    for title, parts in recipe.systems.items():
        chosen = [held.parts[part] for part in parts]
        probabilities = cross_fitted(chosen, examples.labels, held.turn)
        systems[title] = {
            str(corpus): as_json(
                corpus_figures(
                    probabilities[corpora == corpus],
                    examples.labels[corpora == corpus],
                    examples.speakers[corpora == corpus],
                    folds(str(corpus), clips),
                )
            )
            for corpus in np.unique(corpora)
        }
    return systems


def cross_corpus(
    data: Mapping[str, Path], out: Path, *, weights: Path, recipe: Recipe | None = None
) -> dict[str, Any]:
    """Score whole corpora with trained weights.

    Args:
        data: Folders by name of corpus, none of which the weights were trained on.
        out: Its `EVALUATION` gains the key `cross_corpus`.
        weights: Folder that `train_emotion` wrote.
        recipe: What the weights are of; the default model, through the code that serves, if None.
    """
    report: dict[str, object] = {}
    for name, folder in data.items():
        clips = load_corpus(name, folder)
        probabilities = (
            served(EmotionPredictor.load(weights), clips)
            if recipe is None
            else _scored(recipe, clips, weights, out / "work")
        )
        labels = np.array([EMOTIONS.index(clip.emotion) for clip in clips])
        speakers = np.array([clip.speaker for clip in clips])
        report[name] = as_json(corpus_figures(probabilities, labels, speakers, folds(name, clips)))
    return record(out, recipe.name if recipe else "default", {"cross_corpus": report})


def served(predictor: EmotionPredictor, clips: Sequence[Clip]) -> NDArray[np.float64]:
    """Decode and score clips as a server does. (clips, 7)"""
    bar = tqdm(clips, desc="predict", unit="clip")
    scores = (predictor.predict(decode(clip.path), assume_speech=True).scores for clip in bar)
    return np.array([[each[emotion] for emotion in EMOTIONS] for each in scores])


def _scored(
    recipe: Recipe, clips: Sequence[Clip], weights: Path, work: Path
) -> NDArray[np.float64]:
    """Score clips by a recipe's own weights, without calibration. (clips, 7)"""
    fitted = recipe.load(weights)
    scores = fitted.scores(recipe.describe(clips, cache=work, varied=False, seed=0))
    (parts,) = (recipe.systems[title] for title in list(recipe.systems)[:1])
    return np.asarray(softmax(np.sum([scores[part] for part in parts], axis=0), axis=1))


def train(recipe: Recipe, data: Mapping[str, Path], out: Path, place: RunPlace) -> Any:
    """Train a recipe on every speaker.

    Args:
        recipe: What to train.
        data: Folders by name of corpus.
        out: Its `work` keeps features and checkpoints.
        place: Seed and device.

    Returns:
        What `recipe.fit` gives.

    Raises:
        CorpusError: If a corpus is missing, misnamed or may not be trained on.
    """
    clips = training_clips(data)
    one_thread()
    work = out / "work"
    examples = recipe.describe(clips, cache=work, varied=True, seed=place.seed)
    return recipe.fit(examples, replace(place, folder=work, label=f"{recipe.name} all speakers"))


def training_clips(data: Mapping[str, Path]) -> tuple[Clip, ...]:
    """List the clips of all corpora, in one order whatever the order of `data`."""
    if barred := sorted(NOT_FOR_TRAINING & set(data)):
        raise CorpusError(f"{', '.join(barred)} may only be tested on: the licence bars more")
    clips = (load_corpus(name, data[name]) for name in sorted(data))
    return tuple(clip for corpus in clips for clip in corpus)


def record(out: Path, model: str, report: Mapping[str, object]) -> dict[str, Any]:
    """Put a report beside those already in `out / EVALUATION` and return them all."""
    path = out / EVALUATION
    reports = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    reports.setdefault(model, {}).update(report)
    out.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    return dict(reports)


def recorded_scales(evaluation: Path) -> dict[str, tuple[float, ...]]:
    """Read the scales of the default model that the protocol fitted, by title of the system.

    Raises:
        CorpusError: If the file holds no evaluation with held-out speakers.
    """
    try:
        reports = json.loads(evaluation.read_text(encoding="utf-8"))
        scales = reports["default"]["held_out"]["scales"]
        return {title: tuple(values) for title, values in scales.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(
            f"{evaluation} holds no evaluation with held-out speakers ({error}): "
            "run evaluate_emotion first"
        ) from error

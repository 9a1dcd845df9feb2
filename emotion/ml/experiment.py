"""The two experiments behind the published figures: hold speakers out, then train on everyone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from audio import decode
from emotion.ml.calibration import Scales, cross_fitted, fit_scales
from emotion.ml.corpora import Clip, folds, load_corpus
from emotion.ml.default import DefaultModel
from emotion.ml.errors import CorpusError
from emotion.ml.evaluation import as_json, corpus_figures
from emotion.ml.examples import Examples, load_examples
from emotion.ml.export import export_model
from emotion.ml.features import FeatureConfig
from emotion.ml.labels import EMOTIONS
from emotion.ml.predictor import EmotionPredictor
from emotion.ml.protocol import HeldOutScores, score_held_out
from emotion.ml.training import TrainingConfig, fit_kernel, fit_network

EVALUATION: Final = "evaluation.json"
NOT_FOR_TRAINING: Final = frozenset({"tess"})


def hold_out(
    data: Mapping[str, Path],
    out: Path,
    *,
    seed: int = 0,
    training: TrainingConfig | None = None,
    features: FeatureConfig | None = None,
) -> dict[str, Any]:
    """Run the speaker-independent protocol and write its figures to `out / EVALUATION`.

    Args:
        data: Folders by name of corpus; all are trained on together.
        out: Keeps the work as well, so that a killed run goes on where it stopped.
        seed: For noise and networks.
        training: Schedule.
        features: The front end.

    Returns:
        What was written, under the key `held_out`.

    Raises:
        CorpusError: If a corpus is missing, misnamed or may not be trained on.
    """
    training, features = training or TrainingConfig(), features or FeatureConfig()
    clips = training_clips(data)
    one_thread()
    examples = load_examples(clips, features, cache=out / "work", varied=True, seed=seed)
    scores = score_held_out(clips, examples, features, training, folder=out / "work", seed=seed)
    labels = examples.labels
    report = {
        "seed": seed,
        "clips": len(clips),
        "features": asdict(features),
        "training": asdict(training),
        "scales": fit_scales(scores.network, scores.kernel, labels)._asdict(),
        "systems": _systems(clips, examples, scores),
    }
    return record(out, "held_out", report)


def _systems(
    clips: Sequence[Clip], examples: Examples, scores: HeldOutScores
) -> dict[str, dict[str, object]]:
    """Figures of the fused model and of each half alone, by corpus."""
    nothing = np.zeros_like(scores.network)
    halves = {
        "default": (scores.network, scores.kernel),
        "network": (scores.network, nothing),
        "functionals": (nothing, scores.kernel),
    }
    corpora = np.array([clip.corpus for clip in clips])
    systems: dict[str, dict[str, object]] = {}
    for name, (network, kernel) in halves.items():
        probabilities = cross_fitted(network, kernel, examples.labels, scores.turn)
        systems[name] = {
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


def cross_corpus(data: Mapping[str, Path], out: Path, *, weights: Path) -> dict[str, Any]:
    """Score whole corpora with exported weights, through the code that serves.

    Args:
        data: Folders by name of corpus, none of which the weights were trained on.
        out: Its `EVALUATION` gains the key `cross_corpus`.
        weights: Folder with `model.onnx` and `model.json`.
    """
    predictor = EmotionPredictor.load(weights)
    report: dict[str, object] = {}
    for name, folder in data.items():
        clips = load_corpus(name, folder)
        probabilities = predicted(predictor, clips)
        labels = np.array([EMOTIONS.index(clip.emotion) for clip in clips])
        speakers = np.array([clip.speaker for clip in clips])
        groups = folds(name, clips)
        report[name] = as_json(corpus_figures(probabilities, labels, speakers, groups))
    return record(out, "cross_corpus", report)


def predicted(predictor: EmotionPredictor, clips: Sequence[Clip]) -> NDArray[np.float64]:
    """Decode and score clips. (clips, 7)"""
    bar = tqdm(clips, desc="predict", unit="clip")
    scores = (predictor.predict(decode(clip.path)).scores for clip in bar)
    return np.array([[each[emotion] for emotion in EMOTIONS] for each in scores])


def train(
    data: Mapping[str, Path],
    out: Path,
    *,
    scales: Scales,
    version: str,
    seed: int = 0,
    training: TrainingConfig | None = None,
    features: FeatureConfig | None = None,
) -> None:
    """Train on every speaker and write the weights to `out`.

    Args:
        data: Folders by name of corpus.
        out: Gets `model.onnx` and `model.json`; its `work` keeps features and the checkpoint.
        scales: From the protocol, since no clip is left to fit them on.
        version: Told to clients beside each prediction.
        seed: For noise and the network.
        training: Schedule.
        features: The front end.

    Raises:
        CorpusError: If a corpus is missing, misnamed or may not be trained on.
    """
    training, features = training or TrainingConfig(), features or FeatureConfig()
    clips = training_clips(data)
    one_thread()
    examples = load_examples(clips, features, cache=out / "work", varied=True, seed=seed)
    network = fit_network(
        examples, training, seed=seed, checkpoint=out / "work" / "final.pt", label="all speakers"
    )
    model = DefaultModel(
        network,
        fit_kernel(examples, training),
        network_scale=scales.network,
        kernel_scale=scales.kernel,
    )
    export_model(model, features, out, version=version)


def training_clips(data: Mapping[str, Path]) -> tuple[Clip, ...]:
    """List the clips of all corpora, in one order whatever the order of `data`."""
    if barred := sorted(NOT_FOR_TRAINING & set(data)):
        raise CorpusError(f"{', '.join(barred)} may only be tested on: the licence bars more")
    clips = (load_corpus(name, data[name]) for name in sorted(data))
    return tuple(clip for corpus in clips for clip in corpus)


def one_thread() -> None:
    """Keep to one core, on which sums are made in one order and a run can be repeated."""
    torch.set_num_threads(1)


def record(out: Path, key: str, report: Mapping[str, object]) -> dict[str, Any]:
    """Put a report beside those already in `out / EVALUATION` and return them all."""
    path = out / EVALUATION
    reports = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    reports[key] = report
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    return dict(reports)


def recorded_scales(evaluation: Path) -> Scales:
    """Read the scales that the protocol fitted.

    Raises:
        CorpusError: If the file holds no evaluation with held-out speakers.
    """
    try:
        return Scales(**json.loads(evaluation.read_text(encoding="utf-8"))["held_out"]["scales"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{evaluation} holds no evaluation with held-out speakers ({error}): "
            "run evaluate_emotion first"
        ) from error

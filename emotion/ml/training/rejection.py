"""The speech gate: fitted for the shipped weights, and measured on sounds it never heard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from audio import decode, voiced_segments
from emotion.ml.errors import CorpusError, SilentError
from emotion.ml.speech.extraction import extract
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.speech.predictor import GATE_THRESHOLD, SPEECH_THRESHOLD
from emotion.ml.training.corpora import Clip, audio_files, corpus_of, load_corpus, rounds
from emotion.ml.training.examples import PLAIN, Examples, load_examples
from emotion.ml.training.experiment import NOT_FOR_TRAINING, record, training_clips
from emotion.ml.training.export import export_model
from emotion.ml.training.recipes.default_model import DefaultModel, SpeechGate
from emotion.ml.training.recipes.default_recipe import FittedDefault
from emotion.ml.training.recipes.kernels import KernelConfig, fit_gate, fit_kernel

Matrix = NDArray[np.float32]
SCALES = {
    0: "",
    1: "with 1 clips of the speaker",
    3: "with 3 clips of the speaker",
    5: "with 5 clips of the speaker",
    10: "with 10 clips of the speaker",
}


def export_default(
    fitted: FittedDefault,
    data: Mapping[str, Path],
    out: Path,
    *,
    noise: Path | None,
    scales: Mapping[str, tuple[float, ...]],
    version: str,
) -> None:
    """Fit the gate and write everything that serves.

    Args:
        fitted: The parts trained on `data`.
        data: Folders by name of corpus.
        out: Gets `model.onnx` and `model.json`.
        noise: Folder of sounds that are no speech; without it the gate lets everything pass.
        scales: From the protocol, by title of the system.
        version: Told to clients beside each prediction.

    Raises:
        TrainingError: If what was exported scores otherwise than what was trained.
    """
    features = FeatureConfig()
    clips = training_clips(data)
    examples = load_examples(clips, features, cache=out / "work", varied=True)
    other = _described([path for path, _ in _sounds(noise)]) if noise else np.zeros((0, 0))
    gate = fit_gate(_speech(examples), np.asarray(other, np.float32), fitted.kernel, KernelConfig())
    model = DefaultModel(fitted.network, fitted.kernel, fitted.adapted, gate)
    pairs = {str(count): scales[title] for count, title in SCALES.items()}
    export_model(model, examples, features, out, scales=pairs, version=version)


def measure_rejection(data: Mapping[str, Path], out: Path) -> dict[str, Any]:
    """Count what is refused of speech and of other sound, by gates that heard neither.

    Sounds of a class are judged by a gate without this class, speakers by a gate without them;
    corpora that are not for training by a gate of all others.

    Args:
        data: Folders by name of corpus; `noise` must be among them.
        out: Its `evaluation.json` gains the key `rejection` of the default model.

    Raises:
        CorpusError: If a corpus is missing.
    """
    if "noise" not in data:
        raise CorpusError("The rejection needs sounds that are no speech: add noise=FOLDER")
    trained = training_clips(
        {n: p for n, p in data.items() if n not in NOT_FOR_TRAINING | {"noise"}}
    )
    speech = load_examples(trained, FeatureConfig(), cache=out / "work", varied=True)
    paths = np.array([clip.path for clip in trained])
    sounds = _sounds(data["noise"])
    noise = _described([path for path, _ in sounds])
    report = {
        "sounds": _of_sounds(speech, noise, sounds),
        "speech": _of_speech(speech, noise, paths),
    }
    gate = _gate(speech, noise)
    for corpus in sorted(NOT_FOR_TRAINING & set(data)):
        others = [clip.path for clip in load_corpus(corpus, data[corpus])]
        report["speech"][corpus] = _rates(gate, _described(others), others)
    return record(out, "default", {"rejection": report})


def _of_sounds(
    speech: Examples, noise: Matrix, sounds: Sequence[tuple[Path, str]]
) -> dict[str, dict[str, float]]:
    """Judge the sounds of each class by a gate without this class."""
    kinds = np.array([kind for _, kind in sounds])
    rates = {}
    for kind in np.unique(kinds):
        held = kinds == kind
        paths = [path for path, other in sounds if other == kind]
        rates[str(kind)] = _rates(_gate(speech, noise[~held]), noise[held], paths)
    return {**rates, "all": _mean(list(rates.values()))}


def _of_speech(
    speech: Examples, noise: Matrix, paths: NDArray[np.object_]
) -> dict[str, dict[str, float]]:
    """Judge each speaker by a gate without this speaker; clean, in noise, room and telephone."""
    corpora = np.array([corpus_of(str(name)) for name in speech.speakers])
    rates: dict[str, list[dict[str, float]]] = {}
    for held in speaker_rounds(speech.speakers):
        out = np.isin(speech.speakers, sorted(held))
        gate = _gate(speech.subset(~out), noise)
        for corpus in np.unique(corpora[out]):
            chosen = out & (corpora == corpus)
            found = _rates(gate, speech.functionals[PLAIN][chosen], list(paths[chosen]))
            for name in ("noisy", "room", "telephone"):
                found[name] = float(_is_unlike(gate, speech.functionals[name][chosen]).mean())
            rates.setdefault(str(corpus), []).append(found)
    return {corpus: _mean(found) for corpus, found in rates.items()}


def speaker_rounds(speakers: NDArray[np.str_]) -> tuple[frozenset[str], ...]:
    """Return the rounds of the protocol for the speakers of clips, shape (clips,)."""
    names = [str(name) for name in np.unique(speakers)]
    return rounds([Clip(Path(), corpus_of(name), name, "neutral") for name in names])


def _speech(examples: Examples) -> Matrix:
    return np.concatenate([examples.functionals[v] for v in KernelConfig().gate_variations])


def _gate(speech: Examples, noise: Matrix) -> SpeechGate:
    """Fit a gate; only its scale is taken from the kernel machine, so plain clips do for that."""
    scale = fit_kernel(speech, KernelConfig(variations=(PLAIN,)))
    return fit_gate(_speech(speech), noise, scale, KernelConfig())


@torch.inference_mode()
def _is_unlike(gate: SpeechGate, functionals: Matrix) -> NDArray[np.bool_]:
    return np.asarray(gate(torch.from_numpy(functionals)).numpy() < GATE_THRESHOLD)


def _rates(gate: SpeechGate, functionals: Matrix, paths: Sequence[Path]) -> dict[str, float]:
    """Count clips refused by voice activity, by the gate, and by either."""
    unlike = _is_unlike(gate, functionals)
    unheard = np.array([not _is_voiced(path) for path in paths])
    return {
        "clips": len(paths),
        "no_speech": round(float(unheard.mean()), 4),
        "not_speech": round(float((unlike & ~unheard).mean()), 4),
        "refused": round(float((unlike | unheard).mean()), 4),
    }


def _mean(rates: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Join rates, weighted by their clips."""
    clips = np.array([rate["clips"] for rate in rates])
    joined: dict[str, float] = {"clips": int(clips.sum())}
    for key in rates[0].keys() - {"clips"}:
        values = np.array([rate[key] for rate in rates])
        joined[key] = round(float((values * clips).sum() / clips.sum()), 4)
    return dict(sorted(joined.items()))


def _is_voiced(path: Path) -> bool:
    return bool(voiced_segments(decode(path), threshold=SPEECH_THRESHOLD))


def _sounds(folder: Path) -> list[tuple[Path, str]]:
    """List sounds with their class, which their names begin with."""
    return [(path, path.stem.rsplit("_", 1)[0]) for path in audio_files("noise", folder)]


def _described(paths: Sequence[Path]) -> Matrix:
    """Functionals of every file that is not silent; a silent one counts as all zeros."""
    rows: list[Matrix | None] = []
    for path in tqdm(paths, desc="functionals", unit="clip"):
        try:
            rows.append(extract(decode(path), FeatureConfig()).functionals)
        except SilentError:
            rows.append(None)
    width = next(len(row) for row in rows if row is not None)
    return np.stack([row if row is not None else np.zeros(width, np.float32) for row in rows])

"""Write a trained default model as ONNX with its description.

What is written is compared with what was trained before it takes its place.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from audio.whole_files import whole_file
from emotion.ml.errors import TrainingError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig, FloatArray, at_least
from emotion.ml.speech.speakers import SpeakerProfile
from emotion.ml.training.examples import PLAIN, Examples
from emotion.ml.training.recipes.default_model import DefaultModel, Ensemble, KernelMachine

OPSET: Final = 17
OUTPUTS: Final = ("network", "kernel", "adapted", "gate")
SMALLEST_HALVED: Final = 1024
"""Arrays of fewer numbers (offsets, scales) stay in single precision: nothing to gain."""

HALVED: Final = ("network.", "adapted.shifts")
"""What may be halved, by the beginnings of names. Not the weights of the kernel machines, of which
thousands nearly cancel: rounded so, they move a score by up to 0.06. Nor the norms, which reach
three millions: half precision ends at 65 504, and beyond it holds infinity."""

PROBES: Final = 32
"""So many of the training clips, spread over all, are scored by what was trained and written."""

TOLERANCE: Final = 0.02
"""How far a score may be from the trained model's. Half precision moves a network's logits, which
reach about 4, by some 0.004; the kernel machines' scores are about 1 for an emotion, else 0."""


def export_model(
    model: DefaultModel,
    examples: Examples,
    features: FeatureConfig,
    folder: Path,
    *,
    scales: Mapping[str, tuple[float, ...]],
    version: str,
) -> None:
    """Write `model.onnx` and `model.json` for `EmotionPredictor`.

    Args:
        model: All parts.
        examples: What it was trained on; some of it is scored by the model and by what was written.
        features: The front end it was trained with.
        folder: Made if missing; earlier files of these names are replaced.
        scales: Of network and kernel scores, by the number of reference clips ("0" for none).
        version: Told to clients beside each prediction.

    Raises:
        TrainingError: If what was written scores otherwise than the model. Earlier files stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval()
    with (
        whole_file(folder / "model.json") as description,
        whole_file(folder / "model.onnx") as weights,
    ):
        _write_onnx(model, features, weights)
        _halve(weights)
        content = weights.read_bytes()
        check_export(model, content, examples, features)
        manifest = _manifest(model, features) | {
            "version": version,
            "scales": {n: [round(scale, 5) for scale in pair] for n, pair in scales.items()},
            "trained_on": np.unique(examples.speakers).tolist(),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        description.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _manifest(model: DefaultModel, features: FeatureConfig) -> dict[str, object]:
    """Describe what the model is made of."""
    kernel = _kernel(model)
    return {
        "name": "default",
        "labels": EMOTIONS,
        "features": asdict(features),
        "networks": len(model.network.members) if isinstance(model.network, Ensemble) else 1,
        "parameters": sum(each.numel() for each in model.network.parameters()),
        "kernel": {"examples": len(kernel.support), "gamma": kernel.gamma},
        "average": [float(f"{value:.6g}") for value in kernel.mean.tolist()],
    }


def check_export(
    model: DefaultModel, content: bytes, examples: Examples, features: FeatureConfig
) -> None:
    """Compare all outputs of an exported model with the trained one's, on clips it knows.

    Args:
        model: In evaluation mode.
        content: Of `model.onnx`.
        examples: Clips to choose from, with all clips of a speaker as references of each.
        features: The front end.

    Raises:
        TrainingError: If a score is further than `TOLERANCE` from the model's, or not finite.
    """
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    apart = dict.fromkeys(OUTPUTS, 0.0)
    for inputs in _probes(model, examples, features):
        with torch.inference_mode():
            trained = model(*(torch.from_numpy(value) for value in inputs.values()))
        written = session.run(None, dict(inputs))
        for name, ours, theirs in zip(OUTPUTS, written, trained, strict=True):
            difference = np.abs(ours - theirs.numpy()).max(initial=0.0)
            apart[name] = float(np.maximum(apart[name], difference))  # not a number stays
    if wrong := {name: value for name, value in apart.items() if not value <= TOLERANCE}:
        found = ", ".join(f"{name} by {value:.3g}" for name, value in wrong.items())
        raise TrainingError(
            f"The exported model scores otherwise than the trained one: {found}; allowed is "
            f"{TOLERANCE}. Nothing was written: look for weights that half precision cannot hold"
        )


def _probes(
    model: DefaultModel, examples: Examples, features: FeatureConfig
) -> Iterator[dict[str, FloatArray]]:
    """Give the inputs of single clips, each first of an unknown speaker, then of a known one."""
    functionals, speakers = examples.functionals[PLAIN], examples.speakers
    average = np.asarray(_kernel(model).mean.numpy())
    for index in _spread(len(speakers)):
        own = functionals[speakers == speakers[index]]
        profile = SpeakerProfile(len(own), own.sum(axis=0, dtype=np.float64))
        clip = functionals[index : index + 1]
        shifted = clip - profile.shift(average)
        mel = at_least(examples.log_mels[PLAIN][index], features.min_frames)[None]
        for adapted in (shifted[:0], shifted):
            yield {"log_mel": mel, "functionals": clip, "adapted_functionals": adapted}


def _spread(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, PROBES).astype(np.intp))


def _kernel(model: DefaultModel) -> KernelMachine:
    assert isinstance(model.kernel, KernelMachine)  # noqa: S101 - torch forgets a child's type
    return model.kernel


def _write_onnx(model: DefaultModel, features: FeatureConfig, path: Path) -> None:
    frames = torch.zeros(2, 150, features.n_mels)
    functionals = torch.from_numpy(np.zeros((2, len(_kernel(model).mean)), dtype=np.float32))
    # The exporter through TorchScript needs a second, the one through torch.export a minute.
    torch.onnx.export(
        model,
        (frames, functionals, functionals),
        str(path),
        input_names=["log_mel", "functionals", "adapted_functionals"],
        output_names=list(OUTPUTS),
        dynamic_axes={
            "log_mel": {0: "batch", 1: "frames"},
            "functionals": {0: "batch"},
            "adapted_functionals": {0: "adapted_batch"},
        },
        opset_version=OPSET,
        dynamo=False,
        do_constant_folding=False,  # it would unpack the int8 support to four times its size
    )


def _halve(path: Path) -> None:
    """Keep `HALVED` in half precision; onnxruntime widens it once, when it loads the model."""
    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for index, tensor in enumerate(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED:
            continue
        if not tensor.name.startswith(HALVED):
            continue
        name = tensor.name
        halved = numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
        graph.initializer[index].CopyFrom(halved)
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for position, node in enumerate(casts):
        graph.node.insert(position, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))

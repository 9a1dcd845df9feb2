"""Write a trained default model as ONNX with its description."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from audio.whole_files import whole_file
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.training.recipes.default_model import DefaultModel, Ensemble, KernelMachine

OPSET: Final = 17
OUTPUTS: Final = ("network", "kernel", "adapted", "gate")
SMALLEST_HALVED: Final = 1024
"""Arrays of fewer numbers (offsets, scales) stay in single precision: nothing to gain."""


def export_model(
    model: DefaultModel,
    features: FeatureConfig,
    folder: Path,
    *,
    scales: Mapping[str, tuple[float, ...]],
    version: str,
) -> None:
    """Write `model.onnx` and `model.json` for `EmotionPredictor`.

    Args:
        model: All parts.
        features: The front end it was trained with.
        folder: Made if missing; earlier files of these names are replaced.
        scales: Of network and kernel scores, by the number of reference clips ("0" for none).
        version: Told to clients beside each prediction.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    with whole_file(path) as unfinished:
        _write_onnx(model.eval(), features, unfinished)
        _halve(unfinished)
    kernel = model.kernel
    assert isinstance(kernel, KernelMachine)  # noqa: S101 - torch forgets the type of a child
    manifest = {
        "name": "default",
        "version": version,
        "labels": EMOTIONS,
        "features": asdict(features),
        "networks": len(model.network.members) if isinstance(model.network, Ensemble) else 1,
        "parameters": sum(each.numel() for each in model.network.parameters()),
        "kernel": {"examples": len(kernel.support), "gamma": kernel.gamma},
        "scales": {count: [round(scale, 5) for scale in pair] for count, pair in scales.items()},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "average": [float(f"{value:.6g}") for value in kernel.mean.tolist()],
    }
    text = json.dumps(manifest, indent=1) + "\n"
    with whole_file(folder / "model.json") as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _write_onnx(model: DefaultModel, features: FeatureConfig, path: Path) -> None:
    kernel = model.kernel
    assert isinstance(kernel, KernelMachine)  # noqa: S101 - torch forgets the type of a child
    frames = torch.zeros(2, 150, features.n_mels)
    functionals = torch.from_numpy(np.zeros((2, len(kernel.mean)), dtype=np.float32))
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
    """Keep weights in half precision; onnxruntime widens them once, when it loads the model."""
    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for index, tensor in enumerate(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED:
            continue
        name = tensor.name
        halved = numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
        graph.initializer[index].CopyFrom(halved)
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for position, node in enumerate(casts):
        graph.node.insert(position, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))

"""Write a trained model as ONNX with its description, and count what is shipped."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn

from emotion.ml.default import DefaultModel
from emotion.ml.features import FeatureConfig
from emotion.ml.labels import EMOTIONS

OPSET: Final = 17


def export_model(
    model: DefaultModel, features: FeatureConfig, folder: Path, *, version: str
) -> None:
    """Write `model.onnx` and `model.json` for `EmotionPredictor`.

    Args:
        model: Both halves with their scales.
        features: The front end it was trained with.
        folder: Made if missing; earlier files of these names are replaced.
        version: Told to clients beside each prediction.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    _write_onnx(model.eval(), features, path)
    manifest = {
        "name": "default",
        "version": version,
        "labels": EMOTIONS,
        "features": asdict(features),
        "parameters": count_parameters(model.network),
        "kernel": {"examples": len(model.kernel.support), "gamma": model.kernel.gamma},
        "scales": {"network": model.network_scale, "kernel": model.kernel_scale},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    text = json.dumps(manifest, indent=2) + "\n"
    (folder / "model.json").write_text(text, encoding="utf-8")


def count_parameters(module: nn.Module) -> int:
    """Count the numbers fitted by gradient descent."""
    return sum(parameter.numel() for parameter in module.parameters())


def _write_onnx(model: DefaultModel, features: FeatureConfig, path: Path) -> None:
    frames = torch.zeros(2, 150, features.n_mels)
    functionals = torch.from_numpy(np.zeros((2, len(model.kernel.mean)), dtype=np.float32))
    # The exporter through TorchScript needs a second, the one through torch.export a minute.
    torch.onnx.export(
        model,
        (frames, functionals),
        str(path),
        input_names=["log_mel", "functionals"],
        output_names=["probabilities"],
        dynamic_axes={"log_mel": {0: "batch", 1: "frames"}, "functionals": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
        do_constant_folding=False,  # it would unpack the int8 support to four times its size
    )

import hashlib
import json

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.speech.weights_folder import Weights
from emotion.ml.training.export import OPSET, SMALLEST_HALVED, export_model
from emotion.ml.training.recipes.default_model import (
    DefaultModel,
    EmotionNetwork,
    Ensemble,
    NetworkConfig,
)
from emotion.ml.training.recipes.kernels import KernelConfig, fit_adapted, fit_gate, fit_kernel

SCALES = {"0": (1.23456789, 2.0), "3": (1.0, 3.0)}


@pytest.fixture(scope="module")
def model(examples) -> DefaultModel:
    torch.manual_seed(0)
    network = EmotionNetwork(NetworkConfig(channels=(8, 8, 8, 16), squeeze=2))
    kernel = fit_kernel(examples, KernelConfig())
    adapted = fit_adapted(examples, kernel, KernelConfig())
    gate = fit_gate(
        examples.functionals["plain"], np.zeros((0, 0), np.float32), kernel, KernelConfig()
    )
    return DefaultModel(Ensemble([network, network]), kernel, adapted, gate).eval()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_model(model, FeatureConfig(), folder, scales=SCALES, version="9.9")
    return folder


def test_the_description_tells_what_the_model_is(folder, model):
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content = (folder / "model.onnx").read_bytes()
    assert described["sha256"] == hashlib.sha256(content).hexdigest()
    assert tuple(described["labels"]) == EMOTIONS
    assert FeatureConfig(**described["features"]) == FeatureConfig()
    assert described["networks"] == 2
    assert described["kernel"]["examples"] == len(model.kernel.support) == 4 * 24
    assert described["scales"] == {"0": [1.23457, 2.0], "3": [1.0, 3.0]}


def test_what_is_written_is_what_serving_loads(folder):
    weights = Weights.load(folder)
    assert (weights.name, weights.version) == ("default", "9.9")
    assert weights.scales == {0: (1.23457, 2.0), 3: (1.0, 3.0)}


def test_nothing_but_the_two_files_is_left(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.onnx"]


def test_large_weights_are_halved_and_the_support_stays_in_bytes(folder):
    graph = onnx.load(str(folder / "model.onnx"))
    assert graph.opset_import[0].version == OPSET
    kinds = {tensor.name: tensor for tensor in graph.graph.initializer}
    for tensor in kinds.values():
        size = int(np.prod(tensor.dims))
        if tensor.data_type == TensorProto.FLOAT:
            assert size < SMALLEST_HALVED
        if tensor.name.endswith(".half"):
            assert tensor.data_type == TensorProto.FLOAT16
    assert [t.data_type for n, t in kinds.items() if n.endswith("support")] == [TensorProto.INT8]


@pytest.mark.parametrize(("frames", "rows"), [(32, 0), (150, 1), (333, 3)])
def test_any_length_and_any_number_of_adapted_rows_score_as_the_trained_model(
    folder, model, examples, frames, rows
):
    rng = np.random.default_rng(frames)
    functionals = examples.functionals["plain"][:3]
    inputs = {
        "log_mel": rng.normal(-38, 15, (3, frames, 64)).astype(np.float32),
        "functionals": functionals,
        "adapted_functionals": functionals[:rows] * np.float32(0.9),
    }
    session = Weights.load(folder).session
    with torch.inference_mode():
        expected = model(*(torch.from_numpy(value) for value in inputs.values()))
    for ours, theirs in zip(session.run(None, inputs), expected, strict=True):
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs.numpy(), atol=0.02)  # half precision


def test_an_export_that_fails_leaves_the_model_that_serves(model, folder, tmp_path, monkeypatch):
    for name in ("model.onnx", "model.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())

    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(onnx, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        export_model(model, FeatureConfig(), tmp_path, scales=SCALES, version="10")
    assert Weights.load(tmp_path).version == "9.9"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.onnx"]

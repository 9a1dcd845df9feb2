import hashlib
import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper

from emotion.ml.errors import TrainingError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.speech.weights_folder import SHIPPED, Weights
from emotion.ml.training.export import (
    OPSET,
    SMALLEST_HALVED,
    TOLERANCE,
    check_export,
    export_model,
)
from emotion.ml.training.recipes.default_model import (
    DefaultModel,
    EmotionNetwork,
    Ensemble,
    NetworkConfig,
)
from emotion.ml.training.recipes.kernels import KernelConfig, fit_adapted, fit_gate, fit_kernel

SCALES = {"0": (1.23456789, 2.0), "3": (1.0, 3.0)}


def model_of(examples) -> DefaultModel:
    torch.manual_seed(0)
    network = EmotionNetwork(NetworkConfig(channels=(8, 8, 8, 16), squeeze=2))
    kernel = fit_kernel(examples, KernelConfig())
    adapted = fit_adapted(examples, kernel, KernelConfig())
    gate = fit_gate(
        examples.functionals["plain"], np.zeros((0, 0), np.float32), kernel, KernelConfig()
    )
    return DefaultModel(Ensemble([network, network]), kernel, adapted, gate).eval()


@pytest.fixture(scope="module")
def model(examples) -> DefaultModel:
    return model_of(examples)


@pytest.fixture(scope="module")
def folder(model, examples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_model(model, examples, FeatureConfig(), folder, scales=SCALES, version="9.9")
    return folder


@pytest.fixture(scope="module")
def many(examples):
    """So many examples that all that belongs to each of them is large enough to be halved."""
    rng = np.random.default_rng(0)
    times = 1 + SMALLEST_HALVED // (4 * len(examples.labels))
    spread = examples.functionals["plain"].std(axis=0)
    return replace(
        examples,
        speakers=np.tile(examples.speakers, times),
        labels=np.tile(examples.labels, times),
        log_mels={"plain": examples.log_mels["plain"] * times},
        functionals={
            name: np.concatenate(
                [
                    values + (0.3 * spread * rng.standard_normal(values.shape)).astype(np.float32)
                    for _ in range(times)
                ]
            )
            for name, values in examples.functionals.items()
        },
    )


@pytest.fixture(scope="module")
def large_model(many) -> DefaultModel:
    return model_of(many)


@pytest.fixture(scope="module")
def large_folder(large_model, many, tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    export_model(large_model, many, FeatureConfig(), folder, scales=SCALES, version="9.9")
    return folder


def arrays(folder) -> dict[str, np.ndarray]:
    graph = onnx.load(str(folder / "model.onnx")).graph
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def test_the_description_tells_what_the_model_is(folder, model):
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content = (folder / "model.onnx").read_bytes()
    assert described["sha256"] == hashlib.sha256(content).hexdigest()
    assert tuple(described["labels"]) == EMOTIONS
    assert FeatureConfig(**described["features"]) == FeatureConfig()
    assert described["networks"] == 2
    assert described["kernel"]["examples"] == len(model.kernel.support) == 4 * 24
    assert described["scales"] == {"0": [1.23457, 2.0], "3": [1.0, 3.0]}
    assert described["trained_on"] == ["emodb-03", "emodb-08", "emodb-09"]


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


def test_an_export_that_fails_leaves_the_model_that_serves(
    model, examples, folder, tmp_path, monkeypatch
):
    for name in ("model.onnx", "model.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())

    def full_disk(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(onnx, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        export_model(model, examples, FeatureConfig(), tmp_path, scales=SCALES, version="10")
    assert Weights.load(tmp_path).version == "9.9"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.onnx"]


def test_norms_and_weights_of_many_examples_are_kept_as_they_are(large_folder, large_model):
    written, trained = arrays(large_folder), large_model.state_dict()
    assert written["adapted.norms"].max() > np.finfo(np.float16).max
    for name in ("adapted.norms", "adapted.weights", "kernel.weights"):
        assert written[name].size >= SMALLEST_HALVED
        np.testing.assert_array_equal(written[name], trained[name].numpy())


def test_a_known_voice_is_heard_by_a_model_of_many_examples(large_folder, large_model, many):
    clips = many.functionals["plain"][::13]
    frames = np.zeros((len(clips), 40, 64), np.float32)
    _, _, adapted, _ = Weights.load(large_folder).session.run(
        None, {"log_mel": frames, "functionals": clips, "adapted_functionals": clips}
    )
    with torch.inference_mode():
        expected = large_model.adapted(torch.from_numpy(clips)).numpy()
    assert expected.std(axis=0).max() > 5 * TOLERANCE
    np.testing.assert_allclose(adapted, expected, atol=TOLERANCE)


def test_an_export_that_scores_otherwise_is_refused_and_writes_nothing(
    large_model, many, folder, tmp_path, monkeypatch
):
    """As when norms of three millions were saved as half precision's infinity."""
    for name in ("model.onnx", "model.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    monkeypatch.setattr("emotion.ml.training.export.HALVED", ("network.", "adapted."))
    with pytest.raises(TrainingError, match=r"otherwise.*adapted by"):
        export_model(large_model, many, FeatureConfig(), tmp_path, scales=SCALES, version="10")
    for name in ("model.onnx", "model.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.onnx"]


@pytest.mark.parametrize(
    ("initializer", "output"),
    [
        ("network.members.0.head.1.bias", "network"),
        ("kernel.weights", "kernel"),
        ("adapted.weights", "adapted"),
        ("gate.weights", "gate"),
    ],
)
@pytest.mark.parametrize("damage", [lambda values: values + 0.1, lambda values: values * np.nan])
def test_each_output_is_compared(folder, model, examples, initializer, output, damage):
    written = onnx.load(str(folder / "model.onnx"))
    for tensor in written.graph.initializer:
        if tensor.name == initializer:
            values = damage(numpy_helper.to_array(tensor)).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    with pytest.raises(TrainingError, match=f"{output} by"):
        check_export(model, written.SerializeToString(), examples, FeatureConfig())


def test_the_shipped_norms_are_those_of_the_shipped_examples():
    """The model card's formula, so that nobody has to take the mended array on trust."""
    held = arrays(SHIPPED)
    shifts = held["adapted.shifts.half"].astype(np.float64)
    shifted = held["kernel.support"] - shifts[held["adapted.owners"]]
    np.testing.assert_array_equal(
        held["adapted.norms"], np.square(shifted).sum(axis=1).astype(np.float32)
    )


def test_nothing_that_is_shipped_is_infinite_or_no_number():
    for name, values in arrays(SHIPPED).items():
        assert np.isfinite(values).all(), name

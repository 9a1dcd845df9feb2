import hashlib
import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emotion.ml.errors import ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.extraction import Features, extract
from emotion.ml.speech.speakers import SpeakerProfile
from emotion.ml.speech.weights_folder import BATCH, SHIPPED, Weights

NOBODY = SpeakerProfile()


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load(SHIPPED)


@pytest.fixture(scope="module")
def windows(weights, voice) -> list[Features]:
    """Five windows of three lengths."""
    seconds = (0.5, 1.0, 0.5, 1.5, 1.0)
    return [extract(voice(s, hz=120 + 40 * n), weights.features) for n, s in enumerate(seconds)]


@pytest.fixture(scope="module")
def known(windows) -> SpeakerProfile:
    profile = SpeakerProfile()
    for window in windows[:3]:
        profile.add(window.functionals)
    return profile


def test_windows_of_all_lengths_together_score_as_each_alone(weights, windows):
    together = weights.run(windows, [NOBODY] * 5)
    for index, window in enumerate(windows):
        alone = weights.run([window], [NOBODY])
        np.testing.assert_allclose(together.logits[index], alone.logits[0], atol=1e-4)
        np.testing.assert_allclose(together.gate[index], alone.gate[0], atol=1e-4)


def test_known_and_unknown_speakers_together_score_as_each_alone(weights, windows, known):
    profiles = [NOBODY, known, known, NOBODY, known]
    together = weights.run(windows, profiles).logits
    for index, (window, profile) in enumerate(zip(windows, profiles, strict=True)):
        # Squared distances of millions in single precision, summed in another order for one row,
        # move the adapted machine's scores by some 0.0001.
        np.testing.assert_allclose(
            together[index], weights.run([window], [profile]).logits[0], atol=1e-3
        )


def test_more_windows_than_a_batch_keep_their_order(weights, windows):
    many = [windows[n % 5] for n in range(BATCH + 8)]
    logits = weights.run(many, [NOBODY] * len(many)).logits
    np.testing.assert_allclose(logits[5:10], logits[:5], atol=1e-4)
    np.testing.assert_allclose(logits[BATCH : BATCH + 3], logits[2:5], atol=1e-4)


def test_no_windows_have_no_scores(weights):
    outputs = weights.run([], [])
    assert outputs.logits.shape == (0, len(EMOTIONS))
    assert outputs.gate.shape == (0,)


def test_the_gate_does_not_hear_who_speaks(weights, windows, known):
    strangers, friends = (weights.run(windows, [who] * 5).gate for who in (NOBODY, known))
    np.testing.assert_allclose(strangers, friends, atol=1e-5)


def test_the_scales_are_those_of_the_most_references_that_there_are(weights, windows):
    """With one scale at zero, what is left is the score of the other part alone."""
    chosen = replace(weights, scales={0: (1.0, 0.0), 3: (0.0, 1.0)})
    one, two, three, nine = (
        SpeakerProfile(count, count * weights.average.astype(np.float64)) for count in (1, 2, 3, 9)
    )
    network = chosen.run(windows[:1], [NOBODY]).logits
    for profile in (one, two):
        np.testing.assert_allclose(chosen.run(windows[:1], [profile]).logits, network, atol=1e-5)
    for profile in (three, nine):
        assert np.abs(chosen.run(windows[:1], [profile]).logits - network).max() > 0.01


def test_scores_grow_with_their_scales(weights, windows):
    plain = replace(weights, scales={0: (1.0, 2.0)}).run(windows, [NOBODY] * 5).logits
    doubled = replace(weights, scales={0: (2.0, 4.0)}).run(windows, [NOBODY] * 5).logits
    np.testing.assert_allclose(doubled, 2 * plain, rtol=1e-6)


@pytest.fixture
def described(tmp_path):
    """Writes a folder whose description is changed, around any bytes of weights."""

    def write(content: bytes | None = None, **changes: object):
        content = (SHIPPED / "model.onnx").read_bytes() if content is None else content
        (tmp_path / "model.onnx").write_bytes(content)
        manifest = json.loads((SHIPPED / "model.json").read_text(encoding="utf-8"))
        manifest |= {"sha256": hashlib.sha256(content).hexdigest(), **changes}
        kept = {key: value for key, value in manifest.items() if value is not ...}
        (tmp_path / "model.json").write_text(json.dumps(kept), encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    "key", ["labels", "features", "name", "version", "scales", "average", "sha256"]
)
def test_a_description_that_lacks_something_is_refused(described, key):
    with pytest.raises(ModelError, match=r"another version|does not match"):
        Weights.load(described(**{key: ...}))


@pytest.mark.parametrize(
    "changes",
    [
        {"scales": {"none": [1, 2]}},
        {"scales": {"0": [1]}},
        {"scales": [1, 2]},
        {"average": ["a"]},
        {"features": {"n_mels": 64, "n_bands": 3}},
        {"labels": 7},
    ],
)
def test_a_description_of_another_kind_is_refused(described, changes):
    with pytest.raises(ModelError, match="another version"):
        Weights.load(described(**changes))


def test_scales_that_serve_known_speakers_only_are_refused(described):
    with pytest.raises(ModelError, match=r"\[3, 5\] clips: 0 is missing"):
        Weights.load(described(scales={"3": [1, 2], "5": [1, 2]}))


def test_emotions_in_another_order_are_refused(described):
    """Scores would silently go to the wrong emotions."""
    with pytest.raises(ModelError, match="expected"):
        Weights.load(described(labels=list(reversed(EMOTIONS))))


def test_bytes_that_are_no_text_are_refused(described):
    folder = described()
    (folder / "model.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(ModelError, match="Cannot read"):
        Weights.load(folder)


def test_a_model_with_other_inputs_is_refused(described):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["sound"], ["emotion"])],
        "other",
        [value("sound", TensorProto.FLOAT, [1])],
        [value("emotion", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    with pytest.raises(ModelError, match=r"takes \['sound'\]: of another version"):
        Weights.load(described(model.SerializeToString()))

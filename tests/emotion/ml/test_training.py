import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion.ml import training
from emotion.ml.calibration import Scales
from emotion.ml.corpora import load_corpus
from emotion.ml.default import DefaultModel, EmotionNetwork, NetworkConfig
from emotion.ml.errors import CorpusError
from emotion.ml.evaluation import weighted_accuracy
from emotion.ml.examples import PLAIN, load_examples
from emotion.ml.experiment import cross_corpus, hold_out, recorded_scales, train
from emotion.ml.export import export_model
from emotion.ml.features import FeatureConfig
from emotion.ml.labels import EMOTIONS
from emotion.ml.predictor import EmotionPredictor
from emotion.ml.training import TrainingConfig, fit_kernel, fit_network, network_logits

FEATURES = FeatureConfig()
SMALL = NetworkConfig(channels=(8, 8, 8, 16), squeeze=2)
SHORT = TrainingConfig(epochs=2, batch_size=8, shortest_crop=32, longest_crop=48)


@pytest.fixture(scope="session")
def examples(tones, tmp_path_factory):
    clips = load_corpus("emodb", tones)
    return load_examples(clips, FEATURES, cache=tmp_path_factory.mktemp("cache"), varied=True)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def weights(network) -> np.ndarray:
    return torch.cat([value.flatten() for value in network.parameters()]).detach().numpy()


def test_a_run_resumed_after_a_kill_equals_an_unbroken_one(examples, tmp_path, monkeypatch):
    config = replace(SHORT, epochs=3)
    unbroken = fit_network(examples, config, seed=1, network=SMALL)
    checkpoint = tmp_path / "work" / "run.pt"

    class Killed(Exception):
        pass

    original = training._Run.epoch

    def epoch(run, number):
        if number == 2:
            raise Killed
        return original(run, number)

    monkeypatch.setattr(training._Run, "epoch", epoch)
    with pytest.raises(Killed):
        fit_network(examples, config, seed=1, network=SMALL, checkpoint=checkpoint)
    epochs_run = []
    monkeypatch.setattr(
        training._Run, "epoch", lambda run, n: epochs_run.append(n) or original(run, n)
    )
    resumed = fit_network(examples, config, seed=1, network=SMALL, checkpoint=checkpoint)
    assert epochs_run == [2]
    np.testing.assert_allclose(weights(resumed), weights(unbroken), atol=1e-7)


def test_a_checkpoint_of_other_settings_is_refused(examples, tmp_path):
    checkpoint = tmp_path / "run.pt"
    fit_network(examples, replace(SHORT, epochs=1), seed=0, network=SMALL, checkpoint=checkpoint)
    with pytest.raises(ValueError, match="other settings"):
        fit_network(examples, SHORT, seed=0, network=SMALL, checkpoint=checkpoint)


def test_channels_that_torch_cannot_align_are_refused(examples):
    with pytest.raises(ValueError, match="multiples of 8"):
        fit_network(examples, SHORT, seed=0, network=NetworkConfig(channels=(4, 8, 8, 16)))


def test_the_seed_decides_the_weights(examples):
    once, twice, other = (
        weights(fit_network(examples, SHORT, seed=seed, network=SMALL)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(once, twice)
    assert np.abs(once - other).max() > 1e-3


def test_mixing_clips_trains_too(examples):
    mixed = fit_network(examples, replace(SHORT, mixup=0.4), seed=0, network=SMALL)
    assert np.isfinite(weights(mixed)).all()


def test_the_kernel_machine_recalls_what_it_was_fitted_to(examples):
    kernel = fit_kernel(examples, replace(SHORT, ridge=1e-4))
    scores = training.kernel_scores(kernel, examples).numpy()
    assert (scores.argmax(axis=1) == examples.labels).all()
    assert kernel.support.dtype == torch.int8


def test_kernel_ridge_solves_its_normal_equations(examples):
    """On its own support the fit leaves the residual that the ridge prescribes."""
    config = replace(SHORT, ridge=0.5, kernel_variations=(PLAIN,))
    kernel = fit_kernel(examples, config)
    support = kernel.support.float()
    from emotion.ml.default import gaussian_kernel

    fitted = (gaussian_kernel(support, support, config.gamma) @ kernel.weights).numpy()
    counts = np.bincount(examples.labels, minlength=7)
    noise = config.ridge * 7 * counts[examples.labels] / len(examples.labels)
    targets = np.eye(7)[examples.labels] - 1 / 7
    expected = targets - noise[:, None] * kernel.weights.numpy()
    np.testing.assert_allclose(fitted, expected, atol=1e-4)


def test_onnx_equals_torch(examples, tmp_path):
    network = fit_network(examples, SHORT, seed=0, network=SMALL)
    kernel = fit_kernel(examples, SHORT)
    model = DefaultModel(network, kernel, network_scale=1.3, kernel_scale=2.1).eval()
    export_model(model, FEATURES, tmp_path, version="9")
    served = EmotionPredictor.load(tmp_path)
    for batch, frames in ((1, 32), (3, 77), (2, 300)):
        mel = torch.randn(batch, frames, 64) * 15 - 38
        functionals = torch.from_numpy(examples.functionals[PLAIN][:batch])
        with torch.inference_mode():
            expected = model(mel, functionals).numpy()
        inputs = {"log_mel": mel.numpy(), "functionals": functionals.numpy()}
        (actual,) = served._session.run(["probabilities"], inputs)
        np.testing.assert_allclose(actual, expected, atol=1e-4)
    assert served.version == "9"


def test_features_are_read_back_as_they_were_computed(tones, examples, tmp_path):
    clips = load_corpus("emodb", tones)
    refused = AssertionError("decoded again")

    def read(path):
        raise refused

    first = load_examples(clips, FEATURES, cache=tmp_path, varied=False)
    again = load_examples(clips, FEATURES, cache=tmp_path, varied=False, read=read)
    np.testing.assert_array_equal(again.functionals[PLAIN], first.functionals[PLAIN])
    np.testing.assert_array_equal(first.functionals[PLAIN], examples.functionals[PLAIN])
    for one, other in zip(again.log_mels[PLAIN], first.log_mels[PLAIN], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_is_scored_without_chance(examples):
    network = EmotionNetwork(SMALL).train()
    once = network_logits(network, examples, FEATURES.min_frames)
    twice = network_logits(network, examples, FEATURES.min_frames)
    assert once.shape == (24, 7)
    np.testing.assert_array_equal(once, twice)


def test_the_whole_protocol_from_corpus_to_shipped_folder(tones, tmp_path, voice):
    data = {"emodb": tones}
    report = hold_out(data, tmp_path, seed=0, training=SHORT)["held_out"]
    default = report["systems"]["default"]["emodb"]
    assert [fold["held_out"] for fold in default["folds"]] == [
        ("emodb-03",),
        ("emodb-08",),
        ("emodb-09",),
    ]
    assert default["wa_mean"] > 0.7  # four tones, three speakers: easy, chance is a quarter
    assert weighted_accuracy(np.array(default["confusion"])) == pytest.approx(default["wa_mean"])
    scales = recorded_scales(tmp_path / "evaluation.json")
    train(data, tmp_path, scales=scales, version="0.0.1", seed=0, training=SHORT)
    assert EmotionPredictor.load(tmp_path).predict(voice(1.0)).emotion in EMOTIONS
    cross_corpus(data, tmp_path, weights=tmp_path)
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert set(written) == {"held_out", "cross_corpus"}
    assert written["cross_corpus"]["emodb"]["wa_mean"] > 0.7


def test_a_finished_round_is_not_trained_again(tones, tmp_path, monkeypatch):
    hold_out({"emodb": tones}, tmp_path, training=SHORT)

    def refused(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr("emotion.ml.protocol.fit_network", refused)
    hold_out({"emodb": tones}, tmp_path, training=SHORT)


def test_tess_is_never_trained_on(tmp_path):
    for run in (
        lambda: hold_out({"tess": tmp_path}, tmp_path),
        lambda: train({"tess": tmp_path}, tmp_path, scales=Scales(1, 1), version="1"),
    ):
        with pytest.raises(CorpusError, match="tess may only be tested on"):
            run()


def test_scales_without_an_evaluation_are_refused(tmp_path):
    (tmp_path / "evaluation.json").write_text("{}")
    for path in (tmp_path / "evaluation.json", tmp_path / "none.json"):
        with pytest.raises(CorpusError, match="run evaluate_emotion first"):
            recorded_scales(path)

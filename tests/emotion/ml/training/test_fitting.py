from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion.ml.errors import TrainingError
from emotion.ml.training import fitting
from emotion.ml.training.bank import AugmentationConfig, LogMelBank
from emotion.ml.training.fitting import FitConfig, RunPlace, fit, held_back, score
from emotion.ml.training.recipes.default_model import EmotionNetwork, NetworkConfig

SMALL = NetworkConfig(channels=(8, 8, 8, 16), squeeze=2)
SHORT = FitConfig(epochs=3, batch_size=8, crops=(32, 48), validate_every=1, averaging=0.5)
NOBODY = np.zeros(0, dtype=np.intp)


@pytest.fixture
def bank(examples):
    return LogMelBank(examples, AugmentationConfig(), "cpu")


def fitted(bank, config=SHORT, place=None, validated=NOBODY):
    torch.manual_seed(5)
    everyone = np.setdiff1d(np.arange(24), validated)
    return fit(EmotionNetwork(SMALL), bank, everyone, validated, config, place or RunPlace())


def weights(network) -> np.ndarray:
    return torch.cat([value.flatten() for value in network.parameters()]).detach().numpy()


class Killed(Exception):
    pass


def killed_after(epochs: int, original):
    def epoch(run):
        if run.epochs == epochs:
            raise Killed
        return original(run)

    return epoch


def test_a_run_resumed_after_a_kill_equals_an_unbroken_one(bank, tmp_path, monkeypatch):
    validated = np.arange(8)
    unbroken = fitted(bank, validated=validated)
    place = RunPlace(folder=tmp_path)
    original = fitting._Run.epoch
    with monkeypatch.context() as patch:
        patch.setattr(fitting._Run, "epoch", killed_after(2, original))
        with pytest.raises(Killed):
            fitted(bank, place=place, validated=validated)
    ran = []
    monkeypatch.setattr(fitting._Run, "epoch", lambda run: ran.append(run.epochs) or original(run))
    resumed = fitted(bank, place=place, validated=validated)
    assert ran == [2]
    np.testing.assert_allclose(weights(resumed), weights(unbroken), atol=1e-6)


def test_a_checkpoint_of_other_settings_is_refused(bank, tmp_path):
    place = RunPlace(folder=tmp_path)
    fitted(bank, replace(SHORT, epochs=1), place)
    with pytest.raises(TrainingError, match="other settings"):
        fitted(bank, SHORT, place)


def test_the_seed_decides_the_weights(bank):
    once, twice = (weights(fitted(bank, place=RunPlace(seed=3))) for _ in range(2))
    np.testing.assert_array_equal(once, twice)
    assert np.abs(once - weights(fitted(bank, place=RunPlace(seed=4)))).max() > 1e-3


def test_the_epoch_that_held_back_speakers_like_best_is_kept(bank, monkeypatch):
    recalls = iter([0.2, 0.9, 0.4])
    seen = []

    def recall(truth, predicted):
        return next(recalls)

    original = fitting._Run._look

    def look(run):
        value = original(run)
        seen.append(weights(run.averaged.module))
        return value

    monkeypatch.setattr(fitting, "unweighted_average_recall", recall)
    monkeypatch.setattr(fitting._Run, "_look", look)
    best = fitted(bank, validated=np.arange(8))
    np.testing.assert_array_equal(weights(best), seen[1])


def test_a_fit_that_gets_no_better_stops_early(bank, monkeypatch):
    monkeypatch.setattr(fitting, "unweighted_average_recall", lambda truth, predicted: 0.5)
    ran = []
    original = fitting._Run.epoch
    monkeypatch.setattr(fitting._Run, "epoch", lambda run: ran.append(1) or original(run))
    fitted(bank, replace(SHORT, epochs=9, patience=2), validated=np.arange(8))
    assert len(ran) == 3  # the first is the best, two more are looked at in vain


def test_mixing_clips_trains_too(bank):
    assert np.isfinite(weights(fitted(bank, replace(SHORT, mixup=0.4)))).all()


def test_no_clip_to_train_on_is_an_error(bank):
    with pytest.raises(TrainingError, match="no clip to train on"):
        fit(EmotionNetwork(SMALL), bank, NOBODY, NOBODY, SHORT, RunPlace())


def test_curves_are_written_for_tensorboard(bank, tmp_path):
    fitted(bank, place=RunPlace(folder=tmp_path, label="a fit"))
    assert list((tmp_path / "curves" / "a fit").glob("events.out.tfevents.*"))


def test_weights_and_biases_is_asked_for_by_its_own_variable(bank, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)  # as if it were not installed
    with pytest.raises(TrainingError, match="pip install wandb"):
        fitted(bank, place=RunPlace(folder=tmp_path))


def test_a_network_is_scored_without_chance(bank):
    network = EmotionNetwork(SMALL).train()
    once, twice = (score(network, bank, range(24), 32) for _ in range(2))
    assert once.shape == (24, 7)
    np.testing.assert_array_equal(once, twice)


def test_speakers_held_back_are_of_every_corpus_and_never_all_of_one():
    speakers = np.repeat([f"ravdess-{n:02d}" for n in range(1, 17)] + ["emodb-03", "emodb-08"], 3)
    back = held_back(speakers, seed=0)
    chosen = set(speakers[back])
    assert len(chosen) == 2  # one in eight of RAVDESS; EMO-DB has none to spare
    assert all(name.startswith("ravdess") for name in chosen)
    assert set(speakers[held_back(speakers, seed=1)]) != chosen
    for name in chosen:
        assert back[speakers == name].all()


def test_varied_crops_have_the_wanted_length_and_stay_finite(bank):
    for crop in (20, 400):  # shorter and longer than every clip
        batch = bank.batch(torch.arange(24), crop)
        assert batch.shape == (24, crop, 64)
        assert torch.isfinite(batch).all()


def test_without_any_variation_a_crop_is_the_clip_itself(examples):
    still = AugmentationConfig(
        variations=(("plain", 1.0),), pitch=0, pace=0, tilt_db=0, gain_db=0, masks=0
    )
    bank = LogMelBank(examples, still, "cpu")
    mel = examples.log_mels["plain"][0]
    torch.manual_seed(0)
    # A shift of the bands by up to one remains, so compare the mean over them.
    (crop,) = bank.batch(torch.tensor([0]), len(mel) - 1)
    np.testing.assert_allclose(crop.mean(dim=1).numpy(), mel[:-1].mean(axis=1), atol=2.5)

"""Every recipe goes the same way: described, fitted, scored, saved, loaded."""

import json
from dataclasses import replace

import numpy as np
import pytest

from emotion.ml.errors import CorpusError, ModelError, TrainingError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import EmotionPredictor
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from emotion.ml.training.corpora import load_corpus
from emotion.ml.training.experiment import cross_corpus, hold_out, recorded_scales, train
from emotion.ml.training.fitting import FitConfig, RunPlace
from emotion.ml.training.recipes.default_model import NetworkConfig
from emotion.ml.training.recipes.default_recipe import DefaultRecipe
from emotion.ml.training.recipes.hub import HubRecipe, load_checkpoint, our_emotion
from emotion.ml.training.recipes.registry import recipe
from emotion.ml.training.rejection import export_default

ensure_torchaudio_imports()

from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification  # noqa: E402

SHORT = FitConfig(epochs=2, batch_size=8, crops=(48, 64), min_frames=48, averaging=0.5)
SMALL_DEFAULT = DefaultRecipe(
    members=2,
    network=NetworkConfig(channels=(8, 8, 8, 16), squeeze=2),
    fitting=replace(SHORT, min_frames=32),
)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """A wav2vec 2.0 of a few thousand weights that names some emotions in its own way."""
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8, 8),
        conv_kernel=(10, 8),
        conv_stride=(40, 8),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=8,
        vocab_size=8,
        id2label={0: "anger", 1: "Happiness", 2: "boredom", 3: "sadness"},
        label2id={"anger": 0, "Happiness": 1, "boredom": 2, "sadness": 3},
    )
    folder = tmp_path_factory.mktemp("checkpoint")
    Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    return folder


def shortened(name, tiny_checkpoint):
    if name == "hub":
        config = replace(HubRecipe.fitting, epochs=1, crops=(8000,), min_frames=8000)
        return HubRecipe(checkpoint=str(tiny_checkpoint), config=config)
    chosen = recipe(name)
    return replace(chosen, config=SHORT) if name in {"cnn_bigru", "timedist"} else chosen


@pytest.mark.parametrize("name", ["classic", "timedist", "cnn_bigru", "hub", "egemaps"])
def test_a_recipe_scores_the_same_after_saving_and_loading(name, tones, tmp_path, tiny_checkpoint):
    chosen = shortened(name, tiny_checkpoint)
    clips = load_corpus("emodb", tones)
    examples = chosen.describe(clips, cache=tmp_path, varied=True, seed=0)
    fitted = chosen.fit(examples, RunPlace())
    assert fitted.parameters > 100
    fitted.save(tmp_path / "saved")
    again = chosen.load(tmp_path / "saved")
    (part,) = chosen.systems[""]
    scores = fitted.scores(examples)[part]
    assert scores.shape == (24, 7)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(again.scores(examples)[part], scores, atol=1e-4)


@pytest.mark.parametrize("name", ["classic", "egemaps"])
def test_a_recipe_learns_what_is_easy(name, tones, tmp_path):
    report = hold_out(recipe(name), {"emodb": tones}, tmp_path, RunPlace())
    figures = report[name]["held_out"]["systems"][""]["emodb"]
    assert [fold["held_out"] for fold in figures["folds"]] == [
        ("emodb-03",),
        ("emodb-08",),
        ("emodb-09",),
    ]
    assert figures["wa_mean"] > 0.7  # four tones, three speakers; chance is a quarter


@pytest.mark.parametrize("name", ["classic", "timedist", "cnn_bigru"])
def test_a_folder_without_weights_is_refused(name, tmp_path):
    with pytest.raises(ModelError, match="holds no trained"):
        recipe(name).load(tmp_path)


def test_the_default_goes_from_corpus_to_shipped_folder(tones, tmp_path, voice):
    data, chosen, place = {"emodb": tones}, SMALL_DEFAULT, RunPlace()
    systems = hold_out(chosen, data, tmp_path, place)["default"]["held_out"]["systems"]
    assert systems[""]["emodb"]["wa_mean"] > 0.7
    assert set(systems) == set(chosen.systems)
    fitted = train(chosen, data, tmp_path, place)
    scales = recorded_scales(tmp_path / "evaluation.json")
    export_default(fitted, data, tmp_path, noise=None, scales=scales, version="0.0.1")
    predictor = EmotionPredictor.load(tmp_path)
    assert predictor.version == "0.0.1"
    assert predictor.predict(voice(1.0), assume_speech=True).emotion in EMOTIONS
    cross_corpus(data, tmp_path, weights=tmp_path)
    written = json.loads((tmp_path / "evaluation.json").read_text())["default"]
    assert set(written) == {"held_out", "cross_corpus"}
    assert written["cross_corpus"]["emodb"]["wa_mean"] > 0.7


def test_the_exported_default_scores_as_the_trained_one(tones, tmp_path, examples):
    import torch

    from emotion.ml.speech.extraction import Features
    from emotion.ml.speech.speakers import SpeakerProfile

    fitted = SMALL_DEFAULT.fit(examples, RunPlace())
    scales = dict.fromkeys(SMALL_DEFAULT.systems, (1.5, 2.0))
    export_default(fitted, {"emodb": tones}, tmp_path, noise=None, scales=scales, version="1")
    weights = EmotionPredictor.load(tmp_path)._weights
    functionals = examples.functionals["plain"]
    profile = SpeakerProfile(3, 3 * functionals[:3].mean(axis=0).astype(np.float64))
    for known in (SpeakerProfile(), profile):
        mels = [np.full((40 + 9 * n, 64), -30.0 - n, np.float32) for n in range(3)]
        windows = [Features(mel, values) for mel, values in zip(mels, functionals, strict=False)]
        actual = weights.run(windows, [known] * 3).logits
        with torch.inference_mode():
            network = torch.cat([fitted.network(torch.from_numpy(mel)[None]) for mel in mels])
            kernel = fitted.kernel(torch.from_numpy(functionals[:3]))
            shifted = functionals[:3] - known.shift(fitted.kernel.mean.numpy())
            adapted = fitted.adapted(torch.from_numpy(shifted))
        mixed = known.trust * adapted + (1 - known.trust) * kernel
        np.testing.assert_allclose(actual, 1.5 * network + 2.0 * mixed, atol=0.02)


def test_a_finished_round_is_not_trained_again(tones, tmp_path, monkeypatch):
    hold_out(recipe("egemaps"), {"emodb": tones}, tmp_path, RunPlace())

    def refused(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr("emotion.ml.training.recipes.egemaps.Egemaps.fit", refused)
    hold_out(recipe("egemaps"), {"emodb": tones}, tmp_path, RunPlace())


def test_rounds_in_processes_give_the_same_figures(tones, tmp_path):
    alone, parallel = (
        hold_out(recipe("egemaps"), {"emodb": tones}, tmp_path / str(jobs), RunPlace(), jobs=jobs)
        for jobs in (1, 2)
    )
    assert alone == parallel


def test_labels_of_published_checkpoints_become_ours():
    assert [our_emotion(each) for each in ("ang", "Fear", " calm", "happiness", "boredom")] == [
        "angry",
        "fearful",
        "neutral",
        "happy",
        None,
    ]


def test_the_classifier_keeps_the_rows_of_known_emotions(tiny_checkpoint):
    theirs = Wav2Vec2ForSequenceClassification.from_pretrained(tiny_checkpoint).classifier
    ours = load_checkpoint(str(tiny_checkpoint)).model.classifier
    assert ours.weight.shape[0] == 7
    for row, emotion in ((0, "angry"), (1, "happy"), (3, "sad")):
        np.testing.assert_array_equal(
            ours.weight[EMOTIONS.index(emotion)].detach(), theirs.weight[row].detach()
        )


def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_checkpoint(str(tmp_path / "nowhere"))


def test_a_hub_model_without_a_checkpoint_is_refused(tones, tmp_path):
    chosen = recipe("hub")
    examples = chosen.describe(load_corpus("emodb", tones), cache=tmp_path, varied=True, seed=0)
    with pytest.raises(TrainingError, match="--checkpoint"):
        chosen.fit(examples, RunPlace())


def test_an_unknown_model_is_refused():
    with pytest.raises(TrainingError, match="choose from default, classic"):
        recipe("transformer")


def test_tess_is_never_trained_on(tmp_path):
    for run in (hold_out, train):
        with pytest.raises(CorpusError, match="tess may only be tested on"):
            run(recipe("egemaps"), {"tess": tmp_path}, tmp_path, RunPlace())


def test_scales_without_an_evaluation_are_refused(tmp_path):
    (tmp_path / "evaluation.json").write_text("{}")
    for path in (tmp_path / "evaluation.json", tmp_path / "none.json"):
        with pytest.raises(CorpusError, match="run evaluate_emotion first"):
            recorded_scales(path)

import json
from dataclasses import replace

import numpy as np
import pytest

from audio import decode
from emotion.ml.errors import ModelError, TrainingError
from emotion.ml.speech.ear import Ear
from emotion.ml.training.corpora import load_corpus
from emotion.ml.training.experiment import cross_corpus, hold_out
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes.encoder import EncoderRecipe, FittedEncoder, Listened, _others
from emotion.ml.training.recipes.registry import recipe


@pytest.fixture(scope="module")
def tiny(tiny_whisper) -> EncoderRecipe:
    return recipe("encoder", checkpoint=str(tiny_whisper), layers=(1, 2))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("heard")


@pytest.fixture(scope="module")
def listened(tiny, tones, cache) -> Listened:
    return tiny.describe(load_corpus("emodb", tones), cache=cache, varied=True, seed=0)


@pytest.fixture(scope="module")
def fitted(tiny, listened) -> FittedEncoder:
    return tiny.fit(listened, RunPlace(seed=3))


def test_clips_are_heard_clean_degraded_and_shortened(listened):
    clean, *others = listened.copies
    assert clean.shape == (24, 2 * 2 * 32)
    assert len(others) == 3
    for copy in others:
        assert copy.shape == clean.shape
        assert np.isfinite(copy).all()
        assert np.abs(copy - clean).max() > 0.01


def test_without_variation_only_clean_clips_are_heard(tiny, tones, cache, listened):
    plain = tiny.describe(load_corpus("emodb", tones), cache=cache, varied=False, seed=9)
    assert len(plain.copies) == 1
    np.testing.assert_array_equal(plain.copies[0], listened.copies[0])


def test_it_learns_what_is_easy_and_reports_every_system(tiny, tones, tmp_path):
    report = hold_out(tiny, {"emodb": tones}, tmp_path, RunPlace())["encoder"]["held_out"]
    assert report["systems"].keys() == tiny.systems.keys()
    assert report["systems"][""]["emodb"]["wa_mean"] > 0.7  # four tones; chance is a quarter
    assert report["parameters"] == 7 * 4 * 16  # of a round: clean and three copies of 16 clips


def test_it_scores_the_same_after_saving_and_loading(fitted, tiny, listened, tmp_path):
    fitted.save(tmp_path)
    again = tiny.load(tmp_path)
    scores = fitted.scores(listened)
    assert {part for parts in tiny.systems.values() for part in parts} == set(scores)
    for part, values in again.scores(listened).items():
        assert values.shape == (24, 7)
        np.testing.assert_array_equal(values, scores[part])
    assert "Copyright (c) 2022 OpenAI" in (tmp_path / "NOTICE.txt").read_text()


def test_a_waveform_is_scored_as_the_clip_of_a_corpus(fitted, listened, tones):
    clip = load_corpus("emodb", tones)[5]
    probabilities = fitted.probabilities(decode(clip.path))
    assert probabilities.sum() == pytest.approx(1)
    logits = fitted.scores(listened)["ear"][5]
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_saved_weights_score_another_corpus(fitted, tiny, tones, tmp_path):
    fitted.save(tmp_path / "weights")
    data = {"emodb": tones}
    report = cross_corpus(data, tmp_path, weights=tmp_path / "weights", recipe=tiny)
    assert report["encoder"]["cross_corpus"]["emodb"]["wa_mean"] > 0.9  # it was trained on them


def test_a_run_that_breaks_off_goes_on_where_it_was(tiny, tones, tmp_path, monkeypatch):
    clips = load_corpus("emodb", tones)[:4]
    describe, heard = Ear.describe, []

    def breaking(self, waveform):
        heard.append(waveform.size)
        if len(heard) == 10:  # in the second degraded copy
            raise MemoryError
        return describe(self, waveform)

    monkeypatch.setattr(Ear, "describe", breaking)
    with pytest.raises(MemoryError):
        tiny.describe(clips, cache=tmp_path, varied=True, seed=0)
    whole = tiny.describe(clips, cache=tmp_path, varied=True, seed=0)
    assert len(heard) == 10 + 8  # the clean clips and the first copy are not heard again
    again = tiny.describe(clips, cache=tmp_path, varied=True, seed=0)
    assert len(heard) == 18
    for one, other in zip(whole.copies, again.copies, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_other_layers_and_other_clips_are_heard_anew(tiny, tones, tmp_path):
    clips = load_corpus("emodb", tones)[:3]
    small = replace(tiny, copies=1, parts=0)

    def stored() -> int:
        return len(list(tmp_path.glob("heard-*.npy")))

    small.describe(clips, cache=tmp_path, varied=True, seed=0)
    assert stored() == 2
    small.describe(clips, cache=tmp_path, varied=True, seed=1)
    assert stored() == 3  # the clean ones know no seed
    replace(small, layers=(2,)).describe(clips, cache=tmp_path, varied=False, seed=0)
    small.describe(clips[:2], cache=tmp_path, varied=False, seed=0)
    assert stored() == 5


def test_no_held_out_voice_is_in_the_crowd_of_a_copy(tones):
    from emotion.ml.training.recipes.encoder import _Reader

    clips = load_corpus("emodb", tones)
    crowds = _Reader(clips)._crowds
    for clip, crowd in zip(clips, crowds, strict=True):
        assert {clips[other].speaker for other in crowd} == {clip.speaker}


def test_references_are_other_clips_of_the_group():
    groups = np.array([0, 0, 0, 1, 1, 2])
    for count in (0, 1, 5):
        for index, others in enumerate(_others(groups, count, seed=0)):
            assert index not in others
            assert (groups[others] == groups[index]).all()
            available = int(np.sum(groups == groups[index])) - 1
            assert len(others) == (min(count, available) if count else available)


def test_clips_that_another_encoder_heard_are_refused(fitted, tiny, tones, tmp_path):
    clips = load_corpus("emodb", tones)[:2]
    other = replace(tiny, int8=False).describe(clips, cache=tmp_path, varied=False, seed=0)
    with pytest.raises(ModelError, match="heard by another encoder"):
        fitted.scores(other)


def test_a_folder_that_is_missing_or_was_changed_is_refused(fitted, tiny, tmp_path):
    with pytest.raises(ModelError, match="holds no trained encoder"):
        tiny.load(tmp_path)
    fitted.save(tmp_path)
    path = tmp_path / "recipe.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps({**described, "sha256": "0" * 64}))
    with pytest.raises(ModelError, match="does not match its checksum"):
        tiny.load(tmp_path)


def test_layers_that_the_encoder_lacks_are_refused(tiny, tones, tmp_path):
    for layers in ((), (9,)):
        with pytest.raises(TrainingError, match="layers"):
            replace(tiny, layers=layers).describe(
                load_corpus("emodb", tones)[:1], cache=tmp_path, varied=False, seed=0
            )

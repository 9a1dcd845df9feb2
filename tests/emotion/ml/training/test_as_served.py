import json
import shutil

import numpy as np
import pytest
from django.core.management import call_command

from audio import decode, encode_wav
from emotion.ml.errors import CorpusError, ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.ml.training.as_served import ALL, REFERENCES, measure_as_served, profiles_of
from emotion.ml.training.corpora import load_corpus


@pytest.fixture(scope="module")
def report(tones, tmp_path_factory):
    out = tmp_path_factory.mktemp("served")
    return measure_as_served({"emodb": tones}, out, weights=SHIPPED)["default"]["as_served"]


@pytest.fixture(scope="module")
def looked_at(predictor, voice):
    """Five clips of one voice, two of another and one of a third, and who speaks them."""
    speakers = np.array(["a", "a", "b", "a", "b", "a", "a", "c"])
    clips = [
        predictor.look_at(voice(0.5 + 0.1 * n, hz=110 + 20 * n), assume_speech=True)
        for n in range(len(speakers))
    ]
    return clips, speakers


def confusion(pairs) -> list[list[int]]:
    counts = [[0] * len(EMOTIONS) for _ in EMOTIONS]
    for truth, predicted in pairs:
        counts[EMOTIONS.index(truth)][EMOTIONS.index(predicted)] += 1
    return counts


def test_without_references_the_figures_are_those_of_single_predictions(report, predictor, tones):
    clips = load_corpus("emodb", tones)
    predictions = [predictor.predict(decode(clip.path), assume_speech=True) for clip in clips]
    expected = confusion((c.emotion, p.emotion) for c, p in zip(clips, predictions, strict=True))
    assert np.array_equal(report["corpora"]["emodb"]["references"]["0"]["confusion"], expected)


def test_all_references_are_the_other_clips_of_the_speaker(report, predictor, tones):
    clips = load_corpus("emodb", tones)
    pairs = []
    for clip in clips:
        others = [
            decode(other.path)
            for other in clips
            if other.speaker == clip.speaker and other.path != clip.path
        ]
        judged = predictor.predict(decode(clip.path), references=others, assume_speech=True)
        pairs.append((clip.emotion, judged.emotion))
    found = report["corpora"]["emodb"]["references"][ALL]["confusion"]
    assert np.array_equal(found, confusion(pairs))


def test_every_number_of_references_has_its_figures_by_speaker(report):
    references = report["corpora"]["emodb"]["references"]
    assert tuple(references) == REFERENCES
    for figures in references.values():
        held_out = [fold["held_out"] for fold in figures["folds"]]
        assert held_out == [("emodb-03",), ("emodb-08",), ("emodb-09",)]


def test_figures_name_the_bytes_they_belong_to(report, predictor):
    assert (report["sha256"], report["version"]) == (predictor.sha256, predictor.version)


@pytest.mark.parametrize("count", REFERENCES)
def test_a_profile_holds_so_many_other_clips_of_the_speaker(looked_at, count):
    clips, speakers = looked_at
    profiles = profiles_of(clips, speakers, count, seed=0)
    others = [int((speakers == speaker).sum()) - 1 for speaker in speakers]
    wanted = others if count == ALL else [min(int(count), each) for each in others]
    assert [profile.clips for profile in profiles] == wanted


def test_no_clip_is_its_own_reference(looked_at):
    clips, speakers = looked_at
    functionals = np.stack([clip.functionals for clip in clips])
    for index, profile in enumerate(profiles_of(clips, speakers, ALL, seed=0)):
        own = functionals[speakers == speakers[index]].astype(np.float64).sum(axis=0)
        if profile.clips:
            np.testing.assert_allclose(profile.total + functionals[index], own, rtol=1e-6)


def test_a_seed_draws_the_same_references_and_another_seed_others(looked_at):
    clips, speakers = looked_at
    first, again, other = (
        np.stack([profile.total for profile in profiles_of(clips, speakers, "1", seed)[:2]])
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_speakers_that_were_trained_on_are_counted_and_said(tones, tmp_path, capsys):
    options = {"protocol": "as-served", "out": tmp_path, "data": [f"emodb={tones}"]}
    call_command("evaluate_emotion", **options)
    assert (
        "EMO-DB, 3 of 3 speakers trained on: a check of function, not of accuracy"
        in capsys.readouterr().out
    )


def test_speakers_that_were_kept_back_rate_the_weights(tones, tmp_path, capsys):
    weights = tmp_path / "weights"
    shutil.copytree(SHIPPED, weights)
    description = json.loads((weights / "model.json").read_text())
    (weights / "model.json").write_text(json.dumps({**description, "trained_on": ["emodb-16"]}))
    options = {"protocol": "as-served", "out": tmp_path, "data": [f"emodb={tones}"]}
    call_command("evaluate_emotion", weights=weights, **options)
    assert "EMO-DB, 3 speakers, never trained on" in capsys.readouterr().out


def test_weights_that_do_not_say_whom_they_heard_are_refused(tones, tmp_path):
    weights = tmp_path / "weights"
    shutil.copytree(SHIPPED, weights)
    description = json.loads((weights / "model.json").read_text())
    del description["trained_on"]
    (weights / "model.json").write_text(json.dumps(description))
    with pytest.raises(ModelError, match=r'does not name the speakers.*"trained_on"'):
        measure_as_served({"emodb": tones}, tmp_path, weights=weights)


def test_a_silent_clip_is_named(tmp_path):
    path = tmp_path / "03a01Wa.wav"
    path.write_bytes(encode_wav(np.zeros(16_000, np.float32), 16_000))
    with pytest.raises(CorpusError, match=r"03a01Wa\.wav is silent: take it out of emodb"):
        measure_as_served({"emodb": tmp_path}, tmp_path, weights=SHIPPED)

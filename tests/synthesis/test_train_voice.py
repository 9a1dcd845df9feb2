"""The command that trains a voice; the training itself is tested in ml/test_training.py."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def train(tmp_path: Path, **changes: object) -> None:
    options = {name: str(tmp_path / name) for name in ("kathleen", "ravdess", "work", "out")}
    call_command("train_voice", **{**options, **changes}, stdout=io.StringIO())


def test_a_missing_corpus_is_told(tmp_path):
    with pytest.raises(CommandError, match="No metadata.csv"):
        train(tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_recording_that_is_listed_but_missing_is_told(tmp_path):
    (tmp_path / "kathleen").mkdir()
    (tmp_path / "kathleen" / "metadata.csv").write_text('file,seconds,text\none,1.0,"One."\n')
    with pytest.raises(CommandError, match="one.ogg is listed in metadata.csv but missing"):
        train(tmp_path)


def test_less_than_one_step_is_refused(tmp_path):
    with pytest.raises(CommandError, match="give 1 or more"):
        train(tmp_path, steps=0)


def test_a_tuning_without_a_step_is_refused(tmp_path):
    with pytest.raises(CommandError, match="--tuning-steps is 0: give 1 or more"):
        train(tmp_path, tuning_steps=0)


@pytest.mark.corpora
def test_the_corpora_are_read_as_they_lie(corpora):
    from synthesis.ml.making.preparation import DONOR_ACTORS
    from synthesis.ml.recordings.corpora import read_acted_clips, read_prompts
    from synthesis.ml.speaking.phonemes import Phonemizer, phoneme_table

    prompts = read_prompts(corpora / "kathleen")
    assert len(prompts) == 1142
    phonemizer = Phonemizer(phoneme_table())
    assert all(phonemizer(prompt.text).endswith(".") for prompt in prompts)
    clips = read_acted_clips(corpora / "ravdess", DONOR_ACTORS["women"])
    # Five actresses, two sentences twice, six strong emotions and neutral.
    assert len(clips) == 5 * 4 * 7
    men = read_acted_clips(corpora / "ravdess", DONOR_ACTORS["men"])
    assert {clip.actor % 2 for clip in clips} == {0}  # RAVDESS gives women even numbers
    assert {clip.actor % 2 for clip in men} == {1}


@pytest.mark.corpora
def test_every_donor_of_the_recipe_is_in_the_corpus(corpora):
    from synthesis.ml.making.preparation import DONOR_ACTORS
    from synthesis.ml.making.recipe import load_recipes
    from synthesis.ml.making.speakers import load_speakers
    from synthesis.ml.recordings.corpora import read_acted_clips

    recipes = load_recipes()
    for speaker in load_speakers():
        clips = {
            (clip.actor, clip.emotion, clip.statement, clip.repetition)
            for clip in read_acted_clips(corpora / "ravdess", DONOR_ACTORS[speaker.donors])
        }
        for emotion, takes in recipes[speaker.name].items():
            for take in takes:
                donor = take.donor
                assert (donor.actor, emotion, donor.statement, donor.repetition) in clips

from pathlib import Path

import pytest

from emotion.ml.errors import CorpusError
from emotion.ml.training.ravdess import parse_name, speaker_name


@pytest.mark.parametrize(
    ("code", "emotion"),
    [
        ("01", "neutral"),
        ("02", "neutral"),
        ("03", "happy"),
        ("04", "sad"),
        ("05", "angry"),
        ("06", "fearful"),
        ("07", "disgust"),
        ("08", "surprised"),
    ],
)
def test_the_third_field_is_the_emotion(code, emotion):
    recording = parse_name(Path(f"Actor_12/03-01-{code}-01-02-01-12.flac"))
    assert recording.emotion == emotion
    assert recording.is_calm == (code == "02")


def test_the_other_fields_are_intensity_sentence_take_and_actor():
    recording = parse_name(Path("03-01-05-02-01-02-07.wav"))
    assert recording.is_strong
    assert (recording.statement, recording.repetition, recording.actor) == ("01", "02", 7)
    assert not parse_name(Path("03-01-05-01-01-02-07.wav")).is_strong


@pytest.mark.parametrize(
    "name",
    [
        "03-01-09-01-01-01-01.wav",
        "03-01-00-01-01-01-01.wav",
        "03-01-05-01-01-01.wav",
        "03-01-05-01-01-01-01-01.wav",
        "03-01-05-01-01-01-xx.wav",
        "angry.wav",
    ],
)
def test_a_file_named_otherwise_is_told_how_it_should_be_named(name):
    with pytest.raises(CorpusError, match=rf"{name} in ravdess: expected one like 03-01-05"):
        parse_name(Path(name))


def test_actors_are_told_apart_from_the_speakers_of_other_corpora():
    assert speaker_name(3) == "ravdess-03"
    assert speaker_name(24) == "ravdess-24"

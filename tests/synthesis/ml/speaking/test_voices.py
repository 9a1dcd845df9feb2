import shutil
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from emotion.ml.labels import EMOTIONS
from synthesis.ml.errors import UnknownEmotionError, VoiceError
from synthesis.ml.speaking.phonemes import phoneme_table
from synthesis.ml.speaking.voices import (
    Voice,
    available_voices,
    file_sha256,
    load_voice,
    write_manifest,
)

SHIPPED = settings.VOICES_DIR / "kathleen"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "moved"))


def change(folder: Path, old: str, new: str) -> None:
    manifest = folder / "voice.toml"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_voice_speaks_the_seven_emotions_in_order():
    voice = load_voice(SHIPPED)
    assert voice.emotions == EMOTIONS
    assert all(tuple(emotions) == EMOTIONS for emotions in voice.speakers.values())
    assert voice.speaker("angry").startswith("kathleen_angry")
    assert voice.sampling_rate == 16_000
    assert voice.phonemes == phoneme_table()


def test_the_shipped_weights_are_those_of_the_manifest_and_small():
    voice = load_voice(SHIPPED)
    assert voice.sha256 == file_sha256(voice.model_path)
    assert voice.model_path.stat().st_size < 16_000_000


def test_the_shipped_folder_names_no_other_place():
    config = (SHIPPED / "config.json").read_text(encoding="utf-8")
    assert str(Path.home()) not in config
    assert '"/' not in config


def test_the_card_names_every_corpus_with_its_licence():
    card = (SHIPPED / "VOICE_CARD.md").read_text(encoding="utf-8")
    for word in (
        "CC0",
        "RAVDESS",
        "CC BY-NC-SA 4.0",
        "train_voice",
        "synthesis.ml.rating.evaluate",
    ):
        assert word in card


def test_voices_are_listed_by_folder():
    assert "kathleen" in available_voices(settings.VOICES_DIR)


def test_a_folder_without_voices_lists_none(tmp_path):
    assert available_voices(tmp_path) == ()
    assert available_voices(tmp_path / "absent") == ()


def test_an_unknown_emotion_is_refused_with_the_known_ones():
    with pytest.raises(UnknownEmotionError, match="bored.*angry, disgust"):
        load_voice(SHIPPED).speaker("bored")


@pytest.mark.parametrize("name", ["voice.toml", "config.json", "model.pth"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(VoiceError, match=name):
        load_voice(folder)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(VoiceError, match="not a voice"):
        load_voice(tmp_path / "absent")


def test_a_manifest_that_is_not_toml_is_refused(folder):
    (folder / "voice.toml").write_text("name = ")
    with pytest.raises(VoiceError, match="not valid"):
        load_voice(folder)


def test_a_manifest_of_broken_bytes_is_refused(folder):
    (folder / "voice.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(VoiceError, match="not valid"):
        load_voice(folder)


def test_a_manifest_without_a_key_is_refused(folder):
    change(folder, "sampling_rate", "rate")
    with pytest.raises(VoiceError, match="sampling_rate"):
        load_voice(folder)


def test_two_phonemes_with_one_character_are_refused(folder):
    change(folder, '"b" = "b"', '"b" = "a"')
    with pytest.raises(VoiceError, match="share a character"):
        load_voice(folder)


def test_a_phoneme_with_two_characters_is_refused(folder):
    change(folder, '"b" = "b"', '"b" = "bb"')
    with pytest.raises(VoiceError, match="exactly one character"):
        load_voice(folder)


def test_changed_weights_are_noticed(folder):
    voice = load_voice(folder)
    voice.verify()
    with voice.model_path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(VoiceError, match="copy the folder anew"):
        voice.verify()


def test_a_written_manifest_reads_back_equal(folder):
    voice = load_voice(folder)
    write_manifest(voice)
    assert load_voice(folder) == voice


names = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)


@given(
    names,
    st.dictionaries(
        names, st.dictionaries(st.sampled_from(EMOTIONS), names, min_size=1), min_size=1
    ),
    st.floats(0.1, 10),
)
@hypothesis_settings(max_examples=50, deadline=None)
def test_any_names_survive_the_manifest(tmp_path_factory, name, speakers, slowness):
    folder = tmp_path_factory.mktemp("voice")
    for file in ("config.json", "model.pth"):
        (folder / file).touch()
    voice = Voice(
        folder=folder, name=name, language="en", licence="CC0", kind="vits", vocoder="none",
        sampling_rate=22_050, sha256="0" * 64, speakers=speakers, phonemes={"a": '"', "b": "\\"},
        semitones_per_unit=1.0, pitch_spread=1.0, slowness=slowness,
    )  # fmt: skip
    write_manifest(voice)
    assert load_voice(folder) == voice


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('kind = "fast_pitch"', 'kind = "wavenet"', "'wavenet' is none of fast_pitch, glow_tts"),
        ('vocoder = "griffin_lim"', 'vocoder = "hifi"', "'hifi' is none of griffin_lim"),
        ("sampling_rate = 16000", 'sampling_rate = "fast"', "fast"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_those_that_are(folder, old, new, named):
    change(folder, old, new)
    with pytest.raises(VoiceError, match=named):
        load_voice(folder)


def test_a_voice_without_speakers_is_refused(folder):
    text = (folder / "voice.toml").read_text(encoding="utf-8")
    head, phonemes = text.split("[speakers")[0], "[phonemes]" + text.split("[phonemes]")[1]
    (folder / "voice.toml").write_text(head + "[speakers]\n" + phonemes, encoding="utf-8")
    with pytest.raises(VoiceError, match="names no speaker with an emotion"):
        load_voice(folder)


@pytest.mark.parametrize(("target", "is_clip"), [("a/happy.wav", True), ("happy_0", False)])
def test_a_target_is_a_clip_of_the_folder_or_a_speaker(folder, target, is_clip):
    found = load_voice(folder).clip(target)
    assert found == (folder / target if is_clip else None)

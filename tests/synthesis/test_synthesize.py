"""The command that speaks into a file."""

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from audio import decode


def synthesize(out: Path, **changes: object) -> None:
    options = {"text": "The meeting starts at ten.", "emotion": "happy", "out": str(out)}
    call_command("synthesize", **{**options, **changes}, stdout=io.StringIO())


def test_a_wav_file_is_written(tmp_path):
    out = tmp_path / "clip.wav"
    synthesize(out)
    waveform = decode(out)
    assert 0.8 < len(waveform) / 16_000 < 5
    assert [path.name for path in tmp_path.iterdir()] == ["clip.wav"]


def test_the_seed_decides_the_sound(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        synthesize(tmp_path / f"{name}.wav", seed=seed)
    first, again, other = (decode(tmp_path / f"{name}.wav") for name in "abc")
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"emotion": "bored"}, "Unknown emotion 'bored'.*angry"),
        ({"voice": "nobody"}, "Unknown voice 'nobody'.*kathleen"),
        ({"voice": "../kathleen"}, "Unknown voice"),
        ({"text": " "}, "text is empty"),
        ({"text": "..."}, "Nothing to pronounce"),
        ({"text": "word " * 100}, "at most 300"),
        ({"seed": -1}, "give 0 or more"),
    ],
)
def test_a_wrong_argument_is_told_and_nothing_is_written(tmp_path, changes, told):
    with pytest.raises(CommandError, match=told):
        synthesize(tmp_path / "clip.wav", **changes)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(CommandError, match="Cannot write to"):
        synthesize(tmp_path / "absent" / "clip.wav")


def test_a_folder_as_target_is_told(tmp_path):
    with pytest.raises(CommandError, match="is a folder"):
        synthesize(tmp_path)


def test_an_existing_file_stays_when_speaking_fails(tmp_path):
    out = tmp_path / "clip.wav"
    out.write_bytes(b"before")
    with pytest.raises(CommandError):
        synthesize(out, emotion="bored")
    assert out.read_bytes() == b"before"

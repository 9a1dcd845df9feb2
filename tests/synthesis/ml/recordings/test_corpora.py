"""The recordings as they lie on disk."""

from pathlib import Path

import pytest

from synthesis.ml.errors import CorpusError
from synthesis.ml.recordings.corpora import read_acted_clips, read_prompts


@pytest.fixture
def reader(tmp_path) -> Path:
    (tmp_path / "wavs").mkdir()
    rows = [("b2", '"Tea, at noon."'), ("a1", "Grüße.")]
    lines = [f"{name},1.0,{text}" for name, text in rows]
    table = "file,seconds,text\n" + "\n".join(lines) + "\n"
    (tmp_path / "metadata.csv").write_text(table, encoding="utf-8")
    for name, _ in rows:
        (tmp_path / "wavs" / f"{name}.ogg").touch()
    return tmp_path


def acted(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / f"{name}.flac").touch()
    return folder


def test_readings_keep_the_order_and_the_words_of_the_table(reader):
    prompts = read_prompts(reader)
    assert [(p.name, p.text) for p in prompts] == [("b2", "Tea, at noon."), ("a1", "Grüße.")]
    assert all(prompt.path.is_file() for prompt in prompts)


def test_a_folder_without_a_table_says_which_folder_is_wanted(tmp_path):
    with pytest.raises(CorpusError, match="give the folder of the reader's corpus"):
        read_prompts(tmp_path)


def test_a_listed_recording_that_is_missing_is_named(reader):
    (reader / "wavs" / "a1.ogg").unlink()
    with pytest.raises(CorpusError, match="a1.ogg is listed in metadata.csv but missing"):
        read_prompts(reader)


def test_the_name_of_an_acted_clip_tells_everything_about_it(tmp_path):
    acted(tmp_path, "03-01-05-02-01-02-12")
    (clip,) = read_acted_clips(tmp_path, frozenset({12}))
    assert (clip.actor, clip.emotion, clip.statement, clip.repetition) == (12, "angry", "01", "02")
    assert clip.is_strong
    assert clip.name == "03-01-05-02-01-02-12"


def test_weak_emotions_and_calm_are_left_out_and_neutral_is_kept(tmp_path):
    kept = ["03-01-01-01-01-01-01", "03-01-08-02-01-01-01"]
    acted(tmp_path, *kept, "03-01-05-01-01-01-01", "03-01-02-02-01-01-01")
    assert [clip.name for clip in read_acted_clips(tmp_path, frozenset({1}))] == kept


def test_songs_and_other_actors_are_left_out(tmp_path):
    acted(tmp_path, "03-01-03-02-01-01-01", "03-02-03-02-01-01-01", "03-01-03-02-01-01-02")
    (clip,) = read_acted_clips(tmp_path, frozenset({1}))
    assert (clip.actor, clip.emotion) == (1, "happy")


def test_actors_without_a_clip_are_named(tmp_path):
    acted(tmp_path, "03-01-03-02-01-01-01")
    with pytest.raises(CorpusError, match=r"actors \[4, 6\]"):
        read_acted_clips(tmp_path, frozenset({1, 4, 6}))


def test_a_file_named_otherwise_is_told_in_the_words_of_this_package(tmp_path):
    acted(tmp_path, "03-01-03-02-01-01-02", "03-01-angry")
    with pytest.raises(CorpusError, match="Unexpected file name 03-01-angry.flac"):
        read_acted_clips(tmp_path, frozenset({2}))

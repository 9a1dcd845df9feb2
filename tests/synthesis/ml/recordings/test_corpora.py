import pytest

from synthesis.ml.errors import CorpusError
from synthesis.ml.recordings.corpora import read_acted_clips, read_prompts


@pytest.fixture
def acted(tmp_path):
    """Actor 2 in all eight emotions of RAVDESS, in both intensities; neutral has one."""
    for emotion in range(1, 9):
        for intensity in (1, 2)[: 1 if emotion == 1 else 2]:
            (tmp_path / f"03-01-{emotion:02d}-{intensity:02d}-01-02-02.flac").touch()
    return tmp_path


def test_donors_are_strong_and_neutral_and_never_calm(acted):
    clips = read_acted_clips(acted, frozenset({2}))
    assert [clip.emotion for clip in clips] == [
        "neutral",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    ]
    assert all(clip.is_strong for clip in clips[1:])
    assert {(clip.statement, clip.repetition, clip.actor) for clip in clips} == {("01", "02", 2)}


def test_actors_without_clips_are_named(acted):
    with pytest.raises(CorpusError, match=r"actors \[4, 6\]"):
        read_acted_clips(acted, frozenset({2, 4, 6}))


def test_a_file_named_otherwise_is_told_in_the_words_of_this_package(acted):
    (acted / "03-01-angry.flac").touch()
    with pytest.raises(CorpusError, match="Unexpected file name 03-01-angry.flac"):
        read_acted_clips(acted, frozenset({2}))


def test_a_listed_prompt_without_its_recording_is_named(tmp_path):
    (tmp_path / "metadata.csv").write_text("file,text\na,One.\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.ogg is listed"):
        read_prompts(tmp_path)
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "a.ogg").touch()
    assert [(prompt.name, prompt.text) for prompt in read_prompts(tmp_path)] == [("a", "One.")]


def test_a_folder_without_a_table_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"No metadata\.csv"):
        read_prompts(tmp_path)

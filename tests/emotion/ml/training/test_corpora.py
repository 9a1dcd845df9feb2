from pathlib import Path

import pytest

from emotion.ml.errors import CorpusError
from emotion.ml.training.corpora import CORPORA, folds, load_corpus, parse_spec, rounds


def tree(folder: Path, names: list[str]) -> Path:
    """Make empty files; adapters look at names only."""
    folder.mkdir(parents=True)
    for name in names:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return folder


@pytest.fixture
def ravdess(tmp_path):
    names = [
        f"Actor_{actor:02d}/03-01-{emotion:02d}-01-01-01-{actor:02d}.flac"
        for actor in range(1, 21)
        for emotion in range(1, 9)
    ]
    return tree(tmp_path / "ravdess", names)


@pytest.fixture
def emodb(tmp_path):
    speakers = ("03", "08", "09", "10", "12", "14", "15", "16")
    return tree(tmp_path / "emodb", [f"{s}a01{e}a.flac" for s in speakers for e in "WLEAFTN"])


def test_ravdess_calm_is_neutral(ravdess):
    clips = load_corpus("ravdess", ravdess)
    assert len(clips) == 160
    assert [clip.emotion for clip in clips[:8]] == [
        "neutral",
        "neutral",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    ]
    assert clips[0].speaker == "ravdess-01"


def test_emodb_boredom_is_left_out(emodb):
    clips = load_corpus("emodb", emodb)
    assert len(clips) == 8 * 6
    assert {clip.emotion for clip in clips} == {
        "angry",
        "disgust",
        "fearful",
        "happy",
        "neutral",
        "sad",
    }


def test_tess_pleasant_surprise_is_surprised(tmp_path):
    folder = tree(tmp_path / "tess", ["OAF_back_ps.ogg", "YAF_dog_fear.ogg"])
    clips = load_corpus("tess", folder)
    assert [(clip.speaker, clip.emotion) for clip in clips] == [
        ("tess-OAF", "surprised"),
        ("tess-YAF", "fearful"),
    ]


def test_ravdess_has_the_five_published_folds(ravdess):
    groups = folds("ravdess", load_corpus("ravdess", ravdess))
    assert [sorted(int(name[-2:]) for name in group) for group in groups] == [
        [1, 2, 11, 12],
        [3, 4, 13, 14],
        [5, 6, 15, 16],
        [7, 8, 17, 18],
        [9, 10, 19, 20],
    ]


def test_emodb_leaves_one_speaker_out(emodb):
    groups = folds("emodb", load_corpus("emodb", emodb))
    assert [sorted(group) for group in groups[:2]] == [["emodb-03"], ["emodb-08"]]
    assert len(groups) == 8


def test_every_speaker_is_held_out_in_exactly_one_round(ravdess, emodb):
    clips = load_corpus("ravdess", ravdess) + load_corpus("emodb", emodb)
    held = rounds(clips)
    assert len(held) == 8
    listed = [speaker for group in held for speaker in group]
    assert len(listed) == len(set(listed))
    assert set(listed) == {clip.speaker for clip in clips}
    assert held[0] == {"emodb-03", "ravdess-01", "ravdess-02", "ravdess-11", "ravdess-12"}


def test_actors_outside_the_folds_are_refused(tmp_path):
    folder = tree(tmp_path / "more", ["03-01-05-01-01-01-21.wav"])
    with pytest.raises(CorpusError, match="ravdess-21"):
        folds("ravdess", load_corpus("ravdess", folder))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(CorpusError, match="nowhere"):
        load_corpus("emodb", tmp_path / "nowhere")


def test_a_folder_without_audio_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="No FLAC, Ogg or WAV"):
        load_corpus("emodb", tree(tmp_path / "empty", ["README.md"]))


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("ravdess", "03-01-09-01-01-01-01.wav"),
        ("ravdess", "hello.wav"),
        ("emodb", "03a01Xa.wav"),
        ("emodb", "3a01Fa.wav"),
        ("tess", "OAF_back_joy.wav"),
        ("tess", "back_angry.wav"),
    ],
)
def test_a_file_named_otherwise_is_refused(tmp_path, corpus, name):
    with pytest.raises(CorpusError, match=f"Unexpected file name {name}"):
        load_corpus(corpus, tree(tmp_path / "bad", [name]))


def test_a_specification_is_a_known_name_and_a_folder():
    assert parse_spec("emodb=/data/emo=db") == ("emodb", Path("/data/emo=db"))
    for spec in ("emodb", "emodb=", "iemocap=/data", "=/data"):
        with pytest.raises(CorpusError, match="NAME=FOLDER"):
            parse_spec(spec)


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("corpus", "clips", "speakers"), [("ravdess", 1200, 20), ("emodb", 356, 8), ("tess", 700, 2)]
)
def test_the_real_corpora_have_their_clips(corpora, corpus, clips, speakers):
    loaded = load_corpus(corpus, corpora / corpus)
    assert corpus in CORPORA
    assert len(loaded) == clips
    assert len({clip.speaker for clip in loaded}) == speakers

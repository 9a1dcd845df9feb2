"""From corpora on disk to training examples, in one run, in several, and after a kill."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio import encode_wav
from synthesis.ml.errors import CorpusError
from synthesis.ml.making import preparation
from synthesis.ml.making.examples import Example, ExampleStore, Row
from synthesis.ml.making.preparation import (
    ActorAnalysis,
    PreparationConfig,
    Renderer,
    WorkFolder,
    aligned_starts,
    load_takes,
    prepare,
)
from synthesis.ml.making.recipe import DonorKey, TakeRecipe, load_recipes
from synthesis.ml.making.speakers import Speaker
from synthesis.ml.recordings.corpora import read_acted_clips, read_prompts
from synthesis.ml.speaking.phonemes import Phonemizer, phoneme_table
from tests.synthesis.ml.conftest import RATE, syllables

TEXTS = {"r1": "Tea at noon.", "r2": "Go, now.", "r3": "We saw a bee."}
SPEAKERS = (
    Speaker("reader", formants=1.0, pitch=1.0, donors="women"),
    Speaker("lower", formants=0.9, pitch=0.6, donors="men"),
)
CONFIG = PreparationConfig(phoneme_table(), rendered_prompts=2, renderings_per_prompt=1, seed=3)


def write(path: Path, waveform: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_wav(waveform, RATE))


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Path:
    """Three readings; the decoder looks at what a file holds and not at its name."""
    folder = tmp_path_factory.mktemp("reader")
    rows = [f'{name},1.0,"{text}"' for name, text in TEXTS.items()]
    (folder / "metadata.csv").write_text("file,seconds,text\n" + "\n".join(rows) + "\n")
    for number, name in enumerate(TEXTS):
        write(folder / "wavs" / f"{name}.ogg", syllables(170.0, syllable_s=0.3, seed=number))
    return folder


@pytest.fixture(scope="module")
def acted(tmp_path_factory) -> Path:
    """One actress and one actor, neutral, happy and sad."""
    folder = tmp_path_factory.mktemp("acted")
    for actor, f0_hz in ((1, 120.0), (2, 210.0)):
        for code, factor in (("01", 1.0), ("03", 1.3), ("04", 0.9)):
            name = f"03-01-{code}-02-01-01-{actor:02}.flac"
            write(folder / name, syllables(f0_hz * factor, seed=actor))
    return folder


@pytest.fixture(scope="module", autouse=True)
def small_recipe() -> Iterator[None]:
    """Two takes of two speakers, instead of the recipe's forty-eight of four."""
    gains = load_recipes()["kathleen"]["happy"][0].gains
    recipes = {
        speaker: {
            emotion: [TakeRecipe(DonorKey(actor, "01", "01"), replace(gains, tempo=tempo))]
            for emotion, tempo in (("happy", 0.5), ("sad", 1.0))
        }
        for speaker, actor in (("reader", 2), ("lower", 1))
    }
    actors = {"women": frozenset({2}), "men": frozenset({1})}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "load_recipes", lambda: recipes)
        patch.setattr(preparation, "load_speakers", lambda: SPEAKERS)
        patch.setattr(preparation, "DONOR_ACTORS", actors)
        yield


@pytest.fixture(scope="module")
def prepared(small_recipe, reader, acted, tmp_path_factory) -> WorkFolder:
    folder = WorkFolder(tmp_path_factory.mktemp("work"))
    prepare(reader, acted, folder, CONFIG, show_progress=False)
    return folder


@pytest.fixture
def work(tmp_path) -> WorkFolder:
    return WorkFolder(tmp_path)


def as_bytes(examples: list[Example]) -> list[tuple]:
    return [
        (e.prompt, e.row, e.spelling, e.durations.tobytes(), e.mel.tobytes(), e.f0.tobytes())
        for e in examples
    ]


def test_rendered_readings_are_spoken_by_all_and_others_by_the_reader_alone(prepared):
    rows: dict[str, list[Row]] = {}
    for example in prepared.examples.load():
        rows.setdefault(example.prompt, []).append(example.row)
    for name in ("r1", "r2"):
        assert [row.speaker for row in rows[name]] == ["reader", "reader", "lower", "lower"]
        assert [row.emotion == "neutral" for row in rows[name]] == [True, False, True, False]
    assert rows["r3"] == [Row("reader", "neutral", 0)]


def test_every_example_has_the_spelling_and_the_length_of_its_reading(prepared):
    spell = Phonemizer(phoneme_table())
    for example in prepared.examples.load():
        assert example.spelling == spell(TEXTS[example.prompt])
        assert len(example.durations) == len(example.spelling)
        assert example.durations.sum() == example.n_frames


def test_a_further_speaker_reads_lower(prepared):
    neutral = {
        e.row.speaker: np.median(e.f0[e.f0 > 0])
        for e in prepared.examples.load()
        if e.prompt == "r1" and e.row.emotion == "neutral"
    }
    assert neutral["lower"] == pytest.approx(0.6 * neutral["reader"], rel=0.02)


def test_a_killed_preparation_goes_on_to_the_same_examples(
    reader, acted, prepared, work, monkeypatch
):
    add = ExampleStore.add

    def killed_at_the_second(store: ExampleStore, prompt: str, examples: list[Example]) -> None:
        if prompt == "r2":
            raise KeyboardInterrupt
        add(store, prompt, examples)

    monkeypatch.setattr(ExampleStore, "add", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        prepare(reader, acted, work, CONFIG, show_progress=False)
    monkeypatch.setattr(ExampleStore, "add", add)
    first = (work.path / "examples" / "r1.npz").stat().st_mtime_ns
    prepare(reader, acted, work, CONFIG, show_progress=False)
    assert (work.path / "examples" / "r1.npz").stat().st_mtime_ns == first
    assert as_bytes(work.examples.load()) == as_bytes(prepared.examples.load())


def test_several_processes_analyse_what_one_does(acted, work):
    clips = read_acted_clips(acted, frozenset({1, 2}))[:3]
    preparation._each(ActorAnalysis(work), clips, 2, "actors", show_progress=False)
    for clip in clips:
        assert len(work.analyses.load(clip.name)[1]) > 50


def test_takes_are_cut_once_for_every_speakers_emotion(acted, prepared):
    takes = load_takes(acted, prepared, 1, show_progress=False)
    assert [take.row for take in takes] == [
        Row(speaker, emotion, 0) for speaker in ("reader", "lower") for emotion in ("happy", "sad")
    ]
    donors = {take.row.speaker: take.donor.name[-2:] for take in takes}
    assert donors == {"reader": "02", "lower": "01"}


def test_an_actor_without_clips_is_told_before_anything_is_rendered(reader, tmp_path, work):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"actors \[1, 2\]"):
        prepare(reader, tmp_path / "empty", work, CONFIG, show_progress=False)
    assert not list((work.path / "examples").glob("*.npz"))


def test_alignment_is_kept_and_not_done_again(reader, prepared, work):
    prompts = read_prompts(reader)
    first = aligned_starts(prompts, prepared.alignment, CONFIG, show_progress=False)
    assert sorted(first) == sorted(TEXTS)
    moved = {name: starts + 1 for name, starts in first.items()}
    np.savez(work.alignment, **moved)
    again = aligned_starts(prompts, work.alignment, CONFIG, show_progress=False)
    np.testing.assert_array_equal(again["r1"], moved["r1"])


def test_emotions_are_drawn_without_repetition(acted, prepared):
    takes = load_takes(acted, prepared, 1, show_progress=False)
    renderer = Renderer(SPEAKERS, takes, prepared, replace(CONFIG, renderings_per_prompt=2))
    for seed in range(20):
        drawn = renderer._choose(SPEAKERS[0], np.random.default_rng(seed))
        assert sorted(take.row.emotion for take in drawn) == ["happy", "sad"]


@pytest.mark.parametrize(
    ("token", "label"), [(" ", "sil"), (",", "sil"), (".", "sil"), ("S", "iː"), ("s", "ʒ")]
)
def test_stress_and_pauses_share_their_states(token, label):
    labels = {"S": "ˈiː", "s": "ʒ"}
    assert preparation._label(token, labels) == label

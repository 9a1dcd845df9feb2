from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from emotion.ml.training.corpora import Clip, rounds
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.protocol import score_held_out

SPEAKERS = ("03", "08", "09")
CLIPS = [
    Clip(Path(f"{speaker}a01{code}a.wav"), "emodb", f"emodb-{speaker}", emotion)
    for speaker in SPEAKERS
    for code, emotion in (("W", "angry"), ("N", "neutral"), ("F", "happy"))
]


@dataclass(frozen=True)
class Numbers:
    """Clips as one number each, which names the clip."""

    speakers: np.ndarray
    labels: np.ndarray
    values: np.ndarray

    def subset(self, chosen: np.ndarray) -> "Numbers":
        return Numbers(self.speakers[chosen], self.labels[chosen], self.values[chosen])


@dataclass
class Fitted:
    known: set[str]
    parameters: int = 42

    def scores(self, examples: Numbers) -> dict[str, np.ndarray]:
        assert not self.known & set(examples.speakers), "a speaker was on both sides"
        rows = np.repeat(examples.values[:, None], 7, axis=1)
        return {"first": rows, "second": -rows}


@dataclass
class Telling:
    """A recipe that learns nothing, and tells what it was given."""

    name: str = "telling"
    breaks_in: int = -1
    seen: list[tuple[str, list[str]]] = field(default_factory=list)

    def fit(self, examples: Numbers, place: RunPlace) -> Fitted:
        if len(self.seen) == self.breaks_in:
            raise KeyboardInterrupt
        known = sorted(set(examples.speakers))
        self.seen.append((place.label, known))
        assert place.folder is not None
        place.folder.mkdir(parents=True, exist_ok=True)
        (place.folder / f"{place.label.replace(' ', '-')}.pt").touch()
        return Fitted(set(known))


@pytest.fixture
def numbers() -> Numbers:
    speakers = np.array([clip.speaker for clip in CLIPS])
    return Numbers(speakers, np.arange(len(CLIPS)) % 7, np.arange(len(CLIPS), dtype=np.float64))


def test_every_clip_is_scored_by_a_model_that_never_heard_its_speaker(numbers, tmp_path):
    recipe = Telling()
    held = score_held_out(recipe, CLIPS, numbers, RunPlace(), folder=tmp_path)
    assert [known for _, known in recipe.seen] == [
        ["emodb-08", "emodb-09"],
        ["emodb-03", "emodb-09"],
        ["emodb-03", "emodb-08"],
    ]
    assert held.turn.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert held.parameters == 42


def test_scores_come_back_in_the_order_of_the_clips(numbers, tmp_path):
    order = np.array([4, 0, 8, 2, 6, 1, 3, 7, 5])
    clips = [CLIPS[index] for index in order]
    shuffled = Numbers(numbers.speakers[order], numbers.labels[order], numbers.values[order])
    held = score_held_out(Telling(), clips, shuffled, RunPlace(), folder=tmp_path)
    np.testing.assert_array_equal(held.parts["first"][:, 0], order)
    np.testing.assert_array_equal(held.parts["second"][:, 3], -order)


def test_a_run_after_a_kill_trains_what_is_left(numbers, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        score_held_out(Telling(breaks_in=2), CLIPS, numbers, RunPlace(), folder=tmp_path)
    again = Telling()
    held = score_held_out(again, CLIPS, numbers, RunPlace(), folder=tmp_path)
    assert [label for label, _ in again.seen] == ["telling round 3"]
    whole = score_held_out(Telling(), CLIPS, numbers, RunPlace(), folder=tmp_path / "anew")
    np.testing.assert_array_equal(held.parts["first"], whole.parts["first"])


def test_a_finished_round_leaves_its_scores_and_no_checkpoint(numbers, tmp_path):
    for leftover in ("telling-round-1-network-1.pt", "telling-round-10.pt"):
        (tmp_path / leftover).touch()
    score_held_out(Telling(), CLIPS, numbers, RunPlace(), folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "telling-round-1.npz",
        "telling-round-10.pt",  # of another round
        "telling-round-2.npz",
        "telling-round-3.npz",
    ]


def test_there_are_as_many_rounds_as_the_longest_corpus_has_folds():
    ravdess = [Clip(Path(), "ravdess", f"ravdess-{actor:02d}", "sad") for actor in (1, 2, 3, 5, 11)]
    assert len(rounds(CLIPS)) == 3
    assert len(rounds([*CLIPS, *ravdess])) == 3
    assert len(rounds(ravdess)) == 3  # folds of the actors 1, 2 and 11, of 3, and of 5

"""Batches of examples: the same for a step, balanced over emotions, padded with nothing."""

from collections import Counter

import numpy as np
import pytest
import torch

from synthesis.ml.errors import CorpusError
from synthesis.ml.making.dataset import HELD_OUT_EVERY, Dataset, Scale
from synthesis.ml.making.examples import Example, Row

N_PROMPTS = 60


class Letters:
    """A tokenizer of a letter a token."""

    def text_to_ids(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]


def example(number: int, emotion: str, take: int = 0) -> Example:
    n_tokens = 2 + number % 5
    durations = np.full(n_tokens, 3, np.int64)
    n_frames = int(durations.sum())
    return Example(
        prompt=f"p{number:02}",
        row=Row("toy", emotion, take),
        spelling="abcdefg"[:n_tokens],
        durations=durations,
        mel=np.full((n_frames, 80), -1.0, np.float32),
        f0=np.full(n_frames, 200.0, np.float32),
        level_db=np.full(n_frames, -20.0, np.float32),
    )


@pytest.fixture
def examples() -> list[Example]:
    """Many neutral readings, a few happy ones in two takes."""
    neutral = [example(number, "neutral") for number in range(N_PROMPTS)]
    return neutral + [example(n, "happy", n % 2) for n in range(10)]


def dataset(examples: list[Example], **how: float) -> Dataset:
    return Dataset(examples, Letters(), **{"seed": 1, **how})


def same(first, second) -> bool:
    ours, theirs = vars(first), vars(second)
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_step_always_draws_its_batch_whatever_was_drawn_before(examples):
    one, other = dataset(examples), dataset(examples)
    for step in (0, 1, 2):
        one.batch_of_step(step, 4)
    assert same(one.batch_of_step(7, 4), other.batch_of_step(7, 4))
    assert not same(other.batch_of_step(7, 4), other.batch_of_step(8, 4))


def test_another_seed_draws_otherwise(examples):
    assert not same(
        dataset(examples).batch_of_step(0, 4), dataset(examples, seed=2).batch_of_step(0, 4)
    )


def test_a_rare_emotion_is_drawn_as_often_as_its_share_says(examples):
    data = dataset(examples, neutral_share=0.2)
    drawn: Counter[int] = Counter()
    for step in range(60):
        drawn.update(data.batch_of_step(step, 8).speakers.tolist())
    share = Counter({data.rows[index].emotion: 0 for index in drawn})
    for index, count in drawn.items():
        share[data.rows[index].emotion] += count
    assert share["neutral"] / share.total() == pytest.approx(0.2, abs=0.06)
    happy = [drawn[data.rows.index(Row("toy", "happy", take))] for take in (0, 1)]
    assert min(happy) > 0.35 * sum(happy)


def test_a_voice_without_emotions_draws_its_neutral_readings(examples):
    batch = dataset([e for e in examples if e.row.emotion == "neutral"]).batch_of_step(0, 4)
    assert set(batch.speakers.tolist()) == {0}


def test_one_reading_in_thirty_is_held_out_with_all_that_was_rendered_of_it(examples):
    data = dataset(examples)
    held_out = {e.prompt for e in data.held_out}
    assert len(held_out) == N_PROMPTS // HELD_OUT_EVERY
    for row in data.rows:
        assert not held_out & {e.prompt for e in data.of(row)}


def test_what_is_shorter_is_padded_with_zeros_and_its_length_told(examples):
    short, long = example(0, "neutral"), example(4, "happy")
    batch = dataset(examples).collate([short, long])
    assert batch.n_tokens.tolist() == [2, 6]
    assert batch.n_frames.tolist() == [6, 18]
    assert batch.mel.shape == (2, 18, 80)
    assert batch.pitch.shape == batch.energy.shape == (2, 1, 18)
    assert not batch.mel[0, 6:].any()
    assert not batch.pitch[0, 0, 6:].any()
    assert batch.durations.sum(dim=1).tolist() == [6, 18]
    assert batch.tokens[0].tolist() == [ord("a"), ord("b"), 0, 0, 0, 0]


def test_a_batch_is_copied_whole_to_its_device(examples):
    batch = dataset(examples).collate([example(0, "neutral")])
    assert same(batch.to(torch.device("cpu")), batch)


def test_levels_are_told_in_steps_of_ten_decibels_around_the_readers_own():
    scale = Scale(median_f0_hz=200.0, level_db=-20.0)
    levels = np.array([-20.0, -10.0, -200.0], np.float32)
    np.testing.assert_allclose(scale.energy(levels), [0.0, 1.0, -5.0], atol=1e-3)


def test_a_frame_at_the_readers_level_does_not_look_as_if_it_had_none():
    scale = Scale(median_f0_hz=200.0, level_db=-20.0)
    assert scale.energy(np.array([-20.0], np.float32))[0] != 0.0


def test_quiet_frames_do_not_lower_the_readers_level():
    loud = example(0, "neutral")
    quiet = np.concatenate([loud.level_db, np.full(30, -90.0)]).astype(np.float32)
    paused = Example(**{**vars(loud), "level_db": quiet})
    assert Scale.of([paused]).level_db == pytest.approx(-20.0)


def test_a_voice_without_its_readers_clips_is_refused():
    with pytest.raises(CorpusError, match="the reader's own clips are missing"):
        dataset([example(0, "happy")])

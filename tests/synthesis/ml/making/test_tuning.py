"""The choice of a take and its emphasis."""

import time
from itertools import count

import numpy as np
import pytest

from emotion.ml.labels import EMOTIONS
from synthesis.ml.making.examples import Row
from synthesis.ml.making.tuning import (
    ENOUGH,
    HIGHEST,
    LOWEST,
    Candidate,
    Emphasis,
    Tuner,
    _drawn,
    _near,
    agreed_lead,
    bagged_judges,
)
from synthesis.ml.rating.judge import NaturalSpeech
from synthesis.ml.speaking.kinds import load_kind
from synthesis.ml.speaking.shaping import Shaping
from tests.synthesis.ml.tiny_models import make


class Says:
    """A judge that always gives the same scores."""

    def __init__(self, **scores: float) -> None:
        self._scores = np.array([scores.get(emotion, 0.0) for emotion in EMOTIONS])

    def scores(self, features: np.ndarray) -> np.ndarray:
        return np.tile(self._scores, (len(features), 1))


CLIPS = np.zeros((3, 5))


def test_a_lead_is_against_the_strongest_other_and_counts_so_far_only():
    assert agreed_lead([Says(sad=0.5, happy=0.4)], CLIPS, "sad") == pytest.approx(0.1)
    assert agreed_lead([Says(sad=0.5, happy=0.4)], CLIPS, "happy") == pytest.approx(-0.1)
    assert agreed_lead([Says(sad=1.0)], CLIPS, "sad") == pytest.approx(ENOUGH)


def test_judges_that_agree_are_worth_more_than_judges_that_do_not():
    agreeing = [Says(sad=0.4, happy=0.2)] * 2
    torn = [Says(sad=0.4, happy=0.1), Says(sad=0.4, happy=0.3)]
    assert agreed_lead(agreeing, CLIPS, "sad") > agreed_lead(torn, CLIPS, "sad")


def test_no_emphasis_changes_nothing():
    shaping = Shaping.usual(1.6, 1.1)
    same = Emphasis().on(shaping)
    np.testing.assert_array_equal(same.offset, shaping.offset)
    np.testing.assert_array_equal(same.contrast, shaping.contrast)
    assert (same.pitch_shift, same.pitch_spread, same.slowness) == (0.0, 1.6, 1.1)


def test_emphasis_tilts_the_spectrum_around_its_middle():
    tilted = Emphasis(tilt=0.5).on(Shaping.usual(1.0, 1.0)).offset
    assert (tilted[0], tilted[-1]) == (-0.5, 0.5)
    assert tilted.mean() == pytest.approx(0.0)


def test_candidates_stay_within_the_bounds():
    rng = np.random.default_rng(0)
    emphasis = Emphasis()
    for _ in range(300):
        emphasis = _near(emphasis, rng) if rng.random() < 0.8 else _drawn(rng)
        for name, value in vars(emphasis).items():
            assert getattr(LOWEST, name) <= value <= getattr(HIGHEST, name)


def test_every_bagged_judge_misses_a_part_of_the_speakers():
    rng = np.random.default_rng(0)
    emotions = np.array(EMOTIONS * 8)
    speakers = np.repeat([f"s{number}" for number in range(8)], 7)
    speech = NaturalSpeech(rng.normal(size=(56, 4)), emotions, speakers)
    judges = bagged_judges(speech)
    assert len({judge.scores(CLIPS[:, :4]).tobytes() for judge in judges}) == len(judges) == 4


def test_a_tuned_emotion_is_one_of_its_takes_within_the_bounds(tmp_path):
    loaded = load_kind(make("fast_pitch", tmp_path / "toy"))
    happy, sad = Row("toy", "happy", 0), Row("toy", "sad", 0)
    usual = {row: Shaping.usual(1.0, 1.0) for row in (happy, sad)}
    tuner = Tuner(loaded, usual, [Says(happy=0.5)], ["Tea at noon."], steps=2)
    row, shaping = tuner.tune("toy", "happy")
    assert row == happy
    assert LOWEST.slowness <= shaping.slowness <= HIGHEST.slowness


class Fickle:
    """A judge whose taste is arbitrary but fixed, so that every change of a clip counts."""

    def scores(self, features: np.ndarray) -> np.ndarray:
        scores = np.full((len(features), len(EMOTIONS)), 0.1)
        scores[:, list(EMOTIONS).index("happy")] += 0.2 * (features.sum(axis=1) % 1)
        return scores


def candidates(tmp_path, name: str, **how: int) -> list[Candidate]:
    """The outcome of a search by an engine and judges of its own."""
    loaded = load_kind(make("fast_pitch", tmp_path / name))
    rows = {Row("toy", emotion, 0): Shaping.usual(1.0, 1.0) for emotion in ("happy", "sad")}
    return Tuner(loaded, rows, [Fickle()], ["Tea."], **how).search("toy", "happy")


def test_a_seed_finds_the_same_voice_on_any_machine_and_another_seed_another(tmp_path, monkeypatch):
    usual, other = (candidates(tmp_path, str(seed), steps=6, seed=seed) for seed in (5, 6))
    clock = count(step=1_000_000.0)  # a machine on which everything takes days
    for name in ("monotonic", "perf_counter", "time", "process_time"):
        monkeypatch.setattr(time, name, lambda: next(clock))
    slow = candidates(tmp_path, "slow", steps=6, seed=5)
    monkeypatch.undo()
    assert len(usual) == 1 + 6
    assert slow == usual
    assert other != usual


def test_the_clearest_lead_comes_first_and_no_emphasis_is_tried_as_well(tmp_path):
    found = candidates(tmp_path, "toy", steps=6)
    leads = [candidate.score for candidate in found]
    assert leads == sorted(leads, reverse=True)
    assert Emphasis() in [candidate.emphasis for candidate in found]

"""The choice of a take and its emphasis."""

import numpy as np
import pytest

from emotion.ml.labels import EMOTIONS
from synthesis.ml.making.examples import Row
from synthesis.ml.making.tuning import (
    ENOUGH,
    HIGHEST,
    LOWEST,
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
    tuner = Tuner(loaded, usual, [Says(happy=0.5)], ["Tea at noon."], seconds=0.2)
    row, shaping = tuner.tune("toy", "happy")
    assert row == happy
    assert LOWEST.slowness <= shaping.slowness <= HIGHEST.slowness

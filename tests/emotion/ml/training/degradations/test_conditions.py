import numpy as np
import pytest

from emotion.ml.errors import TrainingError
from emotion.ml.training.degradations.beside import Surroundings
from emotion.ml.training.degradations.conditions import (
    CLEAN,
    CONDITIONS,
    degraded,
    first_seconds,
    seeded,
)
from tests.sounds import vowels

RATE = 16_000
SPEECH = vowels(1.2) * np.float32(0.5)
AROUND = Surroundings(
    [vowels(1.0, pitch_hz=hz) for hz in (100, 220)],
    [np.random.default_rng(0).standard_normal(9000).astype(np.float32)],
)
BY_CHANCE = [
    name
    for name in CONDITIONS
    if name.startswith(("babble", "noise", "pink", "music", "room", "shoebox", "hiss", "pop"))
]


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_gives_finite_sound_and_leaves_the_clip_alone(name):
    before = SPEECH.copy()
    changed = degraded(SPEECH, name, AROUND)
    np.testing.assert_array_equal(SPEECH, before)
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    assert np.abs(changed).max() <= 1.0
    assert 0.4 * RATE < changed.size <= SPEECH.size + RATE // 2
    if name != CLEAN:
        assert changed.shape != SPEECH.shape or np.abs(changed - SPEECH).max() > 1e-3


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_is_the_same_for_the_same_seed(name):
    one, again = (degraded(SPEECH, name, AROUND, seed="clip 3") for _ in range(2))
    np.testing.assert_array_equal(one, again)


@pytest.mark.parametrize("name", BY_CHANCE)
def test_another_clip_meets_another_chance(name):
    one, other = (degraded(SPEECH, name, AROUND, seed=seed) for seed in (1, 2))
    assert np.abs(one[: other.size] - other[: one.size]).max() > 1e-4


def test_the_chance_of_a_name_is_the_same_on_every_machine():
    assert seeded("room", 7).integers(1_000_000) == 857_282


def test_a_first_second_begins_where_speech_does():
    padded = np.concatenate([np.zeros(RATE, np.float32), SPEECH])
    cut = first_seconds(padded, 1.0)
    assert cut.size == RATE
    np.testing.assert_allclose(cut[400:], SPEECH[: cut.size][400:], atol=0.5)
    shift = int(np.argmax(np.correlate(padded, cut, "valid")))
    assert shift == pytest.approx(RATE, abs=480)


def test_a_clip_that_is_shorter_than_the_cut_stays_whole():
    assert first_seconds(SPEECH[:8000], 1.0).size == pytest.approx(8000, abs=320)


@pytest.mark.parametrize(
    ("name", "message"),
    [("nosie 10 dB", "choose from clean"), ("noise 10 dB", "noise=F"), ("babble 20 dB", "corpus")],
)
def test_what_cannot_be_done_is_refused(name, message):
    with pytest.raises(TrainingError, match=message):
        degraded(SPEECH, name, Surroundings([]))

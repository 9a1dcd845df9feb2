from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.ml.speech.hearing import heard
from emotion.ml.training.degradations.beside import Surroundings
from emotion.ml.training.degradations.copies import CopyConfig, random_copy, random_part
from tests.sounds import vowels

RATE = 16_000
SPEECH = vowels(1.0) * np.float32(0.5)
AROUND = Surroundings([vowels(0.8, pitch_hz=200)], speeds=(0.8, 1.25))
NOTHING = CopyConfig(speed=0, tone=0, room=0, beside=0, clip=0, fault=0, band=0, codec=0)
ALWAYS = CopyConfig(speed=1, tone=1, room=1, beside=1, clip=1, fault=1, band=1, codec=1)


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_a_copy_is_finite_sound_of_about_the_same_length(seed):
    for around in (AROUND, Surroundings([])):
        copy = random_copy(SPEECH, chance(seed), around, ALWAYS)
        assert copy.dtype == np.float32
        assert np.isfinite(copy).all()
        assert np.std(copy) > 1e-5
        assert 0.85 * RATE < copy.size < 2.1 * RATE


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_a_copy_of_a_soft_voice_is_never_silence(seed):
    soft = SPEECH * np.float32(0.01)
    for config in (ALWAYS, replace(NOTHING, fault=1), replace(NOTHING, fault=1, band=1)):
        heard(random_copy(soft, chance(seed), AROUND, config))  # refuses silence


def test_the_same_seed_gives_the_same_copy():
    one, again, other = (random_copy(SPEECH, chance(s), AROUND, ALWAYS) for s in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert one.size != other.size or np.abs(one - other).max() > 1e-3


def test_where_nothing_happens_a_copy_is_the_clip():
    np.testing.assert_array_equal(random_copy(SPEECH, chance(0), AROUND, NOTHING), SPEECH)


@given(st.integers(0, 10_000), st.integers(2000, 40_000))
def test_a_part_is_a_stretch_within_its_bounds(seed, samples):
    clip = np.arange(1, samples + 1, dtype=np.float32)
    part = random_part(clip, chance(seed), AROUND, NOTHING)
    np.testing.assert_array_equal(np.diff(part), 1)
    assert min(samples, 0.4 * RATE) <= part.size <= min(samples, 1.6 * RATE)


def test_half_of_the_parts_begin_where_the_speech_does():
    clip = np.arange(3 * RATE, dtype=np.float32)
    parts = [random_part(clip, chance(seed), AROUND, NOTHING) for seed in range(200)]
    assert np.mean([part[0] == 0 for part in parts]) == pytest.approx(0.5, abs=0.12)


def test_a_part_is_never_a_pause():
    paused = np.concatenate([SPEECH, np.zeros(3 * RATE, np.float32), SPEECH])
    for seed in range(40):
        assert random_part(paused, chance(seed), AROUND, NOTHING).any()

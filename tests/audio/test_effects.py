from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audio import rms_dbfs
from audio.effects import at_speed, equalized, in_room

RATE = 16_000
small_room = partial(in_room, decay_s=(0.03, 0.12), share=(0.05, 0.2))
waveforms = arrays(np.float32, st.integers(1, 4000), elements=st.floats(-1, 1, width=32))


def noise(seconds: float = 2.0) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal(int(seconds * RATE))).astype("f4")


@settings(max_examples=60, deadline=None)
@given(waveforms, st.integers(0, 2**32))
def test_any_sound_stays_finite_and_as_long_as_it_was(waveform, seed):
    for effect in (equalized, small_room):
        changed = effect(waveform, RATE, np.random.default_rng(seed))
        assert changed.shape == waveform.shape
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()


@pytest.mark.parametrize("seed", range(5))
def test_no_octave_changes_by_more_than_the_spread(seed):
    source = noise()
    changed = equalized(source, RATE, np.random.default_rng(seed), spread_db=2.0)
    before, after = (np.abs(np.fft.rfft(each)) for each in (source, changed))
    ratio_db = 20 * np.log10(after / before)
    assert np.abs(ratio_db).max() <= 2.01
    assert np.ptp(ratio_db) > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_the_room_is_far_softer_than_the_voice(seed):
    click = np.zeros(RATE, np.float32)
    click[100] = 0.5
    changed = small_room(click, RATE, np.random.default_rng(seed))
    assert changed[100] == pytest.approx(0.5, abs=1e-4)
    assert np.abs(changed[:100]).max() < 1e-5
    tail = changed[101:]
    assert 0.04 < np.sqrt(np.sum(tail**2)) / 0.5 < 0.21
    assert np.abs(tail[int(0.13 * RATE) :]).max() < 1e-4


def test_the_same_seed_gives_the_same_sound_and_another_one_another():
    source = noise()
    for effect in (equalized, small_room):
        first, again, other = (
            effect(source, RATE, np.random.default_rng(seed)) for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)


def test_silence_stays_silent():
    silence = np.zeros(1000, np.float32)
    for effect in (equalized, small_room):
        assert rms_dbfs(effect(silence, RATE, np.random.default_rng(0))) < -100


def test_speed_moves_pitch_and_length_together():
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 200 * time).astype(np.float32)
    faster = at_speed(tone, 1.02)
    assert faster.size == pytest.approx(RATE / 1.02, abs=2)
    spectrum = np.abs(np.fft.rfft(faster, 10 * RATE))
    assert spectrum.argmax() / 10 == pytest.approx(204, abs=0.3)

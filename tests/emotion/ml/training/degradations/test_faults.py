import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.level import rms_dbfs
from emotion.ml.training.degradations.faults import (
    after_hiss,
    at_gain,
    clipped,
    rounded,
    with_hum,
    with_offset,
    with_pop,
)

RATE = 16_000


def tone(hz: float = 440.0, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("gain_db", [-30, -6, 6])
def test_a_gain_moves_the_level_by_itself(gain_db):
    assert rms_dbfs(at_gain(tone(), gain_db)) == pytest.approx(rms_dbfs(tone()) + gain_db, abs=0.01)


def test_what_is_made_very_soft_is_left_in_steps_of_16_bits():
    soft = at_gain(tone(), -80)
    np.testing.assert_array_equal(soft * 32768, np.round(soft * 32768))
    assert 1 < np.unique(soft).size < 5


def test_beyond_full_scale_nothing_is_kept():
    assert rounded(np.array([-3.0, 3.0], np.float32)).tolist() == [-1.0, 32767 / 32768]


@pytest.mark.parametrize("over_db", [3, 10, 20])
def test_as_many_samples_are_clipped_as_a_sine_has_above(over_db):
    driven = clipped(tone(), over_db)
    share = 1 - 2 / np.pi * np.arcsin(10 ** (-over_db / 20))
    assert np.mean(np.abs(driven) >= 0.9 - 1e-6) == pytest.approx(share, abs=0.03)
    assert np.abs(driven).max() == pytest.approx(0.9)


@pytest.mark.parametrize("harmonics", [1, 5])
def test_hum_has_its_level_and_its_tones(harmonics):
    hum = with_hum(np.zeros(RATE, np.float32), chance(), level_dbfs=-40, harmonics=harmonics)
    assert rms_dbfs(hum) == pytest.approx(-40, abs=0.05)
    spectrum = np.abs(np.fft.rfft(hum))
    assert (spectrum > 0.05 * spectrum.max()).nonzero()[0].tolist() == [
        50 * n for n in range(1, harmonics + 1)
    ]


def test_an_offset_moves_the_mean():
    assert with_offset(tone(), 0.1).mean() == pytest.approx(0.1, abs=1e-4)


@given(st.integers(0, 10_000), st.integers(4, 20_000))
def test_a_pop_is_short_and_reaches_its_peak(seed, samples):
    silence = np.zeros(samples, np.float32)
    popped = with_pop(silence, chance(seed), seconds=0.01, peak=0.5)
    places = np.flatnonzero(popped)
    assert places[-1] - places[0] < 160
    assert np.abs(popped).max() == pytest.approx(0.5, abs=1e-4)
    assert popped.shape == silence.shape
    assert not silence.any()  # what was given is left alone


def test_hiss_is_heard_alone_before_the_speech():
    both = after_hiss(tone(), chance(), seconds=0.5, level_dbfs=-60)
    assert both.size == RATE + RATE // 2
    assert rms_dbfs(both[: RATE // 2]) == pytest.approx(-60, abs=0.2)
    assert rms_dbfs(both[RATE // 2 :] - tone()) == pytest.approx(-60, abs=0.2)

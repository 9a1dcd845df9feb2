import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import peak_dbfs, rms_dbfs, set_level

SINE = np.sin(np.arange(16_000) * 2 * np.pi * 100 / 16_000).astype("f4")


def test_a_full_scale_sine_has_its_textbook_level():
    assert rms_dbfs(SINE) == pytest.approx(-3.0103, abs=0.001)
    assert peak_dbfs(SINE) == pytest.approx(0, abs=0.001)


def test_silence_has_the_floor_and_stays_silent():
    silence = np.zeros(100, "f4")
    assert rms_dbfs(silence) == peak_dbfs(silence) == -120
    assert not set_level(silence, target_rms_dbfs=-20).any()


def test_no_sample_at_all_has_the_floor():
    assert rms_dbfs(np.zeros(0, "f4")) == peak_dbfs(np.zeros(0, "f4")) == -120


@given(st.floats(-60, -10), st.floats(0.01, 1))
def test_the_wanted_level_is_reached_from_any_level(target, gain):
    leveled = set_level((SINE * gain).astype("f4"), target_rms_dbfs=target)
    assert rms_dbfs(leveled) == pytest.approx(target, abs=0.01)


def test_the_peak_bound_wins_over_the_target():
    click = np.zeros(16_000, "f4")
    click[5] = 0.5
    leveled = set_level(click, target_rms_dbfs=-20, max_peak_dbfs=-1)
    assert peak_dbfs(leveled) == pytest.approx(-1, abs=0.01)
    assert rms_dbfs(leveled) < -20

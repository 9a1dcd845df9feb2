import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.resampling import resampled


def tone(hz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(round(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(22_050, 16_000), (48_000, 16_000), (8_000, 24_000)]
)
def test_a_tone_keeps_its_pitch_its_level_and_its_place(from_hz: int, to_hz: int):
    heard = resampled(tone(440.0, from_hz), from_hz, to_hz)
    inner = slice(to_hz // 20, -to_hz // 20)  # the filter rings where the tone begins and ends
    np.testing.assert_allclose(heard[inner], tone(440.0, to_hz)[inner], atol=1e-3)


def test_what_the_lower_rate_cannot_carry_is_gone_and_not_folded_down():
    heard = resampled(tone(9_000.0, 24_000), 24_000, 16_000)
    inner = heard[800:-800]
    assert np.abs(inner).max() < 1e-4  # 74 dB down: 7 kHz would be heard otherwise


def test_an_equal_rate_gives_the_very_same_samples():
    sound = tone(440.0, 16_000)
    assert resampled(sound, 16_000, 16_000) is sound


@given(st.integers(0, 3_000), st.integers(8_000, 48_000), st.integers(8_000, 48_000))
def test_the_duration_stays_to_within_a_sample(samples: int, from_hz: int, to_hz: int):
    heard = resampled(np.zeros(samples, np.float32), from_hz, to_hz)
    assert heard.dtype == np.float32
    assert abs(heard.size - samples * to_hz / from_hz) <= 1

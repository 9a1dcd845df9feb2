from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.ml.training.augmentation import (
    SPEEDS,
    at_speed,
    over_telephone,
    random_part,
    with_room_noise,
)

RATE = 16_000


def sine(hz: float, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def power_at(waveform: np.ndarray, hz: float) -> float:
    """Mean power within 20 Hz of a frequency."""
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(waveform.size))) ** 2
    frequencies = np.fft.rfftfreq(waveform.size, 1 / RATE)
    return float(spectrum[np.abs(frequencies - hz) < 20].mean())


@pytest.mark.parametrize("speed", SPEEDS)
def test_another_speed_moves_pitch_and_duration_together(speed):
    played = at_speed(sine(400.0), speed)
    assert played.size == pytest.approx(RATE / float(speed), abs=1)
    peak = np.abs(np.fft.rfft(played)).argmax() * RATE / played.size
    assert peak == pytest.approx(400 * float(speed), abs=2)
    assert played.dtype == np.float32


def test_the_own_speed_changes_no_sample():
    waveform = sine(400.0)
    assert at_speed(waveform, Fraction(1)) is waveform


@given(st.integers(0, 10_000))
def test_room_noise_is_heard_and_does_not_drown_the_speech(seed):
    tone = sine(500.0, 0.5)
    noisy = with_room_noise(tone, np.random.default_rng(seed))
    assert noisy.shape == tone.shape
    assert np.isfinite(noisy).all()
    spectrum = np.abs(np.fft.rfft(noisy)) ** 2
    own = spectrum[240:261].sum()  # 480 to 520 Hz
    # Bounds of 10 and 35 dB, with what noise has by chance near the tone.
    assert 8 < 10 * np.log10(own / (spectrum.sum() - own)) < 40


def test_the_same_chance_gives_the_same_noise():
    one, other = (with_room_noise(sine(500.0), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    another = with_room_noise(sine(500.0), np.random.default_rng(4))
    assert np.abs(another - one).max() > 0.01


def test_a_telephone_carries_the_voice_and_not_what_lies_above_four_kilohertz():
    heard = over_telephone(sine(1000.0) + sine(6000.0))
    assert heard.shape == (RATE,)
    assert power_at(heard, 1000.0) == pytest.approx(power_at(sine(1000.0), 1000.0), rel=0.05)
    assert power_at(heard, 6000.0) < power_at(sine(6000.0), 6000.0) / 1000


def test_eight_bits_of_mu_law_leave_38_db_whatever_the_level():
    """The signal-to-noise ratio of G.711 hardly depends on the level: that is its purpose."""
    for gain in (0.1, 1.0, 3.0):
        tone = sine(1000.0) * np.float32(gain)
        error = (over_telephone(tone) - tone)[800:-800]
        ratio_db = 10 * np.log10(np.mean(tone**2) / np.mean(error**2))
        assert 30 < ratio_db < 50


@given(st.integers(1, 60_000), st.integers(0, 10_000))
def test_a_part_is_a_stretch_of_the_clip_as_long_as_a_live_window_hears(samples, seed):
    waveform = np.arange(samples, dtype=np.float32)
    part = random_part(waveform, RATE, np.random.default_rng(seed))
    assert 1 <= part.size <= min(samples, 1.6 * RATE)
    assert part.size >= min(samples, 0.9 * RATE)
    np.testing.assert_array_equal(np.diff(part), 1)

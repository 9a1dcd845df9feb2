"""Four numbers of a clip, on sounds whose numbers are known."""

import numpy as np
import pytest

from synthesis.ml.speaking.clip_measures import brightness_db_of, measure_clip
from tests.synthesis.ml.conftest import RATE, vowel


def tone(frequency_hz: float, amplitude: float, rate: int = RATE) -> np.ndarray:
    time = np.arange(rate) / rate
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def test_a_steady_vowel_has_its_pitch_and_no_range():
    found = measure_clip(vowel(np.full(RATE, 200.0), (500, 1500)).astype(np.float32), RATE, "Ah.")
    assert found.f0_hz == pytest.approx(200.0, rel=0.02)
    assert found.f0_range_semitones == pytest.approx(0.0, abs=0.5)


def test_a_glide_has_a_range():
    glide = vowel(200.0 * 2 ** np.linspace(-0.25, 0.25, 2 * RATE), (500, 1500))
    found = measure_clip(glide.astype(np.float32), RATE, "Ah.")
    assert found.f0_range_semitones > 4.0


def test_where_nothing_is_voiced_there_is_no_pitch():
    hiss = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    found = measure_clip(hiss, RATE, "Shh.")
    assert (found.f0_hz, found.f0_range_semitones) == (None, None)


@pytest.mark.parametrize(
    ("text", "letters"), [("Tea at noon.", 9), ("그 차.", 2), ("3.5 Grüße!", 7), ("...", 0)]
)
def test_the_pace_counts_letters_and_digits_of_any_language(text, letters):
    assert measure_clip(tone(200, 0.1), RATE, text).characters_per_s == pytest.approx(letters)


@pytest.mark.parametrize(
    ("low", "high", "expected_db"), [(0.1, 0.1, 0.0), (0.1, 0.01, -20.0), (0.02, 0.2, 20.0)]
)
def test_brightness_is_the_ratio_of_power_above_and_below_a_kilohertz(low, high, expected_db):
    sound = tone(500, low) + tone(2000, high)
    assert brightness_db_of(sound) == pytest.approx(expected_db, abs=0.01)


def test_level_does_not_change_brightness():
    sound = tone(500, 0.1) + tone(3000, 0.05)
    assert brightness_db_of(0.01 * sound) == pytest.approx(brightness_db_of(sound), abs=0.01)


def test_silence_is_neither_bright_nor_dark():
    assert brightness_db_of(np.zeros(RATE, np.float32)) == pytest.approx(0.0)


def test_a_clip_of_another_rate_is_measured_like_its_own():
    here, there = (
        measure_clip(tone(300, 0.1, rate) + tone(1500, 0.05, rate), rate, "Ah ah.")
        for rate in (RATE, 24_000)
    )
    assert there.brightness_db == pytest.approx(here.brightness_db, abs=0.3)
    assert there.characters_per_s == pytest.approx(here.characters_per_s)

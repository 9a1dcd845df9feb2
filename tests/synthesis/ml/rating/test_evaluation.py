import numpy as np
import pytest

from synthesis.ml.rating.evaluation import (
    Confusion,
    measure,
    rank_correlation,
    word_error_rate,
    word_errors,
)
from synthesis.ml.speaking.engine import Utterance
from tests.synthesis.ml.conftest import RATE, vowel


@pytest.mark.parametrize(
    ("reference", "heard", "errors"),
    [
        ("Put it down.", "put it down", 0),
        ("Put it down.", "but it down", 1),
        ("Put it down.", "put down", 1),
        ("Put it down.", "put it right down", 1),
        ("Put it down.", "", 3),
        ("Put it down.", "a b c d", 4),
    ],
)
def test_word_errors_count_substitutions_gaps_and_additions(reference, heard, errors):
    assert word_errors(reference, heard) == errors


def test_the_word_error_rate_is_over_all_words_together():
    class Parrot:
        def transcribe(self, waveform: np.ndarray) -> str:
            return "one two"

    silence = np.zeros(10, np.float32)
    spoken = [("one two", silence), ("one two three four five six", silence)]
    assert word_error_rate(Parrot(), spoken) == pytest.approx(4 / 8)


def test_prosody_of_a_known_vowel_is_measured():
    f0 = 200.0 * 2 ** (np.linspace(-0.25, 0.25, RATE))  # six semitones around 200 Hz
    found = measure(Utterance(vowel(f0, (500, 1500)).astype(np.float32), RATE))
    assert found.f0_hz == pytest.approx(200.0, rel=0.02)
    assert found.f0_range_semitones == pytest.approx(0.8 * 6, abs=0.3)
    assert found.duration_s == pytest.approx(1.0)


def test_a_vowel_with_high_formants_is_brighter():
    f0 = np.full(RATE, 150.0)
    dark, bright = (
        measure(Utterance(vowel(f0, formants).astype(np.float32), RATE)).brightness_db
        for formants in ((300, 700), (1500, 3000))
    )
    assert bright > dark + 6


def test_recalls_are_averaged_without_weights():
    confusion = Confusion.of(("a", "b"), {"a": ["a", "a", "b", "b"], "b": ["b"]})
    np.testing.assert_array_equal(confusion.counts, [[2, 2], [0, 1]])
    assert confusion.recalls == {"a": 0.5, "b": 1.0}
    assert confusion.uar == pytest.approx(0.75)


def test_a_clip_in_which_nothing_is_recognised_is_a_miss():
    confusion = Confusion.of(("a", "b"), {"a": ["a", "None"], "b": ["b"]})
    assert confusion.recalls == {"a": 0.5, "b": 1.0}


def test_a_whisper_has_no_pitch_but_a_length():
    hiss = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    found = measure(Utterance(hiss, RATE))
    assert found.duration_s == 1.0
    assert np.isfinite(found.brightness_db)


def test_rank_correlation_sees_the_order_alone():
    assert rank_correlation([1, 2, 30], [5, 6, 7]) == 1.0
    assert rank_correlation([3, 2, 1], [5, 6, 7]) == -1.0
    assert rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)

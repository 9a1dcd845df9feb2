import numpy as np
import pytest
from django.conf import settings

from synthesis.ml.rating.evaluation import (
    Confusion,
    Prosody,
    Recognizer,
    mean_prosody,
    measure,
    word_error_rate,
)
from synthesis.ml.speaking.engine import SpeechEngine, Utterance
from synthesis.ml.speaking.voices import load_voice
from tests.synthesis.ml.conftest import RATE, vowel

NOTHING = np.zeros(10, np.float32)


class Parrot:
    """A recogniser that always hears the same."""

    def __init__(self, heard: str) -> None:
        self._heard = heard

    def transcribe(self, waveform: np.ndarray) -> str:
        return self._heard


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
    n_words = len(reference.split())
    assert n_words * word_error_rate(Parrot(heard), [(reference, NOTHING)]) == errors


def test_the_word_error_rate_is_over_all_words_together():
    spoken = [("one two", NOTHING), ("one two three four five six", NOTHING)]
    assert word_error_rate(Parrot("one two"), spoken) == pytest.approx(4 / 8)


def test_an_apostrophe_is_part_of_its_word():
    assert word_error_rate(Parrot("it's o'clock"), [("It's  o'clock!", NOTHING)]) == 0
    assert word_error_rate(Parrot("its o'clock"), [("It's o'clock.", NOTHING)]) == 0.5


@pytest.mark.parametrize("spoken", [[], [("...", NOTHING)]], ids=["no text", "no word"])
def test_a_rate_of_no_words_is_refused(spoken):
    with pytest.raises(ValueError, match="at least one"):
        word_error_rate(Parrot("one"), spoken)


def test_the_recognizer_hears_most_words_of_a_neutral_sentence():
    voice = SpeechEngine(load_voice(settings.VOICES_DIR / "kathleen"))
    text = "The baker left the keys by the window."
    spoken = [(text, voice.speak(text, "neutral").waveform)]
    assert word_error_rate(Recognizer(), spoken) < 0.5


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


def test_mean_prosody_averages_each_number():
    mean = mean_prosody([Prosody(100.0, 2.0, 1.0, -10.0), Prosody(200.0, 4.0, 3.0, -20.0)])
    assert mean == Prosody(150.0, 3.0, 2.0, -15.0)


def test_nothing_voiced_leaves_pitch_and_range_unknown():
    found = measure(Utterance(np.zeros(RATE, np.float32), RATE))
    assert np.isnan(found.f0_hz)
    assert np.isnan(found.f0_range_semitones)

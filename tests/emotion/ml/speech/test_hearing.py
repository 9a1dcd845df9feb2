import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.ml.errors import InvalidWaveformError, SilentError, TooShortError
from emotion.ml.speech.hearing import HOP, LEVEL_RMS, LIMIT, RATE, heard, high_passed
from tests.sounds import vowels


def tone(hz: float, seconds: float = 1.0, level: float = 0.3) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def padded(waveform: np.ndarray, seconds: float) -> np.ndarray:
    silence = np.zeros(int(seconds * RATE), np.float32)
    return np.concatenate([silence, waveform, silence])


@pytest.mark.parametrize(("hz", "share"), [(20, 0.0), (50, 0.0), (100, 1.0), (1000, 1.0)])
def test_hum_is_filtered_out_and_a_low_voice_is_not(hz, share):
    middle = slice(4000, 12_000)
    kept = np.std(high_passed(tone(hz))[middle]) / np.std(tone(hz)[middle])
    assert kept == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("samples", [1600, 1601, 5003, 48_000])
def test_the_filter_keeps_length_and_phase(samples):
    signal = tone(440.0, samples / RATE)
    passed = high_passed(signal)
    assert passed.shape == signal.shape
    lags = range(-5, 6)
    core = signal[100:-100]
    fits = [float(core @ np.roll(passed, lag)[100:-100]) for lag in lags]
    assert lags[int(np.argmax(fits))] == 0


@given(st.floats(-30, 10))
def test_no_gain_changes_what_is_heard(gain_db):
    speech = vowels(1.0)
    louder = (speech * 10 ** (gain_db / 20)).astype(np.float32)
    np.testing.assert_allclose(heard(louder).speech, heard(speech).speech, atol=2e-5)


def test_speech_comes_out_at_one_level_without_its_silence():
    speech = vowels(2.0)
    out = heard(padded(speech, 0.7)).speech
    assert out.size == pytest.approx(speech.size, abs=4 * HOP)
    powers = np.mean(out.reshape(-1, HOP) ** 2, axis=1)
    loud = powers[powers > powers.max() * 10**-1.6]
    assert np.sqrt(loud.mean()) == pytest.approx(LEVEL_RMS, rel=0.1)


def test_a_pop_moves_neither_the_ends_nor_the_level():
    speech = padded(vowels(1.5) * np.float32(0.05), 0.5)
    popped = speech.copy()
    popped[1600:1760] += 0.9 * np.hanning(160).astype(np.float32)  # 10 ms, 0.4 s before the speech
    clean, other = heard(speech).speech, heard(popped).speech
    assert other.size == pytest.approx(clean.size, abs=2 * HOP)
    assert np.std(other) == pytest.approx(np.std(clean), rel=0.01)


def test_a_pop_within_the_speech_is_held_back():
    speech = vowels(1.5) * np.float32(0.02)
    popped = speech.copy()
    popped[12_000:12_100] = np.resize([0.9, -0.9], 100)
    assert np.abs(heard(popped).speech).max() <= LIMIT * LEVEL_RMS * 1.0001


def test_hum_and_offset_disappear():
    speech = padded(vowels(1.5), 0.3)
    dirty = speech + tone(50.0, speech.size / RATE, 10 ** (-40 / 20)) + np.float32(0.1)
    difference = np.std(heard(dirty).speech[:20_000] - heard(speech).speech[:20_000])
    assert difference < 0.02 * LEVEL_RMS


@given(st.integers(1600, 9000), st.integers(0, 100))
def test_whatever_is_not_silent_is_heard_as_finite_numbers(samples, seed):
    noise = np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1
    out = heard(noise).speech
    assert 0 < out.size <= samples
    assert out.size % HOP == 0
    assert np.isfinite(out).all()


@pytest.mark.parametrize(
    ("waveform", "error"),
    [
        (np.zeros(16_000, np.float32), SilentError),
        (np.full(16_000, 0.5, np.float32), SilentError),
        (tone(440.0, 0.05), TooShortError),
        (np.zeros((2, 16_000), np.float32), InvalidWaveformError),
        (np.full(16_000, np.nan, np.float32), InvalidWaveformError),
    ],
    ids=["silence", "offset alone", "too short", "stereo", "not a number"],
)
def test_what_holds_no_speech_is_refused(waveform, error):
    with pytest.raises(error):
        heard(waveform)


def test_a_single_click_is_no_sound_that_lasts():
    click = np.zeros(16_000, np.float32)
    click[8000] = 0.9
    with pytest.raises(SilentError, match="lasts 30 ms"):
        heard(click)


@pytest.mark.parametrize("ratio_db", [10, 20, 40])
def test_the_background_is_known_although_it_is_cut_off(ratio_db):
    both = tone(440.0, 2.0)
    both[RATE:] *= np.float32(10 ** (-ratio_db / 20))
    assert heard(both).background_db == pytest.approx(-ratio_db, abs=0.5)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.ml.training.degradations.beside import (
    Surroundings,
    babble,
    coloured,
    mixed,
    music,
    recorded,
    speech_power,
)
from tests.sounds import vowels

RATE = 16_000
VOICES = Surroundings([vowels(1.0, pitch_hz=hz) for hz in (110, 150, 210)], speeds=(0.9, 1.1))


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(st.floats(0, 40), st.floats(-30, 0))
def test_sound_lies_as_far_below_the_speech_as_asked(snr_db, gain_db):
    speech = vowels(1.0) * np.float32(0.3 * 10 ** (gain_db / 20))
    both = mixed(speech, coloured(RATE // 3, chance(), 3), snr_db)
    ratio = speech_power(speech) / np.mean((both - speech).astype(np.float64) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.1)


def test_the_level_of_speech_is_not_that_of_its_pauses():
    speech = vowels(1.0)
    paused = np.concatenate([np.zeros(2 * RATE, np.float32), speech])
    assert speech_power(paused) == pytest.approx(speech_power(speech), rel=0.01)


def test_a_mix_that_would_clip_is_made_softer():
    both = mixed(vowels(1.0) * 3, coloured(RATE, chance(), 0), 0)
    assert np.abs(both).max() == pytest.approx(0.99, abs=1e-3)


@pytest.mark.parametrize("slope_db", [0, 3, 6])
def test_coloured_noise_falls_by_its_slope(slope_db):
    noise = coloured(8 * RATE, chance(), slope_db)
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1, abs=1e-3)
    power = np.abs(np.fft.rfft(noise)) ** 2
    hz = np.fft.rfftfreq(noise.size, 1 / RATE)
    at = [power[(hz > 0.9 * f) & (hz < 1.1 * f)].mean() for f in (500, 1000, 2000, 4000)]
    np.testing.assert_allclose(-np.diff(10 * np.log10(at)), slope_db, atol=0.5)


def test_a_crowd_has_the_power_of_all_its_talkers():
    """Each has a power of one while talking; between syllables it is less."""
    crowds = [babble(4 * RATE, chance(), VOICES, talkers=talkers) for talkers in (2, 8)]
    powers = [float(np.mean(crowd**2)) for crowd in crowds]
    assert powers[1] / powers[0] == pytest.approx(4, rel=0.3)
    assert 0.4 * 8 < powers[1] < 1.1 * 8
    assert crowds[0].shape == (4 * RATE,)


def test_a_crowd_goes_on_from_clip_to_clip():
    crowd = babble(5 * RATE, chance(), VOICES)
    levels = np.sqrt(np.mean(crowd.reshape(50, -1) ** 2, axis=1))
    assert levels.min() > 0.3 * levels.max()


@pytest.mark.parametrize("samples", [1000, 50_000])
def test_a_recorded_sound_is_cut_or_repeated(samples):
    sound = np.arange(5000, dtype=np.float32)
    part = recorded(samples, chance(), [sound])
    assert part.shape == (samples,)
    assert set(np.unique(np.diff(part))) <= {1.0, -4999.0}


def test_music_has_a_beat_and_its_level():
    tune = music(4 * RATE, chance())
    assert np.sqrt(np.mean(tune**2)) == pytest.approx(1, abs=1e-3)
    envelope = np.mean(tune.reshape(-1, 400) ** 2, axis=1)
    envelope = envelope - envelope.mean()
    echo = np.correlate(envelope, envelope, "full")[envelope.size :]
    assert echo[9:25].max() > 0.3 * float(envelope @ envelope)  # 0.25 to 0.6 s


@pytest.mark.parametrize("make", [coloured, music, babble])
def test_the_same_seed_gives_the_same_sound(make):
    extra = {coloured: (3.0,), music: (), babble: (VOICES,)}[make]
    one, again, other = (make(RATE, chance(seed), *extra) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.1

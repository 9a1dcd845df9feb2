import numpy as np
import pytest

from emotion.ml.errors import TrainingError
from emotion.ml.training.degradations import lines
from emotion.ml.training.degradations.lines import (
    CODECS,
    Codec,
    has_codec,
    low_passed,
    mu_law,
    telephone_band,
    through_codec,
)
from tests.sounds import vowels

RATE = 16_000
RATES = {
    "opus": 16_000,
    "mp3": 24_000,
    "aac": 24_000,
    "amr": 12_200,
    "g726": 32_000,
    "g722": 64_000,
}
needs_encoder = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.skipif(not has_codec(name), reason=f"no {name} here"))
        for name in CODECS
    ],
)


def tone(hz: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)


def gain_db(change, hz: float) -> float:
    middle = slice(4000, 12_000)
    return 20 * np.log10(np.std(change(tone(hz))[middle]) / np.std(tone(hz)[middle]))


def snr_db(waveform: np.ndarray, changed: np.ndarray) -> float:
    """Of what a codec leaves, at the best delay and gain."""
    size = min(waveform.size, changed.size) - 1600
    best = -np.inf
    for lag in range(1600):
        part, own = changed[lag : lag + size], waveform[:size]
        part = part[: own.size]
        cosine = float(part @ own) / (np.linalg.norm(part) * np.linalg.norm(own) + 1e-9)
        best = max(best, cosine)
    return -10 * np.log10(1 - best**2)


def test_a_telephone_band_has_its_bounds_at_three_decibels():
    for hz in (300, 3400):
        assert gain_db(telephone_band, hz) == pytest.approx(-3.01, abs=0.1)
    assert gain_db(telephone_band, 1000) == pytest.approx(0, abs=0.1)
    assert gain_db(telephone_band, 100) < -35
    assert gain_db(telephone_band, 7000) < -30


def test_a_low_pass_falls_by_36_decibels_an_octave():
    assert gain_db(lambda x: low_passed(x, 2000), 2000) == pytest.approx(-3.01, abs=0.1)
    assert gain_db(lambda x: low_passed(x, 2000), 4000) < -35


@pytest.mark.parametrize(("level", "least_db"), [(0.3, 34), (0.003, 25)])
def test_mu_law_keeps_the_level_and_loses_what_eight_bits_lose(level, least_db):
    """Its noise is nearly as far below soft sound as below loud: 38 dB at best."""
    waveform = tone(500.0, level)
    error = (mu_law(waveform) - waveform)[800:-800]
    ratio_db = 10 * np.log10(np.mean(waveform**2) / np.mean(error**2))
    assert least_db < ratio_db < 42
    assert gain_db(mu_law, 5000) < -30


@needs_encoder
def test_speech_passes_a_codec_changed_but_whole(name):
    speech = vowels(1.5)
    coded = through_codec(speech, name, RATES[name])
    assert coded.dtype == np.float32
    assert speech.size - 800 <= coded.size <= speech.size + 1600
    assert 5 < snr_db(speech, coded) < 60


@needs_encoder
def test_a_codec_is_the_same_every_time(name):
    speech = vowels(0.4)
    one, other = (through_codec(speech, name, RATES[name]) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(not has_codec("opus"), reason="no Opus here")
def test_fewer_bits_leave_less():
    speech = vowels(1.5)
    ratios = [snr_db(speech, through_codec(speech, "opus", rate)) for rate in (6_000, 24_000)]
    assert ratios[0] < ratios[1] - 1


def test_an_encoder_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(lines.CODECS, "gone", Codec("libgone", "ogg"))
    assert not has_codec("gone")
    with pytest.raises(TrainingError, match="has no libgone"):
        through_codec(tone(440.0), "gone", 8_000)

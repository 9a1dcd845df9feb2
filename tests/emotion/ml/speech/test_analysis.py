import numpy as np
import pytest

from emotion.ml.speech.analysis import FLOOR_DB, MOST_FRAMES, analyse

RATE = 16_000


def tone(hz: float, seconds: float, amplitude: float = 0.5) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    partials = sum(np.sin(2 * np.pi * k * hz * time) / k for k in range(1, 6))
    return (amplitude * partials / np.abs(partials).max()).astype(np.float32)


@pytest.mark.parametrize("hz", [110.0, 200.0, 400.0])
def test_a_tone_has_its_pitch_and_its_period(hz):
    analysis = analyse(tone(hz, 2.0), RATE)

    assert analysis.median_pitch_hz == pytest.approx(hz, rel=0.01)
    assert analysis.period_ms == pytest.approx(1000 / hz, abs=0.15)


def test_a_sine_has_its_textbook_level():
    time = np.arange(RATE) / RATE
    analysis = analyse(np.sin(2 * np.pi * 500 * time).astype(np.float32), RATE)

    assert np.median(analysis.level_dbfs) == pytest.approx(-3.01, abs=0.05)


def test_a_steady_tone_is_harmonic_and_clicks_are_not():
    clicks = np.zeros(2 * RATE, np.float32)
    clicks[::4000] = 0.9
    steady, sudden = analyse(tone(220, 2.0), RATE), analyse(clicks, RATE)

    assert np.median(steady.level_dbfs - steady.harmonic_dbfs) < 1
    loud = sudden.level_dbfs > -40
    assert np.median((sudden.level_dbfs - sudden.harmonic_dbfs)[loud]) > 6


def test_noise_has_no_pitch_and_no_period():
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    analysis = analyse(noise, RATE)

    assert analysis.median_pitch_hz is None
    assert analysis.period_ms is None


@pytest.mark.parametrize("samples", [1, 159, 160, 401, 12_345])
def test_short_recordings_and_silence_are_described_too(samples):
    analysis = analyse(np.zeros(samples, np.float32), RATE)

    assert analysis.duration_s == samples / RATE
    assert (analysis.level_dbfs == FLOOR_DB).all()
    assert analysis.median_pitch_hz is None
    assert analysis.log_mel.shape == (len(analysis.lowest), 64)


def test_a_long_recording_has_no_more_points_than_a_plot():
    analysis = analyse(tone(150, 120.0), RATE)

    for curve in (analysis.lowest, analysis.level_dbfs, analysis.pitch_hz, analysis.log_mel):
        assert len(curve) <= MOST_FRAMES
    assert analysis.step_s * len(analysis.lowest) == pytest.approx(120, abs=0.2)


def test_the_loudest_band_of_a_tone_is_where_its_frequency_is():
    low, high = (analyse(tone(hz, 1.0), RATE).log_mel.mean(axis=0).argmax() for hz in (150, 3000))
    assert low < 10
    assert high > 35

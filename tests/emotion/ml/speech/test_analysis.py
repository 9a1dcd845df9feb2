import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.ml.speech import analysis as analysis_module
from emotion.ml.speech.analysis import FLOOR_DB, MOST_FRAMES, analyse

RATE = 16_000


def tone(hz: float, seconds: float, amplitude: float = 0.5) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    partials = sum(np.sin(2 * np.pi * k * hz * time) / k for k in range(1, 6))
    return (amplitude * partials / np.abs(partials).max()).astype(np.float32)


@pytest.mark.parametrize("hz", [110.0, 200.0, 250.0, 320.0, 400.0])
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


def test_the_pitch_of_a_long_recording_is_followed_through_its_pieces():
    analysis = analyse(np.concatenate([tone(110, 12.0), tone(220, 12.0)]), RATE)

    at_s = np.arange(len(analysis.pitch_hz)) * analysis.step_s
    assert np.nanmedian(analysis.pitch_hz[at_s < 11]) == pytest.approx(110, rel=0.01)
    assert np.nanmedian(analysis.pitch_hz[at_s > 13]) == pytest.approx(220, rel=0.01)


def test_the_autocorrelation_is_that_of_the_loudest_ten_seconds():
    analysis = analyse(np.concatenate([tone(110, 10.0, 0.05), tone(250, 10.0)]), RATE)

    assert analysis.period_ms == pytest.approx(4.0, abs=0.15)


def test_a_piece_below_hearing_has_no_pitch_whatever_it_holds():
    analysis = analyse(np.concatenate([tone(110, 10.0, 5e-5), tone(220, 10.0)]), RATE)

    at_s = np.arange(len(analysis.pitch_hz)) * analysis.step_s
    assert np.isnan(analysis.pitch_hz[at_s < 9.9]).all()
    assert analysis.median_pitch_hz == pytest.approx(220, rel=0.01)


@pytest.mark.parametrize("pieces", [1, 3])
def test_every_ten_seconds_are_tracked_once(pieces, monkeypatch):
    seen = []
    original = analysis_module.track_periodicity

    def counted(waveform, sampling_rate):
        seen.append(waveform.size)
        return original(waveform, sampling_rate)

    monkeypatch.setattr(analysis_module, "track_periodicity", counted)
    analyse(tone(150, 10.0 * pieces), RATE)
    assert seen == [10 * RATE] * pieces


@settings(max_examples=15)
@given(st.integers(1, 40_000), st.floats(0.0, 1.0))
def test_the_curves_of_any_sound_have_one_length_and_stay_in_their_ranges(samples, level):
    noise = np.random.default_rng(samples).uniform(-level, level, samples).astype(np.float32)
    analysis = analyse(noise, RATE)

    frames = len(analysis.lowest)
    assert 1 <= frames <= MOST_FRAMES
    for curve in (analysis.highest, analysis.level_dbfs, analysis.harmonic_dbfs, analysis.pitch_hz):
        assert len(curve) == frames
    assert analysis.log_mel.shape == (frames, 64)
    assert (analysis.lowest <= analysis.highest).all()
    assert analysis.level_dbfs.min() >= FLOOR_DB
    assert analysis.level_dbfs.max() <= 0.01
    assert (analysis.harmonic_dbfs <= analysis.level_dbfs + 0.01).all()
    assert analysis.log_mel.min() >= -80
    assert analysis.log_mel.max() == 0
    assert analysis.lags_ms.shape == analysis.autocorrelation.shape

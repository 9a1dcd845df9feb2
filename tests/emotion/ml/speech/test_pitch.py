import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.ml.speech.pitch import HIGHEST_HZ, LOWEST_HZ, track_periodicity, track_pitch

RATE = 16_000


def harmonic(hz: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    return sum(np.sin(k * phase) / k for k in range(1, 6)).astype(np.float32) * 0.1


@pytest.mark.parametrize("hz", [75, 110, 220, 330, 500])
def test_a_steady_voice_has_its_pitch(hz):
    pitch = track_pitch(harmonic(np.full(RATE, hz)), RATE)
    assert np.nanmedian(pitch.semitones) == pytest.approx(12 * np.log2(hz / 55), abs=0.1)
    assert np.isnan(pitch.semitones).mean() < 0.05


def test_a_glide_is_followed():
    hz = np.linspace(120, 240, RATE)
    semitones = track_pitch(harmonic(hz), RATE).semitones
    assert semitones[-1] - semitones[0] == pytest.approx(12, abs=1)
    assert np.nanmax(np.abs(np.diff(semitones))) < 1


def test_noise_has_no_pitch():
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    pitch = track_pitch(noise, RATE)
    assert np.isnan(pitch.semitones).mean() > 0.9
    assert pitch.strength.max() <= 1


def test_a_quiet_tail_is_unvoiced():
    wave = harmonic(np.full(RATE, 150))
    wave[RATE // 2 :] *= 0.001
    semitones = track_pitch(wave, RATE).semitones
    assert np.isnan(semitones[60:]).all()
    assert not np.isnan(semitones[:40]).any()


@settings(max_examples=25)
@given(st.floats(75.0, 330.0), st.floats(0.001, 10.0))
def test_any_pitch_of_a_voice_is_found_at_any_level(hz, gain):
    wave = harmonic(np.full(RATE // 2, hz)) * np.float32(gain)
    assert np.nanmedian(track_pitch(wave, RATE).semitones) == pytest.approx(
        12 * np.log2(hz / 55), abs=0.15
    )


@settings(max_examples=25)
@given(st.integers(1, 4000), st.integers(0, 99))
def test_the_contour_of_any_sound_is_a_pitch_of_a_voice_or_nothing(samples, seed):
    noise = np.random.default_rng(seed).standard_normal(samples).astype(np.float32)
    pitch = track_pitch(noise, RATE)
    assert pitch.semitones.shape == pitch.strength.shape
    assert len(pitch.strength) >= 1
    assert ((pitch.strength >= 0) & (pitch.strength <= 1)).all()
    hz = 55 * 2 ** (pitch.semitones[~np.isnan(pitch.semitones)] / 12)
    # Half a sample of interpolation at either end of the range.
    assert ((hz > LOWEST_HZ * 0.95) & (hz < HIGHEST_HZ * 1.1)).all()


def test_a_voice_is_periodic_and_a_hiss_is_not():
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert np.median(track_pitch(harmonic(np.full(RATE, 140)), RATE).strength) > 0.95
    assert np.median(track_pitch(noise, RATE).strength) < 0.4


def test_digital_silence_has_no_pitch():
    assert np.isnan(track_pitch(np.zeros(RATE, np.float32), RATE).semitones).all()


@pytest.mark.parametrize("hz", [100, 200, 400])
def test_the_mean_autocorrelation_peaks_at_the_period(hz):
    _, correlation = track_periodicity(harmonic(np.full(RATE, hz)), RATE)
    assert correlation[0] == pytest.approx(1, abs=1e-4)
    shortest = RATE // 2 // 600
    assert shortest + correlation[shortest : RATE // 2 // 65].argmax() in {
        round(n * RATE / 2 / hz) for n in (1, 2, 3, 4, 5, 6)
    }


def test_the_contour_beside_the_autocorrelation_is_that_of_the_tracker():
    wave = harmonic(np.linspace(100, 200, RATE))
    pitch, _ = track_periodicity(wave, RATE)
    np.testing.assert_array_equal(pitch.semitones, track_pitch(wave, RATE).semitones)


def test_what_is_unvoiced_throughout_has_no_autocorrelation():
    pitch, correlation = track_periodicity(np.zeros(RATE, np.float32), RATE)
    assert correlation.size == 0
    assert np.isnan(pitch.semitones).all()


def test_octaves_are_not_confused():
    """A voice whose second harmonic is the strongest still has its own pitch."""
    time = np.arange(RATE) / RATE
    wave = 0.3 * np.sin(2 * np.pi * 120 * time) + np.sin(2 * np.pi * 240 * time)
    wave += 0.3 * np.sin(2 * np.pi * 360 * time)
    semitones = track_pitch(wave.astype(np.float32), RATE).semitones
    assert np.nanmedian(semitones) == pytest.approx(12 * np.log2(120 / 55), abs=0.2)

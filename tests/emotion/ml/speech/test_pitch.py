import numpy as np
import pytest

from emotion.ml.speech.pitch import track_pitch

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

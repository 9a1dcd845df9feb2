import numpy as np
import pytest

from emotion.ml.speech.hearing import heard
from emotion.ml.speech.whisper_mel import (
    TAIL_SAMPLES,
    attended,
    log_mel,
    mel_filters,
    whisper_scaled,
)
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from tests.sounds import vowels

RATE = 16_000
TAIL_FRAMES = TAIL_SAMPLES // 160


def published(waveform: np.ndarray) -> np.ndarray:
    """What `transformers` computes of it, padded to 30 s. (80, 3000)"""
    ensure_torchaudio_imports()
    from transformers import WhisperFeatureExtractor

    extract = WhisperFeatureExtractor()
    return extract(waveform, sampling_rate=RATE, return_tensors="np").input_features[0]


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.347])
def test_the_log_mel_is_that_of_whisper(seconds):
    speech = vowels(seconds)
    mine = whisper_scaled(log_mel(speech), top=None)
    frames = mine.shape[1] - 2  # the last ones are mirrored at another end
    np.testing.assert_allclose(mine[:, :frames], published(speech)[:, :frames], atol=2e-4)


def test_the_filters_are_those_of_whisper():
    ensure_torchaudio_imports()
    from transformers import WhisperFeatureExtractor

    np.testing.assert_allclose(mel_filters(), WhisperFeatureExtractor().mel_filters.T, atol=1e-7)


def test_the_scale_has_its_floor_below_the_given_top():
    decades = np.array([[-10.0, -7.5, -2.0, 1.0]], np.float32)
    np.testing.assert_allclose(whisper_scaled(decades), [[-0.75, -0.75, 0.5, 1.25]])
    np.testing.assert_allclose(whisper_scaled(decades, top=None), [[-0.75, -0.75, 0.5, 1.25]])
    np.testing.assert_allclose(whisper_scaled(decades, top=3.0)[0, :2], -0.25)


def listened(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    own = heard(waveform)
    return attended(log_mel(own.speech), own.background_db)


def with_pauses_of(noise_level: float) -> np.ndarray:
    """Half a second of noise, a second of speech, half a second of noise."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(2 * RATE).astype(np.float32) * np.float32(noise_level)
    speech = np.zeros(2 * RATE, np.float32)
    speech[RATE // 2 : 3 * RATE // 2] = vowels(1.0)
    return noise + speech


@pytest.mark.parametrize("noise_level", [0.0005, 0.01, 0.03])
def test_noise_before_and_after_speech_is_left_out(noise_level):
    kept, weights = listened(with_pauses_of(noise_level))
    assert kept.shape[1] == 2 * weights.size + TAIL_FRAMES
    assert 45 <= weights.size <= 65  # one second, in steps of 20 ms
    assert weights.max() == 1.0


def test_a_pause_within_speech_weighs_little():
    speech = np.concatenate([vowels(1.0), np.zeros(RATE // 2, np.float32), vowels(1.0)])
    _, weights = listened(speech)
    assert weights[60:70].max() < 0.01
    assert np.median(weights[:45]) > 0.3


@pytest.mark.parametrize("samples", [160, 1600, 1920, 4321])
def test_a_clip_of_any_length_has_a_weight_for_each_step_that_is_kept(samples):
    noise = np.random.default_rng(0).standard_normal(samples).astype(np.float32) * 0.05
    kept, weights = attended(log_mel(noise), -20.0)
    assert weights.size >= 1
    assert kept.shape[1] >= 2 * weights.size
    assert ((weights > 0) & (weights <= 1)).all()

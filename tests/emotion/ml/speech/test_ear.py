import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.ml.errors import InvalidWaveformError, ModelError, SilentError, TooShortError
from emotion.ml.speech.ear import LONGEST_S, LONGEST_STEPS, Ear, pooled
from emotion.ml.speech.weights_folder import SHIPPED
from tests.sounds import vowels

RATE = 16_000


@pytest.fixture(scope="module")
def ear(tiny_ear) -> Ear:
    return Ear(tiny_ear)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


def quiet_voice(pitch_hz: float = 125.0) -> np.ndarray:
    silence = np.zeros(RATE // 2, np.float32)
    return np.concatenate([silence, vowels(1.5, pitch_hz=pitch_hz) * np.float32(0.2), silence])


@pytest.fixture(scope="module")
def between_voices(ear) -> float:
    """How far a man's and a woman's voice lie apart: the measure of what a fault may move."""
    return distance(ear.describe(quiet_voice()), ear.describe(quiet_voice(220.0)))


def with_pop(speech: np.ndarray) -> np.ndarray:
    out = speech.copy()
    out[3000:3160] += 0.7 * np.hanning(160).astype(np.float32)
    return out


def with_hum(speech: np.ndarray) -> np.ndarray:
    time = np.arange(speech.size) / RATE
    hum = 10 ** (-40 / 20) * np.sqrt(2) * np.sin(2 * np.pi * 50 * time)
    return (speech + hum).astype(np.float32)


def with_offset(speech: np.ndarray) -> np.ndarray:
    return speech + np.float32(0.1)


@pytest.mark.parametrize("fault", [with_pop, with_hum, with_offset])
def test_a_fault_of_the_recording_moves_a_clip_by_less_than_a_tenth_of_another_voice(
    fault, ear, between_voices
):
    speech = quiet_voice()
    moved = distance(ear.describe(fault(speech)), ear.describe(speech))
    assert moved < 0.1 * between_voices


@pytest.mark.parametrize("gain_db", [-30, -12, 9])
def test_no_gain_changes_the_description(gain_db, ear, between_voices):
    speech = quiet_voice()
    louder = (speech * 10 ** (gain_db / 20)).astype(np.float32)
    assert distance(ear.describe(louder), ear.describe(speech)) < 0.001 * between_voices


@settings(max_examples=25)
@given(st.integers(1600, 20_001), st.integers(0, 99))
def test_clips_of_any_length_give_one_vector_of_finite_numbers(ear, samples, seed):
    noise = np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1
    described = ear.describe(noise)
    assert described.shape == (ear.size,) == (2 * 2 * 32,)
    assert np.isfinite(described).all()


def test_the_longest_clip_is_heard_and_a_longer_one_is_refused(ear):
    noise = np.random.default_rng(0).standard_normal(int(LONGEST_S * RATE) + 1)
    noise = (0.1 * noise).astype(np.float32)
    assert LONGEST_STEPS >= (LONGEST_S * 100 + 10 + 1) / 2
    assert np.isfinite(ear.describe(noise[:-1])).all()
    with pytest.raises(InvalidWaveformError, match=r"lasts 10\.0 s: send at most 10 s"):
        ear.describe(noise)


@pytest.mark.parametrize(
    ("waveform", "error"),
    [
        (np.zeros(RATE, np.float32), SilentError),
        (np.ones(100, np.float32), TooShortError),
        (np.full(RATE, np.inf, np.float32), InvalidWaveformError),
    ],
)
def test_what_cannot_be_judged_is_refused(waveform, error, ear):
    with pytest.raises(error):
        ear.describe(waveform)


def test_an_odd_number_of_frames_is_heard_as_the_next_even_one(ear):
    mel = np.random.default_rng(0).standard_normal((80, 31)).astype(np.float32)
    doubled = np.concatenate([mel, mel[:, -1:]], axis=1)
    np.testing.assert_array_equal(ear.listen(mel), ear.listen(doubled))


def test_a_path_and_its_bytes_give_the_same_ear(tiny_ear, ear):
    speech = vowels(0.7)
    again = Ear(tiny_ear.read_bytes())
    np.testing.assert_array_equal(again.describe(speech), ear.describe(speech))


def test_a_file_that_is_no_ear_is_refused_by_name(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be opened"):
        Ear(tmp_path / "broken.onnx")
    with pytest.raises(ModelError, match=r"missing\.onnx cannot be opened"):
        Ear(tmp_path / "missing.onnx")
    with pytest.raises(ModelError, match="an ear takes 'mel' of 80 bands"):
        Ear(SHIPPED / "model.onnx")


def test_only_the_weighted_steps_count():
    frames = np.array([[[1.0, 0.0], [3.0, 4.0], [99.0, 99.0]]], np.float32)  # (1, steps, 2)
    np.testing.assert_allclose(pooled(frames, np.array([1.0, 1.0], np.float32)), [2, 2, 1, 2])
    np.testing.assert_allclose(pooled(frames, np.array([3.0, 1.0], np.float32))[:2], [1.5, 1.0])
    deviations = np.sqrt([0.75, 3.0])
    np.testing.assert_allclose(pooled(frames, np.array([3, 1], np.float32))[2:], deviations)

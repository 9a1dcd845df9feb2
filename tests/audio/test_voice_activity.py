from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio import voice_activity, voiced_segments
from audio.voice_activity import CHUNK_SAMPLES, VoiceActivityDetector, speech_probabilities

RATE = 16_000


def test_speech_is_found_between_its_silences(speech):
    ((start, end),) = voiced_segments(speech)
    assert start / RATE == pytest.approx(0.5, abs=0.15)
    assert end / RATE == pytest.approx(3.5, abs=0.2)


@pytest.mark.parametrize("level", [0.0, 0.02])
def test_silence_and_hiss_are_no_speech(level):
    hiss = np.random.default_rng(0).normal(0, level, 3 * RATE).astype(np.float32)
    assert voiced_segments(hiss) == []


def test_no_samples_have_no_speech():
    assert voiced_segments(np.zeros(0, np.float32)) == []
    assert speech_probabilities(np.zeros(0, np.float32)).shape == (0,)


def test_there_is_a_probability_for_every_chunk_begun(speech):
    for samples in (1, CHUNK_SAMPLES, CHUNK_SAMPLES + 1):
        found = speech_probabilities(speech[:samples])
        assert found.shape == (-(-samples // CHUNK_SAMPLES),)
        assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("samples", [0, 511, 513])
def test_a_chunk_of_another_length_is_refused(samples):
    with pytest.raises(ValueError, match=rf"\({samples},\): send \(512,\)"):
        VoiceActivityDetector().probability(np.zeros(samples, np.float32))


def heard_by(detector: VoiceActivityDetector, waveform: np.ndarray) -> list[float]:
    whole = waveform[: waveform.size // CHUNK_SAMPLES * CHUNK_SAMPLES]
    return [detector.probability(chunk) for chunk in whole.reshape(-1, CHUNK_SAMPLES)]


def test_a_detector_remembers_its_stream_until_it_is_reset(speech):
    detector = VoiceActivityDetector()
    fresh = heard_by(detector, speech)
    assert heard_by(detector, speech) != fresh
    detector.reset()
    assert heard_by(detector, speech) == fresh


def test_streams_at_once_do_not_hear_each_other(speech):
    alone = heard_by(VoiceActivityDetector(), speech)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: heard_by(VoiceActivityDetector(), speech), range(8)))
    assert together == [alone] * 8


@pytest.fixture
def detected(monkeypatch):
    """Makes the detector find speech in the chunks of a text like `..##.#`."""

    def detect(marks: str) -> np.ndarray:
        probabilities = np.array([1.0 if mark == "#" else 0.0 for mark in marks], np.float32)
        monkeypatch.setattr(voice_activity, "speech_probabilities", lambda waveform: probabilities)
        return np.zeros(len(marks) * CHUNK_SAMPLES, np.float32)

    return detect


def test_a_short_gap_ends_no_segment_and_a_long_one_does(detected):
    six, seven = (f"####{'.' * gap}####" for gap in (6, 7))  # 192 and 224 ms
    assert voiced_segments(detected(six)) == [(0, 14 * 512)]
    assert voiced_segments(detected(seven)) == [(0, 4 * 512), (11 * 512, 15 * 512)]


def test_a_click_is_dropped_unless_it_belongs_to_speech(detected):
    assert voiced_segments(detected("##..........")) == []
    assert voiced_segments(detected("##.#........")) == [(0, 4 * 512)]


def test_a_segment_ends_with_the_recording_at_the_latest(detected):
    waveform = detected("..####")[: 5 * 512 + 7]
    assert voiced_segments(waveform) == [(2 * 512, 5 * 512 + 7)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    marks=st.text(alphabet=".#", max_size=80),
    silence_ms=st.integers(0, 500),
    speech_ms=st.integers(0, 500),
)
def test_segments_are_in_order_far_apart_and_long_enough(detected, marks, silence_ms, speech_ms):
    waveform = detected(marks)
    found = voiced_segments(waveform, min_silence_ms=silence_ms, min_speech_ms=speech_ms)
    for start, end in found:
        assert 0 <= start < end <= waveform.size
        assert end - start >= speech_ms * 16
        assert marks[start // 512] == marks[(end - 1) // 512] == "#"
    for (_, end), (start, _) in zip(found, found[1:], strict=False):
        assert start - end >= silence_ms * 16

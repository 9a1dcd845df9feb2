from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotion import inference
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.streaming import (
    LiveConfig,
    LiveSession,
    Measured,
    UtteranceEnd,
    UtteranceStart,
)

SECOND = 32_000  # bytes of 16-bit samples at 16 kHz
BLOCK = SECOND // 10


def new_session(config: LiveConfig | None = None) -> LiveSession:
    return LiveSession(inference.predictor().predict, config)


def feed_in_blocks(session: LiveSession, pcm: bytes, block: int = BLOCK) -> list:
    events = []
    for start in range(0, len(pcm), block):
        events += session.feed(pcm[start : start + block])
    return events


def test_speech_is_announced_measured_and_ended(pcm):
    events = feed_in_blocks(new_session(), pcm + bytes(SECOND))

    assert isinstance(events[0], UtteranceStart)
    assert isinstance(events[-2], Measured)
    assert isinstance(events[-1], UtteranceEnd)
    assert events[-2].trigger == "speech_ended"
    assert {event.trigger for event in events[1:-2]} == {"interval"}
    assert {event.utterance_id for event in events} == {1}
    # The speech lies between 0.5 s and 3.5 s.
    assert events[0].audio_start_ms == pytest.approx(450, abs=150)
    assert events[-1].audio_end_ms == pytest.approx(3500, abs=200)


def test_speech_is_measured_four_times_a_second(pcm):
    measured = [e for e in feed_in_blocks(new_session(), pcm) if isinstance(e, Measured)]

    assert len(measured) == pytest.approx(4 * 3, abs=2)
    assert [event.measurement_id for event in measured] == list(range(1, len(measured) + 1))
    for event in measured:
        assert tuple(event.scores) == EMOTIONS
        assert sum(event.scores.values()) == pytest.approx(1, abs=0.001)
        assert event.emotion == max(event.scores, key=event.scores.get)


def test_a_measurement_covers_at_most_the_window(pcm):
    session = new_session(LiveConfig(window_ms=1000))

    measured = [e for e in feed_in_blocks(session, pcm) if isinstance(e, Measured)]

    spans = [event.audio_end_ms - event.audio_start_ms for event in measured]
    assert max(spans) == pytest.approx(1000, abs=32)
    assert all(span <= 1000 for span in spans)


@pytest.mark.parametrize("block", [2, 998, 7_000])
def test_how_the_audio_is_cut_does_not_matter_for_where_speech_is(pcm, block):
    expected = feed_in_blocks(new_session(), pcm + bytes(SECOND))
    found = feed_in_blocks(new_session(), pcm + bytes(SECOND), block)

    assert found[0] == expected[0]
    assert found[-1] == expected[-1]


def test_audio_that_arrives_late_and_together_is_measured_once(pcm):
    measured = [e for e in new_session().feed(pcm[: 3 * SECOND]) if isinstance(e, Measured)]

    assert len(measured) == 1
    assert measured[0].audio_end_ms == pytest.approx(3000, abs=64)


@pytest.mark.parametrize("level", [0.0, 0.05])
def test_silence_and_noise_are_no_speech(level):
    noise = np.random.default_rng(1).normal(0, level, 48_000) if level else np.zeros(48_000)

    assert feed_in_blocks(new_session(), (noise * 32_767).astype("<i2").tobytes()) == []


def test_two_utterances_are_told_apart(pcm):
    session = new_session()

    events = feed_in_blocks(session, pcm + bytes(SECOND) + pcm + bytes(SECOND))

    assert [e.utterance_id for e in events if isinstance(e, UtteranceStart)] == [1, 2]
    assert [e.utterance_id for e in events if isinstance(e, UtteranceEnd)] == [1, 2]
    assert session.utterances == 2


def test_finishing_ends_the_utterance_that_goes_on(pcm):
    session = new_session()
    feed_in_blocks(session, pcm[: 2 * SECOND])

    measured, end = session.finish()

    assert (measured.trigger, end.type) == ("speech_ended", "utterance.end")
    assert session.finish() == []


def test_memory_stays_bounded_however_long_somebody_speaks(pcm):
    session = new_session(LiveConfig(measure_every_ms=60_000, end_silence_ms=60_000))
    feed_in_blocks(session, pcm * 5)

    assert sum(chunk.size for chunk in session._utterance.chunks) <= 3 * 16_000


@dataclass(frozen=True)
class Loudness:
    """Stands in for a prediction where only the course of a session matters: costs nothing."""

    emotion: str | None
    scores: dict[str, float]


def louder_or_not(window: np.ndarray) -> Loudness:
    return Loudness("angry", {"angry": float(np.abs(window).max())})


def cut(pcm: bytes, places: list[float]) -> list[bytes]:
    """The samples in parts that end at these shares of the whole."""
    edges = [0, *sorted(2 * round(place * len(pcm) / 2) for place in places), len(pcm)]
    return [pcm[start:end] for start, end in zip(edges, edges[1:], strict=False)]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.floats(0.0, 1.0), max_size=60))
def test_any_cut_of_the_audio_finds_the_same_speech(pcm, places):
    audio = pcm + bytes(SECOND)
    session, whole = LiveSession(louder_or_not), LiveSession(louder_or_not)
    events = [event for part in cut(audio, places) for event in session.feed(part)]
    expected = whole.feed(audio)

    def bounds(events: list) -> list:
        return [event for event in events if not isinstance(event, Measured)]

    assert bounds(events) == bounds(expected)
    assert session.utterances == whole.utterances == 1


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    every_ms=st.integers(100, 1000), window_ms=st.integers(700, 4000), least_ms=st.integers(64, 900)
)
def test_measurements_keep_to_the_configuration(pcm, every_ms, window_ms, least_ms):
    config = LiveConfig(measure_every_ms=every_ms, window_ms=window_ms, min_measured_ms=least_ms)
    events = feed_in_blocks(LiveSession(louder_or_not, config), pcm + bytes(SECOND), 1024)
    measured = [event for event in events if isinstance(event, Measured)]

    assert [event.measurement_id for event in measured] == list(range(1, len(measured) + 1))
    assert len(measured) <= 1 + 4000 / every_ms
    ends = [event.audio_end_ms for event in measured]
    assert ends == sorted(ends)
    for event in measured:
        assert event.audio_end_ms - event.audio_start_ms <= window_ms
        assert event.audio_end_ms - events[0].audio_start_ms >= least_ms - 1  # whole milliseconds


def test_a_measurement_hears_the_sound_of_its_own_span(pcm):
    heard = []

    def kept(window: np.ndarray) -> Loudness:
        heard.append(window)
        return louder_or_not(window)

    events = feed_in_blocks(LiveSession(kept), pcm + bytes(SECOND))
    waveform = np.frombuffer(pcm + bytes(SECOND), "<i2").astype(np.float32) / 32_768
    measured = [event for event in events if isinstance(event, Measured)]
    assert len(measured) == len(heard)
    for event, window in zip(measured, heard, strict=True):
        start, end = event.audio_start_ms * 16, event.audio_end_ms * 16
        np.testing.assert_array_equal(window, waveform[start:end])


def test_what_the_model_cannot_judge_is_not_reported_and_not_numbered(pcm):
    session = LiveSession(lambda window: Loudness(None, {}))

    events = feed_in_blocks(session, pcm + bytes(SECOND))

    assert [event.type for event in events] == ["utterance.start", "utterance.end"]
    assert session.measurements == 0


def test_speech_shorter_than_the_least_is_announced_but_not_measured(pcm):
    session = LiveSession(louder_or_not, LiveConfig(min_measured_ms=10_000))

    events = feed_in_blocks(session, pcm + bytes(SECOND))

    assert [event.type for event in events] == ["utterance.start", "utterance.end"]


def test_less_than_a_step_of_the_detector_waits_for_the_rest():
    session = LiveSession(louder_or_not)

    assert session.feed(bytes(2 * 511)) == []
    assert session._rest.size == 511
    session.feed(bytes(2))
    assert session._rest.size == 0


def test_a_session_that_heard_nothing_ends_without_an_event():
    assert LiveSession(louder_or_not).finish() == []

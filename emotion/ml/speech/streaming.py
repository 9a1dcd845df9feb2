"""One live session without its socket: where speech is, and when to measure it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from audio.voice_activity import CHUNK_SAMPLES, SAMPLING_RATE_HZ, VoiceActivityDetector

Waveform = NDArray[np.float32]


class SpokenEmotion(Protocol):
    """What a measurement needs of a prediction."""

    @property
    def emotion(self) -> str | None: ...
    @property
    def scores(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class LiveConfig:
    """When speech starts and ends, and how often and on how much of it the emotion is measured.

    Attributes:
        measure_every_ms: Of speech; four a second look continuous and cost little.
        window_ms: The most recent speech that a measurement covers; longer than `end_silence_ms`.
        min_measured_ms: Shorter speech is too little to judge.
        start_threshold, end_threshold: Speech probabilities; the gap between them keeps a voice
            that is near the threshold from starting and ending all the time.
        start_ms: So much speech starts an utterance; less is a click.
        lead_in_ms: Sound before that which belongs to the onset.
        end_silence_ms: So much silence ends an utterance.
    """

    measure_every_ms: int = 250
    window_ms: int = 3000
    min_measured_ms: int = 400
    start_threshold: float = 0.5
    end_threshold: float = 0.35
    start_ms: int = 64
    lead_in_ms: int = 96
    end_silence_ms: int = 480


@dataclass(frozen=True)
class UtteranceStart:
    type: ClassVar[str] = "utterance.start"
    utterance_id: int
    audio_start_ms: int


@dataclass(frozen=True)
class Measured:
    type: ClassVar[str] = "measurement.result"
    measurement_id: int
    utterance_id: int
    audio_start_ms: int
    audio_end_ms: int
    trigger: str  # "interval" or "speech_ended"
    emotion: str
    scores: dict[str, float]


@dataclass(frozen=True)
class UtteranceEnd:
    type: ClassVar[str] = "utterance.end"
    utterance_id: int
    audio_start_ms: int
    audio_end_ms: int


Event = UtteranceStart | Measured | UtteranceEnd


@dataclass
class _Utterance:
    """Speech that goes on; positions are samples since the session began."""

    id: int
    start: int
    chunks: deque[Waveform]  # the last `window_ms`
    end: int  # of the last speech
    measured_at: int = field(default=0)

    def __post_init__(self) -> None:
        self.measured_at = self.start


class LiveSession:
    """Turns PCM into events. Slow (it runs models), so it belongs in a thread; one at a time."""

    def __init__(
        self, predict: Callable[[Waveform], SpokenEmotion], config: LiveConfig | None = None
    ) -> None:
        self._predict = predict
        self._config = config or LiveConfig()
        self._detector = VoiceActivityDetector()
        self._rest: Waveform = np.zeros(0, np.float32)
        self._lead_in: deque[Waveform] = deque(
            maxlen=_chunks(self._config.lead_in_ms + self._config.start_ms)
        )
        self._onset_chunks = 0
        self._clock = 0
        self._utterance: _Utterance | None = None
        self.utterances = 0
        self.measurements = 0

    def feed(self, pcm: bytes) -> list[Event]:
        """Take the next audio.

        Args:
            pcm: Signed 16-bit little-endian mono samples at 16 kHz, any number of them.

        Returns:
            What happened, in order. However much audio came at once, an utterance that goes on is
            measured at most once, on its newest window: late answers are skipped, not queued.
        """
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768.0)
        audio = np.concatenate([self._rest, samples])
        whole = audio.size - audio.size % CHUNK_SAMPLES
        self._rest = audio[whole:]
        events: list[Event] = []
        for chunk in audio[:whole].reshape(-1, CHUNK_SAMPLES):
            events += self._step(chunk)
        return events + self._measure_if_due()

    def finish(self) -> list[Event]:
        """End the utterance that goes on, if there is one."""
        return self._end_utterance()

    def _step(self, chunk: Waveform) -> list[Event]:
        probability = self._detector.probability(chunk)
        self._clock += CHUNK_SAMPLES
        if self._utterance is None:
            return self._await_speech(chunk, probability)
        self._utterance.chunks.append(chunk)
        if probability >= self._config.end_threshold:
            self._utterance.end = self._clock
        elif self._clock - self._utterance.end >= _samples(self._config.end_silence_ms):
            return self._end_utterance()
        return []

    def _await_speech(self, chunk: Waveform, probability: float) -> list[Event]:
        self._lead_in.append(chunk)
        is_speech = probability >= self._config.start_threshold
        self._onset_chunks = self._onset_chunks + 1 if is_speech else 0
        if self._onset_chunks < _chunks(self._config.start_ms):
            return []
        self.utterances += 1
        start = self._clock - len(self._lead_in) * CHUNK_SAMPLES
        window = deque(self._lead_in, maxlen=_chunks(self._config.window_ms))
        self._utterance = _Utterance(self.utterances, start, window, end=self._clock)
        self._lead_in.clear()
        self._onset_chunks = 0
        return [UtteranceStart(self._utterance.id, _ms(start))]

    def _measure_if_due(self) -> list[Event]:
        utterance = self._utterance
        if utterance is None:
            return []
        timer = _samples(self._config.measure_every_ms)
        due = (self._clock - utterance.measured_at) // timer
        if not due or not self._is_measurable(utterance):
            return []
        utterance.measured_at += due * timer
        return self._measure(utterance, "interval")

    def _end_utterance(self) -> list[Event]:
        utterance, self._utterance = self._utterance, None
        if utterance is None:
            return []
        events: list[Event] = []
        if self._is_measurable(utterance):
            events += self._measure(utterance, "speech_ended")
        return [*events, UtteranceEnd(utterance.id, _ms(utterance.start), _ms(utterance.end))]

    def _is_measurable(self, utterance: _Utterance) -> bool:
        return utterance.end - utterance.start >= _samples(self._config.min_measured_ms)

    def _measure(self, utterance: _Utterance, trigger: str) -> list[Event]:
        window = np.concatenate(utterance.chunks)  # (samples,)
        silence = self._clock - utterance.end
        speech = window[: window.size - silence]
        prediction = self._predict(speech)
        if prediction.emotion is None:  # the detector hears whispers that the model cannot judge
            return []
        self.measurements += 1
        measured = Measured(
            measurement_id=self.measurements,
            utterance_id=utterance.id,
            audio_start_ms=_ms(utterance.end - speech.size),
            audio_end_ms=_ms(utterance.end),
            trigger=trigger,
            emotion=prediction.emotion,
            scores={name: round(score, 4) for name, score in prediction.scores.items()},
        )
        return [measured]


def _samples(duration_ms: int) -> int:
    return duration_ms * SAMPLING_RATE_HZ // 1000


def _chunks(duration_ms: int) -> int:
    return max(1, _samples(duration_ms) // CHUNK_SAMPLES)


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLING_RATE_HZ

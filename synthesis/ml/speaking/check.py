"""Hearing a voice out: every speaker in all seven emotions, measured."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from audio.resampling import resampled
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.speaking.clip_measures import MEASURED_RATE_HZ, ClipMeasures, measure_clip
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.gate import GateLimits, judge_clip
from synthesis.ml.speaking.texts import catalogue


@dataclass(frozen=True)
class Hearing:
    """What was heard of one speaker's emotion.

    Attributes:
        measures: None, like the rest, where the speaker has no such emotion.
        duration_s: Of the clip.
        cost_s: To speak it.
        fault: What the gate of the play pool says against it, if anything.
        score: Probability of the intended emotion, by the shipped emotion model.
        heard: What that model takes it for.
    """

    speaker: str
    emotion: str
    measures: ClipMeasures | None = None
    duration_s: float = 0.0
    cost_s: float = 0.0
    fault: str | None = None
    score: float | None = None
    heard: str = ""


def check_voice(
    engine: SpeechEngine, judge: EmotionPredictor, limits: GateLimits, *, text: str | None = None
) -> Iterator[Hearing]:
    """Speak a sentence by every speaker in every emotion.

    Args:
        engine: Of the voice.
        judge: Scores the emotions.
        limits: Of the play pool's gate.
        text: To say; the first of the catalogue in the voice's language if None.

    Raises:
        SynthesisError: If the voice cannot be loaded or cannot speak.
    """
    text = text or catalogue(engine.voice.language)[0]
    engine.warm_up()
    for speaker, emotions in engine.voice.speakers.items():
        for emotion in EMOTIONS:
            if emotion in emotions:
                yield _heard(engine, judge, limits, text, speaker, emotion)
            else:
                yield Hearing(speaker, emotion, fault="missing")


def _heard(
    engine: SpeechEngine,
    judge: EmotionPredictor,
    limits: GateLimits,
    text: str,
    speaker: str,
    emotion: str,
) -> Hearing:
    began = time.perf_counter()
    clip = engine.speak(text, emotion, seed=1, speaker=speaker)
    cost_s = time.perf_counter() - began
    rate = clip.sampling_rate
    judgement = judge_clip(clip.waveform, rate, emotion, judge=judge, limits=limits)
    heard = resampled(clip.waveform, rate, MEASURED_RATE_HZ)
    scores = judge.predict(heard, assume_speech=True).scores
    return Hearing(
        speaker=speaker,
        emotion=emotion,
        measures=measure_clip(clip.waveform, rate, text),
        duration_s=clip.waveform.size / rate,
        cost_s=cost_s,
        fault=judgement.reason,
        score=scores[emotion],
        heard=max(scores, key=scores.__getitem__),
    )

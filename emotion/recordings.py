"""What a recording that somebody sends in sounds like."""

from dataclasses import dataclass
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from audio import DecodeLimits, decode, voiced_segments
from emotion import inference

SAMPLING_RATE_HZ = 16_000
# Lower than the detector's usual 0.5: of acted speech, shouting and crying are often rated between
# 0.35 and 0.5, and somebody who sends a recording most likely sends speech.
SPEECH_THRESHOLD = 0.35


class NoSpeechError(Exception):
    """The recording decodes, but nobody speaks in it."""


@dataclass(frozen=True)
class Measurement:
    """The emotion of one recording; `scores` sum to one."""

    emotion: str
    scores: dict[str, float]
    duration_s: float
    voiced_s: float
    model_name: str
    model_version: str


def measure_recording(recording: UploadedFile) -> Measurement:
    """Decode a recording within the limits of the settings and score it; nothing is kept.

    Raises:
        AudioError: The file is not usable.
        EmotionError: The speech is not usable, e.g. too short.
        NoSpeechError: Nobody speaks.
        BusyError: Too many recordings are being measured.
    """
    return inference.upload_pool().run(_measure, recording)


def _measure(recording: UploadedFile) -> Measurement:
    limits = DecodeLimits(
        max_bytes=settings.PREDICT_MAX_BYTES, max_duration_s=settings.PREDICT_MAX_DURATION_S
    )
    waveform = decode(cast(BinaryIO, recording), sampling_rate=SAMPLING_RATE_HZ, limits=limits)
    segments = voiced_segments(waveform, threshold=SPEECH_THRESHOLD)
    if not segments:
        raise NoSpeechError(
            f"No speech was found in {waveform.size / SAMPLING_RATE_HZ:.1f} s of sound: "
            "send a recording in which somebody speaks"
        )
    model = inference.predictor()
    prediction = model.predict(waveform, SAMPLING_RATE_HZ)
    return Measurement(
        emotion=prediction.emotion,
        scores=prediction.scores,
        duration_s=waveform.size / SAMPLING_RATE_HZ,
        voiced_s=sum(end - start for start, end in segments) / SAMPLING_RATE_HZ,
        model_name=model.name,
        model_version=model.version,
    )

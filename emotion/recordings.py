"""What a recording that somebody sends in sounds like."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import numpy as np
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from numpy.typing import NDArray

from audio import DecodeLimits, decode
from emotion import inference
from emotion.ml.speech.analysis import Analysis, analyse
from emotion.ml.speech.predictor import Moment, Prediction

SAMPLING_RATE_HZ = 16_000


class TooManyReferencesError(Exception):
    """More clips of the speaker came along than are looked at."""


@dataclass(frozen=True)
class Measurement:
    """The emotion of one recording, and its course.

    Attributes:
        prediction: Of the whole.
        timeline: Moment by moment; empty where nothing is said.
        waveform: What was measured, at 16 kHz, float32 in [-1, 1], shape (samples,).
        analysis: What the plots show; None unless it was asked for.
    """

    prediction: Prediction
    timeline: tuple[Moment, ...]
    model_name: str
    model_version: str
    waveform: NDArray[np.float32] = field(repr=False, compare=False)
    analysis: Analysis | None = None


def measure_recording(
    recording: UploadedFile, *, references: Sequence[UploadedFile] = (), analysed: bool = False
) -> Measurement:
    """Decode a recording within the limits of the settings and score it; nothing is kept.

    Args:
        recording: The upload.
        references: Other recordings of the same speaker, to adapt to the voice.
        analysed: Whether to compute what the plots show.

    Raises:
        AudioError: A file is not usable.
        EmotionError: The speech is not usable, e.g. too short.
        TooManyReferencesError: There are more references than the settings allow.
        BusyError: Too many recordings are being measured.
    """
    if len(references) > settings.PREDICT_MAX_REFERENCES:
        raise TooManyReferencesError(
            f"{len(references)} references were received: send at most "
            f"{settings.PREDICT_MAX_REFERENCES}"
        )
    return inference.upload_pool().run(_measure, recording, references, analysed)


def _measure(
    recording: UploadedFile, references: Sequence[UploadedFile], analysed: bool
) -> Measurement:
    waveform = _decoded(recording)
    model = inference.predictor()
    prediction = model.predict(waveform, references=[_decoded(each) for each in references])
    timeline: tuple[Moment, ...] = ()
    if prediction.emotion:
        timeline = model.timeline(waveform, segments=prediction.segments)
    return Measurement(
        prediction=prediction,
        timeline=timeline,
        model_name=model.name,
        model_version=model.version,
        waveform=waveform,
        analysis=analyse(waveform, SAMPLING_RATE_HZ) if analysed else None,
    )


def _decoded(recording: UploadedFile) -> NDArray[np.float32]:
    limits = DecodeLimits(
        max_bytes=settings.PREDICT_MAX_BYTES, max_duration_s=settings.PREDICT_MAX_DURATION_S
    )
    return decode(cast(BinaryIO, recording), sampling_rate=SAMPLING_RATE_HZ, limits=limits)

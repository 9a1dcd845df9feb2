"""Sentences that somebody wants to hear: asked for by the web process, spoken by the worker."""

import secrets
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from audio import encode_wav
from labeling import pools
from synthesis.ml.errors import SynthesisError
from synthesis.models import Rendition, SpeechRequest
from web.models import ApiKey

if TYPE_CHECKING:
    from synthesis.ml.speaking.engine import SpeechEngine

# A worker that holds a request for longer was killed: the longest text takes a few seconds.
GIVEN_UP_AFTER = timedelta(minutes=2)


class SpeechRefused(Exception):
    """The request cannot be spoken; `code` is stable, the message says what would do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TooManyWaiting(Exception):
    """The worker has more to speak than it can soon."""


@transaction.atomic
def request_speech(
    *,
    text: str,
    emotions: Iterable[str],
    voice: str,
    speaker: str = "",
    seed: int | None = None,
    api_key: ApiKey | None = None,
) -> list[SpeechRequest]:
    """Queue a sentence in one or more emotions, of one batch.

    Args:
        text: At most `SPEECH_MAX_CHARACTERS` long, with something in it to pronounce.
        emotions: Those that the speaker should have.
        voice: Name of a voice that is in use.
        speaker: Of the voice; its first one if empty.
        seed: Of the prosody; drawn if None.
        api_key: By which it was asked for.

    Raises:
        SpeechRefused: With the codes `text_missing`, `text_too_long`, `voice_unknown`,
            `speaker_unknown` or `emotion_unknown`.
        TooManyWaiting: If `SPEECH_MAX_WAITING` wait already.
    """
    text = _checked(text)
    speaker = _checked_speaker(voice, speaker, emotions := list(emotions))
    if SpeechRequest.objects.waiting().count() + len(emotions) > settings.SPEECH_MAX_WAITING:
        raise TooManyWaiting("Many sentences wait to be spoken: try again in a few seconds")
    batch, seed = uuid.uuid4(), secrets.randbits(32) if seed is None else seed
    return SpeechRequest.objects.bulk_create(
        SpeechRequest(
            batch=batch,
            voice=voice,
            speaker=speaker,
            emotion=emotion,
            text=text,
            seed=seed,
            api_key=api_key,
        )
        for emotion in emotions
    )


def _checked(text: str) -> str:
    text = " ".join(text.split())
    longest = settings.SPEECH_MAX_CHARACTERS
    if not any(character.isalnum() for character in text):
        raise SpeechRefused("text_missing", "There is nothing to pronounce: send at least one word")
    if len(text) > longest:
        raise SpeechRefused(
            "text_too_long", f"The text has {len(text)} characters: send at most {longest}"
        )
    return text


def _checked_speaker(voice: str, speaker: str, emotions: list[str]) -> str:
    """The speaker's name, in this voice and with these emotions."""
    voices = {each["name"]: each["speakers"] for each in Rendition.objects.live().by_voice()}
    if voice not in voices:
        known = ", ".join(voices) or "none"
        raise SpeechRefused("voice_unknown", f"No voice {voice!r}: there is {known}")
    spoken = voices[voice]
    speaker = speaker or next(iter(spoken))
    if speaker not in spoken:
        known = ", ".join(spoken)
        raise SpeechRefused(
            "speaker_unknown", f"The voice {voice} has no speaker {speaker!r}: it has {known}"
        )
    for emotion in emotions:
        if emotion not in spoken[speaker]:
            known = ", ".join(sorted(spoken[speaker]))
            raise SpeechRefused("emotion_unknown", f"{speaker} speaks no {emotion!r}: {known}")
    return speaker


def speak_next(*, engine_of: Callable[[str], "SpeechEngine"]) -> SpeechRequest | None:
    """Speak the oldest request that waits; None if there is none.

    Args:
        engine_of: Gives the engine of a voice's name.
    """
    request = _claim(timezone.now())
    if request is None:
        return None
    try:
        engine = engine_of(request.voice)
        utterance = engine.speak(
            request.text, request.emotion, seed=request.seed, speaker=request.speaker
        )
    except SynthesisError as error:
        _finish(request, state=SpeechRequest.State.FAILED, problem=str(error)[:300])
        return request
    data = encode_wav(utterance.waveform, utterance.sampling_rate)
    # The file first: a row that says "done" always has one. What a kill in between leaves behind
    # is an orphan, and the request is spoken again.
    key = pools.put(storages["speech"], data)
    duration_ms = round(1000 * len(utterance.waveform) / utterance.sampling_rate)
    _finish(request, state=SpeechRequest.State.DONE, key=key, duration_ms=duration_ms)
    return request


def _claim(now: datetime) -> SpeechRequest | None:
    """Take a request for this worker; of several workers exactly one gets it."""
    claimable = SpeechRequest.objects.claimable(given_up_before=now - GIVEN_UP_AFTER)
    for request in claimable[:10]:
        taken = claimable.filter(pk=request.pk, state=request.state, claimed_at=request.claimed_at)
        if taken.order_by().update(state=SpeechRequest.State.SPEAKING, claimed_at=now):
            request.state, request.claimed_at = SpeechRequest.State.SPEAKING, now
            return request
    return None


def _finish(request: SpeechRequest, **fields: object) -> None:
    for name, value in fields.items():
        setattr(request, name, value)
    # Unless it was taken away by the retention job, or by a worker that thought this one dead.
    SpeechRequest.objects.filter(
        pk=request.pk, state=SpeechRequest.State.SPEAKING, claimed_at=request.claimed_at
    ).update(**fields)


def delete_old_speech() -> int:
    """Delete requests that are older than `SPEECH_KEEP_S`, with their audio."""
    storage = storages["speech"]
    horizon = timezone.now() - timedelta(seconds=settings.SPEECH_KEEP_S)
    old = SpeechRequest.objects.made_before(horizon)
    keys = set(old.exclude(key="").values_list("key", flat=True))
    deleted, _ = old.delete()
    for key in keys:  # the same sentence may have been asked for again
        pools.delete_unless_named(storage, SpeechRequest.objects.all(), key)
    return deleted

"""Play clips from their making to their end, and the dummy clips that are made of speech."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, ProtectedError
from django.utils import timezone

from audio import encode_ogg_opus, encode_wav, rms_dbfs
from emotion.models import Emotion
from labeling import pools
from labeling import services as labeling_services
from labeling.models import Clip
from synthesis.ml.speaking.clip_measures import measure_clip
from synthesis.models import PlayClip, SpeechRequest, Voice

if TYPE_CHECKING:
    from synthesis.ml.speaking.engine import Utterance

_RANDOM = secrets.SystemRandom()


class ClipOverError(Exception):
    """The clip is retired or rejected: there is nothing to decide any more."""


@transaction.atomic
def add_play_clip(
    *,
    utterance: "Utterance",
    voice: Voice,
    emotion: str,
    text: str,
    seed: int,
    speaker: str = "",
    score: float | None = None,
) -> PlayClip:
    """Store an utterance as a play clip: row and file together, or neither."""
    data, suffix = _encoded(utterance)
    clip = PlayClip(
        sha256=hashlib.sha256(data).hexdigest(),
        key=pools.content_key(data, suffix),
        emotion=emotion,
        voice=voice,
        text=text,
        seed=seed,
        speaker=speaker,
        score=score,
        duration_ms=round(1000 * len(utterance.waveform) / utterance.sampling_rate),
        level_dbfs=rms_dbfs(utterance.waveform),
        state=PlayClip.State.HELD if settings.PLAY_CLIP_REVIEW else PlayClip.State.READY,
        **asdict(measure_clip(utterance.waveform, utterance.sampling_rate, text)),
    )
    clip.full_clean()
    clip.save()
    clip.renditions().update(made=F("made") + 1, refused_in_a_row=0, tried_at=timezone.now())
    # Last before the commit: a failure rolls the row back, a kill leaves at most an orphaned file,
    # which `remove_orphaned_audio` finds.
    pools.put(storages["play"], data, suffix)
    return clip


def _encoded(utterance: "Utterance") -> tuple[bytes, str]:
    """The file of a clip, without metadata, and how its name ends."""
    if settings.PLAY_CLIP_FORMAT == "opus":
        return encode_ogg_opus(utterance.waveform, utterance.sampling_rate), ".ogg"
    return encode_wav(utterance.waveform, utterance.sampling_rate), ".wav"


def add_dummy_clip(*, utterance: "Utterance", voice: Voice, text: str, seed: int) -> Clip:
    """Store an utterance as an unlabelled clip; nothing in its row tells the intended emotion."""
    clip, _ = labeling_services.add_clip(
        waveform=utterance.waveform,
        origin=Clip.Origin.SYNTHETIC,
        licence=voice.licence,
        consent="Synthetic voice: no person speaks",
        source=f"voice {voice.name}, seed {seed}: {text}"[:200],
        language=voice.language,
    )
    return clip


@transaction.atomic(savepoint=False)
def draw_play_clips(
    *, count: int, exclude: Collection[UUID] = (), emotions: Collection[str] = Emotion.values
) -> list[PlayClip]:
    """Take ready clips for one challenge and count their serving.

    Each emotion is drawn independently, so that one answer says nothing about the next. A clip
    that reaches its last serving is retired.

    Args:
        count: How many.
        exclude: Clips that must not be among them.
        emotions: To draw from.

    Returns:
        `count` clips; or as many as there are, of which no serving is counted, since they are too
        few for a challenge.
    """
    drawn: list[PlayClip] = []
    while len(drawn) < count:
        clip = _random_clip(emotions, [*exclude, *(clip.pk for clip in drawn)])
        if clip is None:
            return drawn
        drawn.append(clip)
    _count_servings(drawn)
    return drawn


def _random_clip(emotions: Collection[str], taken: Collection[UUID]) -> PlayClip | None:
    """A ready clip of an emotion at random among those that there are; locked."""
    for emotion in _RANDOM.sample(list(emotions), len(emotions)):
        clips = (
            PlayClip.objects.ready()
            .filter(emotion=emotion)
            .exclude(pk__in=taken)
            # Skipped rather than waited for: two challenges that wait for each other's clips would
            # never end.
            .select_for_update(skip_locked=True)
            .order_by("pk")
        )
        # Ids are random: the next one after a random number is a random clip, found by the index.
        clip = clips.filter(pk__gte=uuid4()).first() or clips.first()
        if clip is not None:
            return clip
    return None


def _count_servings(clips: list[PlayClip]) -> None:
    for clip in clips:
        clip.times_served += 1
        if clip.times_served >= settings.PLAY_CLIP_MAX_SERVED:
            clip.state = PlayClip.State.RETIRED
    PlayClip.objects.bulk_update(clips, ["times_served", "state"])


def retire_play_clips(*, clip_ids: Collection[UUID]) -> int:
    """Serve these no more; the pool speaks others in their place. Returns how many were ready."""
    return PlayClip.objects.ready().filter(pk__in=clip_ids).update(state=PlayClip.State.RETIRED)


@transaction.atomic
def review_play_clip(*, clip_id: UUID, moderator: User, approved: bool) -> PlayClip:
    """Note what a moderator who listened says of a clip; only an approved one is served.

    Raises:
        PlayClip.DoesNotExist: If there is no such clip.
        ClipOverError: If it was retired or rejected before.
    """
    clip = PlayClip.objects.select_for_update().get(pk=clip_id)
    if clip.state not in PlayClip.IN_STOCK:
        raise ClipOverError(f"{clip} is {clip.get_state_display().lower()} already")
    clip.state = PlayClip.State.READY if approved else PlayClip.State.REJECTED
    clip.reviewed_by, clip.reviewed_at = moderator, timezone.now()
    clip.save(update_fields=["state", "reviewed_by", "reviewed_at"])
    return clip


def delete_over() -> int:
    """Delete retired and rejected clips, row and file, that no challenge refers to any more."""
    deleted = 0
    horizon = timezone.now() - timedelta(seconds=settings.CAPTCHA_CHALLENGE_LIFE_S)
    for clip in PlayClip.objects.over().filter(created_at__lt=horizon):
        deleted += _delete(clip)
    return deleted


def _delete(clip: PlayClip) -> int:
    try:
        with transaction.atomic():
            clip.delete()
            transaction.on_commit(lambda: storages["play"].delete(clip.key))
    except ProtectedError:
        return 0  # a challenge still shows it; its retention job comes first
    return 1


def remove_orphaned_audio() -> int:
    """Delete files of the play and speech pools that no row names; return how many."""
    older_than = timezone.now() - timedelta(seconds=settings.POOL_ORPHAN_AGE_S)
    return sum(
        pools.remove_orphans(storages[pool], model.objects.all(), older_than=older_than)
        for pool, model in (("play", PlayClip), ("speech", SpeechRequest))
    )

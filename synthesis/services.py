"""Writes of this app: speaking into the pools, serving and retiring play clips."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, ProtectedError
from django.utils import timezone

from audio import encode_wav, rms_dbfs
from emotion.ml.predictor import EmotionPredictor
from emotion.models import Emotion
from labeling import pools
from labeling import services as labeling_services
from labeling.models import Clip
from synthesis.ml.gate import GateLimits, judge_clip
from synthesis.models import PlayClip, Refusal, Voice

if TYPE_CHECKING:  # web processes serve clips and never load what speaks
    from synthesis.ml.engine import SpeechEngine, Utterance
    from synthesis.ml.voices import Voice as VoiceFolder

# Dummy clips that come right after the first clip of every emotion, so that a whole challenge can
# be served within seconds of the first start.
FIRST_DUMMY_CLIPS = 4
TRIES_A_CLIP = 4


@transaction.atomic
def register_voice(*, folder: "VoiceFolder") -> Voice:
    """Make a voice folder known; a new version of a name takes the old one's place."""
    voice, _ = Voice.objects.get_or_create(
        sha256=folder.sha256,
        defaults={
            "name": folder.name,
            "language": folder.language,
            "licence": folder.licence,
            "is_live": False,
        },
    )
    if not voice.is_live:
        Voice.objects.filter(name=folder.name, is_live=True).update(is_live=False)
        voice.is_live = True
        voice.save(update_fields=["is_live"])
    return voice


def next_need() -> str | None:
    """Return what the pools lack most: an emotion of the play pool, "dummy", or None.

    The first clip of every emotion comes first, then a few dummy clips, then the targets.
    """
    counts = PlayClip.objects.ready_by_emotion()
    scarcest = min(Emotion.values, key=lambda emotion: counts[emotion])
    dummies = Clip.objects.filter(origin=Clip.Origin.SYNTHETIC).count()
    if counts[scarcest] == 0:
        return scarcest
    if dummies < min(FIRST_DUMMY_CLIPS, settings.DUMMY_POOL_TARGET):
        return "dummy"
    if counts[scarcest] < settings.PLAY_POOL_TARGET:
        return scarcest
    return "dummy" if dummies < settings.DUMMY_POOL_TARGET else None


def satisfy(
    *,
    need: str,
    engine: "SpeechEngine",
    judge: EmotionPredictor,
    voice: Voice,
    text: str,
    seed: int,
) -> PlayClip | Clip | None:
    """Speak a sentence into the pool that `next_need` named.

    Returns:
        The clip; None if the gate refused it, which is counted.
    """
    speaker = _speaker(engine, seed)
    if need == "dummy":
        emotion = secrets.choice(Emotion.values)
        utterance = engine.speak(text, emotion, seed=seed, speaker=speaker)
        return add_dummy_clip(utterance=utterance, voice=voice, text=text, seed=seed)
    utterance = engine.speak(text, need, seed=seed, speaker=speaker)
    judgement = judge_clip(
        utterance.waveform, utterance.sampling_rate, need, judge=judge, limits=_gate_limits()
    )
    if judgement.reason:
        count_refusal(voice=voice, speaker=speaker, emotion=need, reason=judgement.reason)
        return None
    return add_play_clip(
        utterance=utterance,
        voice=voice,
        emotion=need,
        text=text,
        seed=seed,
        speaker=speaker,
        score=judgement.score,
    )


def _gate_limits() -> GateLimits:
    return GateLimits(
        shortest_s=settings.PLAY_CLIP_SHORTEST_S,
        longest_s=settings.PLAY_CLIP_LONGEST_S,
        least_score=settings.PLAY_CLIP_LEAST_SCORE,
    )


@transaction.atomic
def count_refusal(*, voice: Voice, speaker: str, emotion: str, reason: str) -> None:
    """Note that the gate refused a clip."""
    row, _ = Refusal.objects.get_or_create(
        voice=voice, speaker=speaker, emotion=emotion, reason=reason
    )
    Refusal.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=timezone.now())


def _speaker(engine: "SpeechEngine", seed: int) -> str:
    """One of the voice's speakers; by the seed, so that a clip can be spoken again."""
    speakers = tuple(engine.voice.speakers)
    return speakers[seed % len(speakers)]


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
    data = encode_wav(utterance.waveform, utterance.sampling_rate)
    clip = PlayClip(
        sha256=hashlib.sha256(data).hexdigest(),
        key=pools.content_key(data),
        emotion=emotion,
        voice=voice,
        text=text,
        seed=seed,
        speaker=speaker,
        score=score,
        duration_ms=round(1000 * len(utterance.waveform) / utterance.sampling_rate),
        level_dbfs=rms_dbfs(utterance.waveform),
    )
    clip.full_clean()
    clip.save()
    # Last before the commit: a failure rolls the row back, a kill leaves at most an orphaned file,
    # which `remove_orphaned_audio` finds.
    pools.put(storages["play"], data)
    return clip


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


@transaction.atomic
def draw_play_clips(*, count: int, exclude: Collection[UUID] = ()) -> list[PlayClip]:
    """Take ready clips for one challenge and count their serving.

    Each emotion is drawn independently, so that one answer says nothing about the next. A clip
    that reaches its last serving is retired.

    Returns:
        At most `count` clips, fewer when the pool runs dry.
    """
    drawn: list[PlayClip] = []
    # A clip that another challenge takes at this moment costs a try, not a place.
    for _ in range(count * TRIES_A_CLIP):
        if len(drawn) == count:
            break
        taken = [*exclude, *(clip.pk for clip in drawn)]
        available = PlayClip.objects.ready().exclude(pk__in=taken)
        emotions = list(available.order_by().values_list("emotion", flat=True).distinct())
        if not emotions:
            break
        clip = (
            available.filter(emotion=secrets.choice(emotions))
            # Skipped rather than waited for: two challenges that wait for each other's clips would
            # never end.
            .select_for_update(skip_locked=True)
            .fresh_first()
            .first()
        )
        if clip is not None:
            drawn.append(_count_serving(clip))
    return drawn


def _count_serving(clip: PlayClip) -> PlayClip:
    clip.times_served += 1
    if clip.times_served >= settings.PLAY_CLIP_MAX_SERVED:
        clip.state = PlayClip.State.RETIRED
    clip.save(update_fields=["times_served", "state"])
    return clip


def record_answer(*, clip_id: UUID, right: bool) -> None:
    """Count a visitor's answer to a play clip."""
    field = "times_right" if right else "times_wrong"
    PlayClip.objects.filter(pk=clip_id).update(**{field: F(field) + 1})


def delete_retired() -> int:
    """Delete retired clips, row and file, that no challenge refers to any more."""
    deleted = 0
    horizon = timezone.now() - timedelta(seconds=settings.CAPTCHA_CHALLENGE_LIFE_S)
    for clip in PlayClip.objects.retired().filter(created_at__lt=horizon):
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
    """Delete files of the play pool that no row names; return how many."""
    older_than = timezone.now() - timedelta(seconds=settings.POOL_ORPHAN_AGE_S)
    known = set(PlayClip.objects.values_list("key", flat=True))
    removed = 0
    for key in pools.orphans(storages["play"], known, older_than=older_than):
        removed += _delete_unless_named(key)
    return removed


@transaction.atomic
def _delete_unless_named(key: str) -> int:
    """Look once more: a row may have been committed since the list of rows was read."""
    if PlayClip.objects.filter(key=key).exists():
        return 0
    storages["play"].delete(key)
    return 1

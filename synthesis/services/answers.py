"""What visitors' answers say of clips, and of a speaker's way of an emotion."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from synthesis import recognition
from synthesis.models import PlayClip, Rendition

logger = logging.getLogger(__name__)

Kind = tuple[int, str, str]
"""Voice, speaker and emotion: what clips of one rendition have in common."""

Renditions = Mapping[Kind, Rendition]


@transaction.atomic(savepoint=False)
def lock_renditions(*, clips: Sequence[PlayClip]) -> Renditions:
    """Read the rows that sum up clips like these, once for all that is asked of them.

    They stay locked until the caller's transaction ends, in the order of their ids, so that two
    challenges with clips of the same speakers cannot wait for each other.
    """
    kinds = Q(pk__in=[])
    for clip in clips:
        kinds |= Q(voice=clip.voice_id, speaker=clip.speaker, emotion=clip.emotion)
    rows = Rendition.objects.filter(kinds) if clips else Rendition.objects.none()
    locked = rows.select_for_update().order_by("pk")
    return {(row.voice_id, row.speaker, row.emotion): row for row in locked}


def person_rates(*, clips: Sequence[PlayClip], renditions: Renditions) -> dict[UUID | None, float]:
    """How often people recognise each of these clips, by their ids."""
    rates: dict[UUID | None, float] = {}
    for clip in clips:
        row = renditions.get(_kind(clip))
        rates[clip.pk] = recognition.person_rate(
            clip=(clip.times_right, clip.times_wrong),
            rendition=(row.times_right, row.times_wrong) if row else (0, 0),
        )
    return rates


@transaction.atomic(savepoint=False)
def record_answers(
    *,
    answers: Iterable[tuple[PlayClip, bool]],
    renditions: Renditions,
    by_person: bool = False,
) -> None:
    """Count a visitor's answers to play clips, and stop asking what people do not recognise.

    Args:
        answers: Each clip, and whether the answer was its intended emotion.
        renditions: What `lock_renditions` gave for these clips, in the same transaction.
        by_person: Whether the visitor passed the challenge. Only such answers decide on a whole
            rendition: programs that answer at random could end them all.
    """
    touched: dict[int, Rendition] = {}
    # In the order of ids, so that two challenges with the same clips cannot lock crosswise.
    for clip, right in sorted(answers, key=lambda answer: answer[0].pk):
        _count_for_clip(clip, right)
        row = renditions.get(_kind(clip))
        if by_person and row is not None:
            _count(row, right)
            touched[row.pk] = row
    if touched:
        Rendition.objects.bulk_update(touched.values(), ["times_right", "times_wrong"])
    for row in touched.values():
        _judge_rendition(row)


def _kind(clip: PlayClip) -> Kind:
    return clip.voice_id, clip.speaker, clip.emotion


def _count(row: PlayClip | Rendition, right: bool) -> None:
    if right:
        row.times_right += 1
    else:
        row.times_wrong += 1


def _count_for_clip(clip: PlayClip, right: bool) -> None:
    field = "times_right" if right else "times_wrong"
    PlayClip.objects.filter(pk=clip.pk).update(**{field: F(field) + 1})
    if clip.state != PlayClip.State.READY:
        return
    # Read anew, now that the row is ours: others may answer the same clip at this moment.
    clip.refresh_from_db(fields=["times_right", "times_wrong"])
    if not recognition.is_clip_clear(
        right=clip.times_right, wrong=clip.times_wrong, least=settings.PLAY_CLIP_LEAST_PASS_RATE
    ):
        PlayClip.objects.ready().filter(pk=clip.pk).update(state=PlayClip.State.RETIRED)


def _judge_rendition(rendition: Rendition) -> None:
    if not rendition.is_active or recognition.is_rendition_clear(
        right=rendition.times_right,
        wrong=rendition.times_wrong,
        least=settings.PLAY_CLIP_LEAST_PASS_RATE,
    ):
        return
    emotion = rendition.emotion
    others = Rendition.objects.pooled(settings.PLAY_VOICES).filter(emotion=emotion)
    if not others.exclude(pk=rendition.pk).exists():
        logger.error("%s is hardly recognised, and nobody else speaks %s", rendition, emotion)
        return
    rendition.is_active = False
    rendition.save(update_fields=["is_active"])
    stock = PlayClip.objects.ready().filter(
        voice=rendition.voice_id, speaker=rendition.speaker, emotion=emotion
    )
    retired = stock.update(state=PlayClip.State.RETIRED)
    logger.warning("%s is hardly recognised: no more of it, %d clips retired", rendition, retired)

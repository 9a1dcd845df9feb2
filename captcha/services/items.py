"""What a challenge asks: drawing clips and situations, and handing them out one after the other."""

import logging
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from captcha.keys import derive
from captcha.models import Challenge, ChallengeItem
from captcha.risk import base_bits
from captcha.scenarios import draw
from captcha.scoring import RULES
from captcha.services.errors import PoolEmpty
from emotion.models import Emotion
from labeling import services as labeling_services
from labeling.models import Clip
from synthesis import services as synthesis_services
from synthesis.models import PlayClip
from web.digests import digest

logger = logging.getLogger(__name__)


def ask_first_round(challenge: Challenge, now: datetime) -> list[ChallengeItem]:
    """Ask what a challenge of this kind begins with; work alone asks nothing."""
    if challenge.kind == Challenge.Kind.WORK:
        return []
    try:
        return _ask_clips(challenge, now)
    except PoolEmpty as error:
        _fall_back_to_work(challenge, error)
        return []


def ask_further(challenge: Challenge, *, first: int, now: datetime) -> list[ChallengeItem]:
    """Ask one clip or situation more, at this position."""
    try:
        return _ask(challenge, _draw(challenge, count=1), first=first, now=now)
    except PoolEmpty as error:
        _fall_back_to_work(challenge, error)
        return []


def serve(item: ChallengeItem, now: datetime) -> None:
    """Let the visitor hear it from now on."""
    item.served_at = now
    item.save(update_fields=["served_at"])


def audio_token(challenge: Challenge, position: int) -> str:
    """The secret part of an address, the same at every retry of a lost answer."""
    return derive("audio", challenge.pk, position)


def seconds_too_early(item: ChallengeItem, now: datetime) -> float:
    """How much longer a clip has to be listened to before its answer counts.

    Nobody knows how a clip was meant before most of it was heard; a program that answers at once
    has to wait as people do. Reading has no such time.
    """
    if item.served_at is None or item.kind == ChallengeItem.Kind.SCENARIO:
        return 0.0
    share = settings.CAPTCHA_LEAST_LISTENING
    due = item.served_at + timedelta(milliseconds=share * item.clip.duration_ms)
    return max(0.0, (due - now).total_seconds())


def _ask_clips(challenge: Challenge, now: datetime) -> list[ChallengeItem]:
    count = RULES[challenge.difficulty].min_clips
    clips: list[dict[str, object]] = _draw(challenge, count=count)
    dummy = _dummy(challenge)
    if dummy is not None:
        place = secrets.randbelow(len(clips) + 1)
        clips.insert(place, {"kind": ChallengeItem.Kind.DUMMY, "dummy_clip": dummy})
    return _ask(challenge, clips, first=1, now=now)


def _dummy(challenge: Challenge) -> Clip | None:
    """A clip to label, unless it would have to be labelled with a part of the emotions."""
    is_heard = challenge.kind == Challenge.Kind.AUDIO
    if not is_heard or len(challenge.site.answer_choices()) < len(Emotion):
        return None
    return labeling_services.draw_dummy_clip(voter=challenge.voter)


def _draw(challenge: Challenge, *, count: int) -> list[dict[str, object]]:
    """Draw known clips that this network has not heard yet, of emotions that the site asks for."""
    if challenge.kind == Challenge.Kind.TEXT:
        return _written(challenge, count)
    drawn = synthesis_services.draw_play_clips(
        count=count, exclude=_heard(challenge), emotions=challenge.site.answer_choices()
    )
    if len(drawn) < count:
        raise PoolEmpty(f"{len(drawn)} clips of {count} that the network has not heard")
    return [{"kind": ChallengeItem.Kind.KNOWN, "play_clip": clip} for clip in drawn]


def _heard(challenge: Challenge) -> set[UUID]:
    """Known clips that went to this network before and could be drawn again."""
    items = ChallengeItem.objects.heard_in(challenge.network).filter(
        play_clip__state=PlayClip.State.READY
    )
    return {pk for pk in items.values_list("play_clip_id", flat=True) if pk}


def _written(challenge: Challenge, count: int) -> list[dict[str, object]]:
    kind = ChallengeItem.Kind.SCENARIO
    scenarios = draw(
        count=count, language=challenge.language, emotions=challenge.site.answer_choices()
    )
    return [
        {"kind": kind, "scenario": scenario.text, "scenario_emotion": scenario.emotion}
        for scenario in scenarios
    ]


def _ask(
    challenge: Challenge, clips: list[dict[str, object]], *, first: int, now: datetime
) -> list[ChallengeItem]:
    """Store what is asked; the first of it is served at once."""
    return ChallengeItem.objects.bulk_create(
        ChallengeItem(
            challenge=challenge,
            position=position,
            audio_sha256=digest(audio_token(challenge, position)),
            served_at=now if position == first else None,
            **clip,
        )
        for position, clip in enumerate(clips, start=first)
    )


def _fall_back_to_work(challenge: Challenge, error: PoolEmpty) -> None:
    """Let the proof of work decide where there is nothing to listen to."""
    # What this network knows is no good to it any more: fresh clips take the place.
    retired = synthesis_services.retire_play_clips(clip_ids=_heard(challenge))
    ready = PlayClip.objects.ready().count()
    logger.error(
        "A challenge asks for work instead: %s; the play pool has %d ready, %d are replaced",
        error,
        ready,
        retired,
    )
    extra = max(0, challenge.work_bits - base_bits(challenge.kind))
    challenge.kind = Challenge.Kind.WORK
    challenge.work_bits, challenge.worked_at = base_bits(challenge.kind) + extra, None
    challenge.save(update_fields=["kind", "work_bits", "worked_at"])

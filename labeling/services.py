"""Writes of this app: clips in, votes, promotions, moderators' decisions."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from numpy.typing import NDArray

from audio import encode_wav, rms_dbfs
from emotion.models import Emotion
from labeling import pools
from labeling.agreement import Decision, PromotionRule, Verdict
from labeling.models import Clip, ClipEvent, Promotion, Vote

logger = logging.getLogger(__name__)

SAMPLING_RATE_HZ = 16_000  # every clip of the pools is 16 kHz mono WAV
MIN_CLIP_S = 0.5  # shorter than a word: nothing to hear an emotion in
MIN_LEVEL_DBFS = -60.0  # quieter is the noise floor of a 16-bit recording chain


class ClipNotFound(LookupError):
    """No clip with this id."""


class UnknownEmotion(ValueError):
    """A label that is none of the seven."""


class UnusableClip(ValueError):
    """A recording that nobody could judge: silent or too short."""


class StaleDecision(RuntimeError):
    """The clip changed since the moderator looked at it."""


@dataclass(frozen=True)
class VoteOutcome:
    """What became of a vote.

    Attributes:
        vote: The stored vote: this one, or the earlier one that it repeats.
        created: False for a replay, which changes nothing.
        promotion: Set when this very vote decided the clip.
    """

    vote: Vote
    created: bool
    promotion: Promotion | None = None


def promotion_rule() -> PromotionRule:
    """Return the rule of this installation, read once a process."""
    return _read_rule(Path(settings.PROMOTION_RULE_FILE))


@lru_cache(maxsize=4)
def _read_rule(path: Path) -> PromotionRule:
    return PromotionRule.from_file(path)


DONATION_LICENCE = "CC0-1.0"
DONATION_CONSENT = "The visitor ticked: my own voice or with consent, for labelling and training"


@transaction.atomic
def add_clip(
    *,
    waveform: NDArray[np.float32],
    origin: str,
    licence: str,
    consent: str,
    source: str = "",
    language: str = "en",
) -> tuple[Clip, bool]:
    """Put a recording into the dummy pool, once.

    Args:
        waveform: Mono signal at 16 kHz, float32 in [-1, 1], shape (samples,).

    Returns:
        The clip, and whether it is new; the same sound gives the clip that is there already.

    Raises:
        UnusableClip: If the recording is silent or too short to judge.
    """
    _check_usable(waveform)
    data = encode_wav(waveform, SAMPLING_RATE_HZ)
    sha256 = hashlib.sha256(data).hexdigest()
    clip, created = Clip.objects.get_or_create(
        sha256=sha256,
        defaults={
            "key": pools.content_key(data),
            "duration_ms": round(1000 * len(waveform) / SAMPLING_RATE_HZ),
            "origin": origin,
            "licence": licence,
            "consent": consent,
            "source": source,
            "language": language,
        },
    )
    if created:
        clip.full_clean()
        ClipEvent.objects.create(clip=clip, kind=ClipEvent.Kind.ADDED)
        # Last before the commit: a failure rolls the row back, a kill leaves at most an orphaned
        # file, which `remove_orphaned_audio` finds.
        pools.put(storages[Clip.Pool.DUMMY], data)
    return clip, created


@transaction.atomic
def keep_donation(waveform: NDArray[np.float32]) -> str | None:
    """Keep a recording that a visitor left, with the moderators: nobody else hears it before them.

    Returns:
        The clip's number, under which the visitor can ask for its withdrawal; None when
        `DONATIONS_MAX_WAITING` of them wait already.

    Raises:
        UnusableClip: If the recording is silent or too short to judge.
    """
    waiting = Clip.objects.in_conflict().filter(origin=Clip.Origin.DONATED)
    if waiting.count() >= settings.DONATIONS_MAX_WAITING:
        return None
    clip, created = add_clip(
        waveform=waveform,
        origin=Clip.Origin.DONATED,
        licence=DONATION_LICENCE,
        consent=DONATION_CONSENT,
        source="left on the page of the analysis",
    )
    if created:
        _set_state(clip, Clip.State.CONFLICT)
    return str(clip.pk)


@transaction.atomic
def draw_dummy_clip(*, voter: str) -> Clip | None:
    """Choose an open clip that this voter has not judged, and count the serving.

    The least served come first, at random among equals, so that votes spread evenly and nobody can
    aim at a clip.
    """
    clip = Clip.objects.open().unheard_by(voter).order_by("times_served", "?").first()
    if clip is not None:
        Clip.objects.filter(pk=clip.pk).update(times_served=F("times_served") + 1)
    return clip


@transaction.atomic
def record_vote(
    *, clip_id: UUID, voter: str, network: str, emotion: str, challenge_id: UUID
) -> VoteOutcome:
    """File one vote and decide the clip if it is decisive.

    The clip is locked first, so that of two decisive votes at once exactly one promotes and both
    are kept. A second vote of the same voter on the clip, or with the same challenge, is a no-op.

    Raises:
        ClipNotFound: If there is no such clip.
        UnknownEmotion: If the label is none of the seven.
    """
    _check_emotion(emotion)
    clip = _locked(clip_id)
    repeated = Q(clip=clip, voter=voter) | Q(challenge_id=challenge_id)
    earlier = Vote.objects.filter(repeated).first()
    if earlier:
        return VoteOutcome(earlier, created=False)
    vote = Vote(
        clip=clip,
        voter=voter,
        network=network,
        emotion=emotion,
        challenge_id=challenge_id,
        is_late=clip.state != Clip.State.OPEN,
    )
    try:
        with transaction.atomic():
            vote.save()
    except IntegrityError:
        # The same challenge on another clip, at the same moment: that lock is not ours.
        return VoteOutcome(Vote.objects.get(repeated), created=False)
    promotion = None if vote.is_late else _decide(clip)
    return VoteOutcome(vote, created=True, promotion=promotion)


def _decide(clip: Clip) -> Promotion | None:
    """Apply the rule to all counted votes of a locked, open clip."""
    rule = promotion_rule()
    votes = list(clip.votes.counted().values_list("emotion", flat=True))
    decision = rule.decide(votes)
    if decision.verdict is Verdict.PROMOTE:
        return _promote(clip, decision, rule.version)
    if decision.verdict is Verdict.CONFLICT:
        _set_state(clip, Clip.State.CONFLICT)
        _log(clip, ClipEvent.Kind.CONFLICT, posterior=_rounded(decision))
    return None


def _promote(
    clip: Clip,
    decision: Decision,
    rule_version: str,
    *,
    emotion: str = "",
    moderator: User | None = None,
) -> Promotion:
    emotion = emotion or decision.emotion
    by = Promotion.DecidedBy.MODERATOR if moderator else Promotion.DecidedBy.VOTES
    promotion = Promotion.objects.create(
        clip=clip,
        emotion=emotion,
        decided_by=by,
        moderator=moderator,
        posterior=_rounded(decision),
        vote_count=decision.vote_count,
        rule_version=rule_version,
    )
    _set_state(clip, Clip.State.PROMOTED, emotion)
    _log(clip, ClipEvent.Kind.PROMOTED, moderator, emotion=emotion, by=by)
    return promotion


@transaction.atomic
def decide_clip(*, clip_id: UUID, moderator: User, emotion: str, revision: int) -> Promotion:
    """Promote a clip on a moderator's word, which outranks votes and earlier promotions.

    Args:
        revision: `Clip.revision` as the moderator saw it.

    Raises:
        ClipNotFound, UnknownEmotion: As the names say.
        StaleDecision: If the clip was decided since.
    """
    _check_emotion(emotion)
    clip = _locked(clip_id)
    _check_fresh(clip, revision)
    _revoke_promotion(clip)
    rule = promotion_rule()
    votes = list(clip.votes.counted().values_list("emotion", flat=True))
    return _promote(clip, rule.decide(votes), rule.version, emotion=emotion, moderator=moderator)


@transaction.atomic
def withdraw_clip(*, clip_id: UUID, moderator: User, revision: int) -> Clip:
    """Take a clip out of voting and of the training set; votes and history stay.

    Raises:
        ClipNotFound: If there is no such clip.
        StaleDecision: If the clip was decided since.
    """
    clip = _locked(clip_id)
    _check_fresh(clip, revision)
    _revoke_promotion(clip)
    _set_state(clip, Clip.State.WITHDRAWN)
    _log(clip, ClipEvent.Kind.WITHDRAWN, moderator)
    return clip


def move_promoted_audio() -> int:
    """Bring the audio of promoted clips into the learning pool; return how many moved.

    Copy, verify, switch the pointer, then delete: a kill anywhere leaves a clip whose pointer is
    right, and the next run goes on.
    """
    moved = 0
    for clip in Clip.objects.waiting_for_move():
        try:
            pools.copy(storages[Clip.Pool.DUMMY], storages[Clip.Pool.LEARNING], clip.key)
        except (pools.CorruptAudioError, OSError):
            logger.exception("%s cannot be moved: its file is missing or damaged", clip)
        else:
            moved += _switch_pool(clip)
    return moved


@transaction.atomic
def _switch_pool(clip: Clip) -> int:
    switched = Clip.objects.waiting_for_move().filter(pk=clip.pk).update(pool=Clip.Pool.LEARNING)
    if switched:
        _log(clip, ClipEvent.Kind.MOVED, to=Clip.Pool.LEARNING)
        transaction.on_commit(lambda: storages[Clip.Pool.DUMMY].delete(clip.key))
    return switched


def remove_orphaned_audio() -> int:
    """Delete files of the dummy and learning pools that no clip names; return how many."""
    older_than = timezone.now() - timedelta(seconds=settings.POOL_ORPHAN_AGE_S)
    return sum(
        pools.remove_orphans(storages[pool], Clip.objects.filter(pool=pool), older_than=older_than)
        for pool in Clip.Pool.values
    )


def _locked(clip_id: UUID) -> Clip:
    try:
        return Clip.objects.select_for_update().get(pk=clip_id)
    except Clip.DoesNotExist as error:
        raise ClipNotFound(f"There is no clip {clip_id}") from error


def _check_emotion(emotion: str) -> None:
    if emotion not in Emotion.values:
        raise UnknownEmotion(f"Unknown emotion {emotion!r}: use one of {', '.join(Emotion.values)}")


def _check_usable(waveform: NDArray[np.float32]) -> None:
    duration_s, level = len(waveform) / SAMPLING_RATE_HZ, rms_dbfs(waveform)
    if duration_s < MIN_CLIP_S or level < MIN_LEVEL_DBFS:
        raise UnusableClip(
            f"The recording has {duration_s:.1f} s at {level:.0f} dBFS: "
            f"at least {MIN_CLIP_S:g} s at {MIN_LEVEL_DBFS:g} dBFS are needed"
        )


def _check_fresh(clip: Clip, revision: int) -> None:
    if clip.revision != revision:
        raise StaleDecision(
            f"The clip is now {clip.get_state_display().lower()}: look at it again and decide anew"
        )


def _revoke_promotion(clip: Clip) -> None:
    clip.promotions.active().update(revoked_at=timezone.now())


def _set_state(clip: Clip, state: str, emotion: str = "") -> None:
    clip.state, clip.emotion, clip.revision = state, emotion, clip.revision + 1
    clip.save(update_fields=["state", "emotion", "revision"])


def _log(clip: Clip, kind: str, actor: User | None = None, /, **detail: object) -> None:
    ClipEvent.objects.create(clip=clip, kind=kind, actor=actor, detail=detail)


def _rounded(decision: Decision) -> dict[str, float]:
    return {emotion: round(value, 4) for emotion, value in decision.posterior.items()}

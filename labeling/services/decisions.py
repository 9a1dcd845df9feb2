"""Who decides on a clip, and what follows: the rule on its votes, or a moderator."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from labeling.agreement import Decision, PromotionRule, Verdict
from labeling.models import Clip, ClipEvent, Promotion
from labeling.services.errors import StaleDecision
from labeling.services.states import check_emotion, locked, log, set_state


def promotion_rule() -> PromotionRule:
    """Return the rule of this installation, read once a process."""
    return _read_rule(Path(settings.PROMOTION_RULE_FILE))


@lru_cache(maxsize=4)
def _read_rule(path: Path) -> PromotionRule:
    return PromotionRule.from_file(path)


def decide_by_votes(clip: Clip, votes: Sequence[str]) -> Promotion | None:
    """Apply the rule to the counted votes of a locked, open clip."""
    rule = promotion_rule()
    decision = rule.decide(votes)
    if decision.verdict is Verdict.PROMOTE:
        return _promote(clip, decision, rule.version)
    if decision.verdict is Verdict.CONFLICT:
        set_state(clip, Clip.State.CONFLICT)
        log(clip, ClipEvent.Kind.CONFLICT, posterior=_rounded(decision))
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
    set_state(clip, Clip.State.PROMOTED, emotion)
    log(clip, ClipEvent.Kind.PROMOTED, moderator, emotion=emotion, by=by)
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
    check_emotion(emotion)
    clip = locked(clip_id)
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
    clip = locked(clip_id)
    _check_fresh(clip, revision)
    _revoke_promotion(clip)
    set_state(clip, Clip.State.WITHDRAWN)
    log(clip, ClipEvent.Kind.WITHDRAWN, moderator)
    return clip


def _check_fresh(clip: Clip, revision: int) -> None:
    if clip.revision != revision:
        raise StaleDecision(
            f"The clip is now {clip.get_state_display().lower()}: look at it again and decide anew"
        )


def _revoke_promotion(clip: Clip) -> None:
    clip.promotions.active().update(revoked_at=timezone.now())


def _rounded(decision: Decision) -> dict[str, float]:
    return {emotion: round(value, 4) for emotion, value in decision.posterior.items()}

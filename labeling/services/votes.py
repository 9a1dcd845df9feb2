"""Clips out to listeners, and their votes in."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from labeling.models import Clip, Promotion, Vote
from labeling.services.decisions import decide_by_votes
from labeling.services.states import check_emotion, locked


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


@transaction.atomic(savepoint=False)
def draw_dummy_clip(*, voter: str) -> Clip | None:
    """Choose an open clip that this voter has not judged, and count the serving.

    The least served come first, at random among equals, so that votes spread evenly and nobody can
    aim at a clip.
    """
    clip = Clip.objects.open().unheard_by(voter).order_by("times_served", "?").first()
    if clip is not None:
        Clip.objects.filter(pk=clip.pk).update(times_served=F("times_served") + 1)
    return clip


@transaction.atomic(savepoint=False)
def record_vote(
    *, clip_id: UUID, voter: str, network: str, emotion: str, challenge_id: UUID
) -> VoteOutcome:
    """File one vote and decide the clip if it is decisive.

    The clip is locked first, so that of two decisive votes at once exactly one promotes and both
    are kept. A second vote of the same voter on the clip, or with the same challenge, is a no-op.

    Raises:
        ClipNotFound: If there is no such clip.
        UnknownEmotion: If the label is none of the seven.
        IntegrityError: If the same challenge votes on another clip at this very moment, whose lock
            is not ours; nothing of the caller's transaction is written then.
    """
    check_emotion(emotion)
    clip = locked(clip_id)
    known = list(Vote.objects.filter(Q(clip=clip) | Q(challenge_id=challenge_id)))
    for vote in known:
        if vote.challenge_id == challenge_id or vote.voter == voter:
            return VoteOutcome(vote, created=False)
    vote = Vote.objects.create(
        clip=clip,
        voter=voter,
        network=network,
        emotion=emotion,
        challenge_id=challenge_id,
        is_late=clip.state != Clip.State.OPEN,
    )
    if vote.is_late:
        return VoteOutcome(vote, created=True)
    counted = [each.emotion for each in (*known, vote) if not each.is_late]
    return VoteOutcome(vote, created=True, promotion=decide_by_votes(clip, counted))

"""Writes of this app: clips in, votes, promotions, moderators' decisions."""

from labeling.services.audio import move_promoted_audio, remove_orphaned_audio
from labeling.services.decisions import decide_clip, promotion_rule, withdraw_clip
from labeling.services.errors import ClipNotFound, StaleDecision, UnknownEmotion, UnusableClip
from labeling.services.intake import add_clip, keep_donation
from labeling.services.votes import VoteOutcome, draw_dummy_clip, record_vote

__all__ = [
    "ClipNotFound",
    "StaleDecision",
    "UnknownEmotion",
    "UnusableClip",
    "VoteOutcome",
    "add_clip",
    "decide_clip",
    "draw_dummy_clip",
    "keep_donation",
    "move_promoted_audio",
    "promotion_rule",
    "record_vote",
    "remove_orphaned_audio",
    "withdraw_clip",
]

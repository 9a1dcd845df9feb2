from django.db import models
from django.db.models import Q

from emotion.models import Emotion
from labeling.models.clips import Clip
from web.append_only import AppendOnlyModel, AppendOnlyQuerySet


class VoteQuerySet(AppendOnlyQuerySet):
    def counted(self) -> "VoteQuerySet":
        """Votes that a decision rests on: those cast while the clip was open."""
        return self.filter(is_late=False)


class Vote(AppendOnlyModel):
    """What one voter heard in one clip."""

    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="votes")
    voter = models.CharField(max_length=64, help_text="Keyed hash; says nothing about the person.")
    network = models.CharField(max_length=64, blank=True, help_text="Keyed hash of the network.")
    emotion = models.CharField(max_length=10, choices=Emotion)
    challenge_id = models.UUIDField(unique=True, help_text="The challenge that the vote came with.")
    is_late = models.BooleanField(
        default=False, help_text="Cast when the clip was decided already."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VoteQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["clip", "voter"], name="labeling_one_vote_a_voter"),
            models.CheckConstraint(
                condition=Q(emotion__in=Emotion.values), name="labeling_vote_emotion_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.emotion} on {self.clip_id}"

from collections import Counter

from django.conf import settings
from django.db import models
from django.db.models import Count, Q

from emotion.models import Emotion
from labeling.models.clips import Clip


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def active(self) -> "PromotionQuerySet":
        return self.filter(revoked_at=None)

    def active_by_emotion(self) -> Counter[str]:
        """Size of the training set by emotion; 0 for one without any."""
        rows = self.active().order_by().values_list("emotion").annotate(Count("pk"))
        return Counter(dict(rows))


class Promotion(models.Model):
    """A clip's way into the training set, with all the evidence of the decision."""

    class DecidedBy(models.TextChoices):
        VOTES = "votes", "Votes"
        MODERATOR = "moderator", "Moderator"

    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="promotions")
    emotion = models.CharField(max_length=10, choices=Emotion)
    decided_by = models.CharField(max_length=10, choices=DecidedBy)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    posterior = models.JSONField(help_text="Probability of each emotion when it was decided.")
    vote_count = models.PositiveIntegerField()
    rule_version = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clip"],
                condition=Q(revoked_at=None),
                name="labeling_one_active_promotion_a_clip",
            ),
            models.CheckConstraint(
                condition=Q(emotion__in=Emotion.values), name="labeling_promotion_emotion_known"
            ),
            models.CheckConstraint(
                condition=Q(decided_by="votes") ^ Q(moderator__isnull=False),
                name="labeling_moderator_named_when_decisive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clip} as {self.emotion}"

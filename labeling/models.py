import uuid
from collections import Counter
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Count, Q

from emotion.models import Emotion


class AppendOnlyError(TypeError):
    """A row of an append-only table would be changed or deleted."""


class ClipQuerySet(models.QuerySet["Clip"]):
    def open(self) -> "ClipQuerySet":
        """Clips that still collect votes."""
        return self.filter(state=Clip.State.OPEN)

    def in_conflict(self) -> "ClipQuerySet":
        return self.filter(state=Clip.State.CONFLICT)

    def promoted(self) -> "ClipQuerySet":
        return self.filter(state=Clip.State.PROMOTED)

    def unheard_by(self, voter: str) -> "ClipQuerySet":
        """Clips that this voter has not voted on."""
        return self.exclude(votes__voter=voter)

    def with_vote_count(self) -> "ClipQuerySet":
        return self.annotate(vote_count=Count("votes"))

    def waiting_for_move(self) -> "ClipQuerySet":
        """Promoted clips whose audio still lies in the dummy pool."""
        return self.promoted().filter(pool=Clip.Pool.DUMMY)


class Clip(models.Model):
    """An unlabelled recording (dummy) on its way into the training set (learning).

    The database is the truth; the audio follows: `pool` and `key` say where it lies now.
    """

    class State(models.TextChoices):
        OPEN = "open", "Collecting votes"
        CONFLICT = "conflict", "With the moderators"
        PROMOTED = "promoted", "In the training set"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Pool(models.TextChoices):
        DUMMY = "dummy", "Dummy"
        LEARNING = "learning", "Learning"

    class Origin(models.TextChoices):
        SYNTHETIC = "synthetic", "Synthetic speech of our own voice"
        IMPORTED = "imported", "Imported recording"
        DONATED = "donated", "Left by a visitor"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField("SHA-256 of the audio", max_length=64, unique=True)
    pool = models.CharField(max_length=10, choices=Pool, default=Pool.DUMMY)
    key = models.CharField("storage key", max_length=200)
    duration_ms = models.PositiveIntegerField()
    language = models.CharField(max_length=10, default="en")
    origin = models.CharField(max_length=10, choices=Origin)
    source = models.CharField(max_length=200, blank=True, help_text="Where the clip comes from.")
    licence = models.CharField(max_length=100)
    consent = models.CharField(
        max_length=200,
        help_text="On what ground the speaker's voice may be labelled and trained on.",
    )
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    emotion = models.CharField(max_length=10, choices=Emotion, blank=True)
    revision = models.PositiveIntegerField(
        default=0,
        help_text="Grows with every decision; a moderator's stale write is refused by it.",
    )
    times_served = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ClipQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "times_served"], name="labeling_clip_draw")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="promoted") ^ Q(emotion=""), name="labeling_promoted_has_emotion"
            ),
            models.CheckConstraint(
                condition=Q(emotion="") | Q(emotion__in=Emotion.values),
                name="labeling_clip_emotion_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "conflict", "promoted", "withdrawn"]),
                name="labeling_clip_state_known",
            ),
            models.CheckConstraint(condition=Q(duration_ms__gt=0), name="labeling_clip_has_length"),
        ]

    def __str__(self) -> str:
        return f"Clip {str(self.pk)[:8]}"

    @property
    def storage(self) -> Storage:
        return storages[self.pool]

    def open_audio(self) -> File:
        return self.storage.open(self.key)


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are append-only")

    def delete(self) -> NoReturn:
        raise AppendOnlyError(f"{self.model._meta.verbose_name_plural} are append-only")


class AppendOnlyModel(models.Model):
    """A row that is never changed, which a trigger of the database also refuses, nor deleted."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name_plural} are append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(f"{self._meta.verbose_name_plural} are append-only")


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


class ClipEvent(AppendOnlyModel):
    """The audit log of a clip: one row a decision."""

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        PROMOTED = "promoted", "Promoted"
        CONFLICT = "conflict", "Sent to the moderators"
        WITHDRAWN = "withdrawn", "Withdrawn"
        MOVED = "moved", "Audio moved"

    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    detail = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.clip} {self.kind}"

import uuid

from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q

from emotion.models import Emotion


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

import uuid
from datetime import datetime

from django.core.files.base import File
from django.core.files.storage import storages
from django.db import models
from django.db.models import Q

from emotion.models import Emotion
from web.models import ApiKey


class SpeechRequestQuerySet(models.QuerySet["SpeechRequest"]):
    def waiting(self) -> "SpeechRequestQuerySet":
        """Not spoken yet, the oldest first."""
        states = [SpeechRequest.State.QUEUED, SpeechRequest.State.SPEAKING]
        return self.filter(state__in=states).order_by("created_at", "pk")

    def claimable(self, *, given_up_before: datetime) -> "SpeechRequestQuerySet":
        """Queued ones, and those whose worker has not been heard of for long."""
        abandoned = Q(state=SpeechRequest.State.SPEAKING, claimed_at__lt=given_up_before)
        return self.waiting().filter(Q(state=SpeechRequest.State.QUEUED) | abandoned)

    def of_batch(self, batch: uuid.UUID) -> "SpeechRequestQuerySet":
        return self.filter(batch=batch).order_by("emotion")

    def made_before(self, moment: datetime) -> "SpeechRequestQuerySet":
        return self.filter(created_at__lt=moment)


class SpeechRequest(models.Model):
    """A sentence that somebody wants to hear; its id, 122 random bits, entitles to the audio.

    It is deleted with its audio soon after.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SPEAKING = "speaking", "Being spoken"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.UUIDField(default=uuid.uuid4, db_index=True, help_text="Asked for together.")
    voice = models.CharField(max_length=50)
    speaker = models.CharField(max_length=50)
    emotion = models.CharField(max_length=10, choices=Emotion)
    text = models.CharField(max_length=500)
    seed = models.PositiveBigIntegerField(default=0)
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    problem = models.CharField(max_length=300, blank=True)
    key = models.CharField("storage key", max_length=200, blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    objects = SpeechRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "created_at"], name="synthesis_speech_queue")]
        constraints = [
            models.CheckConstraint(
                condition=Q(emotion__in=Emotion.values), name="synthesis_speech_emotion_known"
            ),
            models.CheckConstraint(
                condition=Q(state="queued", claimed_at=None, key="", problem="")
                | Q(state="speaking", claimed_at__isnull=False, key="", problem="")
                | Q(state="done", duration_ms__gt=0, problem="") & ~Q(key="")
                | Q(state="failed", key="") & ~Q(problem=""),
                name="synthesis_speech_state_complete",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.speaker} {self.emotion} {str(self.pk)[:8]}"

    @property
    def is_waiting(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.SPEAKING)

    def open_audio(self) -> File:
        return storages["speech"].open(self.key)

import uuid
from collections import Counter

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import storages
from django.db import models
from django.db.models import F, Q

from emotion.models import Emotion
from synthesis.models.voices import Rendition, Voice


class PlayClipQuerySet(models.QuerySet["PlayClip"]):
    def ready(self) -> "PlayClipQuerySet":
        """Clips that a challenge may serve."""
        return self.filter(state=PlayClip.State.READY)

    def held(self) -> "PlayClipQuerySet":
        """Clips that wait for a moderator."""
        return self.filter(state=PlayClip.State.HELD)

    def over(self) -> "PlayClipQuerySet":
        """Clips that nobody will be asked about any more."""
        return self.exclude(state__in=PlayClip.IN_STOCK)

    def ready_by_emotion(self) -> Counter[str]:
        """How many ready clips each emotion has; 0 for one without any."""
        rows = self.ready().order_by().values_list("emotion").annotate(models.Count("pk"))
        return Counter(dict(rows))

    def in_stock(self) -> Counter[tuple[int, str, str]]:
        """How many clips, ready or held, there are of each (voice's id, speaker, emotion)."""
        rows = (
            self.filter(state__in=PlayClip.IN_STOCK)
            .order_by()
            .values_list("voice_id", "speaker", "emotion")
            .annotate(models.Count("pk"))
        )
        return Counter({(voice, speaker, emotion): n for voice, speaker, emotion, n in rows})


class PlayClip(models.Model):
    """A synthetic utterance whose emotion is known, ready to be served in stage 1."""

    class State(models.TextChoices):
        HELD = "held", "Waiting for a moderator"
        READY = "ready", "Ready"
        REJECTED = "rejected", "Rejected by a moderator"
        RETIRED = "retired", "Retired"

    IN_STOCK = (State.HELD, State.READY)  # the others nobody will be asked about any more

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField("SHA-256 of the audio", max_length=64, unique=True)
    key = models.CharField("storage key", max_length=200)
    emotion = models.CharField(max_length=10, choices=Emotion)
    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, related_name="play_clips")
    text = models.CharField(max_length=300)
    speaker = models.CharField(max_length=50, blank=True)
    seed = models.PositiveBigIntegerField()
    duration_ms = models.PositiveIntegerField()
    level_dbfs = models.FloatField("level (dBFS)")
    f0_hz = models.FloatField("median pitch (Hz)", null=True, blank=True)
    f0_range_semitones = models.FloatField(
        "pitch range (semitones)", null=True, blank=True, help_text="10th to 90th percentile."
    )
    characters_per_s = models.FloatField("pace (characters/s)", null=True, blank=True)
    brightness_db = models.FloatField(
        "brightness (dB)", null=True, blank=True, help_text="Power above over below 1 kHz."
    )
    score = models.FloatField(
        "score of the emotion model",
        null=True,
        blank=True,
        help_text="Probability of the intended emotion, by a model that knows natural speech only.",
    )
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    times_served = models.PositiveIntegerField(default=0)
    times_right = models.PositiveIntegerField(default=0)
    times_wrong = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PlayClipQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "emotion", "id"], name="synthesis_play_draw")]
        permissions = [("review_playclip", "Can approve and reject play clips")]
        constraints = [
            models.CheckConstraint(
                condition=Q(emotion__in=Emotion.values), name="synthesis_play_emotion_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["held", "ready", "rejected", "retired"]),
                name="synthesis_play_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | Q(reviewed_at__isnull=False),
                name="synthesis_rejected_after_review",
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(reviewed_at=None),
                name="synthesis_held_until_review",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | Q(reviewed_at__isnull=False),
                name="synthesis_reviewer_with_time",
            ),
            models.CheckConstraint(
                condition=Q(duration_ms__gt=0), name="synthesis_play_clip_has_length"
            ),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__gte=0.0, score__lte=1.0),
                name="synthesis_play_score_in_range",
            ),
            models.CheckConstraint(
                condition=Q(times_served__gte=F("times_right") + F("times_wrong")),
                name="synthesis_answers_within_servings",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.emotion} {str(self.pk)[:8]}"

    def open_audio(self) -> File:
        return storages["play"].open(self.key)

    def renditions(self) -> models.QuerySet[Rendition]:
        """The row that sums up clips like this one."""
        return Rendition.objects.filter(
            voice=self.voice_id, speaker=self.speaker, emotion=self.emotion
        )


class Refusal(models.Model):
    """How often the gate refused clips of one speaker and emotion for one reason."""

    class Reason(models.TextChoices):
        TOO_SHORT = "too_short", "Too short"
        TOO_LONG = "too_long", "Too long"
        SILENT = "silent", "Silent"
        CLIPPED = "clipped", "Clipped"
        CONTRADICTED = "contradicted", "Contradicted by the emotion model"
        UNSPEAKABLE = "unspeakable", "The voice failed to speak"

    voice = models.ForeignKey(Voice, on_delete=models.CASCADE, related_name="refusals")
    speaker = models.CharField(max_length=50)
    emotion = models.CharField(max_length=10, choices=Emotion)
    reason = models.CharField(max_length=20, choices=Reason)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-count"]
        constraints = [
            models.UniqueConstraint(
                fields=["voice", "speaker", "emotion", "reason"], name="synthesis_one_row_a_refusal"
            )
        ]

    def __str__(self) -> str:
        return f"{self.speaker} {self.emotion}: {self.get_reason_display().lower()}"

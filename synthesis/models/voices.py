from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q

from emotion.models import Emotion

# After a clip that failed the pool waits so long before it tries the same again, and twice as long
# after each further one.
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(hours=1)


class Voice(models.Model):
    """A version of a voice folder that this installation speaks with."""

    name = models.CharField(max_length=50)
    sha256 = models.CharField("SHA-256 of the acoustic model", max_length=64, unique=True)
    language = models.CharField(max_length=10)
    licence = models.CharField(max_length=200)
    is_live = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(is_live=True),
                name="synthesis_one_live_version_a_voice",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.sha256[:8]}"


class RenditionQuerySet(models.QuerySet["Rendition"]):
    def live(self) -> "RenditionQuerySet":
        """Of the versions of voices that are in use."""
        return self.filter(voice__is_live=True)

    def pooled(self, voices: list[str]) -> "RenditionQuerySet":
        """Those that the play pool consists of."""
        return self.live().filter(voice__name__in=voices, is_active=True)

    def by_voice(self) -> list[dict[str, Any]]:
        """Voices with their speakers, and each speaker's emotions."""
        voices: dict[int, dict[str, Any]] = {}
        for row in self.select_related("voice").order_by("voice__name", "pk"):
            voice = voices.setdefault(
                row.voice_id,
                {
                    "name": row.voice.name,
                    "language": row.voice.language,
                    "licence": row.voice.licence,
                    "speakers": {},
                },
            )
            voice["speakers"].setdefault(row.speaker, []).append(row.emotion)
        return list(voices.values())


class Rendition(models.Model):
    """One speaker's way of one emotion, with what became of its clips."""

    voice = models.ForeignKey(Voice, on_delete=models.CASCADE, related_name="renditions")
    speaker = models.CharField(max_length=50)
    emotion = models.CharField(max_length=10, choices=Emotion)
    is_active = models.BooleanField(
        "spoken for the pool",
        default=True,
        help_text="Ends by itself when too few visitors recognise the emotion.",
    )
    made = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField("refused by the gate", default=0)
    refused_in_a_row = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    times_right = models.PositiveIntegerField(
        default=0, help_text="Answers of visitors who passed their challenge."
    )
    times_wrong = models.PositiveIntegerField(default=0)

    objects = RenditionQuerySet.as_manager()

    class Meta:
        ordering = ["voice", "speaker", "emotion"]
        constraints = [
            models.UniqueConstraint(
                fields=["voice", "speaker", "emotion"], name="synthesis_one_rendition_of_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(emotion__in=Emotion.values), name="synthesis_rendition_emotion_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.speaker} {self.emotion}"

    def is_due(self, now: datetime) -> bool:
        """Tell whether it may be tried again after what the gate said the last times."""
        if not self.refused_in_a_row or self.tried_at is None:
            return True
        doublings = min(self.refused_in_a_row - 1, 20)
        return now >= self.tried_at + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)

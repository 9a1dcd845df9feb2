from django.db import models

from emotion.ml.labels import EMOTIONS


class Emotion(models.TextChoices):
    """The seven classes; the values are the stable codes of every API and file."""

    ANGRY = "angry", "Angry"
    DISGUST = "disgust", "Disgust"
    FEARFUL = "fearful", "Fearful"
    HAPPY = "happy", "Happy"
    NEUTRAL = "neutral", "Neutral"
    SAD = "sad", "Sad"
    SURPRISED = "surprised", "Surprised"


if tuple(Emotion.values) != EMOTIONS:
    raise RuntimeError("emotion.models.Emotion and emotion.ml.labels.EMOTIONS must agree")


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def live(self) -> "ModelVersionQuerySet":
        return self.filter(is_live=True)


class ModelVersion(models.Model):
    """One set of weights of an emotion model that this installation knows."""

    name = models.CharField(max_length=50)
    version = models.CharField(max_length=50)
    sha256 = models.CharField("SHA-256 of the weights", max_length=64, unique=True)
    figures = models.JSONField(
        default=dict, help_text="Speaker-independent figures as published with the weights."
    )
    is_live = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["name", "-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="emotion_one_row_a_version"),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(is_live=True),
                name="emotion_one_live_version_a_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

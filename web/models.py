from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def valid(self) -> "ApiKeyQuerySet":
        return self.filter(revoked_at=None)


class ApiKey(models.Model):
    """What a program calls the API with; only the digest of the key itself is stored."""

    # What the framework asks of whoever makes a request; a key stands for its program.
    is_authenticated = True

    name = models.CharField(max_length=100, help_text="Who or what uses it.")
    prefix = models.CharField(
        max_length=8, editable=False, help_text="The first letters, by which its owner knows it."
    )
    sha256 = models.CharField("SHA-256 of the key", max_length=64, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="api_keys",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="To the hour."
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        # Of the app that made it; the table and its rows stay where they are.
        db_table = "emotion_apikey"
        verbose_name = "API key"
        ordering = ["name", "-created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="emotion_api_key_has_name"),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("created_at")),
                name="emotion_api_key_revoked_after_made",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class WorkerHeartbeat(models.Model):
    """When each background worker was last alive; shared by way of the database."""

    worker = models.CharField(max_length=100, primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "emotion_workerheartbeat"  # as above

    def __str__(self) -> str:
        return f"{self.worker} at {self.seen_at:%Y-%m-%d %H:%M:%S}"

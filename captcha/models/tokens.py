from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from captcha.hostnames import MAX_LENGTH
from captcha.models.challenges import Challenge
from captcha.models.sites import Site


class ResponseToken(models.Model):
    """What a passed challenge is worth: one verification by its site."""

    challenge = models.OneToOneField(
        Challenge, on_delete=models.CASCADE, related_name="response_token"
    )
    sha256 = models.CharField("SHA-256 of the token", max_length=64, unique=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="response_tokens")
    hostname = models.CharField(max_length=MAX_LENGTH)
    action = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True, blank=True)
    score = models.FloatField(default=0.9, help_text="From 0 (a bot) to 1.")
    idempotency_sha256 = models.CharField(
        "SHA-256 of the idempotency key that used it", max_length=64, blank=True
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="captcha_token_has_life"
            ),
            models.CheckConstraint(
                condition=Q(score__gte=0.0, score__lte=1.0), name="captcha_token_score_in_range"
            ),
            models.CheckConstraint(
                condition=Q(idempotency_sha256="") | Q(consumed_at__isnull=False),
                name="captcha_token_key_of_its_use",
            ),
            models.CheckConstraint(
                condition=Q(consumed_at=None)
                | Q(consumed_at__gte=F("created_at"), consumed_at__lt=F("expires_at")),
                name="captcha_token_consumed_in_its_life",
            ),
        ]

    def __str__(self) -> str:
        return f"token of {self.challenge_id}"

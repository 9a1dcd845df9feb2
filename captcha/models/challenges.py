import uuid
from datetime import datetime

from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone

from captcha.hostnames import MAX_LENGTH
from captcha.models.sites import ChallengeKind, Site


class ChallengeQuerySet(models.QuerySet["Challenge"]):
    def overdue(self, now: datetime) -> "ChallengeQuerySet":
        """Open challenges whose time is over."""
        return self.filter(state=Challenge.State.OPEN, expires_at__lte=now)

    def ended_before(self, moment: datetime) -> "ChallengeQuerySet":
        return self.exclude(state=Challenge.State.OPEN).filter(expires_at__lt=moment)

    def with_progress(self) -> "ChallengeQuerySet":
        return self.annotate(
            item_count=Count("items"), answer_count=Count("items__answered_at")
        ).select_related("site")


class Challenge(models.Model):
    """One visitor's attempt; its id, 122 random bits, is what entitles to answer it."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"

    Kind = ChallengeKind

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="challenges")
    hostname = models.CharField(max_length=MAX_LENGTH)
    action = models.CharField(max_length=32, blank=True)
    cdata = models.CharField("customer data", max_length=255, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.AUDIO)
    language = models.CharField(max_length=10, blank=True, help_text="Of what is to be read.")
    difficulty = models.CharField(
        max_length=10,
        choices=Site.Difficulty,
        default=Site.Difficulty.STANDARD,
        help_text="The site's, or a harder one for a network that failed a lot.",
    )
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    work_bits = models.PositiveSmallIntegerField(
        default=0, help_text="Difficulty of the proof of work; 0 for none."
    )
    worked_at = models.DateTimeField(null=True, blank=True)
    voter = models.CharField(max_length=64, help_text="Keyed hash of the day.")
    network = models.CharField(max_length=64, help_text="Keyed hash of the day.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["network", "created_at"], name="captcha_challenge_network"),
            models.Index(fields=["state", "expires_at"], name="captcha_challenge_expiry"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None)
                | Q(state__in=["passed", "failed", "expired"], decided_at__isnull=False),
                name="captcha_challenge_decided_unless_open",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["audio", "text", "work"]), name="captcha_challenge_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(difficulty__in=["lenient", "standard", "strict"]),
                name="captcha_challenge_difficulty_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="passed") | Q(work_bits=0) | Q(worked_at__isnull=False),
                name="captcha_challenge_passed_after_work",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="captcha_challenge_has_life"
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None) | Q(decided_at__gte=F("created_at")),
                name="captcha_challenge_decided_after_made",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)[:8]

    @property
    def is_work_due(self) -> bool:
        return self.work_bits > 0 and self.worked_at is None

    @property
    def is_worked_alone(self) -> bool:
        """Open, with all done that this kind asks for."""
        is_open = self.state == self.State.OPEN and self.kind == self.Kind.WORK
        return is_open and not self.is_work_due

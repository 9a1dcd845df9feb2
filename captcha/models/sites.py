from collections.abc import Collection

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from captcha.hostnames import MAX_LENGTH, csp_sources, matches, validate_hostname
from captcha.keys import new_sitekey
from emotion.models import Emotion


class ChallengeKind(models.TextChoices):
    """Ways to pass."""

    AUDIO = "audio", "Listening"
    TEXT = "text", "Reading"
    WORK = "work", "Proof of work alone"


LEAST_ANSWERS = 4  # with fewer a guesser gets through too often


def _listed(text: str, allowed: Collection[str], field: str) -> list[str]:
    """Split at commas; every entry is one of those allowed."""
    entries = list(
        dict.fromkeys(entry.strip().lower() for entry in text.split(",") if entry.strip())
    )
    if unknown := [entry for entry in entries if entry not in allowed]:
        raise ValidationError(
            {field: f"Unknown: {', '.join(unknown)}. There are {', '.join(allowed)}"}
        )
    return entries


class SiteQuerySet(models.QuerySet["Site"]):
    def active(self) -> "SiteQuerySet":
        return self.filter(is_active=True)


class Site(models.Model):
    """A web site that embeds the widget and verifies its tokens."""

    class Difficulty(models.TextChoices):
        LENIENT = "lenient", "Lenient"
        STANDARD = "standard", "Standard"
        STRICT = "strict", "Strict"

    class Mode(models.TextChoices):
        CHECKBOX = "checkbox", "Checkbox (reCAPTCHA v2, hCaptcha, Turnstile)"
        SCORED = "scored", "Scored (reCAPTCHA v3)"

    name = models.CharField(max_length=100)
    sitekey = models.CharField(max_length=64, unique=True, default=new_sitekey, editable=False)
    mode = models.CharField(
        max_length=10,
        choices=Mode,
        default=Mode.CHECKBOX,
        help_text="Scored sites get a score with each verification, which clients of v2 refuse.",
    )
    difficulty = models.CharField(
        max_length=10,
        choices=Difficulty,
        default=Difficulty.STANDARD,
        help_text="How many clips must be recognised; strict keeps more bots and people out.",
    )
    verifies_by_get = models.BooleanField(
        "verifies by GET",
        default=False,
        help_text="For clients that cannot POST. The secret then lands in the logs of servers.",
    )
    offers_audio = models.BooleanField(default=True, help_text="Listening to clips.")
    offers_text = models.BooleanField(
        default=True, help_text="Reading short situations, for people who cannot hear."
    )
    offers_work = models.BooleanField(
        "offers work alone",
        default=False,
        help_text="A proof of work and nothing else: it slows bots down, and keeps none out.",
    )
    answers = models.CharField(
        max_length=100,
        blank=True,
        help_text="Emotions to choose from, with commas between, at least four; empty for all "
        "seven. A site with fewer asks for no labels.",
    )
    languages = models.CharField(
        max_length=100,
        blank=True,
        help_text="Of the widget, with commas between, the usual one first; empty for all.",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="captcha_sites",
    )
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(
        default=False, editable=False, help_text="The site of this installation's own demo page."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SiteQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_demo"], condition=Q(is_demo=True), name="captcha_one_demo_site"
            ),
            models.CheckConstraint(condition=~Q(sitekey=""), name="captcha_site_has_sitekey"),
            models.CheckConstraint(
                condition=Q(mode__in=["checkbox", "scored"]), name="captcha_site_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(difficulty__in=["lenient", "standard", "strict"]),
                name="captcha_site_difficulty_known",
            ),
            models.CheckConstraint(
                condition=Q(offers_audio=True) | Q(offers_text=True) | Q(offers_work=True),
                name="captcha_site_offers_something",
                violation_error_message="Offer at least one kind of challenge",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_scored(self) -> bool:
        return self.mode == self.Mode.SCORED

    def kinds(self) -> list[str]:
        """Return the kinds of challenge that a visitor may choose from, the default first.

        A scored site has no place to ask anything: its visitors see nothing.
        """
        if self.is_scored:
            return [ChallengeKind.WORK.value]
        offers = {
            ChallengeKind.AUDIO: self.offers_audio,
            ChallengeKind.TEXT: self.offers_text,
            ChallengeKind.WORK: self.offers_work,
        }
        return [kind.value for kind, is_offered in offers.items() if is_offered]

    def clean(self) -> None:
        answers = _listed(self.answers, Emotion.values, "answers")
        languages = _listed(self.languages, settings.CAPTCHA_LANGUAGES, "languages")
        if answers and len(answers) < LEAST_ANSWERS:
            raise ValidationError({"answers": f"Name at least {LEAST_ANSWERS} emotions"})
        # In the order in which they are shown.
        self.answers = ",".join(emotion for emotion in Emotion.values if emotion in answers)
        self.languages = ",".join(languages)

    def answer_choices(self) -> list[str]:
        """The emotions that visitors choose from, in the order of all sites."""
        return self.answers.split(",") if self.answers else list(Emotion.values)

    def language_choices(self) -> list[str]:
        """The languages of the widget, the usual one first."""
        return self.languages.split(",") if self.languages else list(settings.CAPTCHA_LANGUAGES)

    def allows(self, hostname: str) -> bool:
        """Tell whether the widget may run on pages of this host."""
        return any(matches(entry.hostname, hostname) for entry in self.hostnames.all())

    def frame_ancestors(self) -> list[str]:
        """Return the origins that may frame the widget, as sources of a CSP."""
        return [source for entry in self.hostnames.all() for source in csp_sources(entry.hostname)]


class SiteHostname(models.Model):
    """A host whose pages may embed the widget of a site."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="hostnames")
    hostname = models.CharField(
        max_length=MAX_LENGTH,
        validators=[validate_hostname],
        help_text="For instance example.com, *.example.com (subdomains only) or localhost.",
    )

    class Meta:
        ordering = ["hostname"]
        constraints = [
            models.UniqueConstraint(fields=["site", "hostname"], name="captcha_hostname_once"),
            models.CheckConstraint(
                condition=Q(hostname=Lower("hostname")) & ~Q(hostname=""),
                name="captcha_hostname_lower_case",
            ),
        ]

    def __str__(self) -> str:
        return self.hostname


class SiteSecretQuerySet(models.QuerySet["SiteSecret"]):
    def valid(self) -> "SiteSecretQuerySet":
        """Secrets that verify tokens: not revoked, and of an active site."""
        return self.filter(revoked_at=None, site__is_active=True)


class SiteSecret(models.Model):
    """The digest of a secret; several may be valid at once, so that a site can change over."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="secrets")
    sha256 = models.CharField("SHA-256 of the secret", max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = SiteSecretQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("created_at")),
                name="captcha_secret_revoked_after_made",
            )
        ]

    def __str__(self) -> str:
        return f"secret of {self.created_at:%Y-%m-%d}"

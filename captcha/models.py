import uuid
from collections.abc import Collection
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import models
from django.db.models import Count, F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from captcha.hostnames import MAX_LENGTH, csp_sources, matches, validate_hostname
from captcha.keys import new_secret, new_sitekey
from emotion.models import Emotion
from labeling.models import Clip
from synthesis.models import PlayClip

SKIPPED = "skip"  # the answer "I cannot tell"
ANSWERS = [*Emotion.choices, (SKIPPED, "Cannot tell")]
ANSWER_VALUES = [value for value, _ in ANSWERS]


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


class DailySaltQuerySet(models.QuerySet["DailySalt"]):
    def of(self, day: date) -> str:
        """Return the salt of a day, made when first asked for."""
        return self.get_or_create(day=day)[0].value


class DailySalt(models.Model):
    """A random number of a day with which addresses are hashed; deleted when the day is over.

    Without it nobody, not even the holder of SECRET_KEY, can try out which address a hash is of.
    """

    day = models.DateField(primary_key=True)
    value = models.CharField(max_length=64, default=new_secret, editable=False)

    objects = DailySaltQuerySet.as_manager()

    def __str__(self) -> str:
        return f"salt of {self.day}"


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
            return [Challenge.Kind.WORK.value]
        offers = {
            Challenge.Kind.AUDIO: self.offers_audio,
            Challenge.Kind.TEXT: self.offers_text,
            Challenge.Kind.WORK: self.offers_work,
        }
        return [kind.value for kind, is_offered in offers.items() if is_offered]

    def clean(self) -> None:
        self.answers = ",".join(_listed(self.answers, Emotion.values, "answers"))
        self.languages = ",".join(_listed(self.languages, settings.CAPTCHA_LANGUAGES, "languages"))
        if self.answers and len(self.answers.split(",")) < LEAST_ANSWERS:
            raise ValidationError({"answers": f"Name at least {LEAST_ANSWERS} emotions"})
        # In the order in which they are shown.
        self.answers = ",".join(e for e in Emotion.values if e in self.answers.split(","))

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

    class Kind(models.TextChoices):
        AUDIO = "audio", "Listening"
        TEXT = "text", "Reading"
        WORK = "work", "Proof of work alone"

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


class ChallengeItemQuerySet(models.QuerySet["ChallengeItem"]):
    def servable(self, now: datetime) -> "ChallengeItemQuerySet":
        """The clips that visitors are at now."""
        return self.filter(
            served_at__isnull=False,
            answered_at=None,
            kind__in=[ChallengeItem.Kind.KNOWN, ChallengeItem.Kind.DUMMY],
            challenge__state=Challenge.State.OPEN,
            challenge__expires_at__gt=now,
        )

    def heard_in(self, network: str) -> "ChallengeItemQuerySet":
        """Known clips that went to this network, as far back as challenges are kept."""
        return self.filter(challenge__network=network, play_clip__isnull=False)


class ChallengeItem(models.Model):
    """One clip of a challenge, or one situation; visitors cannot tell the kinds of clips apart."""

    class Kind(models.TextChoices):
        KNOWN = "known", "Known"
        DUMMY = "dummy", "Dummy"
        SCENARIO = "scenario", "Situation"

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField(help_text="From 1.")
    kind = models.CharField(max_length=10, choices=Kind)
    play_clip = models.ForeignKey(
        PlayClip, on_delete=models.PROTECT, null=True, blank=True, related_name="challenge_items"
    )
    dummy_clip = models.ForeignKey(
        Clip, on_delete=models.PROTECT, null=True, blank=True, related_name="challenge_items"
    )
    scenario = models.CharField(max_length=300, blank=True)
    scenario_emotion = models.CharField(max_length=10, choices=Emotion, blank=True)
    audio_sha256 = models.CharField(
        "SHA-256 of the audio address", max_length=64, unique=True, editable=False
    )
    fetches = models.PositiveSmallIntegerField(default=0)
    served_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was this clip's turn."
    )
    answer = models.CharField(max_length=10, choices=ANSWERS, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ChallengeItemQuerySet.as_manager()

    class Meta:
        ordering = ["challenge", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["challenge", "position"], name="captcha_one_item_a_position"
            ),
            models.UniqueConstraint(
                fields=["challenge", "play_clip"], name="captcha_clip_once_a_challenge"
            ),
            models.UniqueConstraint(
                fields=["challenge"], condition=Q(kind="dummy"), name="captcha_one_dummy_item"
            ),
            models.CheckConstraint(
                condition=Q(kind="known", play_clip__isnull=False, dummy_clip=None, scenario="")
                | Q(kind="dummy", play_clip=None, dummy_clip__isnull=False, scenario="")
                | Q(kind="scenario", play_clip=None, dummy_clip=None) & ~Q(scenario=""),
                name="captcha_item_has_clip_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None)
                | Q(answer__in=ANSWER_VALUES, answered_at__isnull=False, served_at__isnull=False),
                name="captcha_answer_with_time",
            ),
            models.CheckConstraint(
                condition=Q(scenario="", scenario_emotion="")
                | Q(scenario_emotion__in=Emotion.values) & ~Q(scenario=""),
                name="captcha_scenario_with_emotion",
            ),
            models.CheckConstraint(condition=Q(position__gt=0), name="captcha_positions_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.challenge} item {self.position}"

    @property
    def clip(self) -> PlayClip | Clip:
        clip = self.play_clip if self.kind == self.Kind.KNOWN else self.dummy_clip
        if clip is None:  # the database refuses such a row
            raise ValueError(f"{self} has no clip")
        return clip

    @property
    def is_answered(self) -> bool:
        return self.answered_at is not None

    @property
    def is_right(self) -> bool:
        """A known clip that was recognised, or a situation; a skipped one was not."""
        return bool(self.emotion) and self.answer == self.emotion

    @property
    def emotion(self) -> str:
        """The right answer, "" where nobody knows it."""
        return self.play_clip.emotion if self.play_clip else self.scenario_emotion

    def open_audio(self) -> File:
        return self.clip.open_audio()


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

from datetime import datetime

from django.core.files.base import File
from django.db import models
from django.db.models import Q

from captcha.models.challenges import Challenge
from emotion.models import Emotion
from labeling.models import Clip
from synthesis.models import PlayClip

SKIPPED = "skip"  # the answer "I cannot tell"
ANSWERS = [*Emotion.choices, (SKIPPED, "Cannot tell")]
ANSWER_VALUES = [value for value, _ in ANSWERS]


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

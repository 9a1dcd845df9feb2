"""The moderators' portal: Django's admin with a first page of counts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from captcha.models import Challenge
from emotion.models import Emotion
from labeling.models import Clip, Promotion, Vote
from synthesis.models import PlayClip


@dataclass(frozen=True)
class Figure:
    """One number of the first page, with where it leads."""

    label: str
    value: int
    url: str
    note: str = ""


class Portal(AdminSite):
    site_header = "Inflect portal"
    site_title = "Inflect portal"
    index_title = "Overview"
    index_template = "portal/index.html"
    site_url = "/"

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"figures": figures(), "pools": pool_table(), **(extra_context or {})}
        return super().index(request, context)


def figures() -> list[Figure]:
    """Return the counts of the first page."""
    day_ago = timezone.now() - timedelta(days=1)
    challenges = Challenge.objects.filter(created_at__gte=day_ago)
    clips, votes = _changelist("labeling_clip"), _changelist("labeling_vote")
    return [
        Figure(
            "Conflicts to decide", Clip.objects.in_conflict().count(), f"{clips}?state=conflict"
        ),
        Figure("Clips collecting votes", Clip.objects.open().count(), f"{clips}?state=open"),
        Figure(
            "Clips in the training set",
            Promotion.objects.active().count(),
            _changelist("labeling_promotion"),
        ),
        Figure(
            "Votes",
            Vote.objects.count(),
            votes,
            f"{Vote.objects.filter(created_at__gte=day_ago).count()} in 24 h",
        ),
        Figure(
            "Play clips ready",
            PlayClip.objects.ready().count(),
            f"{_changelist('synthesis_playclip')}?state=ready",
        ),
        Figure(
            "Challenges in 24 h",
            challenges.count(),
            _changelist("captcha_challenge"),
            f"{challenges.filter(state=Challenge.State.PASSED).count()} passed",
        ),
    ]


def pool_table() -> list[tuple[str, int, int]]:
    """Return (emotion, ready play clips, active promotions) for each of the seven emotions."""
    ready = PlayClip.objects.ready_by_emotion()
    promoted = Promotion.objects.active_by_emotion()
    return [(emotion.label, ready[emotion], promoted[emotion]) for emotion in Emotion]


def _changelist(model: str) -> str:
    return reverse(f"admin:{model}_changelist")

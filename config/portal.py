"""The moderators' portal: Django's admin with a first page of counts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
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
    ) -> TemplateResponse:
        context = {"figures": figures(), "pools": pool_table(), **(extra_context or {})}
        return super().index(request, context)


def figures() -> list[Figure]:
    """Return the counts of the first page."""
    day_ago = timezone.now() - timedelta(days=1)
    challenges = Challenge.objects.filter(created_at__gte=day_ago)
    votes_today = Vote.objects.filter(created_at__gte=day_ago).count()
    passed_today = challenges.filter(state=Challenge.State.PASSED).count()
    clips, play_clips = _list("labeling_clip"), _list("synthesis_playclip")
    ready = PlayClip.objects.ready().count()
    in_training = Promotion.objects.active().count()
    return [
        Figure(
            "Conflicts", Clip.objects.in_conflict().count(), f"{clips}?state=conflict", "to decide"
        ),
        Figure("Collecting votes", Clip.objects.open().count(), f"{clips}?state=open", "clips"),
        Figure("Training set", in_training, _list("labeling_promotion"), "promoted clips"),
        Figure("Votes", Vote.objects.count(), _list("labeling_vote"), f"{votes_today} in 24 h"),
        Figure("Play pool", ready, f"{play_clips}?state=ready", "clips ready"),
        Figure(
            "Challenges",
            challenges.count(),
            _list("captcha_challenge"),
            f"in 24 h, {passed_today} passed",
        ),
    ]


def pool_table() -> list[tuple[str, int, int]]:
    """Return (emotion, ready play clips, active promotions) for each of the seven emotions."""
    ready = PlayClip.objects.ready_by_emotion()
    promoted = Promotion.objects.active_by_emotion()
    return [(emotion.label, ready[emotion], promoted[emotion]) for emotion in Emotion]


def _list(model: str) -> str:
    return reverse(f"admin:{model}_changelist")

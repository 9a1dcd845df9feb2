from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from emotion.models import Emotion
from labeling import services
from labeling.forms import DecisionForm
from labeling.models import Clip, ClipEvent, Promotion, Vote
from web.admin_pages import AudioAdmin, ReadOnlyAdmin, ReadOnlyInline


class VoteInline(ReadOnlyInline):
    model = Vote
    fields = ["emotion", "is_late", "created_at"]


class PromotionInline(ReadOnlyInline):
    model = Promotion
    fields = ["emotion", "decided_by", "moderator", "vote_count", "created_at", "revoked_at"]


class EventInline(ReadOnlyInline):
    model = ClipEvent
    fields = ["kind", "actor", "detail", "created_at"]


@admin.register(Clip)
class ClipAdmin(AudioAdmin):
    list_display = ["__str__", "player", "state", "emotion", "votes_so_far", "origin", "created_at"]
    list_filter = ["state", "emotion", "origin", "pool", "language"]
    search_fields = ["id", "sha256", "source"]
    readonly_fields = ["player", "votes_so_far"]
    inlines = [VoteInline, PromotionInline, EventInline]
    change_form_template = "portal/clip.html"
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clip]:
        return super().get_queryset(request).prefetch_related("votes")

    @admin.display(description="Votes")
    def votes_so_far(self, clip: Clip) -> str:
        counts = Counter(vote.emotion for vote in clip.votes.all())
        return ", ".join(f"{emotion} {count}" for emotion, count in counts.most_common()) or "none"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.decide))
        return [path("<uuid:pk>/decide/", view, name="labeling_clip_decide"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {
            "emotions": Emotion.choices,
            "may_decide": self._may_decide(request),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def decide(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """A moderator's word on a clip: promote it as an emotion, or withdraw it."""
        if not isinstance(request.user, User) or not self._may_decide(request):
            raise PermissionDenied
        clip = get_object_or_404(Clip, pk=pk)
        form = DecisionForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Choose an emotion, then decide.")
            return self._refused(request, clip, 400)
        try:
            form.apply(clip_id=clip.pk, moderator=request.user)
        except services.StaleDecision as error:
            messages.error(request, str(error))
            return self._refused(request, clip, 409)
        messages.success(request, f"{clip} is decided.")
        return HttpResponseRedirect(reverse("admin:labeling_clip_change", args=[clip.pk]))

    def _refused(self, request: HttpRequest, clip: Clip, status: int) -> HttpResponse:
        """Show the clip as it is now, under a status that says that nothing was written."""
        request.method = "GET"
        response = self.change_view(request, str(clip.pk))
        response.status_code = status
        return response

    def _may_decide(self, request: HttpRequest) -> bool:
        return request.user.has_perm("labeling.change_clip")


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    list_display = ["clip", "emotion", "is_late", "created_at"]
    list_filter = ["emotion", "is_late"]
    list_select_related = ["clip"]
    date_hierarchy = "created_at"


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    list_display = [
        "clip",
        "emotion",
        "decided_by",
        "moderator",
        "vote_count",
        "created_at",
        "revoked_at",
    ]
    list_filter = ["emotion", "decided_by", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["clip", "moderator"]
    date_hierarchy = "created_at"

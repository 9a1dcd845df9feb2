from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from synthesis import services
from synthesis.models import PlayClip, Refusal, Rendition, SpeechRequest, Voice
from web.admin_pages import AudioAdmin, ReadOnlyAdmin


@admin.register(PlayClip)
class PlayClipAdmin(AudioAdmin):
    list_display = [
        "__str__",
        "player",
        "emotion",
        "speaker",
        "score",
        "text",
        "state",
        "times_served",
        "pass_rate",
        "created_at",
    ]
    list_filter = ["state", "emotion", "speaker", "voice"]
    search_fields = ["id", "sha256", "text"]
    readonly_fields = ["player", "pass_rate"]
    date_hierarchy = "created_at"
    actions = ["approve", "reject"]
    change_form_template = "portal/play_clip.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.review))
        return [
            path("<uuid:pk>/review/", view, name="synthesis_playclip_review"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_review": self.has_review_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("synthesis.review_playclip")

    def review(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """A moderator's word on one clip."""
        if not self.has_review_permission(request):
            raise PermissionDenied
        clip = get_object_or_404(PlayClip, pk=pk)
        decision = request.POST.get("decision")
        if decision in ("approve", "reject"):
            self._review(request, [clip.pk], approved=decision == "approve")
        else:
            messages.error(request, "Choose: approve or reject.")
        return HttpResponseRedirect(reverse("admin:synthesis_playclip_change", args=[clip.pk]))

    @admin.action(description="Approve: visitors may hear them", permissions=["review"])
    def approve(self, request: HttpRequest, clips: QuerySet[PlayClip]) -> None:
        self._review(request, clips.values_list("pk", flat=True), approved=True)

    @admin.action(description="Reject: nobody hears them again", permissions=["review"])
    def reject(self, request: HttpRequest, clips: QuerySet[PlayClip]) -> None:
        self._review(request, clips.values_list("pk", flat=True), approved=False)

    def _review(self, request: HttpRequest, ids: Any, *, approved: bool) -> None:
        if not isinstance(request.user, User):
            raise PermissionDenied
        reviewed = 0
        for pk in list(ids):
            try:
                services.review_play_clip(clip_id=pk, moderator=request.user, approved=approved)
                reviewed += 1
            except (services.ClipOverError, PlayClip.DoesNotExist) as error:
                messages.warning(request, str(error))
        if reviewed:
            word = "approved" if approved else "rejected"
            messages.success(request, f"{reviewed} clip{'s' * (reviewed > 1)} {word}.")

    @admin.display(description="Right answers")
    def pass_rate(self, clip: PlayClip) -> str:
        return _share(clip.times_right, clip.times_right + clip.times_wrong)


@admin.register(Voice)
class VoiceAdmin(ReadOnlyAdmin):
    list_display = ["name", "sha256", "language", "licence", "is_live", "created_at"]
    list_filter = ["name", "is_live"]


@admin.register(Rendition)
class RenditionAdmin(ReadOnlyAdmin):
    """What became of each speaker's emotions; the pool can be told to leave one out."""

    list_display = ["__str__", "is_active", "made", "refusals", "recognised", "tried_at", "voice"]
    list_filter = ["is_active", "emotion", "speaker"]
    list_select_related = ["voice"]
    actions = ["speak", "leave_out"]

    @admin.display(description="Refused by the gate")
    def refusals(self, rendition: Rendition) -> str:
        return _share(rendition.refused, rendition.made + rendition.refused)

    @admin.display(description="Recognised by people")
    def recognised(self, rendition: Rendition) -> str:
        return _share(rendition.times_right, rendition.times_right + rendition.times_wrong)

    def has_choose_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("synthesis.change_rendition")

    @admin.action(description="Speak them for the play pool", permissions=["choose"])
    def speak(self, request: HttpRequest, renditions: QuerySet[Rendition]) -> None:
        for rendition in renditions:
            services.set_spoken(rendition_id=rendition.pk, is_active=True)

    @admin.action(description="Leave them out of the play pool", permissions=["choose"])
    def leave_out(self, request: HttpRequest, renditions: QuerySet[Rendition]) -> None:
        for rendition in renditions:
            services.set_spoken(rendition_id=rendition.pk, is_active=False)


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    list_display = ["speaker", "emotion", "reason", "count", "last_at", "voice"]
    list_filter = ["reason", "emotion", "speaker"]
    list_select_related = ["voice"]


@admin.register(SpeechRequest)
class SpeechRequestAdmin(ReadOnlyAdmin):
    """Who asked for a text is a key at most; the texts are gone with the audio."""

    list_display = ["__str__", "text", "voice", "state", "problem", "api_key", "created_at"]
    list_filter = ["state", "emotion", "speaker"]
    list_select_related = ["api_key"]


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "none yet"

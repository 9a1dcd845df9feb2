from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from captcha import services
from captcha.models import Challenge, ChallengeItem, Site, SiteHostname, SiteSecret
from emotion.models import Emotion
from web.admin_pages import ReadOnlyAdmin, ReadOnlyInline


class SiteHostnameInline(admin.TabularInline):
    model = SiteHostname
    extra = 1


class SiteSecretInline(ReadOnlyInline):
    model = SiteSecret
    fields = ("sha256", "created_at", "revoked_at")


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):
    list_display = [
        "name",
        "sitekey",
        "allowed_hosts",
        "mode",
        "owner",
        "valid_secrets",
        "is_active",
        "created_at",
    ]
    list_filter = ["is_active", "mode", "difficulty"]
    search_fields = ["name", "sitekey", "hostnames__hostname"]
    readonly_fields = ["sitekey", "is_demo", "created_at"]
    inlines = [SiteHostnameInline, SiteSecretInline]
    actions = ["issue_new_secret", "revoke_all_but_the_newest_secret"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        sites = super().get_queryset(request).select_related("owner")
        return sites.prefetch_related("hostnames", "secrets")

    @admin.display(description="Allowed hosts")
    def allowed_hosts(self, site: Site) -> str:
        return ", ".join(entry.hostname for entry in site.hostnames.all())

    @admin.display(description="Valid secrets")
    def valid_secrets(self, site: Site) -> int:
        return sum(secret.revoked_at is None for secret in site.secrets.all())

    @admin.action(description="Issue a new secret (shown once)", permissions=["change"])
    def issue_new_secret(
        self, request: HttpRequest, queryset: QuerySet[Site]
    ) -> HttpResponse | None:
        if len(queryset) != 1:
            self.message_user(request, "Choose exactly one site.", messages.ERROR)
            return None
        site = queryset[0]
        context = {
            **self.admin_site.each_context(request),
            "title": f"New secret of {site.name}",
            "site": site,
            "opts": self.model._meta,
            "secret": services.issue_secret(site=site),
        }
        self.log_change(request, site, "Issued a new secret")
        response = TemplateResponse(request, "captcha/admin/new_secret.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke all secrets but the newest", permissions=["change"])
    def revoke_all_but_the_newest_secret(
        self, request: HttpRequest, queryset: QuerySet[Site]
    ) -> None:
        revoked = 0
        for site in queryset:
            count = services.revoke_older_secrets(site=site)
            self.log_change(request, site, f"Revoked {count} secrets")
            revoked += count
        self.message_user(request, f"{revoked} secrets revoked.")


class ChallengeItemInline(ReadOnlyInline):
    model = ChallengeItem
    fields = ("position", "kind", "expected", "answer", "verdict", "fetches", "answered_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChallengeItem]:
        return super().get_queryset(request).select_related("play_clip", "dummy_clip")

    @admin.display(description="Emotion")
    def expected(self, item: ChallengeItem) -> str:
        return str(Emotion(item.emotion).label) if item.emotion else "unknown"

    @admin.display(description="Right", boolean=True)
    def verdict(self, item: ChallengeItem) -> bool | None:
        return item.is_right if item.emotion and item.is_answered else None


@admin.register(Challenge)
class ChallengeAdmin(ReadOnlyAdmin):
    list_display = [
        "short_id",
        "site",
        "hostname",
        "state",
        "answered",
        "token_used_at",
        "created_at",
        "decided_at",
    ]
    list_filter = ["state", "site"]
    date_hierarchy = "created_at"
    search_fields = ["id", "hostname", "action"]
    inlines = [ChallengeItemInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Challenge]:
        return Challenge.objects.with_progress().select_related("response_token")

    @admin.display(description="Challenge", ordering="id")
    def short_id(self, challenge: Challenge) -> str:
        return str(challenge)

    @admin.display(description="Answered")
    def answered(self, challenge: Challenge) -> str:
        return f"{challenge.answer_count} of {challenge.item_count}"  # type: ignore[attr-defined]

    @admin.display(description="Token used")
    def token_used_at(self, challenge: Challenge) -> Any:
        # A challenge without a token has no such attribute at all.
        token = getattr(challenge, "response_token", None)
        return token.consumed_at if token else None

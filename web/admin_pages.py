"""Admin pages that several apps share: rows that only services write, and clips to listen to."""

from typing import Any, Protocol

from django.contrib import admin
from django.core.files.base import File
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


class ReadOnly:
    """Rows that only services write: nobody adds, changes or deletes them by hand.

    To mix into a page of the admin or into an inline.
    """

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    """Shows rows."""


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """Shows rows that belong to another one; subclasses name their `fields`."""

    extra = 0

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Of times that the database or the model sets, no form could be made.
        return self.fields


class Audible(Protocol):
    pk: Any

    def open_audio(self) -> File: ...


class AudioAdmin(ReadOnlyAdmin):
    """Adds the column `player` and the address that feeds it to those who may view the row."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.audio)
        return [path("<uuid:pk>/audio/", view, name=self._audio_name), *super().get_urls()]

    def audio(self, request: HttpRequest, pk: Any) -> FileResponse:
        clip = self.get_object(request, str(pk))
        if clip is None or not self.has_view_permission(request, clip):
            raise Http404
        try:
            file = clip.open_audio()
        except FileNotFoundError as error:
            raise Http404 from error
        is_opus = str(file.name).endswith(".ogg")
        response = FileResponse(file, content_type="audio/ogg" if is_opus else "audio/wav")
        response["Cache-Control"] = "private, no-store"
        return response

    @admin.display(description="Audio")
    def player(self, clip: Audible) -> SafeString:
        return format_html(
            '<audio controls preload="none" src="{}" aria-label="Play {}"></audio>',
            reverse(f"admin:{self._audio_name}", args=[clip.pk]),
            clip,
        )

    @property
    def _audio_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_audio"

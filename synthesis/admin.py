from django.contrib import admin

from emotion.read_only_admin import ReadOnlyAdmin
from labeling.audio_admin import AudioAdmin
from synthesis.models import PlayClip, Voice


@admin.register(PlayClip)
class PlayClipAdmin(AudioAdmin):
    list_display = [
        "__str__",
        "player",
        "emotion",
        "voice",
        "text",
        "state",
        "times_served",
        "pass_rate",
        "created_at",
    ]
    list_filter = ["emotion", "state", "voice"]
    list_select_related = ["voice"]
    search_fields = ["id", "sha256", "text"]
    readonly_fields = ["player", "pass_rate"]
    date_hierarchy = "created_at"

    @admin.display(description="Right answers")
    def pass_rate(self, clip: PlayClip) -> str:
        answered = clip.times_right + clip.times_wrong
        return f"{clip.times_right} of {answered}" if answered else "none yet"


@admin.register(Voice)
class VoiceAdmin(ReadOnlyAdmin):
    list_display = ["name", "sha256", "language", "licence", "is_live", "created_at"]
    list_filter = ["name", "is_live"]

from django.contrib import admin

from emotion.read_only_admin import ReadOnlyAdmin
from labeling.audio_admin import AudioAdmin
from synthesis.models import PlayClip, Refusal, Voice


@admin.register(PlayClip)
class PlayClipAdmin(AudioAdmin):
    list_display = [
        "__str__",
        "player",
        "emotion",
        "voice",
        "speaker",
        "score",
        "text",
        "state",
        "times_served",
        "pass_rate",
        "created_at",
    ]
    list_filter = ["emotion", "state", "voice", "speaker"]
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


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    list_display = ["speaker", "emotion", "reason", "count", "last_at", "voice"]
    list_filter = ["reason", "emotion", "speaker"]
    list_select_related = ["voice"]

from django.conf import settings
from django.db import models

from labeling.models.clips import Clip
from web.append_only import AppendOnlyModel, AppendOnlyQuerySet


class ClipEvent(AppendOnlyModel):
    """The audit log of a clip: one row a decision."""

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        PROMOTED = "promoted", "Promoted"
        CONFLICT = "conflict", "Sent to the moderators"
        WITHDRAWN = "withdrawn", "Withdrawn"
        MOVED = "moved", "Audio moved"

    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    detail = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.clip} {self.kind}"

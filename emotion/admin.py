from django.contrib import admin

from emotion.models import ModelVersion, WorkerHeartbeat
from emotion.read_only_admin import ReadOnlyAdmin


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ["name", "version", "sha256", "is_live", "created_at"]
    list_filter = ["name", "is_live"]


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["worker", "seen_at"]

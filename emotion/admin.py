from django.contrib import admin

from emotion.models import ModelVersion
from web.admin_pages import ReadOnlyAdmin


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ["name", "version", "sha256", "is_live", "created_at"]
    list_filter = ["name", "is_live"]

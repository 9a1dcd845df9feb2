from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigAppConfig(AppConfig):
    """The project itself as an app: the commands that need all the others live here."""

    name = "config"
    label = "config"


class PortalConfig(AdminConfig):
    """Django's admin with our own first page."""

    default_site = "config.portal.Portal"

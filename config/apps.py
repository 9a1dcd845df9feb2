from django.apps import AppConfig


class ConfigAppConfig(AppConfig):
    """The project itself as an app: the commands that need all the others live here."""

    name = "config"
    label = "config"

from django.apps import AppConfig


class WebConfig(AppConfig):
    """What the pages and endpoints of all apps share."""

    name = "web"
    verbose_name = "Access"

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.core.management.base import BaseCommand

from captcha.services import ensure_demo_site
from emotion.services import register_shipped_model
from synthesis.services import register_voice
from synthesis.voice_folders import find_voice, names_in_use

ADMIN_NAME = "admin"


# What a moderator sees; `change_clip` is the permission to decide on clips.
MODERATOR_PERMISSIONS = [
    "view_clip",
    "change_clip",
    "view_vote",
    "view_promotion",
    "view_clipevent",
    "view_playclip",
    "review_playclip",
    "view_rendition",
    "view_voice",
    "view_modelversion",
]


def make_moderators_group() -> None:
    """Create the group once; later changes by hand are kept."""
    group, created = Group.objects.get_or_create(name="Moderators")
    if created:
        group.permissions.set(Permission.objects.filter(codename__in=MODERATOR_PERMISSIONS))


class Command(BaseCommand):
    help = (
        "Bring an installation up to date: database, static files, admin account, shipped models."
    )

    def handle(self, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        register_shipped_model()
        for name in names_in_use():
            register_voice(folder=find_voice(name))
        ensure_demo_site()
        make_moderators_group()
        self._make_admin()

    def _make_admin(self) -> None:
        users = get_user_model()
        if users.objects.filter(is_superuser=True).exists():
            return
        password = secrets.token_urlsafe(12)
        users.objects.create_superuser(ADMIN_NAME, password=password)
        self.stdout.write(
            f"\n  Portal account: {ADMIN_NAME}   password: {password}\n"
            "  It is shown this once; change it in the portal.\n"
        )

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

from captcha.services import ensure_demo_site
from emotion.ml.predictor import EmotionPredictor
from emotion.services import register_shipped_model
from synthesis.ml.voices import load_voice
from synthesis.services import register_voice

ADMIN_NAME = "admin"


class Command(BaseCommand):
    help = (
        "Bring an installation up to date: database, static files, admin account, shipped models."
    )

    def handle(self, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        register_shipped_model(predictor=EmotionPredictor.load())
        register_voice(folder=load_voice(settings.VOICES_DIR / settings.DEFAULT_VOICE))
        if settings.DEVELOPMENT:
            ensure_demo_site()
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

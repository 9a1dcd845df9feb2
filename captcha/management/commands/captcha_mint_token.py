import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from captcha import services
from captcha.models import Site


class Command(BaseCommand):
    help = "Print a passed, unused response token of a site as JSON, for integration tests."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sitekey")
        parser.add_argument("--hostname", default="", help="Default: the first of the site.")
        parser.add_argument("--action", default="")
        parser.add_argument("--force", action="store_true", help="Also outside development.")

    def handle(
        self, *, sitekey: str, hostname: str, action: str, force: bool, **options: Any
    ) -> None:
        if not (settings.DEVELOPMENT or force):
            raise CommandError(
                "A minted token passes without a person: outside development add --force"
            )
        site = Site.objects.active().filter(sitekey=sitekey).first()
        if site is None:
            raise CommandError(f"No active site has the sitekey {sitekey!r}")
        try:
            token = services.mint_token(site=site, hostname=hostname, action=action)
        except services.HostnameNotAllowed as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(json.dumps({"token": token}))

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from captcha import services


class Command(BaseCommand):
    help = "Make a site with its keys; prints them as JSON. The secret is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--hostname",
            required=True,
            nargs="+",
            action="extend",  # the option may also be repeated
            metavar="HOST",
            help="Hosts whose pages may embed the widget, e.g. example.com *.example.com",
        )

    @transaction.atomic
    def handle(self, *, name: str, hostname: list[str], **options: Any) -> None:
        try:
            site = services.create_site(name=name, hostnames=hostname)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        keys = {"sitekey": site.sitekey, "secret": services.issue_secret(site=site)}
        self.stdout.write(json.dumps(keys))

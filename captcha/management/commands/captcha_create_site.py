import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from captcha import services
from captcha.models import Challenge, Site
from emotion.models import Emotion

OPTIONS = ("mode", "difficulty", "verifies_by_get")
LISTS = ("answers", "languages")


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

        parser.add_argument(
            "--mode",
            choices=Site.Mode.values,
            default=Site.Mode.CHECKBOX.value,
            help="scored: each verification has a score, as clients of reCAPTCHA v3 want it",
        )
        parser.add_argument(
            "--difficulty", choices=Site.Difficulty.values, default=Site.Difficulty.STANDARD.value
        )
        parser.add_argument(
            "--verifies-by-get",
            action="store_true",
            help="Let siteverify answer GET too; the secret then lands in the logs of servers",
        )
        parser.add_argument(
            "--kinds",
            nargs="+",
            choices=Challenge.Kind.values,
            default=[Challenge.Kind.AUDIO.value, Challenge.Kind.TEXT.value],
            help="Kinds of challenge that visitors may choose from; work alone keeps no bot out",
        )

        parser.add_argument(
            "--answers",
            nargs="+",
            choices=Emotion.values,
            default=[],
            help="Emotions to choose from, at least four; all seven if not given",
        )
        parser.add_argument(
            "--languages",
            nargs="+",
            default=[],
            help="Of the widget, the usual one first; all if not given",
        )
        parser.add_argument("--owner", help="Name of the portal account that it belongs to")

    @transaction.atomic
    def handle(self, *, name: str, hostname: list[str], **options: Any) -> None:
        chosen = {field: options[field] for field in OPTIONS}
        chosen |= {field: ",".join(options[field]) for field in LISTS}
        chosen["owner"] = _owner(options["owner"])
        chosen |= {f"offers_{kind}": kind in options["kinds"] for kind in Challenge.Kind.values}
        try:
            site = services.create_site(name=name, hostnames=hostname, **chosen)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        keys = {"sitekey": site.sitekey, "secret": services.issue_secret(site=site)}
        self.stdout.write(json.dumps(keys))


def _owner(name: str | None) -> User | None:
    if name is None:
        return None
    try:
        return User.objects.get_by_natural_key(name)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no account {name!r}: make it in the portal") from error

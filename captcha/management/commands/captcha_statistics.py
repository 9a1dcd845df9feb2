import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from captcha.models import Challenge, Site
from captcha.statistics import outcomes


class Command(BaseCommand):
    help = "Print how visitors fared, by kind of challenge, as JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sitekey", help="Of one site; all if not given.")

    def handle(self, *, sitekey: str | None, **options: Any) -> None:
        challenges = Challenge.objects.all()
        if sitekey:
            site = Site.objects.filter(sitekey=sitekey).first()
            if site is None:
                raise CommandError(f"No site has the sitekey {sitekey!r}")
            challenges = challenges.filter(site=site)
        for outcome in outcomes(challenges):
            self.stdout.write(json.dumps(asdict(outcome)))

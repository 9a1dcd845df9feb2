import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from web import services


class Command(BaseCommand):
    help = "Make an API key; prints it as JSON. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="who or what will use it")

    def handle(self, *, name: str, **options: Any) -> None:
        try:
            row, key = services.issue_api_key(name=name)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(json.dumps({"name": row.name, "key": key}))

"""Train a voice from the corpora."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from synthesis.ml.errors import SynthesisError
from synthesis.ml.making.train import add_arguments, plan_of, train_voice


class Command(BaseCommand):
    help = "Render, align, train and write a voice; an interrupted run continues with --resume."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("steps", "batch_size", "workers", "tuning_steps"):
            if options[name] < 1:
                option = name.replace("_", "-")
                raise CommandError(f"--{option} is {options[name]}: give 1 or more")
        try:
            voice = train_voice(plan_of(options))
        except SynthesisError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{voice.folder}: {len(voice.speakers)} speakers, {voice.sha256[:12]}")

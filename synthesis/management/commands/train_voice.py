"""Train a voice from the corpora."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from synthesis.ml.errors import SynthesisError
from synthesis.ml.train import add_arguments, train_voice


class Command(BaseCommand):
    help = "Render, align, train and write a voice; an interrupted run continues with --resume."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["steps"] < 1:
            raise CommandError(f"--steps is {options['steps']}: give 1 or more")
        try:
            voice = train_voice(
                reader=Path(options["kathleen"]),
                acted=Path(options["ravdess"]),
                work=Path(options["work"]),
                out=Path(options["out"]),
                steps=options["steps"],
                resume=options["resume"],
                seed=options["seed"],
            )
        except SynthesisError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{voice.folder}: {len(voice.speakers)} emotions, {voice.sha256[:12]}")

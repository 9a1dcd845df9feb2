"""Train the default emotion model on every speaker of the given corpora."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from emotion.ml.corpora import parse_spec
from emotion.ml.errors import CorpusError
from emotion.ml.predictor import SHIPPED


class Command(BaseCommand):
    help = (
        "Train the default emotion model and export it. Needs the training requirements. "
        "A killed run goes on from its last epoch when the command is repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", nargs="+", required=True, metavar="NAME=FOLDER")
        parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
        parser.add_argument(
            "--evaluation",
            type=Path,
            default=SHIPPED / "evaluation.json",
            help="result of evaluate_emotion, for the calibration (default: the shipped one)",
        )
        parser.add_argument("--model-version", default="1.0.0")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, **options: Any) -> None:
        # Imported here: torch must stay out of every other command.
        from emotion.ml.experiment import recorded_scales, train

        try:
            train(
                dict(parse_spec(spec) for spec in options["data"]),
                options["out"],
                scales=recorded_scales(options["evaluation"]),
                version=options["model_version"],
                seed=options["seed"],
            )
        except CorpusError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"Weights are in {options['out']}"))

"""Measure the default emotion model on speakers it never heard."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from emotion.ml.corpora import parse_spec
from emotion.ml.errors import EmotionError
from emotion.ml.predictor import SHIPPED
from emotion.ml.report import as_markdown


class Command(BaseCommand):
    help = (
        "held-out: train once a fold without its speakers and score these. "
        "cross-corpus: score corpora that the weights were not trained on. "
        "Figures go to evaluation.json and evaluation.md in the output folder."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", nargs="+", required=True, metavar="NAME=FOLDER")
        parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
        parser.add_argument("--protocol", choices=("held-out", "cross-corpus"), default="held-out")
        parser.add_argument(
            "--weights", type=Path, default=SHIPPED, help="for cross-corpus (default: the shipped)"
        )
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, **options: Any) -> None:
        # Imported here: torch must stay out of every other command.
        from emotion.ml.experiment import cross_corpus, hold_out

        out: Path = options["out"]
        try:
            data = dict(parse_spec(spec) for spec in options["data"])
            if options["protocol"] == "held-out":
                evaluation = hold_out(data, out, seed=options["seed"])
            else:
                evaluation = cross_corpus(data, out, weights=options["weights"])
        except EmotionError as error:
            raise CommandError(str(error)) from error
        table = as_markdown(evaluation)
        (out / "evaluation.md").write_text(table, encoding="utf-8")
        self.stdout.write(table)

"""Measure an emotion model on speakers it never heard."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from emotion.ml.errors import EmotionError
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.ml.training.corpora import parse_spec


class Command(BaseCommand):
    help = (
        "held-out: train once a fold without its speakers and score these. "
        "cross-corpus: score corpora that the weights were not trained on. "
        "as-served: score corpora by the very bytes of the default model's weights, with and "
        "without other clips of the speaker. "
        "rejection: how much of speech and of other sound is refused. "
        "robustness: score degraded clips of speakers that the weights were not trained on. "
        "Figures go to evaluation.json and evaluation.md in the output folder. "
        "A killed run goes on where it was when the command is repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", default="default", help="see docs/models.md for the names")
        parser.add_argument("--data", nargs="+", required=True, metavar="NAME=FOLDER")
        parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
        parser.add_argument(
            "--protocol",
            choices=("held-out", "cross-corpus", "as-served", "rejection", "robustness"),
            default="held-out",
        )
        parser.add_argument(
            "--clips", type=int, metavar="N", help="of each speaker, for robustness (default: all)"
        )
        parser.add_argument(
            "--weights",
            type=Path,
            default=SHIPPED,
            help="for cross-corpus, as-served and robustness (default: the shipped)",
        )
        parser.add_argument(
            "--checkpoint",
            help="of --model hub or encoder: an id on a hub, or a folder; of encoder also the name "
            "of weights that packages carry (base, tiny.en)",
        )
        parser.add_argument(
            "--layers", type=int, nargs="+", metavar="N", help="of --model encoder, from 1"
        )
        parser.add_argument("--device", default="cpu", help="as torch names it, e.g. cuda")
        parser.add_argument("--jobs", type=int, default=1, help="rounds at once, by processes")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, **options: Any) -> None:
        out: Path = options["out"]
        try:
            evaluation = self._run(out, options)
        except EmotionError as error:
            raise CommandError(str(error)) from error
        from emotion.ml.training.report import as_markdown, comparison

        table = comparison(evaluation) + "\n" + as_markdown(evaluation)
        (out / "evaluation.md").write_text(table, encoding="utf-8")
        self.stdout.write(table)

    def _run(self, out: Path, options: dict[str, Any]) -> dict[str, Any]:
        # Imported here: torch must stay out of every other command.
        from emotion.ml.training.as_served import measure_as_served
        from emotion.ml.training.experiment import cross_corpus, hold_out
        from emotion.ml.training.fitting import RunPlace
        from emotion.ml.training.recipes.registry import recipe, recipe_options
        from emotion.ml.training.rejection import measure_rejection
        from emotion.ml.training.robustness import listener_of, measure_robustness

        data = dict(parse_spec(spec) for spec in options["data"])
        if options["protocol"] == "rejection":
            return measure_rejection(data, out)
        if options["protocol"] == "as-served":
            return measure_as_served(data, out, weights=options["weights"], seed=options["seed"])
        extra = recipe_options(options["checkpoint"], options["layers"])
        chosen = recipe(options["model"], **extra)
        weights, is_served = options["weights"], options["model"] == "default"
        if options["protocol"] == "robustness":
            listener = listener_of(weights, None if is_served else chosen)
            return measure_robustness(
                listener, data, out, clips_per_speaker=options["clips"], seed=options["seed"]
            )
        if options["protocol"] == "cross-corpus":
            return cross_corpus(data, out, weights=weights, recipe=None if is_served else chosen)
        place = RunPlace(seed=options["seed"], device=options["device"])
        return hold_out(chosen, data, out, place, jobs=options["jobs"])

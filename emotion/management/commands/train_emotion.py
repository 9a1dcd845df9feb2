"""Train an emotion model on every speaker of the given corpora."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from emotion.ml.errors import EmotionError
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.ml.training.corpora import parse_spec


class Command(BaseCommand):
    help = (
        "Train an emotion model; the default one is exported for serving. Needs the training "
        "requirements. Curves go to FOLDER/work/curves for TensorBoard, and to Weights & Biases "
        "where WANDB_MODE is set. A killed run goes on from its last epoch when the command is "
        "repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", default="default", help="see docs/models.md for the names")
        parser.add_argument("--data", nargs="+", required=True, metavar="NAME=FOLDER")
        parser.add_argument("--noise", type=Path, metavar="FOLDER", help="for the speech gate")
        parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
        parser.add_argument(
            "--evaluation",
            type=Path,
            default=SHIPPED / "evaluation.json",
            help="result of evaluate_emotion, for the calibration (default: the shipped one)",
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
        parser.add_argument("--model-version", default="2.0.1")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, **options: Any) -> None:
        try:
            self._train(options)
        except EmotionError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"Weights are in {options['out']}"))

    def _train(self, options: dict[str, Any]) -> None:
        # Imported here: torch must stay out of every other command.
        from emotion.ml.training.experiment import recorded_scales, train
        from emotion.ml.training.fitting import RunPlace
        from emotion.ml.training.recipes.registry import recipe, recipe_options

        data, out = dict(parse_spec(spec) for spec in options["data"]), options["out"]
        extra = recipe_options(options["checkpoint"], options["layers"])
        chosen = recipe(options["model"], **extra)
        is_default = options["model"] == "default"
        scales = recorded_scales(options["evaluation"]) if is_default else {}
        fitted = train(chosen, data, out, RunPlace(seed=options["seed"], device=options["device"]))
        if not is_default:
            fitted.save(out)
            return
        from emotion.ml.training.rejection import export_default

        export_default(
            fitted,
            data,
            out,
            noise=options["noise"],
            scales=scales,
            version=options["model_version"],
        )

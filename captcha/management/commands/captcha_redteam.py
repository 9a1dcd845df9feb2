import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError

from django.core.management.base import BaseCommand, CommandError

from captcha.redteam.attack import Attacker, Stopped
from captcha.redteam.solvers import SOLVERS, ClassicModel, Solver
from emotion.ml.errors import EmotionError


class Command(BaseCommand):
    help = "Attack a running server over its public interface; prints what came of it as JSON."
    requires_system_checks: list[str] = []  # it touches no database of this installation

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--attempts", type=int, default=100)
        parser.add_argument("--solver", choices=SOLVERS, required=True)
        parser.add_argument("--server", default="http://localhost:8000")
        parser.add_argument("--sitekey", default="", help="Default: the site of the demo page.")
        parser.add_argument("--hostname", default="", help="Default: the server's own.")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--networks",
            type=int,
            default=1,
            help="Seem to come from so many, by X-Forwarded-For, which the server has to believe",
        )
        parser.add_argument(
            "--weights",
            type=Path,
            help="Of --solver classic: what train_emotion --model classic wrote",
        )

    def handle(
        self,
        *,
        attempts: int,
        solver: str,
        server: str,
        sitekey: str,
        hostname: str,
        seed: int,
        networks: int,
        weights: Path | None,
        **options: Any,
    ) -> None:
        if attempts < 1 or networks < 1:
            raise CommandError(f"{attempts} attempts from {networks} networks: give at least 1")
        chosen = _solver(solver, seed, weights)
        try:
            report = Attacker(
                server=server,
                solver=chosen,
                sitekey=sitekey,
                hostname=hostname,
                networks=networks,
            ).attack(attempts)
        except (URLError, Stopped, ValueError) as error:
            raise CommandError(f"{server} cannot be attacked: {error}") from error
        facts = {"solver": solver, "date": f"{datetime.now(UTC):%Y-%m-%d}"}
        self.stdout.write(json.dumps(facts | report.described() | chosen.facts()))


def _solver(name: str, seed: int, weights: Path | None) -> Solver:
    if name != "classic":
        return SOLVERS[name](seed)
    if weights is None:
        raise CommandError("--solver classic needs --weights FOLDER")
    try:
        return ClassicModel(seed, weights=weights)
    except EmotionError as error:
        raise CommandError(str(error)) from error

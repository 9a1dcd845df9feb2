"""List, install and check voices."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from emotion.ml.speech.predictor import EmotionPredictor
from synthesis import services
from synthesis.ml.errors import InstallError, SynthesisError
from synthesis.ml.speaking.check import Hearing, check_voice
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.installation import Release, install_folder, install_release, releases
from synthesis.ml.speaking.voices import MANIFEST, Voice
from synthesis.voice_folders import find_voice, voice_paths

HEAD = f"{'speaker':12} {'emotion':10} {'s':>5} {'Hz':>5} {'chars/s':>8} {'bright dB':>10}  heard"


class Command(BaseCommand):
    help = "List, install and check voices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        listing = commands.add_parser("list", help="voices here, and Coqui's released models")
        listing.add_argument("--models-file", type=Path, help="another list than Coqui's")
        install = commands.add_parser(
            "install", help="a released model of Coqui's by its name, or a voice folder"
        )
        install.add_argument("source", metavar="NAME_OR_FOLDER")
        install.add_argument("--name", help="under which it is installed")
        install.add_argument(
            "--accept-licence", action="store_true", help="without being asked for it"
        )
        install.add_argument(
            "--references", type=Path, help="for XTTS: clips EMOTION.wav or SPEAKER/EMOTION.wav"
        )
        install.add_argument(
            "--speaker", action="append", default=[], help="of a model with several; may repeat"
        )
        install.add_argument("--models-file", type=Path, help="another list than Coqui's")
        check = commands.add_parser("check", help="speak all seven emotions and measure them")
        check.add_argument("name", metavar="NAME")
        check.add_argument("--text", help="to say, in the voice's language")

    def handle(self, *args: Any, command: str, **options: Any) -> None:
        # Read once, at import: downloads of hub models go beside the others.
        os.environ.setdefault("HF_HOME", str(settings.INSTALLED_VOICES_DIR / ".hub"))
        try:
            getattr(self, f"_{command}")(options)
        except SynthesisError as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        self.stdout.write("Installed:")
        for name, path in sorted(voice_paths().items()):
            try:
                self.stdout.write(f"  {_described(find_voice(name))}")
            except SynthesisError as error:
                self.stdout.write(f"  {name}: broken, {error} ({path})")
        self.stdout.write("\nCoqui's released models (voices install NAME):")
        for release in releases(options["models_file"]):
            self.stdout.write(f"  {release.name}  [{release.licence}]")

    def _install(self, options: dict[str, Any]) -> None:
        source, into = options["source"], settings.INSTALLED_VOICES_DIR
        if (Path(source) / MANIFEST).is_file():
            voice = install_folder(Path(source), into, name=options["name"])
        else:
            release = _release(source, options["models_file"])
            self._ask(release, is_accepted=options["accept_licence"])
            voice = install_release(
                release,
                into,
                name=options["name"],
                references=options["references"],
                speakers=tuple(options["speaker"]),
                models_file=options["models_file"],
            )
        services.register_voice(folder=voice)
        self.stdout.write(f"Installed {_described(voice)} in {voice.folder}")
        self.stdout.write(f"Listen: manage.py voices check {voice.name}")

    def _ask(self, release: Release, *, is_accepted: bool) -> None:
        self.stdout.write(f"{release.name}: licence {release.licence}")
        if not is_accepted and input("Do you accept the licence? [y/N] ").strip().lower() != "y":
            raise CommandError("The licence was not accepted: nothing was installed")
        os.environ["COQUI_TOS_AGREED"] = "1"  # or Coqui's manager asks again, on the terminal

    def _check(self, options: dict[str, Any]) -> None:
        engine = SpeechEngine(
            find_voice(options["name"]), max_characters=settings.SPEECH_MAX_CHARACTERS
        )
        self.stdout.write(HEAD)
        hearings = []
        judge, limits = EmotionPredictor.load(), services.gate_limits()
        for hearing in check_voice(engine, judge, limits, text=options["text"]):
            hearings.append(hearing)
            self.stdout.write(_row(hearing))
        cost = sum(hearing.cost_s for hearing in hearings)
        spoken = sum(hearing.duration_s for hearing in hearings)
        recognised = sum(hearing.heard == hearing.emotion for hearing in hearings)
        self.stdout.write(
            f"{recognised} of {len(hearings)} recognised by the emotion model; "
            f"real-time factor {cost / spoken:.3f}"
        )
        faults = [hearing for hearing in hearings if hearing.fault not in (None, "contradicted")]
        if faults:
            raise CommandError(f"{len(faults)} of {len(hearings)} are not fit for the play pool")


def _release(name: str, models_file: Path | None) -> Release:
    for release in releases(models_file):
        if release.name == name:
            return release
    raise InstallError(
        f"{name} is neither a voice folder nor in the list: see manage.py voices list"
    )


def _described(voice: Voice) -> str:
    emotions = {emotion for speaker in voice.speakers.values() for emotion in speaker}
    return (
        f"{voice.name}: {voice.kind}, {voice.language}, {len(voice.speakers)} speakers, "
        f"{len(emotions)} emotions [{voice.licence}]"
    )


def _row(hearing: Hearing) -> str:
    start = f"{hearing.speaker:12} {hearing.emotion:10}"
    measures = hearing.measures
    if measures is None:
        return f"{start} {hearing.fault}"
    pitch = f"{measures.f0_hz:5.0f}" if measures.f0_hz else "    -"
    numbers = f"{hearing.duration_s:5.2f} {pitch} {measures.characters_per_s:8.1f}"
    fault = f"  ! {hearing.fault}" if hearing.fault else ""
    return f"{start} {numbers} {measures.brightness_db:10.1f}  {hearing.heard}{fault}"

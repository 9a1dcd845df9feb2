from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from audio import AudioError, DecodeLimits, decode
from labeling import services
from labeling.models import Clip

SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".webm", ".m4a", ".mp4"}


def readable(path: Path) -> str:
    """The file's name; bytes of it that are no UTF-8, which no database stores, as U+FFFD."""
    return path.name.encode(errors="surrogateescape").decode(errors="replace")


class Command(BaseCommand):
    help = "Import a folder of unlabelled recordings into the dummy pool."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--licence", required=True, help="Licence of the recordings.")
        parser.add_argument(
            "--consent",
            required=True,
            help="On what ground the speakers' voices may be labelled and trained on.",
        )
        parser.add_argument("--language", default="en")
        parser.add_argument("--source", default="", help="Where they come from.")

    def handle(self, *, folder: Path, **options: Any) -> None:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder")
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not files:
            raise CommandError(f"{folder} has no audio file ({', '.join(sorted(SUFFIXES))})")
        added = refused = 0
        for path in tqdm(files, unit="clip", disable=options["verbosity"] == 0):
            try:
                added += self._import(path, options)
            except (AudioError, services.UnusableClip) as error:
                refused += 1
                self.stderr.write(f"{readable(path)}: {error}")
            except ValidationError as error:  # a name, licence or consent that is too long
                refused += 1
                for field, messages in error.message_dict.items():
                    self.stderr.write(f"{readable(path)}: {field}: {' '.join(messages)}")
        known = len(files) - added - refused
        self.stdout.write(f"{added} imported, {known} there already, {refused} refused")
        if refused:
            raise CommandError(f"{refused} of {len(files)} files were refused")

    def _import(self, path: Path, options: dict[str, Any]) -> bool:
        limits = DecodeLimits(max_duration_s=settings.DUMMY_CLIP_MAX_DURATION_S)
        _, created = services.add_clip(
            waveform=decode(path, limits=limits),
            origin=Clip.Origin.IMPORTED,
            licence=options["licence"],
            consent=options["consent"],
            language=options["language"],
            source=options["source"] or readable(path),
        )
        return created

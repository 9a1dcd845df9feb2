"""Speak a text into a WAV file."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audio import encode_wav
from audio.whole_files import whole_file
from synthesis.ml.errors import SynthesisError
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.voice_folders import find_voice


class Command(BaseCommand):
    help = "Speak a text with an emotion into a WAV file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--text", required=True, help="in the voice's language")
        parser.add_argument("--emotion", required=True)
        parser.add_argument("--out", required=True, type=Path, help="WAV file to write")
        parser.add_argument("--voice", default=settings.DEFAULT_VOICE)
        parser.add_argument("--speaker", help="of the voice; its usual one if not given")
        parser.add_argument("--seed", type=int, default=0, help="same seed, same sound")

    def handle(self, *args: Any, **options: Any) -> None:
        out = Path(options["out"])
        _check_writable(out)
        if options["seed"] < 0:
            raise CommandError(f"--seed is {options['seed']}: give 0 or more")
        try:
            voice = find_voice(options["voice"])
            utterance = SpeechEngine(voice).speak(
                options["text"],
                options["emotion"],
                seed=options["seed"],
                speaker=options["speaker"],
            )
        except SynthesisError as error:
            raise CommandError(str(error)) from error
        _write(out, encode_wav(utterance.waveform, utterance.sampling_rate))
        seconds = len(utterance.waveform) / utterance.sampling_rate
        self.stdout.write(f"{out}: {seconds:.2f} s, {options['emotion']}, {voice.name}")


def _check_writable(out: Path) -> None:
    # Before the model is loaded, so that a slip is told at once.
    if out.is_dir():
        raise CommandError(f"{out} is a folder: give the name of a WAV file")
    if not os.access(out.parent, os.W_OK):
        raise CommandError(f"Cannot write to {out.parent}: it is missing or read-only")


def _write(out: Path, data: bytes) -> None:
    try:
        with whole_file(out) as unfinished:
            unfinished.write_bytes(data)
    except OSError as error:
        raise CommandError(f"Cannot write {out}: {error.strerror}") from error

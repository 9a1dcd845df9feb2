"""A voice as a folder: what `voice.toml` says about it. Needs neither torch nor Coqui."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthesis.ml.errors import UnknownEmotionError, VoiceError

MANIFEST = "voice.toml"


@dataclass(frozen=True)
class Voice:
    """What is known of a voice before it is loaded.

    Attributes:
        folder: Where it lies; it can be moved as a whole.
        name: As users write it.
        language: BCP 47, such as "en-US".
        licence: Of the weights.
        sampling_rate: Of what it speaks, in Hz.
        sha256: Of the acoustic model's file.
        speakers: Coqui speaker of each emotion.
        phonemes: Character of each phoneme.
        semitones_per_unit: Of the acoustic model's pitch.
        pitch_spread: Predicted pitch is an average over all ways to say a text, hence flat; its
            movement is multiplied by this.
        slowness: Factor on every predicted duration, for the same reason: the mean of logarithms
            lies below the mean.
    """

    folder: Path
    name: str
    language: str
    licence: str
    sampling_rate: int
    sha256: str
    speakers: Mapping[str, str]
    phonemes: Mapping[str, str]
    semitones_per_unit: float
    pitch_spread: float
    slowness: float

    @property
    def model_path(self) -> Path:
        return self.folder / "model.pth"

    @property
    def config_path(self) -> Path:
        return self.folder / "config.json"

    def speaker(self, emotion: str) -> str:
        """Name the Coqui speaker of an emotion.

        Raises:
            UnknownEmotionError: If the voice does not speak it.
        """
        if emotion not in self.speakers:
            known = ", ".join(self.speakers)
            raise UnknownEmotionError(
                f"Unknown emotion {emotion!r}: the voice {self.name} speaks {known}"
            )
        return self.speakers[emotion]

    def verify(self) -> None:
        """Check that the weights are those that the manifest describes.

        Raises:
            VoiceError: If they are not.
        """
        if file_sha256(self.model_path) != self.sha256:
            raise VoiceError(
                f"{self.model_path} is not the file that {MANIFEST} describes: copy the folder anew"
            )


def load_voice(folder: Path | str) -> Voice:
    """Read the manifest of a voice.

    Args:
        folder: Holds `voice.toml`, `config.json` and `model.pth`.

    Raises:
        VoiceError: If a file is missing or the manifest is not valid.
    """
    folder = Path(folder)
    for name in (MANIFEST, "config.json", "model.pth"):
        if not (folder / name).is_file():
            raise VoiceError(f"{folder} is not a voice: it has no {name}")
    try:
        manifest = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return _voice(folder, manifest)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise VoiceError(f"{folder / MANIFEST} is not valid: {error}") from error


def available_voices(folder: Path | str) -> tuple[str, ...]:
    """Names of the voice folders in a folder, sorted."""
    return tuple(sorted(path.parent.name for path in Path(folder).glob(f"*/{MANIFEST}")))


def write_manifest(voice: Voice) -> None:
    """Write `voice.toml` into the voice's folder."""
    lines = [
        "# Read by synthesis.ml.voices; VOICE_CARD.md tells how the voice was made.",
        *(
            f"{key} = {_quoted(getattr(voice, key))}"
            for key in ("name", "language", "licence", "sha256")
        ),
        f"sampling_rate = {voice.sampling_rate}",
        f"semitones_per_unit = {voice.semitones_per_unit}",
        f"pitch_spread = {voice.pitch_spread}",
        f"slowness = {voice.slowness}",
        "",
        "# Coqui speaker of each emotion.",
        "[speakers]",
        *(f"{emotion} = {_quoted(name)}" for emotion, name in voice.speakers.items()),
        "",
        "# Character of each phoneme in the acoustic model's input.",
        "[phonemes]",
        *(f"{_quoted(phoneme)} = {_quoted(char)}" for phoneme, char in voice.phonemes.items()),
    ]
    (voice.folder / MANIFEST).write_text("\n".join(lines) + "\n", encoding="utf-8")


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _voice(folder: Path, manifest: dict[str, Any]) -> Voice:
    phonemes = {str(key): str(value) for key, value in manifest["phonemes"].items()}
    if any(len(character) != 1 for character in phonemes.values()):
        raise ValueError("every phoneme needs exactly one character")
    if len(set(phonemes.values())) < len(phonemes):
        raise ValueError("two phonemes share a character")
    return Voice(
        folder=folder,
        name=str(manifest["name"]),
        language=str(manifest["language"]),
        licence=str(manifest["licence"]),
        sampling_rate=int(manifest["sampling_rate"]),
        sha256=str(manifest["sha256"]),
        speakers={str(key): str(value) for key, value in manifest["speakers"].items()},
        phonemes=phonemes,
        semitones_per_unit=float(manifest["semitones_per_unit"]),
        pitch_spread=float(manifest["pitch_spread"]),
        slowness=float(manifest["slowness"]),
    )


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)

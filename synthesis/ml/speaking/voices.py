"""A voice as a folder: what `voice.toml` says about it. Needs neither torch nor Coqui."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthesis.ml.errors import UnknownEmotionError, UnknownSpeakerError, VoiceError

MANIFEST = "voice.toml"

KINDS = ("fast_pitch", "glow_tts", "tacotron2", "vits", "xtts")
# Ours; the voice's own vocoder.pth and vocoder.json; none, for models that give sound themselves,
# or Coqui's Griffin-Lim for those that do not.
VOCODERS = ("griffin_lim", "files", "none")
CLIP_SUFFIXES = (".wav", ".flac", ".ogg")


@dataclass(frozen=True)
class Voice:
    """What is known of a voice before it is loaded.

    Attributes:
        folder: Where it lies; it can be moved as a whole.
        name: As users write it.
        language: BCP 47, such as "en-US".
        licence: Of the weights.
        kind: Architecture, one of `KINDS`.
        vocoder: One of `VOCODERS`.
        sampling_rate: Of what it speaks, in Hz.
        sha256: Of the acoustic model's file.
        speakers: Of each speaker the emotions, and what stands for each: a Coqui speaker, or
            the path of a reference clip in the folder. The first speaker is the usual one.
        phonemes: Character of each phoneme; empty if the model reads letters.
        semitones_per_unit: Of the acoustic model's pitch, where it has one.
        pitch_spread: Predicted pitch is an average over all ways to say a text, hence flat; its
            movement is multiplied by this.
        slowness: Factor on every predicted duration, for the same reason: the mean of logarithms
            lies below the mean.
    """

    folder: Path
    name: str
    language: str
    licence: str
    kind: str
    vocoder: str
    sampling_rate: int
    sha256: str
    speakers: Mapping[str, Mapping[str, str]]
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

    @property
    def emotions(self) -> tuple[str, ...]:
        """What every speaker can speak."""
        return tuple(self.speakers[self.usual_speaker])

    @property
    def usual_speaker(self) -> str:
        return next(iter(self.speakers))

    def speaker(self, emotion: str, speaker: str | None = None) -> str:
        """Name the Coqui speaker, or the reference clip, of a speaker's emotion.

        Raises:
            UnknownSpeakerError: If the voice has no such speaker.
            UnknownEmotionError: If the speaker does not speak it.
        """
        name = speaker or self.usual_speaker
        if name not in self.speakers:
            known = ", ".join(self.speakers)
            raise UnknownSpeakerError(
                f"Unknown speaker {name!r}: the voice {self.name} has {known}"
            )
        emotions = self.speakers[name]
        if emotion not in emotions:
            known = ", ".join(emotions)
            raise UnknownEmotionError(
                f"Unknown emotion {emotion!r}: the voice {self.name} speaks {known}"
            )
        return emotions[emotion]

    def clip(self, target: str) -> Path | None:
        """Where a target is a reference clip, its path."""
        return self.folder / target if target.endswith(CLIP_SUFFIXES) else None

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
        "# Read by synthesis.ml.speaking.voices; VOICE_CARD.md tells how the voice was made.",
        *(
            f"{key} = {_quoted(getattr(voice, key))}"
            for key in ("name", "language", "licence", "kind", "vocoder", "sha256")
        ),
        f"sampling_rate = {voice.sampling_rate}",
        f"semitones_per_unit = {voice.semitones_per_unit}",
        f"pitch_spread = {voice.pitch_spread}",
        f"slowness = {voice.slowness}",
        "",
        "# Of each speaker, Coqui's speaker or the reference clip of each emotion.",
        *(
            line
            for speaker, emotions in voice.speakers.items()
            for line in (
                f"[speakers.{_quoted(speaker)}]",
                *(f"{emotion} = {_quoted(name)}" for emotion, name in emotions.items()),
                "",
            )
        ),
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
    phonemes = {str(key): str(value) for key, value in manifest.get("phonemes", {}).items()}
    if any(len(character) != 1 for character in phonemes.values()):
        raise ValueError("every phoneme needs exactly one character")
    if len(set(phonemes.values())) < len(phonemes):
        raise ValueError("two phonemes share a character")
    speakers = {
        str(name): {str(key): str(value) for key, value in emotions.items()}
        for name, emotions in manifest["speakers"].items()
    }
    if not speakers or not all(speakers.values()):
        raise ValueError("it names no speaker with an emotion")
    return Voice(
        folder=folder,
        name=str(manifest["name"]),
        language=str(manifest["language"]),
        licence=str(manifest["licence"]),
        kind=_one_of(KINDS, manifest["kind"]),
        vocoder=_one_of(VOCODERS, manifest["vocoder"]),
        sampling_rate=int(manifest["sampling_rate"]),
        sha256=str(manifest["sha256"]),
        speakers=speakers,
        phonemes=phonemes,
        semitones_per_unit=float(manifest.get("semitones_per_unit", 1.0)),
        pitch_spread=float(manifest.get("pitch_spread", 1.0)),
        slowness=float(manifest.get("slowness", 1.0)),
    )


def _one_of(allowed: tuple[str, ...], value: str) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
    return value


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)

"""Where voices lie: those that ship with the project, and those that were installed."""

from pathlib import Path

from django.conf import settings

from synthesis.ml.errors import UnknownVoiceError
from synthesis.ml.speaking.voices import Voice, available_voices, load_voice


def voice_paths() -> dict[str, Path]:
    """The folder of each voice by its name; an installed one stands before a shipped one."""
    folders = (settings.INSTALLED_VOICES_DIR, settings.VOICES_DIR)
    return {
        name: folder / name for folder in reversed(folders) for name in available_voices(folder)
    }


def find_voice(name: str) -> Voice:
    """Load the manifest of a voice.

    Raises:
        UnknownVoiceError: If there is no such voice.
        VoiceError: If its folder is broken.
    """
    paths = voice_paths()
    if name not in paths:
        known = ", ".join(sorted(paths)) or "none"
        raise UnknownVoiceError(f"Unknown voice {name!r}: there is {known}")
    return load_voice(paths[name])


def names_in_use() -> list[str]:
    """The voice that usually speaks, those of the play pool, and those that were installed."""
    installed = available_voices(settings.INSTALLED_VOICES_DIR)
    return list(dict.fromkeys([settings.DEFAULT_VOICE, *settings.PLAY_VOICES, *installed]))

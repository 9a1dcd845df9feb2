"""Voices from elsewhere: Coqui's released models, and folders that somebody hands over.

A voice appears under its name only when it is whole: it is put together beside its place and then
renamed.
"""

import json
import logging
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emotion.ml.labels import EMOTIONS
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from synthesis.ml.errors import InstallError
from synthesis.ml.speaking.voices import (
    CLIP_SUFFIXES,
    KINDS,
    MANIFEST,
    Voice,
    file_sha256,
    load_voice,
    write_manifest,
)

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")


@dataclass(frozen=True)
class Release:
    """A model of Coqui's list.

    Attributes:
        name: Such as "tts_models/en/vctk/vits".
        licence: As the list names it.
        language: As the list names it.
    """

    name: str
    licence: str
    language: str

    @property
    def usual_name(self) -> str:
        """Under which it is installed unless another is given."""
        return "-".join(self.name.split("/")[1:]).lower().replace("_", "-")


def releases(models_file: Path | None = None) -> list[Release]:
    """Coqui's released speech models.

    Args:
        models_file: Another list of the same form, such as a mirror's.

    Raises:
        InstallError: If the list cannot be read.
    """
    listed = _manager(Path(), models_file).models_dict.get("tts_models", {})
    return [
        Release(f"tts_models/{language}/{dataset}/{model}", str(item.get("license")), language)
        for language, datasets in listed.items()
        for dataset, models in datasets.items()
        for model, item in models.items()
    ]


def install_folder(source: Path, into: Path, *, name: str | None = None) -> Voice:
    """Copy a voice folder.

    Args:
        source: A folder with `voice.toml`.
        into: Holds the installed voices.
        name: Under which; its own if None.

    Raises:
        VoiceError: If it is no voice, or its weights are not those of its manifest.
        InstallError: If there is a voice of that name.
    """
    voice = load_voice(source)
    voice.verify()
    with _place(into, name or voice.name) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        _rename(folder, name)
    return load_voice(into / (name or voice.name))


def install_release(
    release: Release,
    into: Path,
    *,
    name: str | None = None,
    references: Path | None = None,
    speakers: tuple[str, ...] = (),
    models_file: Path | None = None,
) -> Voice:
    """Download a released model by Coqui's own manager and make a voice of it.

    Args:
        release: Which; its licence must have been accepted.
        into: Holds the installed voices.
        name: Under which; `release.usual_name` if None.
        references: Folder with clips `EMOTION.wav` or `SPEAKER/EMOTION.wav`, which XTTS needs.
        speakers: Those of a model with several that shall be used; each speaks neutrally.
        models_file: Another list of models.

    Raises:
        InstallError: If it cannot be reached, is of a kind that is not spoken, or needs what was
            not given.
    """
    name = name or release.usual_name
    with _place(into, name) as folder:
        with TemporaryDirectory(dir=into, prefix=".download-") as cache:
            _download(release.name, folder, into / name, Path(cache), models_file)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = str(config.get("model"))
        if kind not in KINDS:
            raise InstallError(f"{release.name} is a {kind}: only {', '.join(KINDS)} are spoken")
        audio = config.get("audio", {})
        voice = Voice(
            folder=folder,
            name=name,
            language=_language(release),
            licence=release.licence,
            kind=kind,
            vocoder="files" if (folder / "vocoder.pth").is_file() else "none",
            sampling_rate=int(audio.get("output_sample_rate") or audio["sample_rate"]),
            sha256=file_sha256(folder / "model.pth"),
            speakers=_targets(folder, config, kind, name, references, speakers),
            phonemes={},
            semitones_per_unit=1.0,
            pitch_spread=1.0,
            slowness=1.0,
        )
        write_manifest(voice)
    return load_voice(into / name)


@contextmanager
def _place(into: Path, name: str) -> Iterator[Path]:
    """A folder to fill, which gets its name when everything went well."""
    if not NAME.fullmatch(name):
        raise InstallError(f"{name!r} is no name: use a-z, 0-9, dots, dashes, at most 50")
    final = into / name
    if final.exists():
        raise InstallError(f"There is a voice {name} in {into}: give another name, or delete it")
    into.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=into, prefix=".installing-") as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        yield folder
        folder.rename(final)


def _rename(folder: Path, name: str | None) -> None:
    if name:
        manifest = folder / MANIFEST
        text = manifest.read_text(encoding="utf-8")
        named = re.sub(r"^name = .*$", f"name = {json.dumps(name)}", text, count=1, flags=re.M)
        manifest.write_text(named, encoding="utf-8")


def _manager(cache: Path, models_file: Path | None) -> Any:
    ensure_torchaudio_imports()
    from TTS.utils.manage import ModelManager

    try:
        return ModelManager(models_file=models_file, output_prefix=cache, progress_bar=True)
    except (OSError, ValueError) as error:
        raise InstallError(f"The list {models_file} cannot be read: {error}") from error


def _download(name: str, folder: Path, final: Path, cache: Path, models_file: Path | None) -> None:
    """Get the model's files, and its vocoder's, under the names that a voice has."""
    manager = _manager(cache, models_file)
    model, config, item = _fetched(manager, name)
    source = Path(config).parent
    shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / Path(model).name).rename(folder / "model.pth")
    # Coqui writes the paths of a model's further files into its configuration.
    text = (folder / "config.json").read_text(encoding="utf-8")
    (folder / "config.json").write_text(text.replace(str(source), str(final)), encoding="utf-8")
    if vocoder := item.get("default_vocoder"):
        model, config, _ = _fetched(manager, vocoder)
        shutil.copyfile(model, folder / "vocoder.pth")
        shutil.copyfile(config, folder / "vocoder.json")


def _fetched(manager: Any, name: str) -> Any:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from requests import RequestException

    logging.getLogger("TTS").setLevel(logging.CRITICAL)  # it would print the whole traceback
    away = (RequestException, HfHubHTTPError, LocalEntryNotFoundError, ConnectionError)
    try:
        return manager.download_model(name)
    except away as error:
        raise InstallError(
            f"{name} cannot be downloaded: is this machine offline? ({type(error).__name__})"
        ) from error
    except (zipfile.BadZipFile, RuntimeError, ValueError, KeyError, OSError) as error:
        raise InstallError(f"{name} is not as Coqui's list says: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]


def _language(release: Release) -> str:
    return "en" if release.language == "multilingual" else release.language


def _targets(
    folder: Path,
    config: Mapping[str, Any],
    kind: str,
    name: str,
    references: Path | None,
    speakers: tuple[str, ...],
) -> dict[str, dict[str, str]]:
    """What stands for each emotion of each speaker."""
    if kind == "xtts":
        return _reference_clips(folder, references)
    several = bool(config.get("use_speaker_embedding") or config.get("use_d_vector_file"))
    arguments = config.get("model_args") or {}
    several = several or bool(arguments.get("use_speaker_embedding"))
    if several and not speakers:
        raise InstallError(f"{name} has several speakers: name some by --speaker")
    return {speaker: {"neutral": speaker} for speaker in speakers or (name,)}


def _reference_clips(folder: Path, references: Path | None) -> dict[str, dict[str, str]]:
    """Copy the clips, and say which stands for what."""
    if references is None or not references.is_dir():
        raise InstallError(
            "XTTS speaks like a reference clip: give --references FOLDER with EMOTION.wav or "
            f"SPEAKER/EMOTION.wav, the emotions being {', '.join(EMOTIONS)}"
        )
    speakers: dict[str, dict[str, str]] = {}
    for path in sorted(references.rglob("*")):
        if path.suffix not in CLIP_SUFFIXES or path.stem not in EMOTIONS:
            continue
        speaker = references.name if path.parent == references else path.parent.name
        target = f"clips/{speaker}/{path.name}"
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / target)
        speakers.setdefault(speaker, {})[path.stem] = target
    if not speakers:
        raise InstallError(f"{references} has no clip that is named like an emotion")
    return speakers

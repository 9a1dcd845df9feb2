"""The recordings a voice is made from, as they lie on disk."""

import csv
from dataclasses import dataclass
from pathlib import Path

from emotion.ml import errors as emotion_errors
from emotion.ml.training import ravdess
from synthesis.ml.errors import CorpusError


@dataclass(frozen=True)
class Prompt:
    """One sentence of the reader."""

    name: str
    path: Path
    text: str


@dataclass(frozen=True)
class ActedClip:
    """One acted sentence of RAVDESS."""

    path: Path
    actor: int
    emotion: str
    statement: str
    repetition: str
    is_strong: bool

    @property
    def name(self) -> str:
        return self.path.stem


def read_prompts(folder: Path) -> list[Prompt]:
    """List the reader's clips with their texts, from `metadata.csv` and `wavs/`.

    Raises:
        CorpusError: If the table or a recording is missing.
    """
    table = folder / "metadata.csv"
    if not table.is_file():
        raise CorpusError(f"No metadata.csv in {folder}: give the folder of the reader's corpus")
    with table.open(newline="", encoding="utf-8") as rows:
        prompts = [
            Prompt(row["file"], folder / "wavs" / f"{row['file']}.ogg", row["text"])
            for row in csv.DictReader(rows)
        ]
    for prompt in prompts:
        if not prompt.path.is_file():
            raise CorpusError(f"{prompt.path} is listed in metadata.csv but missing")
    return prompts


def read_acted_clips(folder: Path, actors: frozenset[int]) -> list[ActedClip]:
    """List the clips of some RAVDESS actors that can serve as donors.

    Emotional clips are kept in strong intensity only; neutral exists in one. Calm is left out: it
    is not what a neutral voice sounds like.

    Raises:
        CorpusError: If an actor has no clip, or a file is named otherwise than RAVDESS names them.
    """
    named = [(path, _parsed(path)) for path in sorted(folder.glob("03-01-*.flac"))]
    kept = [
        ActedClip(path, one.actor, one.emotion, one.statement, one.repetition, one.is_strong)
        for path, one in named
        if one.actor in actors and (one.is_strong or one.emotion == "neutral") and not one.is_calm
    ]
    missing = actors - {clip.actor for clip in kept}
    if missing:
        raise CorpusError(f"No clips of RAVDESS actors {sorted(missing)} in {folder}")
    return kept


def _parsed(path: Path) -> ravdess.Recording:
    try:
        return ravdess.parse_name(path)
    except emotion_errors.CorpusError as error:
        raise CorpusError(str(error)) from error

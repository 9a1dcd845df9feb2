"""The corpora, by path: who speaks, with which emotion, and who is held out together.

Speakers never appear on both sides of a split. RAVDESS and EMO-DB are trained on; TESS is a
cross-corpus test only, since its licence (CC BY-NC-ND) bars derivatives.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.ml.errors import CorpusError
from emotion.ml.labels import EMOTIONS
from emotion.ml.training import ravdess

AUDIO_SUFFIXES: Final = frozenset({".flac", ".ogg", ".wav"})

EMODB_EMOTIONS: Final = {
    "W": "angry",
    "L": None,  # boredom has no counterpart
    "E": "disgust",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
TESS_EMOTIONS: Final = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",  # pleasant surprise
    "sad": "sad",
}

RAVDESS_FOLDS: Final = (
    (1, 2, 11, 12),
    (3, 4, 13, 14),
    (5, 6, 15, 16),
    (7, 8, 17, 18),
    (9, 10, 19, 20),
)


@dataclass(frozen=True)
class Clip:
    """One recording of a corpus."""

    path: Path
    corpus: str
    speaker: str
    """Unique over corpora, such as `ravdess-01`."""
    emotion: str


def load_corpus(name: str, folder: Path) -> tuple[Clip, ...]:
    """List a corpus in the order of its file names.

    Args:
        name: One of `CORPORA`.
        folder: Where its audio lies, at any depth.

    Returns:
        Its clips that carry one of the seven emotions.

    Raises:
        CorpusError: If the name is unknown, the folder is missing or empty, or a file is named
            otherwise than the corpus names its files.
    """
    if name not in CORPORA:
        raise CorpusError(f"Unknown corpus {name!r}: choose from {', '.join(sorted(CORPORA))}")
    if not folder.is_dir():
        raise CorpusError(f"No folder {folder} for corpus {name}: give the path to its audio")
    parsed = (CORPORA[name](path) for path in audio_files(name, folder))
    return tuple(clip for clip in parsed if clip is not None)


def audio_files(name: str, folder: Path) -> list[Path]:
    """List the recordings of a corpus in order, at any depth of its folder.

    Raises:
        CorpusError: If there is none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    if not paths:
        raise CorpusError(f"No FLAC, Ogg or WAV file in {folder}: give the path to {name}")
    return paths


def corpus_of(speaker: str) -> str:
    """Name the corpus of a clip's speaker.

    >>> corpus_of("ravdess-01")
    'ravdess'
    """
    return speaker.partition("-")[0]


def parse_spec(spec: str) -> tuple[str, Path]:
    """Split `NAME=FOLDER`.

    Raises:
        CorpusError: If there is no `=`, or the name is unknown.
    """
    name, equals, folder = spec.partition("=")
    if not equals or not folder or name not in CORPORA:
        names = ", ".join(sorted(CORPORA))
        raise CorpusError(f"Unexpected corpus {spec!r}: write NAME=FOLDER, NAME one of {names}")
    return name, Path(folder)


def _ravdess(path: Path) -> Clip:
    recording = ravdess.parse_name(path)
    return Clip(path, "ravdess", ravdess.speaker_name(recording.actor), recording.emotion)


def _emodb(path: Path) -> Clip | None:
    stem = path.stem
    if len(stem) != 7 or not stem[:2].isdigit() or stem[5] not in EMODB_EMOTIONS:
        raise _unexpected(path, "emodb", "03a01Fa")
    emotion = EMODB_EMOTIONS[stem[5]]
    return Clip(path, "emodb", f"emodb-{stem[:2]}", emotion) if emotion else None


def _tess(path: Path) -> Clip:
    fields = path.stem.split("_")
    if len(fields) != 3 or fields[2].lower() not in TESS_EMOTIONS:
        raise _unexpected(path, "tess", "OAF_back_angry")
    return Clip(path, "tess", f"tess-{fields[0]}", TESS_EMOTIONS[fields[2].lower()])


def _folder(path: Path) -> Clip:
    """Read `split/emotion/name.wav`; a split counts as one speaker, so that splits are held out."""
    emotion, split = path.parent.name.lower(), path.parent.parent.name
    if emotion not in EMOTIONS or not split:
        raise _unexpected(path, "folder", f"train/{EMOTIONS[0]}/001.wav")
    return Clip(path, "folder", f"folder-{split}", emotion)


def _noise(path: Path) -> None:
    """Sounds that are no speech carry no emotion."""


def _unexpected(path: Path, corpus: str, example: str) -> CorpusError:
    return CorpusError(f"Unexpected file name {path.name} in {corpus}: expected one like {example}")


CORPORA: Final[dict[str, Callable[[Path], Clip | None]]] = {
    "ravdess": _ravdess,
    "emodb": _emodb,
    "tess": _tess,
    "folder": _folder,
    "noise": _noise,
}


def folds(corpus: str, clips: Iterable[Clip]) -> tuple[frozenset[str], ...]:
    """Return the groups of speakers that the protocol of a corpus holds out together.

    RAVDESS has five folds of four actors, EMO-DB and any other corpus leave one speaker out.
    Speakers absent from `clips` are left out, and so are folds that thereby become empty.
    """
    present = {clip.speaker for clip in clips if clip.corpus == corpus}
    if corpus == "ravdess":
        named = [{ravdess.speaker_name(actor) for actor in fold} for fold in RAVDESS_FOLDS]
        listed = set().union(*named)
        if unlisted := sorted(present - listed):
            raise CorpusError(f"RAVDESS's folds are over actors 01 to 20; found {unlisted}")
        groups = [fold & present for fold in named]
    else:
        groups = [{speaker} for speaker in sorted(present)]
    return tuple(frozenset(group) for group in groups if group)


def rounds(clips: Sequence[Clip]) -> tuple[frozenset[str], ...]:
    """Pair the folds of the corpora, so that one training serves a fold of each.

    The first round holds out the first fold of every corpus, and so on; a corpus with fewer folds
    is trained on whole in the last rounds. Each fold is held out exactly once.
    """
    names = sorted({clip.corpus for clip in clips})
    per_corpus = [folds(name, clips) for name in names]
    longest = max((len(groups) for groups in per_corpus), default=0)
    return tuple(
        frozenset().union(*(groups[turn] for groups in per_corpus if turn < len(groups)))
        for turn in range(longest)
    )

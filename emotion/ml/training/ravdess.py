"""RAVDESS: what the names of its files say.

Source:
    Livingstone and Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", 2018.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.ml.errors import CorpusError

CALM: Final = "02"
EMOTIONS_BY_CODE: Final = {
    "01": "neutral",
    CALM: "neutral",  # the nearest of ours
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
STRONG: Final = "02"
N_FIELDS: Final = 7


@dataclass(frozen=True)
class Recording:
    """One acted sentence.

    Attributes:
        emotion: In our names.
        is_calm: Whether its neutral is the corpus's calm.
        is_strong: Whether it is acted in strong intensity, which neutral is not.
        statement: Which of the two sentences, "01" or "02".
        repetition: "01" or "02".
        actor: From 1 to 24; even numbers are women.
    """

    emotion: str
    is_calm: bool
    is_strong: bool
    statement: str
    repetition: str
    actor: int


def parse_name(path: Path) -> Recording:
    """Read a file's name: modality, channel, emotion, intensity, statement, repetition, actor.

    Raises:
        CorpusError: If it is not named as the corpus names its files.

    >>> parse_name(Path("03-01-05-02-01-02-12.wav")).emotion
    'angry'
    """
    fields = path.stem.split("-")
    if len(fields) != N_FIELDS or fields[2] not in EMOTIONS_BY_CODE or not fields[6].isdigit():
        raise CorpusError(
            f"Unexpected file name {path.name} in ravdess: expected one like 03-01-05-01-02-01-12"
        )
    _, _, emotion, intensity, statement, repetition, actor = fields
    return Recording(
        emotion=EMOTIONS_BY_CODE[emotion],
        is_calm=emotion == CALM,
        is_strong=intensity == STRONG,
        statement=statement,
        repetition=repetition,
        actor=int(actor),
    )


def speaker_name(actor: int) -> str:
    """Name an actor among the speakers of all corpora.

    >>> speaker_name(7)
    'ravdess-07'
    """
    return f"ravdess-{actor:02d}"

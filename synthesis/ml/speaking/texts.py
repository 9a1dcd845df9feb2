"""Sentences to speak: everyday, short, and silent about how the speaker feels.

Each language has a catalogue of fixed sentences (`sentences/en.txt`) and a grammar that gives
thousands more (`sentences/en.toml`). Who does what, where and when is drawn independently, and no
word carries praise, blame, loss, danger or joy.
"""

import random
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter

from synthesis.ml.errors import NoTextsError

SENTENCES = Path(__file__).parent / "sentences"
CATALOGUE_SHARE = 0.25  # of the sentences drawn; the grammar's repeat far less


@dataclass(frozen=True)
class Grammar:
    """Sentences by parts.

    Attributes:
        frames: With names of slots in braces; `{place2}` is another entry of `place`, and
            `{deed[1]}` the second part of the entry that `{deed[0]}` is of.
        slots: Entries of each name, texts or lists of parts.
    """

    frames: tuple[str, ...]
    slots: dict[str, list[str | list[str]]]

    def sentence(self, rng: random.Random) -> str:
        """Draw a sentence."""
        frame = rng.choice(self.frames)
        names = {field.partition("[")[0] for _, field, _, _ in Formatter().parse(frame) if field}
        entries: dict[str, str | list[str]] = {}
        for name in sorted({name.rstrip("2") for name in names}):
            first, second = rng.sample(self.slots[name], 2)
            entries |= {name: first, f"{name}2": second}
        text = frame.format(**entries)
        return text[0].upper() + text[1:]


def random_sentence(rng: random.Random, language: str = "en") -> str:
    """Draw one of some ten thousand sentences.

    Args:
        rng: Source of randomness; the same state gives the same sentence.
        language: BCP 47, such as "en" or "en-US".

    Returns:
        A sentence of at most twenty words, ending in a full stop.

    Raises:
        NoTextsError: If there are no sentences in the language.
    """
    if rng.random() < CATALOGUE_SHARE:
        return rng.choice(catalogue(language))
    return _grammar(_base(language)).sentence(rng)


def catalogue(language: str = "en") -> tuple[str, ...]:
    """The fixed sentences of a language.

    Raises:
        NoTextsError: If there are none.
    """
    return _catalogue(_base(language))


def languages() -> tuple[str, ...]:
    """Languages with sentences, as base codes."""
    return tuple(sorted(path.stem for path in SENTENCES.glob("*.txt")))


def _base(language: str) -> str:
    """The language without region or script.

    >>> _base("en-US")
    'en'
    """
    base = language.replace("_", "-").partition("-")[0].lower()
    if base not in languages():
        raise NoTextsError(
            f"No sentences in {language!r}: there are {', '.join(languages())}; add "
            f"{base}.txt and {base}.toml to {SENTENCES.name}/"
        )
    return base


@lru_cache
def _catalogue(base: str) -> tuple[str, ...]:
    return tuple((SENTENCES / f"{base}.txt").read_text(encoding="utf-8").splitlines())


@lru_cache
def _grammar(base: str) -> Grammar:
    content = tomllib.loads((SENTENCES / f"{base}.toml").read_text(encoding="utf-8"))
    return Grammar(tuple(content["frames"]), content["slots"])

"""Short situations whose emotion is known, for visitors who cannot hear.

A grammar a language (`scenario_texts/`) writes them. An emotion follows from how things go for
the person, not from a word: letters, phone calls and belongings occur under several. A language
model solves them all the same, and so does a list of the templates; they are a way in for people,
and no wall.
"""

import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent / "scenario_texts"
DEFAULT_LANGUAGE = "en"
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Scenario:
    """A situation, the emotion that it calls for, and its language."""

    text: str
    emotion: str
    language: str


@dataclass(frozen=True)
class Grammar:
    """What situations of one language are made of.

    Attributes:
        slots: Words by the name of their place.
        templates: Sentences with places in braces, by emotion.
    """

    language: str
    slots: dict[str, list[str]]
    templates: dict[str, list[str]]

    def write(self, emotion: str, choose: Callable[[Sequence[str]], str]) -> Scenario:
        """Write a situation of this emotion; a place that occurs twice gets the same word."""
        template = choose(self.templates[emotion])
        words = {name: choose(self.slots[name]) for name in sorted(set(_SLOT.findall(template)))}
        text = template.format_map(words)
        return Scenario(_with_capitals(text), emotion, self.language)

    def count(self, emotion: str) -> int:
        """Return how many different situations of an emotion there are."""
        return sum(
            prod(len(self.slots[name]) for name in set(_SLOT.findall(template)))
            for template in self.templates[emotion]
        )


@lru_cache(maxsize=16)
def grammar(language: str) -> Grammar:
    """Return the grammar of a language, read once a process.

    Raises:
        KeyError: If there is none.
    """
    if language not in languages():
        raise KeyError(f"No situations in {language!r}: there are {', '.join(languages())}")
    parts = json.loads((DIRECTORY / f"{language}.json").read_text(encoding="utf-8"))
    return Grammar(language, parts["slots"], parts["scenarios"])


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Languages that situations are written in, as base codes."""
    return tuple(sorted(path.stem for path in DIRECTORY.glob("*.json")))


def language_for(wish: str) -> str:
    """Return the language of a tag such as de-AT, or English where nothing is written in it."""
    primary = wish.lower().replace("_", "-").split("-")[0]
    return primary if primary in languages() else DEFAULT_LANGUAGE


def draw(*, count: int, language: str, emotions: Sequence[str] = ()) -> list[Scenario]:
    """Write situations; each emotion is drawn by itself, so that one says nothing of the next.

    Args:
        count: How many.
        language: One of `languages`.
        emotions: To draw from; all that the grammar has if empty.
    """
    rules = grammar(language)
    emotions = sorted(set(rules.templates) & set(emotions or rules.templates))
    return [rules.write(secrets.choice(emotions), secrets.choice) for _ in range(count)]


def _with_capitals(text: str) -> str:
    """Begin each sentence with a capital; a time may stand anywhere in it."""
    return re.sub(r"(^|[.!?] )(\w)", lambda match: match[1] + match[2].upper(), text)

"""English text as a string with one character per phoneme.

The phonemes come from the espeak-ng library, called in process. Coqui's own phonemizer starts the
espeak-ng program for every text, which is three hundred times slower and needs a system package.
"""

import ctypes
import re
import string
from collections.abc import Iterator, Mapping
from functools import cache
from threading import Lock

import espeakng_loader

from synthesis.ml.errors import EmptyTextError, UnspeakableTextError

PUNCTUATION = ",."  # the reader's texts hold no other; a question ends in a full stop
WORD_BOUNDARY = " "
STRESS = "ˈ"

CONSONANTS = (
    "p", "b", "t", "d", "k", "ɡ", "m", "n", "ŋ", "f", "v", "θ", "ð", "s", "z", "ʃ", "ʒ", "h",
    "l", "ɹ", "w", "j", "tʃ", "dʒ", "ɾ",
)  # fmt: skip
# Never stressed.
REDUCED_VOWELS = (
    "i", "ᵻ", "ɐ", "ə", "ɚ",
)  # fmt: skip
FULL_VOWELS = (
    "iː", "ɪ", "ɛ", "æ", "ʌ", "ɜː", "ɑː", "ɔː", "ʊ", "uː", "eɪ", "aɪ", "ɔɪ", "aʊ", "oʊ",
)  # fmt: skip

# What espeak-ng writes as one phoneme, in units that are frequent enough to be learnt from an hour.
UNITS: Mapping[str, tuple[str, ...]] = {
    "ɔːɹ": ("ɔː", "ɹ"),
    "oːɹ": ("ɔː", "ɹ"),
    "ɑːɹ": ("ɑː", "ɹ"),
    "ɛɹ": ("ɛ", "ɹ"),
    "ɪɹ": ("ɪ", "ɹ"),
    "ʊɹ": ("ʊ", "ɹ"),
    "aɪɚ": ("aɪ", "ɚ"),
    "aɪə": ("aɪ", "ə"),
    "iə": ("iː", "ə"),
    "əl": ("ə", "l"),
    "n̩": ("ə", "n"),
    "ɔ": ("ɔː",),
    "ɑ": ("ɑː",),
    "a": ("æ",),
    "o": ("oʊ",),
    "e": ("eɪ",),
    "u": ("uː",),
    "ɜ": ("ɜː",),
    "ɑ̃": ("ɑː", "n"),
    "ɔ̃": ("ɔː", "n"),
    "ʔ": ("t",),
    "x": ("k",),
    "ɬ": ("l",),
    "r": ("ɹ",),
}

# espeak-ng's constants: synchronous output without sound; IPA with "_" between phonemes.
_AUDIO_OUTPUT_SYNCHRONOUS = 0x02
_UTF8 = 1
_IPA_SEPARATED = 0x02 | (ord("_") << 8)

_PIECES = re.compile(r"[,.?!;:()\[\]\u2014\u2013\u2026]+")
_FULL_STOPS = frozenset(".?!\u2026")
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")


def phoneme_table() -> dict[str, str]:
    """Give every phoneme of a new voice its character, always the same one.

    Vowels exist with and without stress, which stays on the vowel.
    """
    stressed = [STRESS + vowel for vowel in FULL_VOWELS]
    symbols = [*CONSONANTS, *REDUCED_VOWELS, *FULL_VOWELS, *stressed]
    return dict(zip(symbols, string.ascii_letters + string.digits, strict=False))


class Phonemizer:
    """Text to phoneme characters, by the table of one voice.

    Args:
        table: Character of each phoneme, as stored with the voice.
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = dict(table)

    def __call__(self, text: str) -> str:
        """Spell a text in the voice's characters.

        Args:
            text: English; digits and abbreviations are read out by espeak-ng's rules.

        Returns:
            One character per phoneme, spaces between words, a mark of `PUNCTUATION` instead
            of a space where the speaker pauses, and a full stop at the end.

        Raises:
            EmptyTextError: If there is nothing but white space.
            UnspeakableTextError: If nothing in the text has a sound, or a sound is not English.
        """
        if not text.strip():
            raise EmptyTextError("The text is empty: send at least one word")
        spelled = ""
        for piece, pause in _split_at_pauses(text):
            sounds = self._spell(piece)
            if sounds:
                spelled += sounds + pause
        if not spelled:
            raise UnspeakableTextError(f"Nothing to pronounce in {text[:40]!r}: send English words")
        return spelled[:-1] + "."

    def _spell(self, piece: str) -> str:
        words = (
            "".join(self._character(unit) for unit in _units(word))
            for word in _espeak().phonemes(piece).split()
        )
        return WORD_BOUNDARY.join(word for word in words if word)

    def _character(self, unit: str) -> str:
        character = self._table.get(unit) or self._table.get(unit.removeprefix(STRESS))
        if character is None:
            raise UnspeakableTextError(f"The voice has no sound for the phoneme {unit!r}")
        return character


def _split_at_pauses(text: str) -> Iterator[tuple[str, str]]:
    start = 0
    for match in _PIECES.finditer(text):
        if _is_inside_word(text, match):
            continue
        yield text[start : match.start()], "." if match.group()[-1] in _FULL_STOPS else ","
        start = match.end()
    yield text[start:], "."


def _is_inside_word(text: str, match: re.Match[str]) -> bool:
    """Whether a mark belongs to a number or an abbreviation, as in 3.5, 10:30 and e.g."""
    before, after = text[: match.start()][-1:], text[match.end() :][:1]
    return match.group() in {".", ",", ":"} and before.isalnum() and after.isalnum()


def _units(word: str) -> Iterator[str]:
    for symbol in word.replace("ˌ", "").split("_"):
        stress = STRESS if symbol.startswith(STRESS) else ""
        bare = symbol.removeprefix(STRESS)
        units = UNITS.get(bare, (bare,) if bare else ())
        for position, unit in enumerate(units):
            yield (stress if position == 0 else "") + unit


class _Espeak:
    """The one espeak-ng of the process; it keeps global state, hence the lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        data = str(espeakng_loader.get_data_path()).encode()
        if library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0) <= 0:
            raise OSError("espeak-ng could not read its data: reinstall espeakng-loader")
        if library.espeak_SetVoiceByName(b"en-us") != 0:
            raise OSError("espeak-ng has no en-us voice: reinstall espeakng-loader")
        self._to_phonemes = library.espeak_TextToPhonemes
        self._to_phonemes.restype = ctypes.c_char_p
        self._to_phonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]

    def phonemes(self, text: str) -> str:
        """IPA of a text without punctuation, "_" between phonemes, spaces between words."""
        rest = ctypes.c_char_p(text.encode())
        clauses = []
        with self._lock:
            while rest.value:
                clauses.append(self._to_phonemes(ctypes.byref(rest), _UTF8, _IPA_SEPARATED))
        ipa = " ".join(clause.decode() for clause in clauses)
        return _LANGUAGE_SWITCH.sub("", ipa)


@cache
def _espeak() -> _Espeak:
    return _Espeak()

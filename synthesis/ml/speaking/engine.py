"""Speaking with a voice through Coqui's TTS API."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, RLock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audio import set_level
from synthesis.ml.errors import EmptyTextError, TextTooLongError, VoiceError
from synthesis.ml.speaking.phonemes import Phonemizer
from synthesis.ml.speaking.prosody import Variation, with_energy, with_pauses, with_soft_peaks
from synthesis.ml.speaking.voices import Voice

if TYPE_CHECKING:
    from synthesis.ml.speaking.kinds import LoadedVoice

LEVEL_DBFS = -23.0  # RMS, the same for every emotion: loudness alone must not tell them apart
MAX_PEAK_DBFS = -1.0
CREST_DB = 21.0  # leaves room to MAX_PEAK_DBFS, so that no emotion stays softer than others
MAX_CHARACTERS = 300
MAX_LOADED_VOICES = 2  # a shipped voice takes 60 MB, XTTS takes 2 GB


@dataclass(frozen=True)
class Utterance:
    """What was spoken: mono float32 in [-1, 1], shape (samples,)."""

    waveform: NDArray[np.float32]
    sampling_rate: int


class SpeechEngine:
    """A voice that speaks; loaded at the first word, safe to share between threads.

    Args:
        voice: Which voice.
        max_characters: Longest text accepted.
    """

    def __init__(self, voice: Voice, *, max_characters: int = MAX_CHARACTERS) -> None:
        self.voice = voice
        self.max_characters = max_characters
        self._spell = _spelling(voice)
        self._lock = RLock()
        self._loaded: LoadedVoice | None = None

    def warm_up(self) -> None:
        """Load everything and speak once, so that the first real utterance is not late."""
        self.speak("Hello.", self.voice.emotions[0])

    def speak(
        self, text: str, emotion: str, *, seed: int = 0, speaker: str | None = None
    ) -> Utterance:
        """Say a text with an emotion.

        Args:
            text: In the voice's language, at most `max_characters` long.
            emotion: One that the voice speaks.
            seed: Gives pitch, pace, energy and pauses a small turn of their own; the same seed
                repeats an utterance exactly.
            speaker: One of `voice.speakers`; the first one if not given.

        Returns:
            The speech, at `LEVEL_DBFS` with pauses kept.

        Raises:
            UnknownSpeakerError: If the voice has no such speaker.
            UnknownEmotionError: If the voice has no such emotion.
            EmptyTextError: If the text is blank.
            TextTooLongError: If it is longer than the limit.
            UnspeakableTextError: If nothing in it can be pronounced.
            VoiceError: If the voice folder is broken.
        """
        target = self.voice.speaker(emotion, speaker)
        if len(text) > self.max_characters:
            raise TextTooLongError(
                f"The text has {len(text)} characters: send at most {self.max_characters}"
            )
        spelling = self._spell(text)
        variation = Variation.from_seed(seed)
        with self._lock:
            spoken = self._load().say(spelling, target, variation, seed)
        return Utterance(self._finished(spoken, variation), self.voice.sampling_rate)

    def _finished(self, spoken: NDArray[np.float32], variation: Variation) -> NDArray[np.float32]:
        paused = with_pauses(spoken, variation.pauses, self.voice.sampling_rate)
        waveform = with_soft_peaks(with_energy(paused, variation.energy_db), CREST_DB)
        return set_level(waveform, target_rms_dbfs=LEVEL_DBFS, max_peak_dbfs=MAX_PEAK_DBFS)

    def _load(self) -> "LoadedVoice":
        if self._loaded is None:
            self.voice.verify()
            from synthesis.ml.speaking.kinds import load_kind

            try:
                self._loaded = load_kind(self.voice)
            except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
                raise VoiceError(f"{self.voice.folder} cannot be loaded: {error}") from error
        return self._loaded


class EngineShelf:
    """Engines by the name of their voice, of which only the last used ones stay loaded.

    Args:
        find: Gives the voice of a name, or raises.
        capacity: How many voices may be in memory.
        max_characters: Longest text accepted.
    """

    def __init__(
        self,
        find: Callable[[str], Voice],
        *,
        capacity: int = MAX_LOADED_VOICES,
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"The shelf's capacity is {capacity}: give 1 or more")
        self._find = find
        self._capacity = capacity
        self._max_characters = max_characters
        self._engines: OrderedDict[str, SpeechEngine] = OrderedDict()
        self._lock = Lock()

    def engine(self, name: str) -> SpeechEngine:
        """Give the engine of a voice, dropping the one that was not used for longest.

        Raises:
            UnknownVoiceError: If there is no such voice.
            VoiceError: If its folder is broken.
        """
        with self._lock:
            if name not in self._engines:
                self._engines[name] = self._made(name)
            self._engines.move_to_end(name)
            while len(self._engines) > self._capacity:
                self._engines.popitem(last=False)
            return self._engines[name]

    @property
    def loaded(self) -> tuple[str, ...]:
        """Voices held, the last used one last."""
        return tuple(self._engines)

    def _made(self, name: str) -> SpeechEngine:
        return SpeechEngine(self._find(name), max_characters=self._max_characters)


def _spelling(voice: Voice) -> Callable[[str], str]:
    """Phoneme characters where the voice has a table of them, else the text itself."""
    return Phonemizer(voice.phonemes) if voice.phonemes else _as_written


def _as_written(text: str) -> str:
    if not text.strip():
        raise EmptyTextError("The text is empty: send at least one word")
    return text

"""Speaking with a voice through Coqui's TTS API."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio import set_level
from synthesis.ml.errors import TextTooLongError, VoiceError
from synthesis.ml.phonemes import Phonemizer
from synthesis.ml.voices import Voice

LEVEL_DBFS = -23.0  # RMS, the same for every emotion: loudness alone must not tell them apart
MAX_PEAK_DBFS = -1.0
MAX_CHARACTERS = 300

PITCH_RANGE_SEMITONES = 1.0
PACE_RANGE = 0.08


@dataclass(frozen=True)
class Utterance:
    """What was spoken: mono float32 in [-1, 1], shape (samples,)."""

    waveform: NDArray[np.float32]
    sampling_rate: int


@dataclass(frozen=True)
class Variation:
    """How one utterance departs from the voice's habit.

    Attributes:
        semitones: Added to the pitch.
        slowness: Factor on every duration.
    """

    semitones: float
    slowness: float

    @classmethod
    def from_seed(cls, seed: int) -> "Variation":
        """Draw a departure of at most a semitone and eight percent."""
        pitch, pace = np.random.default_rng(seed).uniform(-1.0, 1.0, 2)
        return cls(PITCH_RANGE_SEMITONES * pitch, 1.0 + PACE_RANGE * pace)


class SpeechEngine:
    """A voice that speaks; loaded at the first word, safe to share between threads.

    Args:
        voice: Which voice.
        max_characters: Longest text accepted.
    """

    def __init__(self, voice: Voice, *, max_characters: int = MAX_CHARACTERS) -> None:
        self.voice = voice
        self.max_characters = max_characters
        self._phonemizer = Phonemizer(voice.phonemes)
        self._lock = RLock()
        self._loaded: Any = None

    def warm_up(self) -> None:
        """Load everything and speak once, so that the first real utterance is not late."""
        self.speak("Hello.", next(iter(self.voice.speakers)))

    def speak(self, text: str, emotion: str, *, seed: int = 0) -> Utterance:
        """Say a text with an emotion.

        Args:
            text: English, at most `max_characters` long.
            emotion: One that the voice speaks.
            seed: Gives pitch and pace a small turn of their own; the same seed repeats it exactly.

        Returns:
            The speech, at `LEVEL_DBFS` with pauses kept.

        Raises:
            UnknownEmotionError: If the voice has no such emotion.
            EmptyTextError: If the text is blank.
            TextTooLongError: If it is longer than the limit.
            UnspeakableTextError: If nothing in it can be pronounced.
            VoiceError: If the voice folder is broken.
        """
        speaker = self.voice.speaker(emotion)
        if len(text) > self.max_characters:
            raise TextTooLongError(
                f"The text has {len(text)} characters: send at most {self.max_characters}"
            )
        spelling = self._phonemizer(text)
        with self._lock, self._varied(seed) as tts:
            # One call: splitting at sentences would look for marks that are phonemes here.
            samples = tts.tts(text=spelling, speaker=speaker, split_sentences=False)
        waveform = _without_padding(np.asarray(samples, np.float32))
        return Utterance(
            set_level(waveform, target_rms_dbfs=LEVEL_DBFS, max_peak_dbfs=MAX_PEAK_DBFS),
            self.voice.sampling_rate,
        )

    @contextlib.contextmanager
    def _varied(self, seed: int) -> Iterator[Any]:
        """The loaded voice, with pitch, pace and phases set for one utterance."""
        tts = self._load()
        variation = Variation.from_seed(seed)
        model = tts.synthesizer.tts_model
        model.length_scale = self.voice.slowness * variation.slowness
        tts.synthesizer.vocoder_model.seed = seed
        hook = model.pitch_predictor.register_forward_hook(
            lambda _module, _inputs, pitch: self._turned(pitch, variation)
        )
        try:
            yield tts
        finally:
            hook.remove()

    def _turned(self, pitch: Any, variation: Variation) -> Any:
        """Widen the movement of the pitch and move it as a whole."""
        centre = pitch.mean()
        shift = variation.semitones / self.voice.semitones_per_unit
        return centre + self.voice.pitch_spread * (pitch - centre) + shift

    def _load(self) -> Any:
        if self._loaded is None:
            self.voice.verify()
            try:
                self._loaded = _load_coqui(self.voice)
            except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
                raise VoiceError(f"{self.voice.folder} cannot be loaded: {error}") from error
        return self._loaded


def _load_coqui(voice: Voice) -> Any:
    """Coqui's API over the voice, with our Griffin-Lim in the vocoder's place."""
    from synthesis.ml.torchaudio_stand_in import ensure_torchaudio_imports

    ensure_torchaudio_imports()
    logging.getLogger("TTS").setLevel(logging.ERROR)  # it announces every step of every sentence
    from TTS.api import TTS

    from synthesis.ml.vocoder import GriffinLim

    tts = TTS(
        model_path=str(voice.model_path), config_path=str(voice.config_path), progress_bar=False
    )
    missing = set(voice.speakers.values()) - set(tts.speakers or ())
    if missing:
        raise ValueError(f"config.json has no speakers {sorted(missing)}")
    synthesizer = tts.synthesizer
    synthesizer.vocoder_model = GriffinLim()
    synthesizer.vocoder_config = synthesizer.tts_config
    synthesizer.vocoder_ap = synthesizer.tts_model.ap
    return tts


def _without_padding(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut off the silence that Coqui appends to every sentence."""
    from TTS.utils.synthesizer import PAD_SILENCE_SAMPLES

    return waveform[:-PAD_SILENCE_SAMPLES]

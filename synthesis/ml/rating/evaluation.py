"""What a voice sounds like, in numbers: prosody, intelligibility, recognised emotion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, recall_score

from synthesis.ml.recordings.world import READER_F0_HZ, pitch
from synthesis.ml.speaking.clip_measures import brightness_db_of
from synthesis.ml.speaking.engine import Utterance

Waveform = NDArray[np.float32]

PITCH_CEILING_HZ = 600.0


@dataclass(frozen=True)
class Prosody:
    """Of one clip.

    Attributes:
        f0_hz: Median pitch of voiced frames; NaN, like the range, where nothing is voiced.
        f0_range_semitones: From the 10th to the 90th percentile.
        duration_s: Length.
        brightness_db: Power from 1 to 8 kHz over power below 1 kHz: the strain of a loud voice.
    """

    f0_hz: float
    f0_range_semitones: float
    duration_s: float
    brightness_db: float


def measure(utterance: Utterance) -> Prosody:
    """Measure a 16 kHz clip."""
    waveform = utterance.waveform.astype(np.float64)
    f0 = pitch(waveform, (READER_F0_HZ[0], PITCH_CEILING_HZ))
    voiced = f0[f0 > 0]
    low, median, high = np.percentile(voiced, [10, 50, 90]) if len(voiced) else [np.nan] * 3
    return Prosody(
        f0_hz=float(median),
        f0_range_semitones=float(12 * np.log2(high / low)),
        duration_s=len(waveform) / utterance.sampling_rate,
        brightness_db=brightness_db_of(utterance.waveform),
    )


def mean_prosody(clips: Iterable[Prosody]) -> Prosody:
    """Average clip by clip."""
    rows = [list(vars(clip).values()) for clip in clips]
    return Prosody(*(float(value) for value in np.mean(rows, axis=0)))


class Recognizer:
    """Pocketsphinx with its own English models, for 16 kHz."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder = Decoder(samprate=16_000, loglevel="FATAL")

    def transcribe(self, waveform: Waveform) -> str:
        """Write down what is said."""
        samples = (np.clip(waveform, -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(samples, full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""


def word_error_rate(recognizer: Recognizer, spoken: Sequence[tuple[str, Waveform]]) -> float:
    """Errors over words of all texts together; may pass 1 when words are added.

    Args:
        recognizer: Writes down what it hears.
        spoken: Texts with the clips that say them; letter case and punctuation do not count.

    Raises:
        ValueError: If the texts have no word to be misheard.
    """
    texts = [_words(text) for text, _ in spoken]
    if not any(texts):
        raise ValueError(f"No words in {len(spoken)} texts: a word error rate needs at least one")
    heard = [_words(recognizer.transcribe(waveform)) for _, waveform in spoken]
    return float(jiwer.wer(texts, heard))


@dataclass(frozen=True)
class Confusion:
    """How often each intended emotion was recognised as each.

    Attributes:
        emotions: Of rows and columns.
        counts: Shape (intended, recognised).
        recalls: By emotion, clips included in which nothing was recognised.
    """

    emotions: tuple[str, ...]
    counts: NDArray[np.int64]
    recalls: Mapping[str, float]

    @classmethod
    def of(cls, emotions: Sequence[str], recognised: Mapping[str, Sequence[str]]) -> "Confusion":
        """Count the recognised emotions of each intended one."""
        intended = [emotion for emotion in emotions for _ in recognised[emotion]]
        heard = [name for emotion in emotions for name in recognised[emotion]]
        recalls = recall_score(intended, heard, labels=emotions, average=None)
        return cls(
            tuple(emotions),
            confusion_matrix(intended, heard, labels=emotions),
            {name: float(recall) for name, recall in zip(emotions, recalls, strict=True)},
        )

    @property
    def uar(self) -> float:
        """Unweighted average recall; one in seven by chance."""
        return float(np.mean(list(self.recalls.values())))


def _words(text: str) -> str:
    """Lower-case words with single spaces between them.

    >>> _words("It's 5 o'clock, Ann.")
    "it's o'clock ann"
    """
    letters = "".join(c if c.isalpha() or c in "' " else " " for c in text.lower())
    return " ".join(letters.split())

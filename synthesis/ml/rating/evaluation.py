"""What a voice sounds like, in numbers: prosody, intelligibility, recognised emotion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


def rank_correlation(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Spearman's correlation of two lists without ties: 1 where they are in the same order.

    >>> rank_correlation([1.0, 2.0, 9.0], [10.0, 20.0, 30.0])
    1.0
    """
    our_ranks, their_ranks = (np.argsort(np.argsort(values)) for values in (ours, theirs))
    return float(np.round(np.corrcoef(our_ranks, their_ranks)[0, 1], 9))


def word_errors(reference: str, heard: str) -> int:
    """Count substituted, missing and added words (Levenshtein).

    >>> word_errors("put it down", "but it")
    2
    """
    spoken, recognised = _words(reference), _words(heard)
    row = list(range(len(recognised) + 1))
    for i, word in enumerate(spoken, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(recognised, start=1):
            substituted = diagonal + (word != other)
            diagonal = row[j]
            row[j] = min(substituted, row[j] + 1, row[j - 1] + 1)
    return row[-1]


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
    """Errors over words of all texts together; may pass 1 when words are added."""
    errors = sum(word_errors(text, recognizer.transcribe(wave)) for text, wave in spoken)
    return errors / sum(len(_words(text)) for text, _ in spoken)


@dataclass(frozen=True)
class Confusion:
    """How often each intended emotion was recognised as each.

    Attributes:
        emotions: Of rows and columns.
        counts: Shape (intended, recognised).
        clips: Of each intended emotion, those included in which nothing was recognised.
    """

    emotions: tuple[str, ...]
    counts: NDArray[np.int64]
    clips: NDArray[np.int64]

    @classmethod
    def of(cls, emotions: Sequence[str], recognised: Mapping[str, Sequence[str]]) -> "Confusion":
        """Count the recognised emotions of each intended one."""
        counts = [[list(recognised[row]).count(name) for name in emotions] for row in emotions]
        clips = [len(recognised[row]) for row in emotions]
        return cls(tuple(emotions), np.array(counts, np.int64), np.array(clips, np.int64))

    @property
    def recalls(self) -> dict[str, float]:
        shares = np.diag(self.counts) / self.clips
        return {name: float(share) for name, share in zip(self.emotions, shares, strict=True)}

    @property
    def uar(self) -> float:
        """Unweighted average recall; one in seven by chance."""
        return float(np.mean(list(self.recalls.values())))


def _words(text: str) -> list[str]:
    letters = "".join(c if c.isalpha() or c in "' " else " " for c in text.lower())
    return letters.split()

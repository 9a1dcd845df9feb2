"""The last step of a voice: which take speaks an emotion, and with what emphasis.

What was measured brings a speaker close to its training clips on average. Whether an emotion is
recognised hangs on details that the network and the vocoder blur, so takes and small changes of
pitch, tempo and spectrum are tried, and what judges of natural speech recognise most clearly is
kept, as long as an offline recogniser understands the words. The judges know other speakers than
the one that the figures come from.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from emotion.ml.labels import EMOTIONS
from synthesis.ml.making.examples import Row
from synthesis.ml.rating.evaluation import Recognizer, word_error_rate
from synthesis.ml.rating.judge import Judge, NaturalSpeech, functionals_of
from synthesis.ml.speaking.kinds import FastPitchVoice
from synthesis.ml.speaking.phonemes import Phonemizer
from synthesis.ml.speaking.prosody import Variation
from synthesis.ml.speaking.shaping import Shaping
from synthesis.ml.speaking.spectrum import N_MELS

logger = logging.getLogger(__name__)

Waveform = NDArray[np.float32]

N_JUDGES = 4
ENOUGH = 0.3  # lead of the emotion over the next one, beyond which more does not count
SPREAD_WEIGHT = 0.5  # of the judges' disagreement against their mean
WER_WEIGHT = 0.5  # of misheard words against the lead
N_FINALISTS = 3
FRESH_SHARE = 0.3  # of candidates that are drawn anew instead of near a good one
STEP = 0.25  # of a change near a good one, in widths of the bounds

LOW_TILT = np.linspace(-1.0, 1.0, N_MELS)  # over the mel bands
BOW = np.cos(np.linspace(-np.pi, np.pi, N_MELS))  # 1 in the middle, -1 at both ends


@dataclass(frozen=True)
class Emphasis:
    """A change of a shaping.

    Attributes:
        tilt: Added to the highest mel band, taken from the lowest, in nepers.
        bow: Added to the middle bands, taken from both ends.
        contrast: Factor on the movement of all bands.
        pitch: Added, in units of the acoustic model.
        pitch_spread: Factor.
        slowness: Factor.
    """

    tilt: float = 0.0
    bow: float = 0.0
    contrast: float = 1.0
    pitch: float = 0.0
    pitch_spread: float = 1.0
    slowness: float = 1.0

    def on(self, shaping: Shaping) -> Shaping:
        """Apply it."""
        return replace(
            shaping,
            offset=shaping.offset + self.tilt * LOW_TILT + self.bow * BOW,
            contrast=shaping.contrast * self.contrast,
            pitch_shift=shaping.pitch_shift + self.pitch,
            pitch_spread=shaping.pitch_spread * self.pitch_spread,
            slowness=shaping.slowness * self.slowness,
        )


# Wide enough to be heard, narrow enough to stay the same speaker and a possible tempo.
LOWEST = Emphasis(-0.8, -0.6, 0.8, -0.6, 0.5, 0.85)
HIGHEST = Emphasis(1.0, 0.6, 1.4, 0.8, 1.8, 1.25)


@dataclass(frozen=True)
class Candidate:
    """A take with an emphasis, and how well it did."""

    row: Row
    emphasis: Emphasis
    score: float


def bagged_judges(speech: NaturalSpeech) -> list[Judge]:
    """Judges that each miss a part of the speakers, so that none is pleased alone."""
    speakers = sorted(set(speech.speakers.tolist()))
    return [Judge(speech.of(speakers[part::N_JUDGES], others=True)) for part in range(N_JUDGES)]


class Tuner:
    """Searches takes and emphases of a loaded voice.

    Args:
        loaded: Exported with all its takes, whose Coqui speakers are named by their rows.
        shaping: Of every row.
        judges: Of natural speech.
        texts: Spoken by the candidates.
        steps: Candidates tried for each speaker's emotion, beside its takes as they are. Counted
            rather than timed, so that a seed finds the same voice on any machine.
        seed: Of the search.
    """

    def __init__(
        self,
        loaded: FastPitchVoice,
        shaping: Mapping[Row, Shaping],
        judges: Sequence[Judge],
        texts: Sequence[str],
        *,
        steps: int,
        seed: int = 0,
    ) -> None:
        self._loaded = loaded
        self._shaping = shaping
        self._judges = judges
        self._texts = texts
        self._steps = steps
        self._seed = seed
        self._spell = Phonemizer(loaded.voice.phonemes)
        self._recognizer = Recognizer()

    def tune(self, speaker: str, emotion: str) -> tuple[Row, Shaping]:
        """Find the take and the shaping that a speaker's emotion is spoken with."""
        best = self.search(speaker, emotion)
        finalists = [self._with_words(candidate) for candidate in best[:N_FINALISTS]]
        found = max(finalists, key=lambda candidate: candidate.score)
        logger.info("%s: %.2f, %s", found.row, found.score, found.emphasis)
        return found.row, found.emphasis.on(self._shaping[found.row])

    def search(self, speaker: str, emotion: str) -> list[Candidate]:
        """Try the takes as they are, then with emphases; the clearest lead first."""
        rows = [row for row in self._shaping if row[:2] == (speaker, emotion)]
        rng = np.random.default_rng([self._seed, *speaker.encode(), *emotion.encode()])
        tried = [self._tried(row, Emphasis()) for row in rows]
        for _ in range(self._steps):
            tried.sort(key=lambda candidate: -candidate.score)
            if rng.random() < FRESH_SHARE:
                row, emphasis = rows[int(rng.integers(len(rows)))], _drawn(rng)
            else:
                parent = tried[int(rng.integers(min(3, len(tried))))]
                row, emphasis = parent.row, _near(parent.emphasis, rng)
            tried.append(self._tried(row, emphasis))
        return sorted(tried, key=lambda candidate: -candidate.score)

    def _tried(self, row: Row, emphasis: Emphasis) -> Candidate:
        features = np.stack([functionals_of(clip) for clip in self._spoken(row, emphasis)])
        return Candidate(row, emphasis, agreed_lead(self._judges, features, row.emotion))

    def _with_words(self, candidate: Candidate) -> Candidate:
        clips = self._spoken(candidate.row, candidate.emphasis)
        wer = word_error_rate(self._recognizer, list(zip(self._texts, clips, strict=True)))
        return replace(candidate, score=candidate.score - WER_WEIGHT * wer)

    def _spoken(self, row: Row, emphasis: Emphasis) -> list[Waveform]:
        self._loaded.shaping[str(row)] = emphasis.on(self._shaping[row])
        return [
            self._loaded.say(self._spell(text), str(row), Variation.from_seed(seed), seed)
            for seed, text in enumerate(self._texts)
        ]


def agreed_lead(judges: Sequence[Judge], features: NDArray[np.float64], emotion: str) -> float:
    """How far an emotion leads over the strongest other one, less where judges disagree.

    Args:
        judges: At least one.
        features: Of the clips, shape (clips, features).
        emotion: The intended one.
    """
    index: int = list[str](EMOTIONS).index(emotion)
    scores = np.stack([judge.scores(features) for judge in judges])  # (judges, clips, emotions)
    others = np.delete(scores, index, axis=2).max(axis=2)
    leads = np.minimum(scores[:, :, index] - others, ENOUGH)
    return float(leads.mean() - SPREAD_WEIGHT * leads.std(axis=0).mean())


def _drawn(rng: Generator) -> Emphasis:
    lowest, highest = (np.array(list(vars(end).values())) for end in (LOWEST, HIGHEST))
    # A quarter of the way out on average: most good emphases are slight.
    share = rng.triangular(0.0, 0.5, 1.0, len(lowest))
    return Emphasis(*(float(value) for value in lowest + share * (highest - lowest)))


def _near(emphasis: Emphasis, rng: Generator) -> Emphasis:
    lowest, highest, own = (
        np.array(list(vars(one).values())) for one in (LOWEST, HIGHEST, emphasis)
    )
    step = rng.normal(0, STEP, len(own)) * (rng.random(len(own)) < 0.5) * (highest - lowest)
    return Emphasis(*(float(value) for value in np.clip(own + step, lowest, highest)))

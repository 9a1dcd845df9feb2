"""Which take speaks for an emotion of a speaker.

While training, every take is a speaker of its own. Each then speaks a few sentences, and the one
that a judge of natural speech recognises best, and an offline recogniser still understands, is
kept. The judge knows other speakers than the one that the figures come from.
"""

import logging
import random
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from emotion.ml.labels import EMOTIONS
from synthesis.ml.engine import SpeechEngine
from synthesis.ml.evaluation import Recognizer, word_error_rate
from synthesis.ml.examples import Row
from synthesis.ml.judge import Judge, functionals_of
from synthesis.ml.texts import random_sentence

logger = logging.getLogger(__name__)

SENTENCES_SEED = 1  # other sentences than those that the voice is evaluated with
N_SENTENCES = 6
WER_WEIGHT = 0.5  # of misheard words against recognised emotions
ENOUGH = 0.2  # lead of the emotion over the next one, beyond which more does not count


def choose_takes(
    engine: SpeechEngine, judge: Judge, *, n_sentences: int = N_SENTENCES
) -> list[Row]:
    """Let every take speak, and keep the best one of each speaker's emotion.

    Args:
        engine: Over a voice exported with all its takes.
        judge: Of natural speech.
        n_sentences: Spoken by each take.
    """
    takes = _takes(engine)
    recognizer = Recognizer()
    chosen = []
    for speaker, emotion in sorted({row[:2] for row in takes}):
        own = {row: label for row, label in takes.items() if row[:2] == (speaker, emotion)}
        scores = {
            row: _score(engine, judge, recognizer, row, label, n_sentences)
            for row, label in own.items()
        }
        chosen.append(max(scores, key=scores.__getitem__))
        logger.info("%s %s: %s", speaker, emotion, {r.take: round(s, 2) for r, s in scores.items()})
    return chosen


def _takes(engine: SpeechEngine) -> Mapping[Row, str]:
    """Every row of the voice, and the label that its speaker speaks it by."""
    takes = {}
    for speaker, emotions in engine.voice.speakers.items():
        for label, name in emotions.items():
            _, emotion, take = name.rsplit("_", 2)
            takes[Row(speaker, emotion, int(take))] = label
    return takes


def _score(
    engine: SpeechEngine,
    judge: Judge,
    recognizer: Recognizer,
    row: Row,
    label: str,
    n_sentences: int,
) -> float:
    rng = random.Random(SENTENCES_SEED)
    texts = [random_sentence(rng) for _ in range(n_sentences)]
    clips = [
        engine.speak(text, label, seed=seed, speaker=row.speaker).waveform
        for seed, text in enumerate(texts)
    ]
    scores = judge.scores(np.stack([functionals_of(clip) for clip in clips]))
    wer = word_error_rate(recognizer, list(zip(texts, clips, strict=True)))
    return lead(scores, row.emotion) - WER_WEIGHT * wer


def lead(scores: NDArray[np.float64], emotion: str) -> float:
    """How far an emotion leads over the strongest other one, from -1 to 1, averaged over clips."""
    index: int = list[str](EMOTIONS).index(emotion)
    others = np.delete(scores, index, axis=1).max(axis=1)
    return float(np.minimum((scores[:, index] - others) / ENOUGH, 1.0).clip(-1).mean())

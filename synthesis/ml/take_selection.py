"""Which donor speaks for an emotion.

While training, each of an emotion's donors is a speaker of its own. The one that the shipped
emotion model recognises best becomes the speaker of the emotion. That model never saw synthetic
speech, but the choice favours it: figures of the voice name it as their judge.
"""

import logging
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from emotion.ml.predictor import EmotionPredictor
from synthesis.ml.acoustic_model import ModelShape
from synthesis.ml.engine import SpeechEngine
from synthesis.ml.export import Row, export_voice
from synthesis.ml.texts import random_sentence

logger = logging.getLogger(__name__)

SENTENCES_SEED = 1  # other sentences than those that the voice is evaluated with
N_SENTENCES = 4


def choose_takes(
    weights: Mapping[str, Tensor],
    rows: Sequence[Row],
    table: Mapping[str, str],
    *,
    shape: ModelShape | None = None,
    n_sentences: int = N_SENTENCES,
) -> dict[str, list[Row]]:
    """Let every take speak, and keep the best one of each emotion.

    Args:
        weights: State of the trained model.
        rows: Emotion and take of each row of its speaker embedding.
        table: Character of each phoneme.
        shape: Sizes of the network.
        n_sentences: Spoken by each take.

    Returns:
        The chosen take of each emotion.
    """
    labels = {f"{emotion}_{take}": (emotion, take) for emotion, take in rows}
    judge = EmotionPredictor.load()
    with tempfile.TemporaryDirectory() as folder:
        voice = export_voice(
            name="takes",
            folder=Path(folder),
            weights=weights,
            rows=rows,
            chosen={label: [row] for label, row in labels.items()},
            table=table,
            shape=shape,
        )
        engine = SpeechEngine(voice)
        scores = {
            row: _score(engine, judge, label, row[0], n_sentences) for label, row in labels.items()
        }
    best: dict[str, list[Row]] = {}
    for emotion in sorted({emotion for emotion, _ in rows}):
        takes = [row for row in rows if row[0] == emotion]
        best[emotion] = [max(takes, key=lambda row: scores[row])]
        logger.info("%s: %s", emotion, {take: round(scores[emotion, take], 2) for _, take in takes})
    return best


def _score(
    engine: SpeechEngine, judge: EmotionPredictor, label: str, emotion: str, n_sentences: int
) -> float:
    """Mean probability that the judge gives to the intended emotion."""
    rng = random.Random(SENTENCES_SEED)
    clips = [
        engine.speak(random_sentence(rng), label, seed=seed).waveform for seed in range(n_sentences)
    ]
    return float(
        np.mean([judge.predict(clip, assume_speech=True).scores[emotion] for clip in clips])
    )

"""How the training clips of a speaker move, and how the trained network speaks the same texts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthesis.ml.making.dataset import Dataset
from synthesis.ml.making.examples import Example, Row
from synthesis.ml.speaking.phonemes import FULL_VOWELS, REDUCED_VOWELS, STRESS
from synthesis.ml.speaking.shaping import Shaping, Statistics, shaping_between

Floats = NDArray[np.float64]

N_TEXTS = 20
ACTIVE_RANGE = 6.0  # nepers under the loud frames: pauses would otherwise rule the spread


def measure_shaping(
    model: Any, dataset: Dataset, rows: Sequence[Row], table: Mapping[str, str]
) -> dict[Row, Shaping]:
    """Find what each row lacks.

    Args:
        model: Coqui's FastPitch, trained.
        dataset: What it was trained on.
        rows: Whose shaping is wanted.
        table: Character of each phoneme.
    """
    vowels = {table[vowel] for vowel in (*REDUCED_VOWELS, *FULL_VOWELS)}
    vowels |= {table[STRESS + vowel] for vowel in FULL_VOWELS}
    model.eval()
    return {row: _shaping(model, dataset, row, vowels) for row in rows}


def _shaping(model: Any, dataset: Dataset, row: Row, vowels: set[str]) -> Shaping:
    examples = dataset.of(row)[:N_TEXTS]
    wanted = (_wanted(dataset, example) for example in examples)
    spoken = (_spoken(model, dataset, example) for example in examples)
    spellings = [example.spelling for example in examples]
    return shaping_between(
        _statistics(spoken, spellings, vowels), _statistics(wanted, spellings, vowels)
    )


Track = tuple[Floats, Floats, float]  # mel (frames, mels), pitch per token, frames per token


def _wanted(dataset: Dataset, example: Example) -> Track:
    pitch = dataset.scale.pitch(example.f0)
    ends = np.cumsum(example.durations)
    means = [
        float(voiced.mean()) if len(voiced := part[part != 0]) else 0.0
        for part in np.split(pitch, ends[:-1])
    ]
    return example.mel.astype(np.float64), np.array(means), float(example.durations.mean())


@torch.inference_mode()
def _spoken(model: Any, dataset: Dataset, example: Example) -> Track:
    batch = dataset.collate([example])
    model.length_scale = 1.0
    output = model.inference(
        batch.tokens, aux_input={"d_vectors": None, "speaker_ids": batch.speakers}
    )
    mel = output["model_outputs"][0].double().numpy()
    pitch = output["pitch"][0, 0].double().numpy()
    return mel, pitch, len(mel) / len(pitch)


def _statistics(tracks: Iterable[Track], spellings: Sequence[str], vowels: set[str]) -> Statistics:
    means, spreads, centres, movements, frames = [], [], [], [], []
    for (mel, pitch, per_token), spelling in zip(tracks, spellings, strict=True):
        loudness = mel.mean(axis=1)
        active = mel[loudness > np.percentile(loudness, 95) - ACTIVE_RANGE]
        means.append(active.mean(axis=0))
        spreads.append(active.std(axis=0))
        is_vowel = np.array([character in vowels for character in spelling])
        voiced = pitch[is_vowel & (pitch != 0)]
        centres.append(voiced.mean() if len(voiced) else 0.0)
        movements.append(voiced.std() if len(voiced) else 0.0)
        frames.append(per_token)
    return Statistics(
        mean=np.mean(means, axis=0),
        spread=np.mean(spreads, axis=0),
        pitch=float(np.mean(centres)),
        pitch_spread=float(np.mean(movements)),
        frames=float(np.mean(frames)),
    )

"""The speaker-independent protocol: train without the speakers of a fold, score these alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotion.ml.corpora import Clip, rounds
from emotion.ml.examples import Examples
from emotion.ml.features import FeatureConfig
from emotion.ml.training import (
    TrainingConfig,
    fit_kernel,
    fit_network,
    kernel_scores,
    network_logits,
)

FloatMatrix = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOutScores:
    """What both halves say of clips whose speakers they never heard."""

    network: FloatMatrix
    """Logits, shape (clips, 7)."""
    kernel: FloatMatrix
    """Scores, shape (clips, 7)."""
    turn: NDArray[np.intp]
    """The round that held each clip out, shape (clips,)."""


def score_held_out(
    clips: Sequence[Clip],
    examples: Examples,
    features: FeatureConfig,
    training: TrainingConfig,
    *,
    folder: Path,
    seed: int,
) -> HeldOutScores:
    """Run every round of `corpora.rounds`.

    Args:
        clips: Of one or more corpora, in the order of `examples`.
        examples: Their features in all variations.
        features: The front end, for the shortest input of the network.
        training: Schedule.
        folder: Keeps checkpoints and finished rounds; a run after a kill continues from them.
        seed: For the networks.
    """
    count = len(clips)
    network, kernel = np.zeros((count, 7)), np.zeros((count, 7))
    turn = np.full(count, -1, dtype=np.intp)
    for number, held in enumerate(rounds(clips)):
        out = np.isin(examples.speakers, sorted(held))
        tested, trained = examples.subset(out), examples.subset(~out)
        network[out] = _network_round(number, trained, tested, features, training, folder, seed)
        kernel[out] = kernel_scores(fit_kernel(trained, training), tested).numpy()
        turn[out] = number
    return HeldOutScores(network, kernel, turn)


def _network_round(
    number: int,
    trained: Examples,
    tested: Examples,
    features: FeatureConfig,
    training: TrainingConfig,
    folder: Path,
    seed: int,
) -> FloatMatrix:
    finished = folder / f"round-{number + 1}.npy"
    if not finished.exists():
        checkpoint = folder / f"round-{number + 1}.pt"
        fitted = fit_network(
            trained, training, seed=seed, checkpoint=checkpoint, label=f"round {number + 1}"
        )
        np.save(finished, network_logits(fitted, tested, features.min_frames).numpy())
        checkpoint.unlink()
    return np.asarray(np.load(finished), dtype=np.float64)

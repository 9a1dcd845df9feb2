"""Training examples as the tensors of a FastPitch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthesis.ml.errors import CorpusError
from synthesis.ml.making.examples import Example, Row

SEMITONES_PER_UNIT = 4.0  # pitch as the model sees it: mostly within -2 and 4
DB_PER_UNIT = 10.0
SILENCE_DB = -70.0
# An average of zero means "unvoiced" to Coqui; a voiced frame at the median must not look so.
VOICED_OFFSET = 1e-4

HELD_OUT_EVERY = 30  # readings, with everything rendered from them


@dataclass(frozen=True)
class Scale:
    """Where the reader's neutral pitch and level lie."""

    median_f0_hz: float
    level_db: float

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Scale":
        """Measure the neutral examples.

        Raises:
            CorpusError: If there is none.
        """
        neutral = [example for example in examples if example.row.emotion == "neutral"]
        if not neutral:
            raise CorpusError("No neutral example: the reader's own clips are missing")
        f0 = np.concatenate([example.f0 for example in neutral])
        level_db = np.concatenate([example.level_db for example in neutral])
        loud = level_db > np.percentile(level_db, 99) - 30
        return cls(float(np.median(f0[f0 > 0])), float(level_db[loud].mean()))

    def pitch(self, f0: NDArray[np.float32]) -> NDArray[np.float32]:
        """Semitones re the reader's median, in model units, 0 where unvoiced."""
        semitones = 12 * np.log2(np.maximum(f0, 1.0) / self.median_f0_hz)
        return np.where(f0 > 0, semitones / SEMITONES_PER_UNIT + VOICED_OFFSET, 0.0).astype(
            np.float32
        )

    def energy(self, level_db: NDArray[np.float32]) -> NDArray[np.float32]:
        """Level re the reader's own, in model units."""
        units = (np.maximum(level_db, SILENCE_DB) - self.level_db) / DB_PER_UNIT
        return (units + VOICED_OFFSET).astype(np.float32)


@dataclass(frozen=True)
class Batch:
    """Padded tensors of several examples."""

    tokens: torch.Tensor  # (batch, tokens)
    n_tokens: torch.Tensor  # (batch,)
    mel: torch.Tensor  # (batch, frames, mels)
    n_frames: torch.Tensor  # (batch,)
    pitch: torch.Tensor  # (batch, 1, frames)
    energy: torch.Tensor  # (batch, 1, frames)
    durations: torch.Tensor  # (batch, tokens)
    speakers: torch.Tensor  # (batch,)

    def to(self, device: torch.device) -> "Batch":
        """Copy to a device."""
        return Batch(**{k: v.to(device, non_blocking=True) for k, v in vars(self).items()})

    def pin_memory(self) -> "Batch":
        """Called by torch's loader, so that copies to a GPU need not wait."""
        return Batch(**{k: v.pin_memory() for k, v in vars(self).items()})


class Dataset:
    """Examples, who speaks them, and batches of them.

    Args:
        examples: All examples of the voice.
        tokenizer: Coqui's, of the model to be trained.
        seed: Of the batches.
        neutral_share: Part of a batch that is neutral.
    """

    def __init__(
        self, examples: Sequence[Example], tokenizer: Any, *, seed: int, neutral_share: float = 0.2
    ) -> None:
        self.scale = Scale.of(examples)
        self.rows = rows_of(examples)
        self._tokenizer = tokenizer
        self._seed = seed
        self._neutral_share = neutral_share
        prompts = sorted({example.prompt for example in examples})
        held_out = set(prompts[HELD_OUT_EVERY // 2 :: HELD_OUT_EVERY])
        self.held_out = [example for example in examples if example.prompt in held_out]
        self._by_emotion: dict[str, dict[Row, list[Example]]] = {}
        for example in examples:
            if example.prompt not in held_out:
                rows = self._by_emotion.setdefault(example.row.emotion, {})
                rows.setdefault(example.row, []).append(example)

    def batch_of_step(self, step: int, size: int) -> Batch:
        """Draw the batch of a training step; the same step always gives the same batch.

        Four steps share a draw, sorted by length, so that a batch holds little padding.
        """
        rng = np.random.default_rng([self._seed, step // 4])
        drawn = sorted((self._draw(rng) for _ in range(4 * size)), key=lambda e: e.n_frames)
        part = int(rng.permutation(4)[step % 4])
        return self.collate(drawn[part * size : (part + 1) * size])

    def of(self, row: Row) -> list[Example]:
        """All training examples of a row."""
        return self._by_emotion[row.emotion][row]

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad examples to one length."""
        tokens = [self._tokenizer.text_to_ids(example.spelling) for example in examples]
        return Batch(
            tokens=_padded([np.array(ids) for ids in tokens]),
            n_tokens=torch.tensor([len(ids) for ids in tokens]),
            mel=_padded([example.mel for example in examples]),
            n_frames=torch.tensor([example.n_frames for example in examples]),
            pitch=_padded([self.scale.pitch(e.f0) for e in examples])[:, None],
            energy=_padded([self.scale.energy(e.level_db) for e in examples])[:, None],
            durations=_padded([example.durations for example in examples]),
            speakers=torch.tensor([self.rows.index(example.row) for example in examples]),
        )

    def _draw(self, rng: np.random.Generator) -> Example:
        rendered = sorted(set(self._by_emotion) - {"neutral"})
        emotion = "neutral"
        if rendered and rng.random() > self._neutral_share:
            emotion = rendered[int(rng.integers(len(rendered)))]
        rows = [*self._by_emotion[emotion].values()]
        own = rows[int(rng.integers(len(rows)))]
        return own[int(rng.integers(len(own)))]


def rows_of(examples: Sequence[Example]) -> list[Row]:
    """Every speaker, emotion and take, in a fixed order."""
    return sorted({example.row for example in examples})


def _padded(arrays: Sequence[NDArray[Any]]) -> torch.Tensor:
    """Stack arrays of different lengths, zeros behind; shape (batch, longest, ...)."""
    return torch.nn.utils.rnn.pad_sequence(
        [torch.from_numpy(array) for array in arrays], batch_first=True
    )

"""What the acoustic model learns from: one example per clip, kept in a work folder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.whole_files import whole_file
from synthesis.ml.errors import CorpusError
from synthesis.ml.recordings.world import Floats
from synthesis.ml.speaking.spectrum import frame_levels_db, log_mel_of, magnitudes

Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]

WORLD_FRAMES_PER_ALIGNMENT_FRAME = 2  # 10 ms against 5 ms
WORLD_FRAMES_PER_MEL_FRAME = 3  # 15 ms against 5 ms


class Row(NamedTuple):
    """What is one speaker to the acoustic model while it is trained.

    Attributes:
        speaker: Name.
        emotion: One of the seven.
        take: Which donor of the emotion; 0 for neutral.
    """

    speaker: str
    emotion: str
    take: int

    def __str__(self) -> str:
        return f"{self.speaker}_{self.emotion}_{self.take}"


@dataclass(frozen=True)
class Example:
    """One clip as the acoustic model sees it.

    Attributes:
        prompt: Name of the reading that it comes from.
        row: Who speaks, with which emotion, by which donor.
        spelling: One character per token.
        durations: Mel frames of each token, all at least 1, shape (tokens,).
        mel: Log-mel spectrogram, shape (frames, mels).
        f0: In Hz, 0 where unvoiced, shape (frames,).
        level_db: Shape (frames,).
    """

    prompt: str
    row: Row
    spelling: str
    durations: Ints
    mel: Float32s
    f0: Float32s
    level_db: Float32s

    @property
    def n_frames(self) -> int:
        return len(self.mel)


def make_example(
    prompt: str,
    row: Row,
    spelling: str,
    starts: Ints,
    waveform: Float32s,
    f0: Floats,
    positions: Floats,
) -> Example | None:
    """Describe a reading or a rendering of it.

    Args:
        prompt: Name of the reading.
        row: Who speaks and how.
        spelling: One character per token.
        starts: Start of each token of the reading and its end, in frames of 10 ms.
        waveform: At training level.
        f0: Every 5 ms.
        positions: Frame of the reading, 5 ms each, at the middle of every frame of the clip.

    Returns:
        The example, or none where the clip has fewer frames than tokens.
    """
    amplitudes = magnitudes(waveform)
    n_frames = len(amplitudes)
    durations = durations_after(starts, positions, n_frames)
    if durations is None:
        return None
    frames = np.minimum(np.arange(n_frames) * WORLD_FRAMES_PER_MEL_FRAME, len(f0) - 1)
    return Example(
        prompt,
        row,
        spelling,
        durations,
        log_mel_of(amplitudes),
        f0[frames].astype(np.float32),
        frame_levels_db(amplitudes),
    )


def durations_after(starts: Ints, positions: Floats, n_frames: int) -> Ints | None:
    """Follow token boundaries through a change of time.

    Args:
        starts: Boundaries in the reading, frames of 10 ms, shape (tokens + 1,).
        positions: Frame of the reading (5 ms) at the middle of each frame of the clip (5 ms).
        n_frames: Mel frames of the clip.

    Returns:
        Mel frames of each token, each at least 1, summing to `n_frames`; none where there are
        too few.
    """
    n_tokens = len(starts) - 1
    if n_tokens < 1 or n_tokens > n_frames:
        return None
    middles = np.arange(len(positions)) + 0.5
    moved = np.interp(starts * float(WORLD_FRAMES_PER_ALIGNMENT_FRAME), positions, middles)
    edges = np.round(moved / WORLD_FRAMES_PER_MEL_FRAME).astype(np.int64)
    edges[0], edges[-1] = 0, n_frames
    steps = np.arange(n_tokens + 1)
    # Push boundaries apart to one frame at least, from the left, then back from the right end.
    edges = np.maximum.accumulate(edges - steps) + steps
    edges = np.minimum(edges, n_frames - steps[::-1])
    return np.diff(edges)


class ExampleStore:
    """Examples of a voice on disk, one file a reading, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __contains__(self, prompt: str) -> bool:
        return self._path(prompt).exists()

    def add(self, prompt: str, examples: Sequence[Example]) -> None:
        """Write all examples of one reading."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for number, example in enumerate(examples):
            arrays[f"{number}.about"] = np.array([*map(str, tuple(example.row)), example.spelling])
            arrays[f"{number}.durations"] = example.durations
            arrays[f"{number}.mel"] = example.mel.astype(np.float16)
            arrays[f"{number}.curves"] = np.stack([example.f0, example.level_db])
        with whole_file(self._path(prompt)) as unfinished:
            np.savez(unfinished, **arrays)  # type: ignore[arg-type]

    def load(self) -> list[Example]:
        """Read all examples, in the order of the readings' names.

        Raises:
            CorpusError: If there are none.
        """
        examples = [
            example for path in sorted(self.folder.glob("*.npz")) for example in _read(path)
        ]
        if not examples:
            raise CorpusError(f"No training examples in {self.folder}: prepare them first")
        return examples

    def _path(self, prompt: str) -> Path:
        return self.folder / f"{prompt}.npz"


def _read(path: Path) -> Iterator[Example]:
    with np.load(path) as stored:
        for number in range(len(stored.files) // 4):
            speaker, emotion, take, spelling = (str(item) for item in stored[f"{number}.about"])
            row = Row(speaker, emotion, int(take))
            f0, level_db = stored[f"{number}.curves"].astype(np.float32)
            mel = stored[f"{number}.mel"].astype(np.float32)
            durations = stored[f"{number}.durations"]
            yield Example(path.stem, row, spelling, durations, mel, f0, level_db)

"""The speaker-independent protocol: train without the speakers of a fold, score these alone."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.whole_files import whole_file
from emotion.ml.training.corpora import Clip, rounds
from emotion.ml.training.fitting import RunPlace, one_thread
from emotion.ml.training.recipes.registry import Described, Recipe, Scores


@dataclass(frozen=True)
class HeldOutScores:
    """What a recipe says of clips whose speakers it never heard."""

    parts: Scores
    """By part of the model, shape (clips, 7)."""
    turn: NDArray[np.intp]
    """The round that held each clip out, shape (clips,)."""
    parameters: int


def score_held_out(
    recipe: Recipe,
    clips: Sequence[Clip],
    examples: Described,
    place: RunPlace,
    *,
    folder: Path,
    jobs: int = 1,
) -> HeldOutScores:
    """Run every round of `corpora.rounds`.

    Args:
        recipe: What to train.
        clips: Of one or more corpora, in the order of `examples`.
        examples: The clips as `recipe.describe` gave them.
        place: Seed and device.
        folder: Keeps checkpoints and finished rounds; a run after a kill continues from them.
        jobs: Rounds that run at once, each in a process of its own.
    """
    held = [np.isin(examples.speakers, sorted(speakers)) for speakers in rounds(clips)]
    turns = [_Turn(recipe, number, out, place, folder) for number, out in enumerate(held)]
    if jobs > 1:
        # Spawned, since CUDA does not survive a fork; each process gets the examples once.
        with ProcessPoolExecutor(
            jobs, mp_context=get_context("spawn"), initializer=_share, initargs=(examples,)
        ) as pool:
            finished = list(pool.map(_run_shared, turns))
    else:
        finished = [_run(turn, examples) for turn in turns]
    return _joined(held, [dict(np.load(path)) for path in finished])


@dataclass(frozen=True)
class _Turn:
    """One round, in a form that another process can take."""

    recipe: Recipe
    number: int
    out: NDArray[np.bool_]
    place: RunPlace
    folder: Path

    @property
    def label(self) -> str:
        return f"{self.recipe.name} round {self.number + 1}"


_shared: list[Described] = []


def _share(examples: Described) -> None:
    one_thread()
    _shared[:] = [examples]


def _run_shared(turn: "_Turn") -> Path:
    return _run(turn, _shared[0])


def _run(turn: _Turn, examples: Described) -> Path:
    """Train and score one round, unless an earlier run did; returns the file of its scores."""
    finished = turn.folder / f"{turn.label.replace(' ', '-')}.npz"
    if not finished.exists():
        place = replace(turn.place, folder=turn.folder, label=turn.label)
        fitted = turn.recipe.fit(examples.subset(~turn.out), place)
        scores = fitted.scores(examples.subset(turn.out))
        turn.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(finished) as unfinished:
            np.savez(unfinished, parameters=fitted.parameters, **scores)  # type: ignore[arg-type]
        for pattern in ("{}.pt", "{}-*.pt"):
            for checkpoint in turn.folder.glob(pattern.format(finished.stem)):
                checkpoint.unlink()
    return finished


def _joined(
    held: Sequence[NDArray[np.bool_]], results: Sequence[dict[str, NDArray[np.float64]]]
) -> HeldOutScores:
    count = len(held[0])
    names = [name for name in results[0] if name != "parameters"]
    parts = {name: np.zeros((count, results[0][name].shape[1])) for name in names}
    turn = np.full(count, -1, dtype=np.intp)
    for number, (out, result) in enumerate(zip(held, results, strict=True)):
        turn[out] = number
        for name in names:
            parts[name][out] = result[name]
    return HeldOutScores(parts, turn, int(results[0]["parameters"]))

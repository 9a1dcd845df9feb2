"""A voice from its corpora in one call; also `python -m synthesis.ml.train`."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from synthesis.ml.phonemes import phoneme_table
from synthesis.ml.voices import Voice


def train_voice(
    *,
    reader: Path,
    acted: Path,
    work: Path,
    out: Path,
    steps: int,
    resume: bool,
    seed: int = 0,
    show_progress: bool = True,
) -> Voice:
    """Prepare, train and write a voice named after its folder.

    Args:
        reader: Corpus of the neutral reader: `metadata.csv` and `wavs/`.
        acted: RAVDESS, 16 kHz FLAC.
        work: Prepared data and checkpoint are kept here.
        out: Voice folder.
        steps: Of training.
        resume: Continue from the checkpoint in `work`; otherwise training starts anew.
        seed: Of everything random.
        show_progress: Print bars.
    """
    from synthesis.ml.export import export_voice
    from synthesis.ml.preparation import PreparationConfig, WorkFolder, prepare
    from synthesis.ml.take_selection import choose_takes
    from synthesis.ml.training import Trainer, TrainingConfig

    table = phoneme_table()
    work.mkdir(parents=True, exist_ok=True)
    folder = WorkFolder(work)
    prepare(reader, acted, folder, PreparationConfig(table, seed=seed), show_progress=show_progress)
    trainer = Trainer(
        folder.examples.load(),
        list(table.values()),
        work / "checkpoint.pt",
        TrainingConfig(steps=steps, seed=seed),
    )
    if resume:
        trainer.resume()
    trainer.run(show_progress=show_progress)
    weights, rows = trainer.model.state_dict(), trainer.dataset.speakers
    return export_voice(
        name=out.name,
        folder=out,
        weights=weights,
        rows=rows,
        chosen=choose_takes(weights, rows, table),
        table=table,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `train_voice`."""
    parser.add_argument("--kathleen", type=Path, required=True, help="corpus of the reader")
    parser.add_argument("--ravdess", type=Path, required=True, help="corpus of acted speech")
    parser.add_argument("--work", type=Path, required=True, help="prepared data and checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="voice folder to write")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train_voice(
        reader=options.kathleen,
        acted=options.ravdess,
        work=options.work,
        out=options.out,
        steps=options.steps,
        resume=options.resume,
        seed=options.seed,
    )


if __name__ == "__main__":
    main()

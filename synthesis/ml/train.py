"""A voice from its corpora in one call; also `python -m synthesis.ml.train`."""

import argparse
import logging
from collections.abc import Mapping, Sequence
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
    takes: Mapping[str, int] | None = None,
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
        takes: Which donor speaks an emotion; the mean of its donors where none is named.
        show_progress: Print bars.
    """
    from synthesis.ml.export import export_voice
    from synthesis.ml.preparation import PreparationConfig, WorkFolder, prepare
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
    return export_voice(
        name=out.name,
        folder=out,
        weights=trainer.model.state_dict(),
        speakers=trainer.dataset.speakers,
        table=table,
        takes=takes or {},
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `train_voice`."""
    parser.add_argument("--kathleen", type=Path, required=True, help="corpus of the reader")
    parser.add_argument("--ravdess", type=Path, required=True, help="corpus of acted speech")
    parser.add_argument("--work", type=Path, required=True, help="prepared data and checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="voice folder to write")
    parser.add_argument("--steps", type=int, default=3500)
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

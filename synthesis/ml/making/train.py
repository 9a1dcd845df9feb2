"""A voice from its corpora in one call; also `python -m synthesis.ml.making.train`."""

import argparse
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from synthesis.ml.making.speakers import load_speakers
from synthesis.ml.speaking.phonemes import phoneme_table
from synthesis.ml.speaking.texts import random_sentence
from synthesis.ml.speaking.voices import Voice, load_voice

if TYPE_CHECKING:
    from synthesis.ml.making.examples import Example
    from synthesis.ml.making.training import Trainer

TUNING_SENTENCES = 4
TUNING_SEED = 1  # other sentences than those that the voice is evaluated with


@dataclass(frozen=True)
class VoicePlan:
    """What a voice is made from, and how long.

    Attributes:
        reader: Corpus of the neutral reader: `metadata.csv` and `wavs/`.
        acted: RAVDESS, 16 kHz FLAC: lends the emotions, and teaches the judge of the takes.
        judged: EMO-DB, which teaches the judge too; the takes are judged without it if not given.
        work: Prepared data and checkpoint are kept here.
        out: Voice folder; gives the voice its name.
        steps: Of training.
        batch_size: Clips a step.
        start: Voice to begin from; fresh weights if not given.
        resume: Continue from the checkpoint in `work`; otherwise training starts anew.
        device: As torch names it.
        half: Compute in bfloat16.
        workers: Processes that render.
        tuning_steps: Candidates tried for take and emphasis of each speaker's emotion.
        seed: Of everything random.
    """

    reader: Path
    acted: Path
    work: Path
    out: Path
    judged: Path | None = None
    steps: int = 3000
    batch_size: int = 16
    start: Path | None = None
    resume: bool = False
    device: str = "cpu"
    half: bool = False
    workers: int = 1
    tuning_steps: int = 40
    seed: int = 0


def train_voice(plan: VoicePlan, *, show_progress: bool = True) -> Voice:
    """Prepare, train, measure, choose and write a voice named after its folder."""
    from synthesis.ml.making.preparation import PreparationConfig, WorkFolder, prepare

    table = phoneme_table()
    start = load_voice(plan.start) if plan.start else None
    plan.work.mkdir(parents=True, exist_ok=True)
    folder = WorkFolder(plan.work)
    config = PreparationConfig(table, seed=plan.seed, workers=plan.workers)
    prepare(plan.reader, plan.acted, folder, config, show_progress=show_progress)
    trainer = _trainer(plan, folder.examples.load(), table)
    if plan.resume:
        trainer.resume()
    if start and trainer.step == 0:
        trainer.start_from(start)
    trainer.run(show_progress=show_progress)
    return finish_voice(plan, trainer, table)


def finish_voice(plan: VoicePlan, trainer: "Trainer", table: Mapping[str, str]) -> Voice:
    """Turn a trained network into a voice: measure every take, tune the best, write the folder."""
    from synthesis.ml.making.export import export_voice
    from synthesis.ml.making.measurement import measure_shaping
    from synthesis.ml.making.tuning import Tuner, bagged_judges
    from synthesis.ml.rating.judge import CHOOSING_SPEAKERS, load_natural_speech
    from synthesis.ml.speaking.kinds import FastPitchVoice, load_kind

    rows = trainer.dataset.rows
    model = trainer.model.cpu()
    measured = measure_shaping(model, trainer.dataset, rows, table)
    export = partial(
        export_voice,
        weights=model.state_dict(),
        rows=rows,
        table=table,
        order=[speaker.name for speaker in load_speakers()],
    )
    takes = load_kind(
        export(name="takes", folder=plan.work / "takes", chosen=rows, shaping=measured)
    )
    corpora = [("ravdess", plan.acted), *([("emodb", plan.judged)] if plan.judged else [])]
    speech = load_natural_speech(corpora, plan.work / "natural.npz").of(CHOOSING_SPEAKERS)
    tuner = Tuner(
        cast(FastPitchVoice, takes),
        measured,
        bagged_judges(speech),
        _sentences(TUNING_SENTENCES, TUNING_SEED),
        steps=plan.tuning_steps,
        seed=plan.seed,
    )
    shaping = dict(tuner.tune(*pair) for pair in sorted({row[:2] for row in rows}))
    return export(name=plan.out.name, folder=plan.out, chosen=list(shaping), shaping=shaping)


def _sentences(n: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [random_sentence(rng) for _ in range(n)]


def _trainer(plan: VoicePlan, examples: "Sequence[Example]", table: Mapping[str, str]) -> "Trainer":
    from synthesis.ml.making.training import Trainer, TrainingConfig

    config = TrainingConfig(
        steps=plan.steps, batch_size=plan.batch_size, half=plan.half, seed=plan.seed
    )
    return Trainer(
        examples,
        list(table.values()),
        plan.work / "checkpoint.pt",
        config,
        device=plan.device,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `train_voice`."""
    parser.add_argument("--kathleen", type=Path, required=True, help="corpus of the reader")
    parser.add_argument("--ravdess", type=Path, required=True, help="corpus of acted speech")
    parser.add_argument("--emodb", type=Path, help="a second corpus for the judge of the takes")
    parser.add_argument("--work", type=Path, required=True, help="prepared data and checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="voice folder to write")
    parser.add_argument("--start", type=Path, help="voice folder to begin from")
    parser.add_argument("--steps", type=int, default=VoicePlan.steps)
    parser.add_argument("--batch-size", type=int, default=VoicePlan.batch_size)
    parser.add_argument("--device", default="cpu", help="as torch names it, such as cuda")
    parser.add_argument("--half", action="store_true", help="compute in bfloat16")
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    parser.add_argument(
        "--tuning-steps",
        type=int,
        default=VoicePlan.tuning_steps,
        help="candidates an emotion and speaker",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint")


def plan_of(options: Mapping[str, Any]) -> VoicePlan:
    """Read the options of `add_arguments`."""
    paths = {
        name: Path(options[option]) if options[option] else None
        for name, option in (
            ("reader", "kathleen"),
            ("acted", "ravdess"),
            ("judged", "emodb"),
            ("work", "work"),
            ("out", "out"),
            ("start", "start"),
        )
    }
    others = ("steps", "batch_size", "device", "half", "workers", "tuning_steps", "seed", "resume")
    return VoicePlan(**paths, **{name: options[name] for name in others})  # type: ignore[arg-type]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train_voice(plan_of(vars(options)))


if __name__ == "__main__":
    main()

"""Curves of a training run: TensorBoard always, Weights & Biases where `WANDB_MODE` is set."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from emotion.ml.errors import TrainingError


class TrainingLog:
    """Writes scalars by epoch; use as a context, which closes the files.

    A folder that an earlier, killed run has written to gets a further file, and TensorBoard shows
    both as one curve.
    """

    def __init__(self, folder: Path | None, name: str) -> None:
        self._writer: Any = None
        self._run: Any = None
        if folder is None:
            return
        # A second of import that only training needs.
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(folder / name)
        if os.environ.get("WANDB_MODE"):
            self._run = _weights_and_biases(folder, name)

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._run is not None:
            self._run.finish(exit_code=1 if error else 0)

    def add(self, values: Mapping[str, float], epoch: int) -> None:
        """Note the values of one epoch."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, epoch)
        if self._run is not None:
            self._run.log(dict(values), step=epoch)


def _weights_and_biases(folder: Path, name: str) -> Any:
    try:
        import wandb
    except ImportError as error:
        raise TrainingError(
            "WANDB_MODE is set but the package wandb is missing: pip install wandb, or unset it"
        ) from error
    return wandb.init(project="inflect-emotion", name=name, dir=str(folder), resume="allow")

"""The one trainer of all networks: early stopping, checkpoints, curves, on any device."""

import copy
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from audio.whole_files import whole_file
from emotion.ml.errors import TrainingError
from emotion.ml.labels import EMOTIONS
from emotion.ml.training.corpora import corpus_of
from emotion.ml.training.evaluation import unweighted_average_recall
from emotion.ml.training.training_log import TrainingLog

Indices = NDArray[np.intp]


class Source(Protocol):
    """Where batches come from: `bank.LogMelBank`, or waveforms for hub models."""

    labels: Tensor

    def batch(self, indices: Tensor, crop: int) -> Tensor: ...

    def clip(self, index: int, min_frames: int) -> Tensor: ...


@dataclass(frozen=True)
class FitConfig:
    """Everything that changes a fit, besides network, data and seed.

    Attributes:
        crops: Lengths that batches are cut to, in the source's units.
        min_frames: Shorter clips are repeated up to this when they are scored.
        mixup: Parameter of the Beta distribution that mixes pairs (Zhang et al. 2018); 0 for none.
        averaging: Of the running average of weights, which is what is kept.
        validate_every: Epochs between looks at the held-back speakers.
        patience: So many looks without a better one end the fit.
    """

    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    mixup: float = 0.0
    averaging: float = 0.995
    crops: tuple[int, ...] = (128, 192)
    min_frames: int = 32
    validate_every: int = 4
    patience: int = 6


@dataclass(frozen=True)
class RunPlace:
    """Where and how a fit runs.

    Attributes:
        seed: For weights, order and augmentation.
        device: As torch names it.
        folder: Keeps checkpoint and curves; None keeps nothing.
        label: Names the checkpoint and heads the progress bar.
    """

    seed: int = 0
    device: str = "cpu"
    folder: Path | None = None
    label: str = "fit"

    @property
    def checkpoint(self) -> Path | None:
        return self.folder / f"{self.label.replace(' ', '-')}.pt" if self.folder else None


def fit(
    network: nn.Module,
    source: Source,
    trained: Indices,
    validated: Indices,
    config: FitConfig,
    place: RunPlace,
) -> nn.Module:
    """Train a network and return its best running average, in evaluation mode on the CPU.

    Args:
        network: Maps a batch of the source to logits, shape (batch, 7).
        source: Clips by index.
        trained: Which clips to learn from.
        validated: Clips of other speakers that choose the epoch; when empty, the last is kept.
        config: Schedule.
        place: Device, seed and folder. A run that finds its checkpoint goes on from there, and
            equals an unbroken one on the same device.

    Raises:
        TrainingError: If there is no clip to train on, or the checkpoint is of another run.
    """
    if not len(trained):
        raise TrainingError("There is no clip to train on: give a corpus with several speakers")
    run = _Run(network, source, trained, validated, config, place)
    checkpoint = place.checkpoint
    if checkpoint and checkpoint.exists():
        run.restore(checkpoint)
    with (
        TrainingLog(place.folder and place.folder / "curves", place.label) as log,
        tqdm(total=config.epochs, initial=run.epochs, desc=place.label, unit="epoch") as bar,
    ):
        while run.epochs < config.epochs and not run.is_stalled:
            values = run.epoch()
            log.add(values, run.epochs)
            bar.update()
            bar.set_postfix({name: f"{value:.3f}" for name, value in values.items()})
            if checkpoint:
                run.save(checkpoint)
    return run.best()


class _Run:
    """The state that a checkpoint holds."""

    def __init__(
        self,
        network: nn.Module,
        source: Source,
        trained: Indices,
        validated: Indices,
        config: FitConfig,
        place: RunPlace,
    ) -> None:
        self.source, self.config, self.place = source, config, place
        self.trained, self.validated = trained, validated
        self.network = network.to(place.device)
        self.averaged = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(config.averaging), use_buffers=True
        )
        self.optimizer = torch.optim.AdamW(_groups(self.network, config), config.learning_rate)
        self.steps = max(1, len(trained) // config.batch_size)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            config.learning_rate,
            total_steps=self.steps * config.epochs,
        )
        self.balance = _balance(source.labels.cpu().numpy()[trained]).to(place.device)
        self.epochs, self.looks_since_best, self.best_recall = 0, 0, -1.0
        self.kept: dict[str, Tensor] | None = None

    @property
    def is_stalled(self) -> bool:
        return self.looks_since_best >= self.config.patience

    def epoch(self) -> dict[str, float]:
        """Pass once over the clips; returns what the log should show."""
        # Chance depends on the epoch alone, so that a resumed run equals an unbroken one.
        rng = np.random.default_rng((self.place.seed, self.epochs))
        torch.manual_seed(self.place.seed * 1_000_003 + self.epochs)
        self.network.train()
        order = torch.from_numpy(rng.permutation(self.trained)).to(self.place.device)
        losses = [self._step(part, rng) for part in order.tensor_split(self.steps)]
        self.epochs += 1
        values = {"loss": float(torch.stack(losses).mean())}
        if len(self.validated) and self.epochs % self.config.validate_every == 0:
            values["recall"] = self._look()
        return values

    def _step(self, indices: Tensor, rng: np.random.Generator) -> Tensor:
        crop = int(rng.choice(self.config.crops))
        inputs, targets = self._mixed(self.source.batch(indices, crop), indices)
        loss = functional.cross_entropy(
            self.network(inputs),
            targets,
            weight=self.balance,
            label_smoothing=self.config.label_smoothing,
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        return loss.detach()

    def _mixed(self, inputs: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
        eye = torch.eye(len(EMOTIONS), device=inputs.device)
        targets = eye[self.source.labels[indices]]
        if not self.config.mixup:
            return inputs, targets
        width = torch.tensor(self.config.mixup)
        share = torch.distributions.Beta(width, width).sample((len(indices),)).to(inputs.device)
        wide = share.reshape(-1, *[1] * (inputs.ndim - 1))
        inputs = wide * inputs + (1 - wide) * inputs.roll(1, 0)
        return inputs, share[:, None] * targets + (1 - share[:, None]) * targets.roll(1, 0)

    def _look(self) -> float:
        """Judge the running average on the speakers held back; keep it if it is the best yet."""
        logits = score(self.averaged.module, self.source, self.validated, self.config.min_frames)
        truth = self.source.labels.cpu().numpy()[self.validated]
        recall = unweighted_average_recall(truth, logits.argmax(axis=1))
        if recall > self.best_recall:
            self.best_recall, self.looks_since_best = recall, 0
            self.kept = copy.deepcopy(self.averaged.module.state_dict())
        else:
            self.looks_since_best += 1
        return recall

    def best(self) -> nn.Module:
        network = self.averaged.module
        if self.kept is not None:
            network.load_state_dict(self.kept)
        return copy.deepcopy(network).cpu().eval()

    def save(self, path: Path) -> None:
        """Write the checkpoint so that a kill at any moment leaves the old or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts().items()}
        counts = [self.epochs, self.looks_since_best, self.best_recall]
        state |= {"counts": counts, "kept": self.kept, "run": self._key()}
        with whole_file(path) as unfinished:
            torch.save(state, unfinished)

    def restore(self, path: Path) -> None:
        state = torch.load(path, weights_only=True, map_location=self.place.device)
        if state["run"] != self._key():
            raise TrainingError(f"{path} is of a run with other settings: delete it")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.epochs, self.looks_since_best, self.best_recall = state["counts"]
        self.kept = state["kept"]

    def _key(self) -> str:
        """Tell runs apart whose checkpoints do not fit each other."""
        data = [self.trained.tolist(), self.validated.tolist(), self.place.seed]
        return json.dumps([asdict(self.config), data])

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "averaged": self.averaged,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }


def _groups(network: nn.Module, config: FitConfig) -> list[dict[str, Any]]:
    """Matrices decay, offsets and scales do not."""
    free = [each for each in network.parameters() if each.requires_grad]
    return [
        {"params": [each for each in free if each.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [each for each in free if each.ndim <= 1], "weight_decay": 0.0},
    ]


def _balance(labels: Indices) -> Tensor:
    """Weigh emotions by the inverse square root of their frequency, one on average."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    balance = np.sqrt(counts.max() / np.maximum(counts, 1))
    return torch.tensor(balance / balance.mean(), dtype=torch.float32)


@torch.inference_mode()
def score(
    network: nn.Module, source: Source, clips: Sequence[int] | Indices, min_frames: int
) -> NDArray[np.float64]:
    """Score plain clips whole, one by one. Logits, shape (clips, 7)."""
    network.eval()
    logits = [network(source.clip(int(index), min_frames)) for index in clips]
    return torch.cat(logits).double().cpu().numpy()


def one_thread() -> None:
    """Keep to one core, on which sums are made in one order and a run can be repeated."""
    torch.set_num_threads(1)


def held_back(speakers: NDArray[np.str_], *, seed: int) -> NDArray[np.bool_]:
    """Choose speakers whose clips decide about the epoch: one in eight of each corpus, or one.

    Args:
        speakers: Of the training clips, named `corpus-speaker`, shape (clips,).
        seed: Another one chooses others.

    Returns:
        Shape (clips,); all false when a corpus would be left with fewer than two speakers.
    """
    rng = np.random.default_rng(seed)
    chosen: list[str] = []
    present = np.unique(speakers)
    for corpus in sorted({corpus_of(str(name)) for name in present}):
        members = [name for name in present if corpus_of(str(name)) == corpus]
        if len(members) > 2:
            count = max(1, len(members) // 8)
            chosen += rng.choice(np.array(members), count, replace=False).tolist()
    return np.isin(speakers, chosen)

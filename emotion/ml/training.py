"""Fit the halves of the default model. Needs torch and scipy; nothing that serves imports it."""

import copy
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from emotion.ml.augmentation import varied_log_mel
from emotion.ml.default import EmotionNetwork, KernelMachine, NetworkConfig, gaussian_kernel
from emotion.ml.examples import PLAIN, Examples
from emotion.ml.features import at_least
from emotion.ml.labels import EMOTIONS


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that changes the fit, besides data and seed."""

    epochs: int = 24
    batch_size: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    mixup: float = 0.0
    averaging: float = 0.99
    shortest_crop: int = 110
    longest_crop: int = 200
    variations: tuple[str, ...] = (
        PLAIN,
        PLAIN,
        PLAIN,
        "slower",
        "slower",
        "faster",
        "faster",
        "noisy",
        "noisy slower",
        "noisy faster",
    )
    kernel_variations: tuple[str, ...] = (PLAIN, "slower", "faster", "noisy")
    gamma: float = 0.15
    ridge: float = 0.05


def fit_network(
    examples: Examples,
    config: TrainingConfig,
    *,
    seed: int,
    network: NetworkConfig | None = None,
    checkpoint: Path | None = None,
    label: str = "network",
) -> EmotionNetwork:
    """Train the residual network and return the running average of its weights.

    Args:
        examples: Training clips with the variations that `config` names.
        config: Schedule and augmentation.
        seed: For weights, order, crops, masks and mixing.
        network: Sizes.
        checkpoint: Written after every epoch; a run that finds it goes on from there.
        label: Heads the progress bar.
    """
    run = _Run(examples, config, seed, network)
    first = run.restore(checkpoint) if checkpoint and checkpoint.exists() else 0
    with tqdm(total=config.epochs, initial=first, desc=label, unit="epoch") as bar:
        for epoch in range(first, config.epochs):
            loss = run.epoch(epoch)
            bar.update()
            bar.set_postfix(loss=f"{loss:.3f}")
            if checkpoint:
                run.save(checkpoint, epoch + 1)
    averaged = cast(EmotionNetwork, run.averaged.module)
    return copy.deepcopy(averaged).eval()


class _Run:
    """The state that a checkpoint holds."""

    def __init__(
        self, examples: Examples, config: TrainingConfig, seed: int, network: NetworkConfig | None
    ) -> None:
        torch.manual_seed(seed)
        self.examples, self.config, self.seed = examples, config, seed
        self.network = EmotionNetwork(network)
        # A third faster on one core, but torch 2.13 on AVX2 overruns memory where channels are no
        # multiple of 8.
        if any(channels % 8 for channels in self.network.config.channels):
            raise ValueError(f"Unexpected {self.network.config}: use multiples of 8 channels")
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(config.averaging), use_buffers=True
        )
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.steps = -(-len(examples.labels) // config.batch_size)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, config.learning_rate, total_steps=self.steps * config.epochs
        )
        counts = np.bincount(examples.labels, minlength=len(EMOTIONS))
        balance = np.sqrt(counts.max() / np.maximum(counts, 1))
        self.balance = torch.tensor(balance / balance.mean(), dtype=torch.float32)

    def epoch(self, number: int) -> float:
        """Pass once over the clips, each in one variation; returns the mean loss."""
        # Chance depends on the epoch alone, so that a resumed run equals an unbroken one.
        rng = np.random.default_rng((self.seed, number))
        torch.manual_seed(self.seed * 1_000_003 + number)
        self.network.train()
        order = rng.permutation(len(self.examples.labels))
        losses = [self._step(chosen, rng) for chosen in np.array_split(order, self.steps)]
        return float(np.mean(losses))

    def _step(self, chosen: "np.ndarray[Any, Any]", rng: Generator) -> float:
        frames, targets = self._batch(chosen, rng)
        loss = functional.cross_entropy(self.network(frames), targets, weight=self.balance)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        return loss.item()

    def _batch(self, chosen: "np.ndarray[Any, Any]", rng: Generator) -> tuple[Tensor, Tensor]:
        config = self.config
        length = int(rng.integers(config.shortest_crop, config.longest_crop + 1))
        names = rng.choice(np.array(config.variations), len(chosen))
        frames = torch.from_numpy(
            np.stack(
                [
                    varied_log_mel(self.examples.log_mels[str(name)][index], length, rng)
                    for name, index in zip(names, chosen, strict=True)
                ]
            )
        )
        targets = torch.eye(len(EMOTIONS))[torch.from_numpy(self.examples.labels[chosen])]
        share = float(rng.beta(config.mixup, config.mixup)) if config.mixup else 1.0
        other = torch.from_numpy(rng.permutation(len(chosen)))
        mixed = share * frames + (1 - share) * frames[other]
        return mixed, share * targets + (1 - share) * targets[other]

    def save(self, path: Path, epochs: int) -> None:
        """Write the checkpoint so that a kill at any moment leaves the old or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {name: part.state_dict() for name, part in self._parts().items()}
        unfinished = path.with_name(path.name + ".part")
        torch.save({**state, "epochs": epochs, "config": asdict(self.config)}, unfinished)
        os.replace(unfinished, path)

    def restore(self, path: Path) -> int:
        """Load a checkpoint and return the number of epochs it has behind it."""
        state = torch.load(path, weights_only=True)
        if state["config"] != asdict(self.config):
            raise ValueError(f"{path} is of a run with other settings: delete it to start afresh")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        return int(state["epochs"])

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "averaged": self.averaged,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }


def fit_kernel(examples: Examples, config: TrainingConfig) -> KernelMachine:
    """Solve kernel ridge regression on the functionals of all `kernel_variations`.

    Clips weigh inversely to the frequency of their emotion. The support is rounded to int8
    before the fit, so that the shipped machine is exactly the fitted one.
    """
    plain = torch.from_numpy(examples.functionals[PLAIN])
    deviation = plain.std(dim=0, correction=0) + 1e-6
    stacked = np.concatenate([examples.functionals[name] for name in config.kernel_variations])
    labels = np.tile(examples.labels, len(config.kernel_variations))
    blank = torch.zeros(0, plain.shape[1])
    scaler = KernelMachine(plain.mean(dim=0), deviation, blank, blank, config.gamma)
    support = scaler.standardised(torch.from_numpy(stacked)).round()
    targets = torch.eye(len(EMOTIONS), dtype=torch.float64)[torch.from_numpy(labels)]
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    noise = config.ridge * len(EMOTIONS) * counts[labels] / len(labels)
    kernel = gaussian_kernel(support, support, config.gamma).double()
    kernel += torch.diag(torch.from_numpy(noise))
    factor = torch.linalg.cholesky(kernel)
    weights = torch.cholesky_solve(targets - 1 / len(EMOTIONS), factor).float()
    return KernelMachine(scaler.mean, deviation, support.to(torch.int8), weights, config.gamma)


@torch.inference_mode()
def network_logits(network: EmotionNetwork, examples: Examples, min_frames: int) -> Tensor:
    """Score the plain clips whole, one by one. (clips, 7)"""
    network.eval()
    mels = (at_least(mel, min_frames) for mel in examples.log_mels[PLAIN])
    return torch.cat([network(torch.from_numpy(mel)[None]) for mel in mels])


@torch.inference_mode()
def kernel_scores(kernel: KernelMachine, examples: Examples) -> Tensor:
    """Score the plain clips. (clips, 7)"""
    scores: Tensor = kernel(torch.from_numpy(examples.functionals[PLAIN]))
    return scores

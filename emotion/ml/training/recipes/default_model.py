"""The default model: small residual networks on log-mel, and a kernel machine on functionals.

Needs torch, so nothing that serves imports it; serving runs its ONNX export.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emotion.ml.labels import EMOTIONS

QUANTUM = 4.0 / 127
"""Standardised functionals are clipped at four deviations and kept as int8."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the residual network."""

    channels: tuple[int, ...] = (32, 64, 128, 192)
    squeeze: int = 4
    dropout: float = 0.3
    centre_db: float = -38.0
    scale_db: float = 15.0

    def __post_init__(self) -> None:
        # torch 2.13 on AVX2 overruns memory where channels are no multiple of 8.
        if any(channels % 8 for channels in self.channels):
            raise ValueError(f"Unexpected {self.channels}: use multiples of 8 channels")


class SqueezeExcitation(nn.Module):
    """Weigh each channel by what all of them hold on average (Hu et al. 2018)."""

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Linear(channels, channels // squeeze),
            nn.ReLU(),
            nn.Linear(channels // squeeze, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        gate: Tensor = self.gate(x.mean(dim=(2, 3)))  # (batch, channels)
        return x * gate[:, :, None, None]


class Residual(nn.Module):
    """Halve time and frequency through two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, squeeze: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            SqueezeExcitation(outputs, squeeze),
        )
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


class EmotionNetwork(nn.Module):
    """Score log-mel frames of any number, from `FeatureConfig.min_frames` up."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        first, last = config.channels[0], config.channels[-1]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, (7, 5), stride=(3, 2), padding=(3, 2), bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
        )
        pairs = zip(config.channels, config.channels[1:], strict=False)
        self.blocks = nn.Sequential(*[Residual(a, b, config.squeeze) for a, b in pairs])
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(2 * last, len(EMOTIONS)))

    def forward(self, log_mel: Tensor) -> Tensor:  # (batch, frames, n_mels) in dB
        x = ((log_mel - self.config.centre_db) / self.config.scale_db)[:, None]
        x = self.blocks(self.stem(x))  # (batch, channels, frames / 24, n_mels / 16)
        over_time = x.mean(dim=3)  # (batch, channels, frames / 24)
        mean = over_time.mean(dim=2)
        deviation = ((over_time - mean[:, :, None]).square().mean(dim=2) + 1e-5).sqrt()
        logits: Tensor = self.head(torch.cat((mean, deviation), dim=1))
        return logits  # (batch, 7)


class Ensemble(nn.Module):
    """The mean logits of several networks."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, log_mel: Tensor) -> Tensor:
        logits = torch.stack([member(log_mel) for member in self.members])
        return logits.mean(dim=0)  # (batch, 7)


class KernelMachine(nn.Module):
    """Kernel ridge regression on functionals with a Gaussian kernel.

    Registered as buffers: it is fitted in closed form, not by gradient descent.
    """

    mean: Tensor
    deviation: Tensor
    support: Tensor
    weights: Tensor

    def __init__(
        self, mean: Tensor, deviation: Tensor, support: Tensor, weights: Tensor, gamma: float
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("mean", mean)  # (features,)
        self.register_buffer("deviation", deviation)  # (features,)
        self.register_buffer("support", support)  # (examples, features) int8
        self.register_buffer("weights", weights)  # (examples, 7)

    def standardised(self, functionals: Tensor) -> Tensor:
        """Centre, scale and clip to the range of int8, in units of `QUANTUM`."""
        return ((functionals - self.mean) / (self.deviation * QUANTUM)).clamp(-127.0, 127.0)

    def widened(self) -> Tensor:
        """Return the support in the precision that is computed with. (examples, features)"""
        return self.support.to(self.mean.dtype)

    def forward(self, functionals: Tensor, support: Tensor | None = None) -> Tensor:
        """Score functionals, shape (batch, features); `support` is `widened()` if at hand."""
        x = self.standardised(functionals)
        support = self.widened() if support is None else support
        return gaussian_kernel(x, support, self.gamma) @ self.weights  # (batch, 7)


class AdaptedKernelMachine(nn.Module):
    """The same machine for functionals whose speaker's own mean was taken off.

    It shares the support of the other: what each training speaker's mean changes in the distances
    is added to them, so that no second support lies in memory.
    """

    shifts: Tensor
    owners: Tensor
    norms: Tensor
    weights: Tensor

    def __init__(
        self, plain: KernelMachine, shifts: Tensor, owners: Tensor, weights: Tensor
    ) -> None:
        super().__init__()
        self.plain = plain
        self.register_buffer("shifts", shifts)  # (speakers, features) in units of QUANTUM
        self.register_buffer("owners", owners)  # (examples,)
        shifted = plain.widened() - shifts[owners]
        self.register_buffer("norms", shifted.square().sum(dim=1))  # (examples,)
        self.register_buffer("weights", weights)  # (examples, 7)

    def shifted_support(self) -> Tensor:
        """Return the examples without their speakers' means. (examples, features)"""
        return self.plain.widened() - self.shifts[self.owners]

    def forward(self, functionals: Tensor, support: Tensor | None = None) -> Tensor:
        """Score shifted functionals, shape (batch, features); `support` is the plain machine's."""
        x = self.plain.standardised(functionals)
        support = self.plain.widened() if support is None else support
        products = x @ support.T - (x @ self.shifts.T)[:, self.owners]  # (batch, examples)
        squared = (x * x).sum(1)[:, None] + self.norms[None] - 2 * products
        return _gaussian(squared, x.shape[1], self.plain.gamma) @ self.weights  # (batch, 7)


def gaussian_kernel(a: Tensor, b: Tensor, gamma: float) -> Tensor:
    """Return exp(-gamma * mean squared difference), inputs in units of `QUANTUM`. (a, b)"""
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
    return _gaussian(squared, a.shape[1], gamma)


def _gaussian(squared: Tensor, features: int, gamma: float) -> Tensor:
    return torch.exp(-gamma * QUANTUM**2 / features * squared.clamp(min=0.0))


class SpeechGate(nn.Module):
    """How much a clip's functionals are those of speech: ridge regression, in closed form."""

    weights: Tensor

    def __init__(self, plain: KernelMachine, weights: Tensor) -> None:
        super().__init__()
        self.plain = plain
        self.register_buffer("weights", weights)  # (features + 1,), the last one constant

    def forward(self, functionals: Tensor) -> Tensor:
        x = self.plain.standardised(functionals) * QUANTUM
        return x @ self.weights[:-1] + self.weights[-1]  # (batch,) about 1 for speech, 0 for none


class DefaultModel(nn.Module):
    """All parts side by side; `emotion.ml.speech.predictor` adds their scores.

    The adapted machine has an input of its own, of as many rows as are wanted, even none.
    """

    def __init__(
        self, network: nn.Module, kernel: KernelMachine, adapted: nn.Module, gate: nn.Module
    ) -> None:
        super().__init__()
        self.network, self.kernel, self.adapted, self.gate = network, kernel, adapted, gate

    def forward(
        self, log_mel: Tensor, functionals: Tensor, adapted_functionals: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        support = self.kernel.widened()  # once, for both machines
        return (
            self.network(log_mel),
            self.kernel(functionals, support),
            self.adapted(adapted_functionals, support),
            self.gate(functionals),
        )

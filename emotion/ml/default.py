"""The default model: a small residual network on log-mel, fused with a kernel machine on
functionals. Needs torch, so nothing that serves imports it; serving runs its ONNX export.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emotion.ml.labels import EMOTIONS

QUANTUM = 4.0 / 127
"""Standardised functionals are clipped at four deviations and kept as int8."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the residual network."""

    channels: tuple[int, ...] = (16, 32, 64, 128)
    squeeze: int = 4
    dropout: float = 0.3
    centre_db: float = -38.0
    scale_db: float = 15.0


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

    def forward(self, functionals: Tensor) -> Tensor:  # (batch, features)
        x = self.standardised(functionals)
        kernel = gaussian_kernel(x, self.support.to(x.dtype), self.gamma)
        return kernel @ self.weights  # (batch, 7)


def gaussian_kernel(a: Tensor, b: Tensor, gamma: float) -> Tensor:
    """Return exp(-gamma * mean squared difference), inputs in units of `QUANTUM`. (a, b)"""
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
    return torch.exp(-gamma * QUANTUM**2 / a.shape[1] * squared.clamp(min=0.0))


class DefaultModel(nn.Module):
    """Both halves fused into calibrated probabilities.

    The two scales are the temperatures of the halves, fitted on speakers held out.
    """

    def __init__(
        self,
        network: EmotionNetwork,
        kernel: KernelMachine,
        *,
        network_scale: float,
        kernel_scale: float,
    ) -> None:
        super().__init__()
        self.network = network
        self.kernel = kernel
        self.network_scale = network_scale
        self.kernel_scale = kernel_scale

    def forward(self, log_mel: Tensor, functionals: Tensor) -> Tensor:
        logits = self.network_scale * self.network(log_mel)
        logits = logits + self.kernel_scale * self.kernel(functionals)
        return torch.softmax(logits, dim=1)  # (batch, 7)

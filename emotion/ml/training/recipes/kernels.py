"""Fit what the default model solves in closed form: the kernel machines and the speech gate."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotion.ml.labels import EMOTIONS
from emotion.ml.training.examples import PLAIN, Examples
from emotion.ml.training.recipes.default_model import (
    QUANTUM,
    AdaptedKernelMachine,
    KernelMachine,
    SpeechGate,
    gaussian_kernel,
)


@dataclass(frozen=True)
class KernelConfig:
    """Everything that changes the fit, besides the data."""

    variations: tuple[str, ...] = (PLAIN, "slower", "faster", "noisy")
    adapted_variations: tuple[str, ...] = (PLAIN, "slower", "faster")
    """Those of `variations` that the adapted machine is fitted to: noise blurs a speaker's mean."""

    gamma: float = 0.15
    ridge: float = 0.05
    gate_ridge: float = 1500.0
    gate_variations: tuple[str, ...] = (PLAIN, "slower", "faster", "noisy", "room", "telephone")
    """A gate that heard the studio alone would refuse a fifth of speech in noise."""


def fit_kernel(examples: Examples, config: KernelConfig) -> KernelMachine:
    """Solve kernel ridge regression on the functionals of all `variations`.

    Clips weigh inversely to the frequency of their emotion. The support is rounded to int8
    before the fit, so that the shipped machine is exactly the fitted one.
    """
    plain = torch.from_numpy(examples.functionals[PLAIN])
    deviation = plain.std(dim=0, correction=0) + 1e-6
    stacked = np.concatenate([examples.functionals[name] for name in config.variations])
    blank = torch.zeros(0, plain.shape[1])
    scaler = KernelMachine(plain.mean(dim=0), deviation, blank, blank, config.gamma)
    support = scaler.standardised(torch.from_numpy(stacked)).round()
    weights = _solved(support, np.tile(examples.labels, len(config.variations)), config)
    return KernelMachine(scaler.mean, deviation, support.to(torch.int8), weights, config.gamma)


def fit_adapted(
    examples: Examples, plain: KernelMachine, config: KernelConfig
) -> AdaptedKernelMachine:
    """Solve the same problem with every speaker's own mean taken off.

    A variation counts as another speaker, as slower and faster speech sounds like one.
    """
    voices = np.concatenate([np.char.add(examples.speakers, f" {v}") for v in config.variations])
    speakers, owners = np.unique(voices, return_inverse=True)
    support = plain.support.float()
    shifts = torch.stack(
        [support[torch.from_numpy(owners == owner)].mean(dim=0) for owner in range(len(speakers))]
    )
    machine = AdaptedKernelMachine(
        plain, shifts, torch.from_numpy(owners.astype(np.int64)), torch.zeros(0)
    )
    labels = np.tile(examples.labels, len(config.variations))
    names = np.repeat(np.array(config.variations), len(examples.labels))
    used = np.isin(names, config.adapted_variations)
    machine.weights = torch.zeros(len(labels), len(EMOTIONS))
    rows = torch.from_numpy(used)
    machine.weights[rows] = _solved(machine.shifted_support()[rows], labels[used], config)
    return machine


def _solved(support: Tensor, labels: NDArray[np.intp], config: KernelConfig) -> Tensor:
    """Return the weights of the examples, shape (examples, 7)."""
    targets = torch.eye(len(EMOTIONS), dtype=torch.float64)[torch.from_numpy(labels)]
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    noise = config.ridge * len(EMOTIONS) * counts[labels] / len(labels)
    kernel = gaussian_kernel(support, support, config.gamma).double()
    kernel += torch.diag(torch.from_numpy(noise))
    factor = torch.linalg.cholesky(kernel)
    return torch.cholesky_solve(targets - 1 / len(EMOTIONS), factor).float()


def fit_gate(
    speech: NDArray[np.float32],
    other: NDArray[np.float32],
    plain: KernelMachine,
    config: KernelConfig,
) -> SpeechGate:
    """Tell speech from other sound by a linear function of the functionals.

    Both kinds weigh the same in all, however many clips there are of each.

    Args:
        speech: Functionals of speech, shape (clips, features).
        other: Functionals of noise and music, shape (clips, features); without any the gate takes
            everything for speech.
        plain: Gives the scale of the functionals.
        config: The ridge.
    """
    if not len(other):
        weights = torch.zeros(speech.shape[1] + 1)
        weights[-1] = 1.0
        return SpeechGate(plain, weights)
    stacked = torch.from_numpy(np.concatenate((speech, other)))
    x = (plain.standardised(stacked) * QUANTUM).double()
    x = torch.cat((x, torch.ones(len(x), 1, dtype=torch.float64)), dim=1)
    y = torch.cat((torch.ones(len(speech)), torch.zeros(len(other)))).double()
    share = torch.cat(
        (torch.full((len(speech),), 1 / len(speech)), torch.full((len(other),), 1 / len(other)))
    ).double()
    ridge = config.gate_ridge / x.shape[1] * torch.eye(x.shape[1], dtype=torch.float64)
    ridge[-1, -1] = 0.0
    weights = torch.linalg.solve(x.T @ (share[:, None] * x) + ridge, x.T @ (share * y))
    return SpeechGate(plain, weights.float())

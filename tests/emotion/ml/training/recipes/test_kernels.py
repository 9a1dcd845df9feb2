from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion.ml.training.examples import PLAIN
from emotion.ml.training.recipes.default_model import gaussian_kernel
from emotion.ml.training.recipes.kernels import KernelConfig, fit_adapted, fit_gate, fit_kernel

CONFIG = KernelConfig()


def test_the_kernel_machine_recalls_what_it_was_fitted_to(examples):
    kernel = fit_kernel(examples, replace(CONFIG, ridge=1e-4))
    scores = kernel(torch.from_numpy(examples.functionals[PLAIN])).numpy()
    assert (scores.argmax(axis=1) == examples.labels).all()
    assert kernel.support.dtype == torch.int8


def test_kernel_ridge_solves_its_normal_equations(examples):
    """On its own support the fit leaves the residual that the ridge prescribes."""
    config = replace(CONFIG, ridge=0.5, variations=(PLAIN,))
    kernel = fit_kernel(examples, config)
    support = kernel.support.float()
    fitted = (gaussian_kernel(support, support, config.gamma) @ kernel.weights).numpy()
    counts = np.bincount(examples.labels, minlength=7)
    noise = config.ridge * 7 * counts[examples.labels] / len(examples.labels)
    targets = np.eye(7)[examples.labels] - 1 / 7
    expected = targets - noise[:, None] * kernel.weights.numpy()
    np.testing.assert_allclose(fitted, expected, atol=1e-4)


def test_the_adapted_machine_does_not_notice_what_all_clips_of_a_speaker_share(examples):
    kernel = fit_kernel(examples, CONFIG)
    adapted = fit_adapted(examples, kernel, CONFIG)
    moved = replace(examples, functionals={k: v.copy() for k, v in examples.functionals.items()})
    of_one = moved.speakers == "emodb-03"
    offset = 0.3 * kernel.deviation.numpy()
    for values in moved.functionals.values():
        values[of_one] += offset
    again = fit_adapted(moved, kernel_like(moved, kernel), CONFIG)
    # All but what the clipping to int8 takes off far from the mean.
    difference = np.abs((again.shifted_support() - adapted.shifted_support()).numpy())
    assert np.quantile(difference, 0.98) < 2.5


def kernel_like(examples, kernel):
    """Refit with the scale of another machine, so that only the support differs."""
    refitted = fit_kernel(examples, CONFIG)
    stacked = np.concatenate([examples.functionals[name] for name in CONFIG.variations])
    refitted.mean, refitted.deviation = kernel.mean, kernel.deviation
    refitted.support = kernel.standardised(torch.from_numpy(stacked)).round().to(torch.int8)
    return refitted


def test_the_gate_tells_two_kinds_of_sound_apart(examples):
    speech = examples.functionals[PLAIN]
    kernel = fit_kernel(examples, CONFIG)
    other = speech[:10] + 3 * kernel.deviation.numpy() * np.sign(np.arange(speech.shape[1]) % 3 - 1)
    gate = fit_gate(speech, other.astype(np.float32), kernel, CONFIG)
    assert gate(torch.from_numpy(speech)).min() > 0.5
    assert gate(torch.from_numpy(other.astype(np.float32))).max() < 0.5


def test_without_other_sounds_the_gate_lets_everything_pass(examples):
    speech = examples.functionals[PLAIN]
    gate = fit_gate(speech, np.zeros((0, 0), np.float32), fit_kernel(examples, CONFIG), CONFIG)
    assert gate(torch.from_numpy(speech)).tolist() == pytest.approx([1.0] * 24)

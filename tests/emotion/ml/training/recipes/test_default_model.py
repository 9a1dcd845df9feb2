import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emotion.ml.training.recipes.default_model import (
    QUANTUM,
    AdaptedKernelMachine,
    EmotionNetwork,
    Ensemble,
    KernelMachine,
    NetworkConfig,
    SpeechGate,
    SqueezeExcitation,
    gaussian_kernel,
)

SMALL = NetworkConfig(channels=(8, 8, 8, 16), squeeze=2)


def integers(rows: int, columns: int, seed: int) -> torch.Tensor:
    """Standardised functionals in units of `QUANTUM`."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(-127, 128, (rows, columns)).astype(np.float32))


def machine(support: torch.Tensor, weights: torch.Tensor, gamma: float = 0.15) -> KernelMachine:
    """One that takes functionals as they are: mean 0, and a deviation that undoes the quantum."""
    features = support.shape[1]
    scale = torch.full((features,), 1 / QUANTUM)
    return KernelMachine(torch.zeros(features), scale, support.to(torch.int8), weights, gamma)


@pytest.mark.parametrize("channels", [(8, 12), (32, 64, 100)])
def test_channels_that_torch_would_overrun_are_refused(channels):
    with pytest.raises(ValueError, match="multiples of 8"):
        NetworkConfig(channels=channels)


@pytest.mark.parametrize("frames", [32, 33, 47, 98, 600])
def test_any_number_of_frames_gives_seven_scores(frames):
    network = EmotionNetwork(SMALL).eval()
    scores = network(torch.randn(3, frames, 64) * 15 - 38)
    assert scores.shape == (3, 7)
    assert torch.isfinite(scores).all()


def test_clips_of_a_batch_do_not_hear_each_other():
    network = EmotionNetwork(SMALL).eval()
    clips = torch.randn(4, 64, 64) * 15 - 38
    together = network(clips)
    for index in range(4):
        torch.testing.assert_close(network(clips[index : index + 1])[0], together[index])


def test_an_ensemble_says_what_its_members_say_on_average():
    members = [EmotionNetwork(SMALL).eval() for _ in range(3)]
    clips = torch.randn(2, 64, 64) * 15 - 38
    expected = sum(member(clips) for member in members) / 3
    torch.testing.assert_close(Ensemble(members)(clips), expected)


def test_squeeze_and_excitation_weighs_whole_channels_between_nothing_and_all():
    x = torch.rand(2, 8, 5, 6) + 0.1
    ratio = SqueezeExcitation(8, 2)(x) / x
    assert ((ratio > 0) & (ratio < 1)).all()
    torch.testing.assert_close(ratio, ratio[:, :, :1, :1].expand_as(ratio))


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 30), st.floats(0.01, 2.0))
def test_the_kernel_has_its_closed_form(rows, others, features, gamma):
    a, b = integers(rows, features, 1), integers(others, features, 2)
    squared = (a[:, None] - b[None]).double().square().mean(dim=2) * QUANTUM**2
    expected = torch.exp(-gamma * squared)
    torch.testing.assert_close(
        gaussian_kernel(a, b, gamma).double(), expected, atol=1e-4, rtol=1e-3
    )


@given(st.integers(2, 8), st.integers(1, 20))
def test_a_clip_is_most_like_itself(rows, features):
    a = integers(rows, features, 3)
    kernel = gaussian_kernel(a, a, 0.15)
    torch.testing.assert_close(kernel.diagonal(), torch.ones(rows), atol=1e-4, rtol=0)
    torch.testing.assert_close(kernel, kernel.T, atol=1e-5, rtol=0)
    assert kernel.max() <= 1


def test_functionals_beyond_four_deviations_count_as_four():
    kernel = KernelMachine(
        torch.tensor([1.0]), torch.tensor([2.0]), torch.zeros(1, 1), torch.zeros(1, 7), 0.1
    )
    found = kernel.standardised(torch.tensor([[1.0], [3.0], [9.0], [1e6], [-1e6]]))
    torch.testing.assert_close(found[:, 0] * QUANTUM, torch.tensor([0.0, 1.0, 4.0, 4.0, -4.0]))


def test_far_from_all_examples_nothing_is_said():
    support, weights = torch.zeros(5, 4, dtype=torch.float32), torch.ones(5, 7)
    near, far = machine(support, weights, 50.0)(torch.tensor([[0.0] * 4, [127.0] * 4]))
    torch.testing.assert_close(near, torch.full((7,), 5.0))
    torch.testing.assert_close(far, torch.zeros(7), atol=1e-6, rtol=0)


def test_the_adapted_machine_is_a_plain_one_on_the_shifted_examples():
    support, weights = integers(12, 6, 4), torch.randn(12, 7)
    owners = torch.tensor([0, 1, 2] * 4)
    shifts = torch.randn(3, 6) * 20
    adapted = AdaptedKernelMachine(machine(support, weights), shifts, owners, weights)
    shifted = support - shifts[owners]
    torch.testing.assert_close(adapted.shifted_support(), shifted)
    x = integers(5, 6, 5)
    torch.testing.assert_close(
        adapted(x), gaussian_kernel(x, shifted, 0.15) @ weights, atol=1e-3, rtol=1e-3
    )


def test_an_adapted_input_may_have_no_rows():
    support, weights = integers(4, 6, 6), torch.randn(4, 7)
    owners = torch.zeros(4, dtype=torch.int64)
    adapted = AdaptedKernelMachine(machine(support, weights), torch.zeros(1, 6), owners, weights)
    assert adapted(torch.zeros(0, 6)).shape == (0, 7)


def test_the_gate_is_a_linear_function_with_a_constant():
    plain = machine(torch.zeros(1, 3), torch.zeros(1, 7))
    gate = SpeechGate(plain, torch.tensor([1.0, 0.0, -2.0, 0.5]))
    x = torch.tensor([[0.0, 0.0, 0.0], [10.0, 99.0, 5.0]])
    torch.testing.assert_close(gate(x), torch.tensor([0.5, 0.5 + (10 - 2 * 5) * QUANTUM]))

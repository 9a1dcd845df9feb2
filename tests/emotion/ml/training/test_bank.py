from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion.ml.training.bank import AugmentationConfig, LogMelBank
from emotion.ml.training.examples import PLAIN, Examples

N_BANDS = 16
STILL = AugmentationConfig(
    variations=((PLAIN, 1.0),), pitch=0.0, pace=0.0, tilt_db=0.0, gain_db=0.0, masks=0
)


def examples_of(lengths: list[int], **others: float) -> Examples:
    """Clips whose frame n has the value n in every band; other variations are constant."""
    mels = [
        np.repeat(np.arange(length, dtype=np.float32)[:, None], N_BANDS, axis=1)
        for length in lengths
    ]
    constant = {
        name: [np.full((length, N_BANDS), value, np.float32) for length in lengths]
        for name, value in others.items()
    }
    count = len(lengths)
    return Examples(
        np.array([f"emodb-{n:02d}" for n in range(count)]),
        np.arange(count) % 7,
        {PLAIN: mels, **constant},
        {PLAIN: np.zeros((count, 3), np.float32)},
    )


def test_a_still_crop_is_a_stretch_of_its_clip():
    bank = LogMelBank(examples_of([200, 100]), STILL, "cpu")
    torch.manual_seed(0)
    batch = bank.batch(torch.tensor([0, 1, 0]), 48)
    assert batch.shape == (3, 48, N_BANDS)
    torch.testing.assert_close(batch.diff(dim=1), torch.ones(3, 47, N_BANDS), atol=0.13, rtol=0)
    starts, ends = batch[:, 0, 0], batch[:, -1, 0]
    assert (starts >= 0).all()
    assert (ends <= torch.tensor([199.0, 99.0, 199.0])).all()


def test_a_clip_shorter_than_the_crop_is_heard_over_and_over():
    bank = LogMelBank(examples_of([10, 300]), STILL, "cpu")
    (heard,) = bank.batch(torch.tensor([0]), 64)
    assert heard.max() <= 9
    assert (heard[1:, 0] < heard[:-1, 0]).sum() >= 5  # it begins anew


def test_chance_is_torchs_own():
    bank = LogMelBank(examples_of([200] * 4), AugmentationConfig(variations=((PLAIN, 1.0),)), "cpu")
    batches = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        batches.append(bank.batch(torch.arange(4), 64))
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], batches[2])


def test_variations_are_drawn_as_often_as_they_weigh():
    config = replace(STILL, variations=(("slower", 3.0), ("room", 1.0)))
    bank = LogMelBank(examples_of([64] * 4, slower=-10.0, room=-50.0), config, "cpu")
    torch.manual_seed(0)
    drawn = torch.cat([bank.batch(torch.arange(4), 32)[:, 0, 0] for _ in range(200)])
    assert sorted(drawn.unique().tolist()) == [-50.0, -10.0]
    assert (drawn == -10).float().mean() == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize(("change", "bound"), [({"gain_db": 3.0}, 3.0), ({"tilt_db": 4.0}, 4.0)])
def test_level_and_tilt_stay_within_their_bounds(change, bound):
    config = replace(STILL, variations=(("room", 1.0),), **change)
    bank = LogMelBank(examples_of([64] * 4, room=-20.0), config, "cpu")
    torch.manual_seed(0)
    moved = torch.cat([bank.batch(torch.arange(4), 32) for _ in range(50)]) + 20
    assert moved.abs().max() <= bound + 0.02
    assert moved.abs().max() > 0.8 * bound


def test_a_tilt_turns_about_the_middle_band():
    config = replace(STILL, variations=(("room", 1.0),), tilt_db=4.0)
    bank = LogMelBank(examples_of([64], room=-20.0), config, "cpu")
    (row,) = bank.batch(torch.tensor([0]), 32)[:, 0] + 20
    torch.testing.assert_close(row, -row.flip(0), atol=1e-4, rtol=0)


def test_masks_hide_stripes_behind_the_mean_and_leave_the_most():
    config = replace(STILL, masks=2)
    bank = LogMelBank(examples_of([400]), config, "cpu")
    torch.manual_seed(1)
    for _ in range(20):
        (masked,) = bank.batch(torch.tensor([0]), 64)
        # A frame that no stripe in time covers still rises by one a frame in most bands.
        hidden = masked.diff(dim=0).sub(1).abs() > 0.3
        assert hidden.float().mean() < 0.6


def test_a_whole_clip_is_plain_and_long_enough():
    bank = LogMelBank(examples_of([10, 300]), AugmentationConfig(variations=((PLAIN, 1.0),)), "cpu")
    assert bank.clip(0, 32).shape == (1, 32, N_BANDS)
    np.testing.assert_array_equal(bank.clip(1, 32)[0, :, 0], np.arange(300))

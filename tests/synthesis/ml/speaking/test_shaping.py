"""Corrections of a trained speaker: found, bounded, stored and applied."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis.ml.speaking.kinds import _with_contrast
from synthesis.ml.speaking.shaping import (
    CONTRAST_BOUNDS,
    OFFSET_BOUND,
    PITCH_SHIFT_BOUND,
    PITCH_SPREAD_BOUNDS,
    SHAPING_FILE,
    SLOWNESS_BOUNDS,
    Shaping,
    Statistics,
    read_shaping,
    shaping_between,
    write_shaping,
)
from synthesis.ml.speaking.spectrum import N_MELS

SPOKEN = Statistics(np.zeros(N_MELS), np.ones(N_MELS), 0.5, 0.4, 5.0)


def test_shaping_is_the_way_from_what_is_spoken_to_what_is_wanted():
    wanted = Statistics(np.full(N_MELS, 0.3), np.full(N_MELS, 1.2), 0.75, 0.6, 6.0)
    found = shaping_between(SPOKEN, wanted)
    np.testing.assert_allclose(found.offset, 0.3)
    np.testing.assert_allclose(found.contrast, 1.2)
    assert found.pitch_shift == pytest.approx(0.25)
    assert found.pitch_spread == pytest.approx(1.5)
    assert found.slowness == pytest.approx(1.2)


def test_nothing_is_changed_where_nothing_lacks():
    found = shaping_between(SPOKEN, SPOKEN)
    assert (found.pitch_shift, found.pitch_spread, found.slowness) == (0.0, 1.0, 1.0)
    np.testing.assert_array_equal(found.offset, 0.0)
    np.testing.assert_array_equal(found.contrast, 1.0)


def test_shaping_is_bounded():
    wild = Statistics(np.full(N_MELS, 9.0), np.full(N_MELS, 9.0), 9.0, 9.0, 90.0)
    found = shaping_between(SPOKEN, wild)
    assert found.offset.max() == OFFSET_BOUND
    assert found.contrast.max() == CONTRAST_BOUNDS[1]
    assert found.slowness == SLOWNESS_BOUNDS[1]


def test_shaping_comes_back_from_a_folder(tmp_path):
    assert read_shaping(tmp_path) == {}
    one = replace(Shaping.usual(1.6, 1.1), offset=np.linspace(-1, 1, N_MELS))
    write_shaping(tmp_path, {"toy_happy_0": one})
    (name, stored), *_ = read_shaping(tmp_path).items()
    assert name == "toy_happy_0"
    np.testing.assert_allclose(stored.offset, one.offset, atol=1e-3)
    assert (stored.pitch_spread, stored.slowness) == (1.6, 1.1)


def test_a_shaping_of_another_number_of_bands_is_refused(tmp_path):
    write_shaping(tmp_path, {"a": Shaping.usual(1.0, 1.0)})
    stored = json.loads((tmp_path / SHAPING_FILE).read_text())
    stored["a"]["offset"] = [0.0]
    (tmp_path / SHAPING_FILE).write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="80 bands"):
        read_shaping(tmp_path)


def test_contrast_widens_each_band_around_its_mean_and_offset_moves_it():
    log_mel = torch.randn(1, N_MELS, 50)
    shaping = Shaping(np.full(N_MELS, 0.5), np.full(N_MELS, 2.0), 0.0, 1.0, 1.0)
    shaped = _with_contrast(log_mel, shaping)
    torch.testing.assert_close(shaped.mean(dim=2), log_mel.mean(dim=2) + 0.5)
    torch.testing.assert_close(shaped.std(dim=2), 2 * log_mel.std(dim=2))


# Training in the same process turns subnormal numbers to zero, which Hypothesis refuses.
numbers = st.floats(-20, 20, allow_subnormal=False)
positive = st.floats(0, 20, allow_subnormal=False)
statistics = st.builds(
    lambda mean, spread, pitch, pitch_spread, frames: Statistics(
        np.full(N_MELS, mean), np.full(N_MELS, spread), pitch, pitch_spread, frames
    ),
    numbers,
    positive,
    numbers,
    positive,
    st.floats(0.1, 50),
)


@given(statistics, statistics)
@settings(max_examples=80, deadline=None)
def test_whatever_was_measured_no_correction_passes_its_bound(spoken, wanted):
    found = shaping_between(spoken, wanted)
    assert np.abs(found.offset).max() <= OFFSET_BOUND
    assert CONTRAST_BOUNDS[0] <= found.contrast.min() <= found.contrast.max() <= CONTRAST_BOUNDS[1]
    assert abs(found.pitch_shift) <= PITCH_SHIFT_BOUND
    assert PITCH_SPREAD_BOUNDS[0] <= found.pitch_spread <= PITCH_SPREAD_BOUNDS[1]
    assert SLOWNESS_BOUNDS[0] <= found.slowness <= SLOWNESS_BOUNDS[1]

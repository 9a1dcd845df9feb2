"""Speech taken apart and put together again."""

import numpy as np
import pytest

from synthesis.ml.recordings.world import (
    ACTIVE_RANGE_DB,
    FRAME_PERIOD_MS,
    N_BINS,
    READER_F0_HZ,
    Analysis,
    analyse,
    pitch,
    synthesise,
)
from tests.synthesis.ml.conftest import RATE, syllables, vowel

FRAME_LENGTH = round(RATE * FRAME_PERIOD_MS / 1000)


def gliding() -> tuple[np.ndarray, np.ndarray]:
    """Half a second from 150 to 250 Hz: F0 a sample, and the sound."""
    f0 = np.linspace(150.0, 250.0, RATE // 2)
    return f0, vowel(f0, (500, 1500))


def analysis(f0: list[float], level_db: list[float]) -> Analysis:
    power = 10 ** (np.array(level_db) / 10)[:, None]
    shape = (len(f0), N_BINS)
    return Analysis(np.array(f0), np.broadcast_to(power, shape).copy(), np.full(shape, 0.5))


@pytest.mark.parametrize("find", [pitch, lambda w, r: analyse(w, r).f0], ids=["quick", "whole"])
def test_a_known_glide_is_followed(find):
    true, sound = gliding()
    found = find(sound, READER_F0_HZ)
    expected = true[np.minimum(np.arange(len(found)) * FRAME_LENGTH, len(true) - 1)]
    inner = slice(10, -10)
    assert (found[inner] > 0).all()
    np.testing.assert_allclose(found[inner], expected[inner], rtol=0.02)


def test_what_is_put_together_has_the_pitch_that_was_taken_apart():
    _, sound = gliding()
    first = analyse(sound, READER_F0_HZ)
    again = analyse(synthesise(first), READER_F0_HZ)
    both = first.voiced & again.voiced[: len(first)]
    assert both.mean() > 0.8
    np.testing.assert_allclose(again.f0[: len(first)][both], first.f0[both], rtol=0.03)


def test_frames_are_five_milliseconds_and_bins_half_the_spectrum():
    taken = analyse(syllables().astype(np.float64), READER_F0_HZ)
    assert taken.spectrum.shape == taken.aperiodicity.shape == (len(taken), N_BINS)
    assert len(taken) == pytest.approx(len(syllables()) / FRAME_LENGTH, abs=1)


def test_aperiodicity_lies_where_its_logarithm_is_finite():
    taken = analyse(syllables().astype(np.float64), READER_F0_HZ)
    assert taken.aperiodicity.min() >= 1e-3
    assert taken.aperiodicity.max() <= 1.0


def test_pitch_outside_the_range_is_not_found():
    sound = vowel(np.full(RATE // 2, 60.0), (500, 1500))
    voiced = analyse(sound, READER_F0_HZ).f0
    assert voiced[voiced > 0].min(initial=np.inf) >= READER_F0_HZ[0] * 0.9


def test_active_frames_are_those_near_the_loudest():
    taken = analysis([0.0] * 5, [-90, 0, -ACTIVE_RANGE_DB - 1, -ACTIVE_RANGE_DB + 1, -80])
    np.testing.assert_array_equal(taken.active, [False, True, False, True, False])
    assert taken.active_span == slice(1, 4)


def test_pitch_is_carried_through_unvoiced_frames():
    taken = analysis([0.0, 100.0, 0.0, 400.0, 0.0], [0.0] * 5)
    octave = 12 * np.log2(100.0)
    np.testing.assert_allclose(taken.semitones - octave, [0, 0, 12, 24, 24], atol=1e-9)
    assert taken.median_semitones == pytest.approx(octave + 12)


def test_energy_is_the_mean_power_of_a_frame_in_decibels():
    taken = analysis([0.0] * 3, [0, -20, -140])
    np.testing.assert_allclose(taken.energy_db, [0, -20, -136.99], atol=0.02)

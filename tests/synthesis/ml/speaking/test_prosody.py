"""The turns of an utterance, on signals whose answer is known."""

import numpy as np
import pytest

from audio import rms_dbfs
from synthesis.ml.speaking.prosody import (
    ENERGY_RANGE_DB,
    PACE_RANGE,
    PAUSE_RANGE,
    PITCH_RANGE_SEMITONES,
    Variation,
    with_energy,
    with_pauses,
    with_soft_peaks,
)

RATE = 16_000
TONE = 0.3 * np.sin(2 * np.pi * 200 * np.arange(RATE // 2) / RATE).astype(np.float32)
PAUSE = np.zeros(RATE // 5, np.float32)


def test_variation_is_bounded_and_uses_its_range():
    turns = [Variation.from_seed(seed) for seed in range(500)]
    for name, centre, reach in (
        ("semitones", 0.0, PITCH_RANGE_SEMITONES),
        ("slowness", 1.0, PACE_RANGE),
        ("energy_db", 0.0, ENERGY_RANGE_DB),
        ("pauses", 1.0, PAUSE_RANGE),
    ):
        turned = np.array([getattr(turn, name) for turn in turns]) - centre
        assert np.abs(turned).max() <= reach + 1e-9
        assert turned.min() < -0.9 * reach < 0.9 * reach < turned.max()


def test_a_seed_always_gives_the_same_turn():
    assert Variation.from_seed(5) == Variation.from_seed(5) != Variation.from_seed(6)


def test_energy_rises_by_what_was_asked():
    risen = with_energy(TONE, 6.0)
    start, end = risen[: RATE // 10], risen[-RATE // 10 :]
    # From the middle of the first fifth to that of the last are four fifths of the way.
    assert rms_dbfs(end) - rms_dbfs(start) == pytest.approx(0.8 * 6.0, abs=0.1)


@pytest.mark.parametrize("factor", [0.75, 1.0, 1.25])
def test_only_the_pause_inside_changes_its_length(factor):
    clip = np.concatenate([PAUSE, TONE, PAUSE, TONE, PAUSE])
    changed = with_pauses(clip, factor, RATE)
    assert len(changed) - len(clip) == pytest.approx((factor - 1) * len(PAUSE), abs=RATE // 100)
    np.testing.assert_array_equal(changed[: 2 * len(PAUSE)], clip[: 2 * len(PAUSE)])
    np.testing.assert_array_equal(changed[-2 * len(PAUSE) :], clip[-2 * len(PAUSE) :])


def test_a_pause_never_vanishes():
    clip = np.concatenate([TONE, PAUSE[: RATE // 10], TONE])
    assert len(with_pauses(clip, 0.01, RATE)) >= 2 * len(TONE) + RATE // 20 - RATE // 100


def test_the_closure_of_a_plosive_is_no_pause():
    clip = np.concatenate([TONE, PAUSE[: RATE // 20], TONE])
    np.testing.assert_array_equal(with_pauses(clip, 1.25, RATE), clip)


@pytest.mark.parametrize("clip", [np.zeros(0, np.float32), np.zeros(50, np.float32), PAUSE, TONE])
def test_clips_without_a_pause_stay_as_they_are(clip):
    np.testing.assert_array_equal(with_pauses(clip, 1.25, RATE), clip)


def test_a_peak_is_bent_below_the_crest_and_the_rest_stays():
    clip = TONE.copy()
    clip[100] = 3.0
    rms = np.sqrt(np.mean(np.square(clip, dtype=np.float64)))
    bent = with_soft_peaks(clip, 12.0)
    assert np.abs(bent).max() <= rms * 10 ** (12 / 20) + 1e-6
    np.testing.assert_array_equal(np.delete(bent, 100), np.delete(clip, 100))


def test_silence_and_nothing_have_no_peak_to_bend():
    for clip in (np.zeros(0, np.float32), PAUSE):
        np.testing.assert_array_equal(with_soft_peaks(clip, 12.0), clip)

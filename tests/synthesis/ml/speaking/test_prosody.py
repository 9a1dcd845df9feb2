"""The turns of an utterance, on signals whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def clip(parts: list[tuple[bool, int]]) -> np.ndarray:
    """Tones and pauses of so many hundredths of a second."""
    return np.concatenate(
        [np.resize(TONE if is_tone else PAUSE, n * RATE // 100) for is_tone, n in parts]
    )


# Training in the same process turns subnormal numbers to zero, which Hypothesis refuses.
turns_db = st.floats(-1.5, 1.5, allow_subnormal=False)
signals = st.lists(st.floats(-1, 1, width=32, allow_subnormal=False), min_size=1, max_size=300)
clips = st.lists(st.tuples(st.booleans(), st.integers(1, 30)), min_size=1, max_size=8).map(clip)


@given(clips, st.floats(0.75, 1.25))
@settings(max_examples=80, deadline=None)
def test_no_sound_is_lost_however_pauses_are_turned(waveform, factor):
    turned = with_pauses(waveform, factor, RATE)
    np.testing.assert_array_equal(turned[turned != 0], waveform[waveform != 0])


@given(clips, st.floats(0.75, 1.25))
@settings(max_examples=80, deadline=None)
def test_an_utterance_changes_its_length_by_no_more_than_its_pauses(waveform, factor):
    silence = int((waveform == 0).sum())
    change = len(with_pauses(waveform, factor, RATE)) - len(waveform)
    assert abs(change) <= abs(factor - 1) * silence + RATE // 10


@given(clips, turns_db)
@settings(max_examples=50, deadline=None)
def test_a_change_of_energy_is_undone_by_its_opposite(waveform, change_db):
    back = with_energy(with_energy(waveform, change_db), -change_db)
    np.testing.assert_allclose(back, waveform, atol=1e-6)


@given(signals, st.floats(3, 25))
@settings(max_examples=80, deadline=None)
def test_soft_peaks_keep_every_sign_and_every_order(samples, crest_db):
    waveform = np.array(samples, np.float32)
    bent = with_soft_peaks(waveform, crest_db)
    assert (np.abs(bent) <= np.abs(waveform) + 1e-6).all()
    assert (np.sign(bent) * np.sign(waveform) >= 0).all()
    order = np.argsort(waveform, kind="stable")
    assert (np.diff(bent[order]) >= -1e-6).all()

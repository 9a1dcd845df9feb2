from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from synthesis.ml.making.donors import Donor, DonorLibrary
from synthesis.ml.making.recipe import Gains
from synthesis.ml.making.rendering import (
    MAX_F0_HZ,
    MAX_LENGTHENING,
    Rendering,
    render,
    time_map,
    to_training_level,
)
from synthesis.ml.recordings.corpora import ActedClip
from synthesis.ml.recordings.world import ACTOR_F0_HZ, READER_F0_HZ, Analysis, analyse, trim
from synthesis.ml.speaking.spectrum import TRAINING_RMS

NOTHING = Gains(
    tempo=0, pitch=0, pitch_shape=0, level=0, timbre=0, aperiodicity=0, own_pitch=1,
    own_level=1, frequency_warp=1, jitter=0, shimmer_db=0, own_pitch_range=1,
    adds_to_own_pitch=False, shares_timbre=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def reading() -> Analysis:
    from tests.synthesis.ml.conftest import syllables

    return analyse(trim(syllables(180.0)), READER_F0_HZ)


@pytest.fixture(scope="module")
def donor() -> Donor:
    """An actor who speaks 5 semitones higher, 1.5 times as slowly, and rising."""
    from tests.synthesis.ml.conftest import syllables

    neutral = analyse(trim(syllables(200.0, seed=1)), ACTOR_F0_HZ)
    acted = analyse(
        trim(syllables(200.0 * 2 ** (3 / 12), syllable_s=0.3, rise=4.0, seed=2)), ACTOR_F0_HZ
    )
    clips = [(clip("neutral"), neutral), (clip("happy"), acted)]
    return DonorLibrary(clips).donor(2, "happy", "01", "01")


def clip(emotion: str) -> ActedClip:
    from pathlib import Path

    return ActedClip(Path(f"{emotion}.flac"), 2, emotion, "01", "01", emotion != "neutral")


def rendered(reading: Analysis, donor: Donor, **gains: float) -> Rendering:
    return render(reading, donor, replace(NOTHING, **gains), np.random.default_rng(0))


def median_semitones(f0: np.ndarray) -> float:
    return float(12 * np.log2(np.median(f0[f0 > 0])))


def test_without_gains_the_reading_comes_back(reading, donor):
    copy = rendered(reading, donor)
    assert len(copy.f0) == len(reading)
    voiced = reading.voiced & (copy.f0 > 0)
    np.testing.assert_allclose(copy.f0[voiced], reading.f0[voiced], rtol=1e-3)


def test_the_pitch_gain_moves_the_median_by_the_donors_shift(reading, donor):
    shift = np.median(donor.contours.semitones)
    assert 3.0 < shift < 7.5
    moved = rendered(reading, donor, pitch=1.0)
    gained = median_semitones(moved.f0) - median_semitones(reading.f0)
    assert gained == pytest.approx(shift, abs=0.5)


def test_the_tempo_gain_stretches_towards_the_donors_tempo(reading, donor):
    half = len(rendered(reading, donor, tempo=0.5).f0)
    full = len(rendered(reading, donor, tempo=1.0).f0)
    assert len(reading) < half < full


def test_a_rendering_is_never_longer_than_the_bound(reading, donor):
    slow = rendered(reading, donor, tempo=5.0)
    assert len(slow.f0) <= MAX_LENGTHENING * len(reading) + 1


def test_the_pitch_never_passes_the_bound(reading, donor):
    high = rendered(reading, donor, pitch=3.0, pitch_shape=2.0, jitter=0.02)
    voiced = high.f0[high.f0 > 0]
    assert np.percentile(voiced, 95) <= MAX_F0_HZ * 1.001


def test_every_rendering_has_the_training_level(reading, donor):
    for gains in ({}, {"level": 2.0, "shimmer_db": 1.0}, {"timbre": 2.0}):
        waveform = rendered(reading, donor, **gains).waveform
        assert waveform.dtype == np.float32
        assert np.sqrt(np.square(waveform).mean()) == pytest.approx(TRAINING_RMS, rel=0.01)


def test_the_same_generator_state_gives_the_same_rendering(reading, donor):
    gains = replace(NOTHING, jitter=0.02, shimmer_db=1.0)
    first = render(reading, donor, gains, np.random.default_rng(7)).waveform
    again = render(reading, donor, gains, np.random.default_rng(7)).waveform
    other = render(reading, donor, gains, np.random.default_rng(8)).waveform
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_constant_tempo_lays_frames_out_evenly():
    positions = time_map(100, np.array([1.25]))
    assert len(positions) == 125
    np.testing.assert_allclose(np.diff(positions), 1 / 1.25)
    assert positions[0] == pytest.approx(0.4)


def test_the_time_map_never_goes_back():
    rng = np.random.default_rng(0)
    positions = time_map(200, rng.uniform(0.1, 5.0, 50))
    assert np.all(np.diff(positions) > 0)
    assert positions[0] >= 0
    assert positions[-1] <= 200


@given(st.integers(2, 200), st.lists(st.floats(0.05, 20.0), min_size=1, max_size=20))
@hypothesis_settings(max_examples=80, deadline=None)
def test_any_tempo_walks_through_the_whole_reading_within_the_bound(n_frames, tempo):
    positions = time_map(n_frames, np.array(tempo))
    assert np.all(np.diff(positions) > 0)
    assert positions.min(initial=0) >= 0
    assert positions.max(initial=0) <= n_frames
    assert len(positions) <= MAX_LENGTHENING * n_frames + 1


def test_a_donors_pitch_can_be_added_to_the_readers_own(reading, donor):
    added = rendered(reading, donor, adds_to_own_pitch=True, pitch=1.0, pitch_shape=1.0)
    gained = median_semitones(added.f0) - median_semitones(reading.f0)
    assert gained == pytest.approx(float(donor.contours.semitones_gained.mean()), abs=1.5)


def test_a_loud_peak_is_kept_below_full_scale():
    click = np.zeros(16_000)
    click[8000] = 5.0
    assert np.abs(to_training_level(click)).max() <= 0.98 + 1e-6
    assert not to_training_level(np.zeros(100)).any()


def test_shared_timbre_is_that_of_all_actors(reading, donor):
    changed = replace(
        donor, shared_timbre=replace(donor.own_timbre, voiced=-donor.own_timbre.voiced)
    )
    own = rendered(reading, changed, timbre=1.0).waveform
    shared = rendered(reading, changed, timbre=1.0, shares_timbre=True).waveform
    assert not np.array_equal(own, shared)

"""What is taken of an acted clip: where its words are said, and what differs there."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from synthesis.ml.making.donors import (
    LEVEL_BOUND_DB,
    RATE_BOUNDS,
    DonorLibrary,
    Timbre,
    compare,
    matching_frames,
    resample,
    timbre_of,
)
from synthesis.ml.recordings.corpora import ActedClip
from synthesis.ml.recordings.world import ACTOR_F0_HZ, Analysis, analyse, trim
from tests.synthesis.ml.conftest import syllables

curves = arrays(np.float64, st.integers(1, 12), elements=st.integers(-9, 9).map(float))


def frames(*values: float) -> np.ndarray:
    return np.array(values, np.float64)[:, None]


def spoken(f0_hz: float = 200.0, **how) -> Analysis:
    return analyse(trim(syllables(f0_hz, **how)), ACTOR_F0_HZ)


@pytest.fixture(scope="module")
def neutral() -> Analysis:
    return spoken(seed=1)


@pytest.fixture(scope="module")
def acted() -> Analysis:
    return spoken(240.0, syllable_s=0.3, rise=4.0, seed=2)


def test_a_pause_in_the_target_stays_at_one_place_of_the_source():
    source, target = frames(0, 1, 2, 3), frames(0, 0, 0, 1, 2, 2, 3)
    np.testing.assert_array_equal(matching_frames(source, target), [0, 0, 0, 1, 2, 2, 3])


def test_a_stretch_of_the_source_is_met_in_its_middle():
    source, target = frames(0, 5, 5, 5, 9), frames(0, 5, 9)
    np.testing.assert_array_equal(matching_frames(source, target), [0, 2, 4])


def test_the_cheapest_path_may_cut_a_corner():
    """Worked out by hand: the sum of distances is 1 along this path and 2 along the next best."""
    source, target = frames(1, 3, 4, 9), frames(1, 3, 5, 9)
    np.testing.assert_array_equal(matching_frames(source, target), [0, 1, 2, 3])


@given(curves, curves)
@settings(max_examples=60, deadline=None)
def test_any_two_readings_are_matched_from_end_to_end_and_never_backwards(source, target):
    places = matching_frames(source[:, None], target[:, None])
    assert len(places) == len(target)
    assert np.all(np.diff(places) >= 0)
    assert places[0] >= 0
    assert places[-1] <= len(source) - 1


@given(curves)
@settings(max_examples=30, deadline=None)
def test_a_reading_without_repeated_frames_matches_itself_frame_by_frame(curve):
    distinct = np.cumsum(np.abs(curve) + 1)[:, None]
    np.testing.assert_array_equal(
        matching_frames(distinct, distinct), np.arange(len(distinct), dtype=float)
    )


def test_a_clip_compared_with_itself_lends_nothing(neutral):
    contours = compare(neutral, neutral, neutral.median_semitones)
    np.testing.assert_allclose(contours.tempo, 1.0)
    np.testing.assert_allclose(contours.semitones_gained, 0.0, atol=1e-9)
    np.testing.assert_allclose(contours.level_db, 0.0, atol=1e-9)
    assert np.median(contours.semitones) == pytest.approx(0.0, abs=0.2)


def test_slower_higher_and_rising_speech_lends_tempo_and_pitch(neutral, acted):
    contours = compare(acted, neutral, neutral.median_semitones)
    assert 1.1 < contours.tempo.mean() < 1.6  # 0.2 s syllables became 0.3 s
    assert np.median(contours.semitones_gained) == pytest.approx(3.16 + 2.0, abs=1.0)
    early, late = np.array_split(contours.semitones_gained, 2)
    assert late.mean() > early.mean() + 0.5


def test_what_is_lent_stays_within_bounds(neutral):
    shouting = spoken(150.0, syllable_s=1.2, seed=3)
    contours = compare(shouting, neutral, neutral.median_semitones)
    assert contours.tempo.min() >= RATE_BOUNDS[0]
    assert contours.tempo.max() <= RATE_BOUNDS[1]
    assert np.abs(contours.level_db).max() <= LEVEL_BOUND_DB


def test_loudness_does_not_change_a_timbre(neutral):
    louder = Analysis(neutral.f0, neutral.spectrum * 100, neutral.aperiodicity)
    ours, theirs = timbre_of(neutral), timbre_of(louder)
    np.testing.assert_allclose(theirs.voiced, ours.voiced, atol=1e-3)
    np.testing.assert_allclose(theirs.unvoiced, ours.unvoiced, atol=1e-3)


def test_a_clip_that_is_voiced_throughout_has_the_voiced_timbre_for_both():
    n_frames, n_bins = 50, 513
    analysis = Analysis(
        np.full(n_frames, 200.0), np.ones((n_frames, n_bins)), np.full((n_frames, n_bins), 0.1)
    )
    timbre = timbre_of(analysis)
    np.testing.assert_array_equal(timbre.unvoiced, timbre.voiced)
    np.testing.assert_allclose(timbre.aperiodicity, np.log(0.101))


def test_a_curve_is_stretched_evenly_and_keeps_its_ends():
    np.testing.assert_allclose(resample(np.array([0.0, 2.0, 4.0]), 5), [0, 1, 2, 3, 4])
    assert resample(np.array([3.0]), 4).tolist() == [3.0] * 4


def library(*actors: int, brightness: dict[int, float] | None = None) -> DonorLibrary:
    """Actors whose happy clips are their neutral ones with a tilt of their own."""
    clips = []
    for actor in actors:
        neutral = spoken(180.0 + 10 * actor, seed=actor)
        tilt = np.exp(np.linspace(-1, 1, 513) * (brightness or {}).get(actor, 0.0))
        acted = Analysis(neutral.f0, neutral.spectrum * tilt, neutral.aperiodicity)
        clips += [(clip(actor, "neutral"), neutral), (clip(actor, "happy"), acted)]
    return DonorLibrary(clips)


def clip(actor: int, emotion: str) -> ActedClip:
    path = Path(f"{actor}-{emotion}.flac")
    return ActedClip(path, actor, emotion, "01", "01", emotion != "neutral")


def tilt_of(timbre: Timbre) -> float:
    return float(timbre.voiced[-1] - timbre.voiced[0])


def test_a_donors_own_timbre_is_the_actors_and_the_shared_one_the_mean_of_all():
    actors = library(2, 4, brightness={2: 0.5, 4: 1.0})
    donor = actors.donor(2, "happy", "01", "01")
    assert donor.name == "2-happy"
    assert tilt_of(donor.own_timbre) == pytest.approx(2 * 0.5, abs=0.1)
    assert tilt_of(donor.shared_timbre) == pytest.approx(2 * 0.75, abs=0.1)


def test_a_clip_that_nobody_acted_is_no_donor():
    with pytest.raises(KeyError):
        library(2).donor(2, "sad", "01", "01")

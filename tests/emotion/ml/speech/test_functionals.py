import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emotion.ml.speech.extraction import extract
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.speech.functionals import (
    MODULATION_HZ,
    PERCENTILES,
    UNVOICED_SEMITONES,
    cosine_transform,
    deltas,
    percentiles,
)

RATE = 16_000
N_PITCH, N_RHYTHM, N_MODULATION = 20, 7, 9 * 7  # the last three parts of the vector, in this order


@pytest.mark.parametrize("rows", [2, 7, 100])
def test_percentiles_are_those_of_numpy(rows):
    values = np.random.default_rng(rows).standard_normal((rows, 3)).astype(np.float32)
    np.testing.assert_allclose(
        np.stack(percentiles(values)), np.percentile(values, PERCENTILES, axis=0), atol=1e-5
    )


def test_the_slope_of_a_line_is_its_delta():
    line = np.arange(20, dtype=np.float32)[:, None] * np.array([3.0, -2.0], dtype=np.float32)
    np.testing.assert_allclose(deltas(line)[2:-2], np.tile([3.0, -2.0], (16, 1)), rtol=1e-5)


def test_the_cosine_transform_is_orthonormal_and_blind_to_level():
    basis = cosine_transform(64)
    np.testing.assert_allclose(basis.T @ basis, np.eye(19), atol=1e-5)
    np.testing.assert_allclose(np.ones(64) @ basis, 0, atol=1e-4)


matrices = arrays(
    np.float32,
    st.tuples(st.integers(1, 30), st.integers(1, 4)),
    elements=st.floats(-100, 100, width=32),
)


@settings(max_examples=50)
@given(matrices)
def test_percentiles_of_anything_are_those_of_numpy(values):
    np.testing.assert_allclose(
        np.stack(percentiles(values)), np.percentile(values, PERCENTILES, axis=0), atol=1e-3
    )


@settings(max_examples=50)
@given(matrices, st.floats(-100, 100, width=32))
def test_a_constant_changes_no_slope(values, constant):
    np.testing.assert_allclose(deltas(values + constant), deltas(values), atol=1e-3)


@settings(max_examples=50)
@given(matrices)
def test_slopes_turn_with_time(values):
    np.testing.assert_allclose(deltas(values[::-1]), -deltas(values)[::-1], atol=1e-4)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_slopes_keep_their_precision(kind):
    assert deltas(np.ones((9, 2), kind)).dtype == kind


def functionals_of(wave: np.ndarray) -> np.ndarray:
    return extract(wave.astype(np.float32), FeatureConfig()).functionals


def pitch_part(wave: np.ndarray) -> np.ndarray:
    return functionals_of(wave)[-N_MODULATION - N_RHYTHM - N_PITCH : -N_MODULATION - N_RHYTHM]


def rhythm_part(wave: np.ndarray) -> np.ndarray:
    return functionals_of(wave)[-N_MODULATION - N_RHYTHM : -N_MODULATION]


def buzz(hz: np.ndarray | float, seconds: float = 1.0) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hz, round(seconds * RATE))) / RATE
    return sum(np.sin(k * phase) / k for k in range(1, 10)) * 0.1


@settings(max_examples=20)
@given(st.integers(1600, 24_000), st.integers(0, 99))
def test_the_vector_has_one_length_and_is_finite_for_any_duration(samples, seed):
    rng = np.random.default_rng(seed)
    wave = buzz(rng.uniform(80, 400), 2.0)[:samples] + rng.normal(0, 0.01, samples)
    vector = functionals_of(wave)
    assert vector.shape == functionals_of(buzz(150.0)).shape
    assert np.isfinite(vector).all()


@pytest.mark.parametrize("hz", [110.0, 220.0])
def test_a_monotone_voice_has_its_pitch_and_no_movement(hz):
    pitch = pitch_part(buzz(hz))
    assert pitch[0] == pytest.approx(12 * np.log2(hz / 55), abs=0.1)
    assert pitch[1] == pytest.approx(0, abs=0.1)  # deviation
    assert pitch[7] == pytest.approx(0, abs=0.1)  # range
    assert pitch[-1] == pytest.approx(0, abs=0.1)  # last third minus first


@pytest.mark.parametrize(("start", "end", "sign"), [(100, 200, 1), (200, 100, -1)])
def test_a_voice_that_rises_or_falls_has_a_slope_of_that_sign(start, end, sign):
    pitch = pitch_part(buzz(np.geomspace(start, end, RATE)))
    line, curve, last_minus_first = pitch[12], pitch[13], pitch[-1]
    assert line == pytest.approx(sign * 6, abs=0.5)  # semitones from the middle to the end
    assert curve == pytest.approx(0, abs=0.5)
    assert last_minus_first == pytest.approx(sign * 8, abs=0.7)  # two thirds of an octave


def test_where_nothing_is_voiced_the_pitch_is_a_stand_in():
    hiss = np.random.default_rng(0).normal(0, 0.1, RATE)
    pitch = pitch_part(np.diff(hiss, n=2))  # the highs of noise: no frame is periodic
    assert pitch[0] == UNVOICED_SEMITONES
    assert pitch[1] == 0


def test_the_rhythm_counts_voiced_stretches():
    """Four bursts of 150 ms of voice, 150 ms of hiss between them."""
    hiss = np.diff(np.random.default_rng(0).normal(0, 0.02, round(0.15 * RATE) + 2), n=2)
    wave = np.concatenate([np.concatenate([buzz(150.0, 0.15), hiss]) for _ in range(4)])
    share, rate, length, _, gap, _, longest = rhythm_part(wave[: -hiss.size])
    assert share == pytest.approx(0.57, abs=0.15)
    assert rate == pytest.approx(4 / 1.05, abs=0.3)
    assert length == pytest.approx(0.15, abs=0.05)
    assert gap == pytest.approx(0.15, abs=0.05)
    assert longest == pytest.approx(0.15, abs=0.05)


@pytest.mark.parametrize(("hz", "band"), [(3.0, 1), (5.0, 2), (10.0, 4), (15.0, 5), (25.0, 6)])
def test_a_beat_shows_in_the_band_of_its_modulation(hz, band):
    assert MODULATION_HZ[band] <= hz < MODULATION_HZ[band + 1]
    time = np.arange(3 * RATE) / RATE
    wave = buzz(150.0, 3.0) * (1 + 0.8 * np.sin(2 * np.pi * hz * time))
    loudest_band = functionals_of(wave)[-N_MODULATION:].reshape(9, 7)[-1]
    assert loudest_band.argmax() == band

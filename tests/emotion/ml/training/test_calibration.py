import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.ml.errors import TrainingError
from emotion.ml.training.calibration import cross_fitted, fit_scales, fused


def drawn(scale: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from the softmax of `scale` times them."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(count, 7))
    gumbel = rng.gumbel(size=logits.shape)
    return logits, (scale * logits + gumbel).argmax(axis=1)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_the_scale_that_made_the_labels_is_found(scale):
    logits, labels = drawn(scale)
    (found,) = fit_scales([logits], labels)
    assert found == pytest.approx(scale, rel=0.05)


def test_a_half_that_knows_nothing_gets_no_weight():
    logits, labels = drawn(2.0)
    noise = np.random.default_rng(1).normal(size=logits.shape)
    deaf, hearing = fit_scales([noise, logits], labels)
    assert deaf == pytest.approx(0, abs=0.05)
    assert hearing == pytest.approx(2, rel=0.05)


def test_fused_rows_are_probabilities():
    rng = np.random.default_rng(2)
    rows = fused([rng.normal(size=(5, 7)), rng.normal(size=(5, 7)) * 900], (1.0, 2.0))
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert (rows >= 0).all()


def test_scales_of_a_round_come_from_the_other_rounds_only():
    logits, labels = drawn(1.0, 400)
    turn = np.repeat([0, 1], 200)
    before = cross_fitted([logits], labels, turn)
    changed = labels.copy()
    changed[:200] = (changed[:200] + 1) % 7
    after = cross_fitted([logits], changed, turn)
    np.testing.assert_allclose(after[:200], before[:200])
    assert np.abs(after[200:] - before[200:]).max() > 0.01


@settings(max_examples=25)
@given(st.integers(0, 999), st.sampled_from([1, 2, 3]), st.floats(0.7, 5.0))
def test_no_scale_nearby_is_more_likely(seed, count, spread):
    """The fit is the maximum of the likelihood: every step from it makes the labels less likely."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(7, size=120)
    parts = [np.eye(7)[labels] + rng.normal(0, spread, (120, 7)) for _ in range(count)]
    scales = fit_scales(parts, labels)

    def loss(scales) -> float:
        return float(-np.log(fused(parts, scales)[np.arange(120), labels]).mean())

    best = loss(scales)
    for step in rng.normal(0, 0.05, (20, count)):
        assert loss(tuple(np.add(scales, step))) >= best - 1e-6


def test_what_is_told_without_an_error_still_has_a_finite_scale():
    labels = np.arange(70) % 7
    (scale,) = fit_scales([np.eye(7)[labels]], labels)
    assert 5 < scale < 100


@settings(max_examples=25)
@given(st.integers(0, 999), st.floats(0.1, 10.0))
def test_the_scale_makes_up_for_the_units_of_the_scores(seed, factor):
    rng = np.random.default_rng(seed)
    labels = rng.integers(7, size=200)
    part = np.eye(7)[labels] + rng.normal(0, 1, (200, 7))
    (plain,), (scaled,) = fit_scales([part], labels), fit_scales([part * factor], labels)
    assert scaled * factor == pytest.approx(plain, rel=1e-2)


def test_the_most_likely_emotion_of_one_part_does_not_change():
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(50, 7))
    np.testing.assert_array_equal(fused([logits], (0.3,)).argmax(axis=1), logits.argmax(axis=1))


def test_scores_that_are_not_finite_are_no_calibration():
    scores = np.random.default_rng(0).standard_normal((20, 7))
    scores[3, 2] = np.nan

    with pytest.raises(TrainingError, match="found no minimum"):
        fit_scales([scores], np.arange(20) % 7)

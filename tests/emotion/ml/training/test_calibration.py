import numpy as np
import pytest

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

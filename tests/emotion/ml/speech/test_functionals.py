import numpy as np
import pytest

from emotion.ml.speech.functionals import PERCENTILES, cosine_transform, deltas, percentiles


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

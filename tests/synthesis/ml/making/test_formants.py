import numpy as np
import pytest

from synthesis.ml.making.formants import with_formants


def peaked(*bins: int) -> np.ndarray:
    """Spectra of 100 bins with a smooth peak at a bin, one a row."""
    return np.exp(-(((np.arange(100.0) - np.array(bins)[:, None]) / 5) ** 2))


@pytest.mark.parametrize(("factor", "places"), [(1.2, (24, 48)), (0.8, (16, 32)), (1.0, (20, 40))])
def test_a_formant_moves_to_a_multiple_of_its_frequency(factor, places):
    moved = with_formants(peaked(20, 40), factor)
    assert tuple(moved.argmax(axis=1)) == places
    np.testing.assert_allclose(moved.max(axis=1), 1.0, atol=0.02)


def test_the_own_frequencies_are_left_alone():
    spectra = np.random.default_rng(0).random((3, 100))
    moved = with_formants(spectra, 1.0)
    np.testing.assert_allclose(moved[:, :99], spectra[:, :99])
    np.testing.assert_allclose(moved[:, 99], spectra[:, 99], atol=1e-2)


def test_what_lies_beyond_the_last_bin_is_filled_with_it():
    rising = np.arange(100.0)[None]
    np.testing.assert_allclose(with_formants(rising, 0.5)[0, 50:], 99.0, atol=0.01)


def test_frames_do_not_mix():
    spectra = np.random.default_rng(1).random((4, 100))
    together = with_formants(spectra, 1.1)
    for row, spectrum in zip(together, spectra, strict=True):
        np.testing.assert_array_equal(with_formants(spectrum[None], 1.1)[0], row)

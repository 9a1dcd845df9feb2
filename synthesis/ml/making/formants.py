"""Formants moved along the frequency axis, as a longer or shorter vocal tract moves them."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def with_formants(spectra: Floats, factor: float) -> Floats:
    """Move every formant to `factor` times its frequency.

    Args:
        spectra: Values over frequency from 0 Hz up, log power or aperiodicity, (frames, bins).
        factor: Above 1 for a shorter vocal tract; the highest bins then fall off the end, and
            below 1 the last bin fills what is left.

    Returns:
        Interpolated linearly between bins, same shape.
    """
    n_bins = spectra.shape[1]
    sources = np.clip(np.arange(n_bins) / factor, 0, n_bins - 1.001)
    below = sources.astype(int)
    weight = sources - below
    moved: Floats = spectra[:, below] * (1 - weight) + spectra[:, below + 1] * weight
    return moved

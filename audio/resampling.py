"""Another sampling rate for a waveform that is in memory, in workers and in training.

Web processes need none of it: what they resample they decode as well, and `audio.decode` does both
by PyAV in one pass.
"""

import numpy as np
from numpy.typing import NDArray


def resampled(waveform: NDArray[np.float32], from_hz: float, to_hz: float) -> NDArray[np.float32]:
    """Return the same sound at another sampling rate.

    Args:
        waveform: Mono signal, float32, shape (samples,).
        from_hz: Its sampling rate.
        to_hz: The wanted one.

    Returns:
        Float32, shape (about samples * to_hz / from_hz,); the waveform itself where both rates
        are equal. Peaks may pass those of the waveform a little.

    Source:
        The SoX resampler at its high quality: flat to 91 % of the lower Nyquist frequency, 120 dB
        down beyond it.
    """
    import soxr  # not at the top: web processes import this module by way of others

    if from_hz == to_hz:
        return waveform
    return np.asarray(soxr.resample(waveform, from_hz, to_hz, quality="HQ"), np.float32)

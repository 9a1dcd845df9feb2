"""Level in dBFS: 0 dBFS is the largest amplitude, so a full-scale sine has -3 dBFS RMS."""

import numpy as np
from numpy.typing import NDArray

FLOOR_DBFS = -120.0  # below the 16-bit quantisation noise; stands for digital silence


def rms_dbfs(waveform: NDArray[np.float32]) -> float:
    """Return the root mean square level, at least `FLOOR_DBFS`.

    >>> rms_dbfs(np.full(100, 0.1, np.float32))
    -20.0
    """
    mean_square = float(np.mean(np.square(waveform, dtype=np.float64))) if waveform.size else 0.0
    return _decibels(np.sqrt(mean_square))


def peak_dbfs(waveform: NDArray[np.float32]) -> float:
    """Return the level of the largest sample, at least `FLOOR_DBFS`."""
    return _decibels(float(np.abs(waveform).max()) if waveform.size else 0.0)


def set_level(
    waveform: NDArray[np.float32], *, target_rms_dbfs: float, max_peak_dbfs: float = -1.0
) -> NDArray[np.float32]:
    """Scale to an RMS level, less where the peak would pass its bound.

    Args:
        waveform: Mono signal, float32, shape (samples,).
        target_rms_dbfs: Wanted level.
        max_peak_dbfs: Bound that wins over the target: one gain, so nothing is distorted.

    Returns:
        A new waveform; digital silence stays as it is.
    """
    rms, peak = rms_dbfs(waveform), peak_dbfs(waveform)
    if peak <= FLOOR_DBFS:
        return waveform.copy()
    gain_db = min(target_rms_dbfs - rms, max_peak_dbfs - peak)
    return (waveform * np.float32(10.0 ** (gain_db / 20.0))).astype(np.float32)


def _decibels(amplitude: float) -> float:
    return round(max(20.0 * float(np.log10(max(amplitude, 1e-12))), FLOOR_DBFS), 4)

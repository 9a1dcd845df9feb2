"""Where a recording is silent: frames so many decibels below its loudest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def frame_powers(waveform: NDArray[np.floating[Any]], frame_length: int) -> NDArray[np.float64]:
    """Return the mean square of each whole frame; samples left over at the end are not counted.

    Args:
        waveform: Shape (samples,).
        frame_length: In samples.

    Returns:
        Shape (samples // frame_length,).

    >>> frame_powers(np.array([1.0, 1.0, 0.5, 0.5, 0.1], np.float32), 2)
    array([1.  , 0.25])
    """
    count = waveform.size // frame_length
    frames = waveform[: count * frame_length].reshape(count, frame_length)
    return np.asarray(np.mean(np.square(frames, dtype=np.float64), axis=1))


def loud_frames(powers: NDArray[np.floating[Any]], range_db: float) -> NDArray[np.bool_]:
    """Say of each frame whether it lies within `range_db` of the loudest.

    Args:
        powers: From `frame_powers`, smoothed or not, shape (frames,).
        range_db: Frames further below the loudest count as silence.

    Returns:
        Shape (frames,), at least one of them true; all of them in digital silence.
    """
    threshold = powers.max(initial=0.0) * 10 ** (-range_db / 10)
    return np.asarray(powers >= threshold, dtype=np.bool_)


def loud_span(loud: NDArray[np.bool_], *, kept: int = 0) -> tuple[int, int]:
    """Find what remains once silence is cut off at both ends.

    Args:
        loud: From `loud_frames`, shape (frames,).
        kept: Frames that stay before the first and after the last loud one, as far as there are.

    Returns:
        The first frame and the one after the last; both 0 where no frame is loud.
    """
    frames = np.flatnonzero(loud)
    if not frames.size:
        return 0, 0
    return max(0, int(frames[0]) - kept), min(int(frames[-1]) + 1 + kept, loud.size)

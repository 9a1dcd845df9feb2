"""Alignment of two readings of the same words."""

import numba
import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]


def warp_path(source: Features, target: Features) -> NDArray[np.float64]:
    """Find where in `source` each frame of `target` is said.

    Args:
        source: Shape (source frames, features).
        target: Shape (target frames, features).

    Returns:
        Mean matching source frame of each target frame, never falling; shape (target frames,).

    Source:
        Sakoe and Chiba, 1978, symmetric steps without slope limits.
    """
    squared = (
        np.square(target).sum(axis=1)[:, None]
        + np.square(source).sum(axis=1)[None, :]
        - 2 * target @ source.T
    )
    rows, columns = _best_path(np.sqrt(np.maximum(squared, 0.0)))
    counts = np.bincount(rows, minlength=len(target))
    places: NDArray[np.float64] = np.bincount(rows, columns, minlength=len(target)) / counts
    return places


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _best_path(cost: Features) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n_rows, n_columns = cost.shape
    total = np.full((n_rows + 1, n_columns + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(n_rows):
        for j in range(n_columns):
            best = min(total[i, j], total[i, j + 1], total[i + 1, j])
            total[i + 1, j + 1] = cost[i, j] + best
    rows = np.empty(n_rows + n_columns, np.int64)
    columns = np.empty(n_rows + n_columns, np.int64)
    i, j, n = n_rows, n_columns, 0
    while i > 0 and j > 0:
        rows[n], columns[n] = i - 1, j - 1
        n += 1
        diagonal, up, left = total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]
        if diagonal <= up and diagonal <= left:
            i, j = i - 1, j - 1
        elif up <= left:
            i -= 1
        else:
            j -= 1
    return rows[:n][::-1].copy(), columns[:n][::-1].copy()

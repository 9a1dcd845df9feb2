"""Recordings that visitors leave for labelling; who keeps them registers here.

This app lies below the one that knows of clips, so that one says at start-up what to do.
"""

from collections.abc import Callable
from typing import BinaryIO, cast

import numpy as np
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from numpy.typing import NDArray

from audio import DecodeLimits, decode

Keeper = Callable[[NDArray[np.float32]], str | None]
"""Keeps a waveform at 16 kHz and returns the number under which it can be withdrawn, or None when
no more are taken."""

_keepers: list[Keeper] = []


def set_keeper(keeper: Keeper) -> None:
    """Say what happens to recordings that are left."""
    _keepers[:] = [keeper]


def are_welcome() -> bool:
    """Tell whether visitors may leave recordings here."""
    return settings.DONATIONS_ALLOWED and bool(_keepers)


def keep(recording: UploadedFile) -> str | None:
    """Keep a recording whose speaker agreed, and return its number; None when no more are taken.

    Raises:
        AudioError: If it cannot be decoded within the limits.
    """
    (keeper,) = _keepers
    recording.seek(0)
    limits = DecodeLimits(
        max_bytes=settings.PREDICT_MAX_BYTES, max_duration_s=settings.PREDICT_MAX_DURATION_S
    )
    return keeper(decode(cast(BinaryIO, recording), sampling_rate=16_000, limits=limits))

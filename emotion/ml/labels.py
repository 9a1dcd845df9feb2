"""The seven emotions, in the one order used by every score vector, table and page."""

from typing import Final

EMOTIONS: Final[tuple[str, ...]] = (
    "angry",
    "disgust",
    "fearful",
    "happy",
    "neutral",
    "sad",
    "surprised",
)

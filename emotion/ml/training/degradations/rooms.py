"""Rooms: the sound that comes back from walls."""

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

from emotion.ml.speech.features import FloatArray

RATE: Final = 16_000
SOUND_M_S: Final = 343.0
"""Speed of sound in air at 20 degrees."""

ROOM_M: Final = ((3.0, 2.6, 2.3), (8.0, 6.0, 3.4))
"""Smallest and largest size of a room, from a small office to a class room."""

TREBLE_SHARE: Final = 0.7
"""Decay time of the treble over that of the bass: air and curtains take more of it."""


def diffuse_response(rng: Generator, *, decay_s: float, direct_db: float) -> FloatArray:
    """Make the response of a room by decaying noise after the direct sound.

    Args:
        rng: Draws the noise.
        decay_s: Time in which it falls by 60 dB (RT60), at low frequencies.
        direct_db: Energy of the direct sound over that of all the rest.

    Returns:
        The direct sound is 1 at the first sample; shape (1.2 * decay_s * 16 000,).

    Source:
        Statistical model of late reverberation (Polack 1988).
    """
    time = np.arange(int(1.2 * decay_s * RATE)) / RATE
    noise = rng.standard_normal(time.size)
    low = lfilter([0.42], [1, -0.7], noise)
    # 60 dB are a factor of 1000, whose logarithm is 6.908.
    tail = low * np.exp(-6.908 * time / decay_s)
    tail += (noise - low) * np.exp(-6.908 * time / (TREBLE_SHARE * decay_s))
    tail[: int(0.002 * RATE)] = 0.0
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail.astype(np.float32)


def shoebox_response(
    rng: Generator, *, decay_s: float, distance_m: float, order: int = 14
) -> FloatArray:
    """Make the response of a room with six flat walls by the mirror images of the talker.

    Args:
        rng: Draws size, talker and direction of the microphone.
        decay_s: RT60 by Sabine's formula, from which the walls' absorption is taken.
        distance_m: From talker to microphone, less where a wall is nearer.
        order: Mirrorings along each wall.

    Returns:
        The direct sound is 1 at the first sample, shape (samples,).

    Source:
        The image method (Allen and Berkley 1979).
    """
    size = rng.uniform(*ROOM_M)
    talker = rng.uniform(0.15, 0.85, 3) * size
    direction = rng.standard_normal(3) * (1.0, 1.0, 0.3)
    away = distance_m * direction / np.linalg.norm(direction)
    microphone = np.clip(talker + away, 0.2, size - 0.2)
    response = np.zeros(int((1.1 * decay_s + 0.05) * RATE))
    kept = np.sqrt(1 - _absorption(size, decay_s))
    for flip in np.ndindex(2, 2, 2):
        distance, bounces = _images(size, talker, microphone, np.array(flip), order)
        place = (distance / SOUND_M_S * RATE).astype(int)
        inside = place < response.size
        gain = kept**bounces / np.maximum(distance, 0.1)
        np.add.at(response, place[inside], gain[inside])
    first = int(np.flatnonzero(response)[0])
    return (response[first:] / response[first]).astype(np.float32)


def _absorption(size: NDArray[np.float64], decay_s: float) -> float:
    """Sabine: RT60 = 0.161 V / (S a), with volume V and surface S; at most 0.95."""
    surface = 2 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    return min(0.95, 0.161 * float(np.prod(size)) / (surface * decay_s))


def _images(
    size: NDArray[np.float64],
    talker: NDArray[np.float64],
    microphone: NDArray[np.float64],
    flip: NDArray[np.int_],
    order: int,
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Return distance and number of bounces of every image with these axes mirrored."""
    spans = [np.arange(-n, n + 1) for n in (order, order, order // 2)]
    cells = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 3)
    places = 2 * cells * size + (1 - 2 * flip) * talker - microphone
    return np.linalg.norm(places, axis=1), np.abs(2 * cells - flip).sum(axis=1)


def in_room(waveform: FloatArray, response: FloatArray) -> FloatArray:
    """Hear speech in a room, with a fifth of a second of what rings on; never clipped."""
    wet = fftconvolve(waveform, response)[: waveform.size + RATE // 5]
    peak = max(float(np.abs(wet).max()), 0.95)
    return (wet * (0.95 / peak)).astype(np.float32)

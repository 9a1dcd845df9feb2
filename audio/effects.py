"""Small random changes of sound that a listener hardly notices, in numpy alone.

They move every sample of a clip: two servings of one recording have no bytes, and no exact
spectrum, in common.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Waveform = NDArray[np.float32]

# Octaves of the telephone band and a half above: below and beyond there is little of speech.
BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)


def at_speed(waveform: Waveform, speed: float) -> Waveform:
    """Play faster or slower by linear interpolation, as a tape would.

    Args:
        waveform: Shape (samples,).
        speed: 1.02 shortens by 2 % and raises the pitch by a third of a semitone.
    """
    positions = np.arange(0, waveform.size - 1, speed)
    return np.interp(positions, np.arange(waveform.size), waveform).astype(np.float32)


def equalized(
    waveform: Waveform, sampling_rate: int, rng: Generator, *, spread_db: float = 2.0
) -> Waveform:
    """Raise or lower each octave a little, as another loudspeaker would.

    Args:
        waveform: Shape (samples,).
        sampling_rate: In Hz.
        rng: Draws the gains.
        spread_db: Gains lie within plus and minus this; 2 dB is about what trained ears notice.

    Returns:
        Of the same length; linear phase, gains interpolated over the logarithm of frequency.
    """
    gains_db = rng.uniform(-spread_db, spread_db, len(BANDS_HZ))
    if not waveform.size:
        return waveform.copy()
    frequencies = np.fft.rfftfreq(waveform.size, 1 / sampling_rate)
    octaves = np.log2(np.maximum(frequencies, BANDS_HZ[0] / 2))
    curve = 10 ** (np.interp(octaves, np.log2(BANDS_HZ), gains_db) / 20)
    return np.fft.irfft(np.fft.rfft(waveform) * curve, waveform.size).astype(np.float32)


def in_room(
    waveform: Waveform,
    sampling_rate: int,
    rng: Generator,
    *,
    decay_s: tuple[float, float],
    share: tuple[float, float],
) -> Waveform:
    """Add the reverberation of a room: exponentially decaying noise after the direct sound.

    Args:
        waveform: Shape (samples,).
        sampling_rate: In Hz.
        rng: Draws decay, noise and strength.
        decay_s: Bounds of the time in which it falls by 60 dB; a furnished room has 0.3 s or more.
        share: Bounds of its amplitude over that of the direct sound.

    Source:
        Statistical model of late reverberation (Polack 1988).
    """
    length_s = rng.uniform(*decay_s)
    time = np.arange(int(length_s * sampling_rate)) / sampling_rate
    tail = rng.standard_normal(time.size) * np.exp(-6.9 * time / length_s)
    tail *= rng.uniform(*share) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    n_fft = 1 << (waveform.size + tail.size - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(waveform, n_fft) * np.fft.rfft(tail, n_fft), n_fft)
    return wet[: waveform.size].astype(np.float32)

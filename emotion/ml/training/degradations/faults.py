"""Faults of microphones and converters: level, clipping, pops, hum, hiss and offset."""

from typing import Final

import numpy as np
from numpy.random import Generator

from emotion.ml.speech.features import FloatArray

RATE: Final = 16_000


def rounded(waveform: FloatArray) -> FloatArray:
    """Round to 16 bits, as a file does; shape (samples,) as given."""
    return (np.clip(np.round(waveform * 32768), -32768, 32767) / 32768).astype(np.float32)


def at_gain(waveform: FloatArray, gain_db: float) -> FloatArray:
    """Change the level and round to 16 bits: what is too soft loses detail."""
    return rounded(waveform * np.float32(10 ** (gain_db / 20)))


def clipped(waveform: FloatArray, over_db: float) -> FloatArray:
    """Drive the peaks so far over full scale, and come out at a peak of 0.9."""
    peak = max(float(np.abs(waveform).max(initial=0.0)), 1e-9)
    driven = np.clip(waveform / peak * 10 ** (over_db / 20), -1.0, 1.0)
    return (driven * 0.9).astype(np.float32)


def with_offset(waveform: FloatArray, offset: float) -> FloatArray:
    """Add a constant, as a converter without a capacitor before it does."""
    return rounded(waveform + np.float32(offset))


def with_pop(
    waveform: FloatArray, rng: Generator, *, seconds: float = 0.01, peak: float = 0.5
) -> FloatArray:
    """Add one pop anywhere: a decaying thump, or as often a decaying crackle.

    Args:
        waveform: Mono signal at 16 kHz, shape (samples,).
        rng: Draws place and kind.
        seconds: How long it lasts.
        peak: Its largest sample; 1 is full scale.
    """
    length = min(max(8, round(seconds * RATE)), waveform.size)
    time = np.arange(length) / length
    thump = np.sin(2 * np.pi * (rng.uniform(0.5, 4.0) * time + rng.random()))
    pop = np.exp(-4 * time) * (thump if rng.random() < 0.5 else rng.standard_normal(length))
    start = int(rng.integers(waveform.size - length + 1))
    out = waveform.copy()
    out[start : start + length] += (peak * pop / np.abs(pop).max()).astype(np.float32)
    return rounded(out)


def with_hum(
    waveform: FloatArray, rng: Generator, *, level_dbfs: float, hz: float = 50.0, harmonics: int = 1
) -> FloatArray:
    """Add mains hum.

    Args:
        waveform: Mono signal at 16 kHz, shape (samples,).
        rng: Draws the phases.
        level_dbfs: Its root mean square over full scale.
        hz: Of the mains.
        harmonics: Tones, each weaker by its number.
    """
    time = np.arange(waveform.size) / RATE
    hum = np.zeros(waveform.size)
    for number in range(1, harmonics + 1):
        hum += np.sin(2 * np.pi * (hz * number * time + rng.random())) / number
    hum *= 10 ** (level_dbfs / 20) / np.sqrt(np.mean(hum**2))
    return rounded((waveform + hum).astype(np.float32))


def after_hiss(
    waveform: FloatArray, rng: Generator, *, seconds: float, level_dbfs: float
) -> FloatArray:
    """Let hiss run alone for a time, then under the speech; longer by that time."""
    lead = np.zeros(round(seconds * RATE), np.float32)
    both = np.concatenate([lead, waveform])
    hiss = rng.standard_normal(both.size) * 10 ** (level_dbfs / 20)
    return rounded((both + hiss).astype(np.float32))

"""Sound beside the speech: noise, crowds, music, and mixing them in at a ratio."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from audio.silence import frame_powers
from emotion.ml.speech.features import FloatArray
from emotion.ml.speech.hearing import HOP, LEVEL_MARGIN_DB, loudness

RATE: Final = 16_000


@dataclass(frozen=True)
class Surroundings:
    """Sounds to mix in.

    Attributes:
        voices: Clips that a crowd is made of.
        noises: Recorded sounds that are no speech.
        speeds: Bounds of how fast the voices are played; a few speakers at several speeds stand
            for many.
    """

    voices: Sequence[FloatArray]
    noises: Sequence[FloatArray] = ()
    speeds: tuple[float, float] = (1.0, 1.0)


def speech_power(waveform: FloatArray) -> float:
    """Return the mean square over active frames, after the active level of ITU-T P.56."""
    power = frame_powers(waveform, HOP)
    if not power.size:
        return float(np.mean(np.square(waveform, dtype=np.float64)))
    return float(power[power >= loudness(power) * 10 ** (-LEVEL_MARGIN_DB / 10)].mean())


def mixed(speech: FloatArray, sound: FloatArray, snr_db: float) -> FloatArray:
    """Add sound so that the active level of the speech is `snr_db` above it; never clipped.

    Args:
        speech: Mono signal at 16 kHz, shape (samples,).
        sound: Repeated or cut to the length of the speech.
        snr_db: Of the speech's active frames over the whole of the sound.
    """
    sound = np.resize(sound, speech.size)
    power = max(float(np.mean(np.square(sound, dtype=np.float64))), 1e-12)
    gain = np.sqrt(speech_power(speech) / power) * 10 ** (-snr_db / 20)
    both = speech + sound * gain
    return (both / max(1.0, float(np.abs(both).max()) / 0.99)).astype(np.float32)


def coloured(samples: int, rng: Generator, slope_db: float) -> FloatArray:
    """Make noise that falls by so many dB an octave: 0 white, 3 pink, 6 brown; an RMS of 1."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hz = np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 30)  # a bound for the lowest
    shaped = np.fft.irfft(spectrum * (hz / 1000) ** (-slope_db / 6.02), samples)
    return (shaped / np.sqrt(np.mean(shaped**2))).astype(np.float32)


def recorded(samples: int, rng: Generator, noises: Sequence[FloatArray]) -> FloatArray:
    """Cut a stretch out of one recorded sound, repeated where it is shorter."""
    sound = noises[int(rng.integers(len(noises)))]
    turned = np.roll(np.resize(sound, max(samples, sound.size)), int(rng.integers(sound.size)))
    return turned[:samples]


def babble(samples: int, rng: Generator, around: Surroundings, *, talkers: int = 6) -> FloatArray:
    """Let several voices of equal level talk at once, each from clip to clip without a gap."""
    total = np.zeros(samples, np.float32)
    for _ in range(talkers):
        total += _talker(samples, rng, around)
    return total


def _talker(samples: int, rng: Generator, around: Surroundings) -> FloatArray:
    speed = rng.uniform(*around.speeds)
    clips: list[FloatArray] = []
    while sum(clip.size for clip in clips) < samples + RATE:
        clip = around.voices[int(rng.integers(len(around.voices)))]
        if speed != 1:
            places = np.arange(0, clip.size - 1, speed)
            clip = np.interp(places, np.arange(clip.size), clip).astype(np.float32)
        clips.append(clip / np.float32(np.sqrt(speech_power(clip)) + 1e-9))
    row = np.concatenate(clips)
    start = int(rng.integers(row.size - samples))
    return row[start : start + samples]


def music(samples: int, rng: Generator) -> FloatArray:
    """Play chords of decaying notes to a beat; stands for music, at an RMS of 1."""
    out = np.zeros(samples)
    beat, root_hz = int(rng.uniform(0.25, 0.6) * RATE), rng.uniform(80, 220)
    for start in range(-int(rng.integers(beat)), samples, beat):
        place = max(start, 0)
        for semitones in rng.choice((0, 3, 4, 5, 7, 9, 12, 16), 3, replace=False):
            time = np.arange(min(2 * beat, samples - place)) / RATE
            out[place : place + time.size] += _note(time, root_hz * 2 ** (semitones / 12), rng)
    return (out / (np.sqrt(np.mean(out**2)) + 1e-9)).astype(np.float32)


def _note(time: np.ndarray, hz: float, rng: Generator) -> np.ndarray:
    harmonics = [k for k in range(1, 8) if hz * k < 7000]
    waves = [np.sin(2 * np.pi * hz * k * time) / k**1.5 for k in harmonics]
    return np.sum(waves, axis=0) * np.exp(-time * rng.uniform(1, 6))

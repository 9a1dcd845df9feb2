"""Training copies: random chains of what happens to speech from mouth to file."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.random import Generator

from emotion.ml.speech.features import SILENT_PEAK, FloatArray
from emotion.ml.training.augmentation import at_speed
from emotion.ml.training.degradations.beside import (
    Surroundings,
    babble,
    coloured,
    mixed,
    music,
    recorded,
    speech_power,
)
from emotion.ml.training.degradations.faults import (
    after_hiss,
    at_gain,
    clipped,
    with_hum,
    with_pop,
)
from emotion.ml.training.degradations.lines import (
    has_codec,
    low_passed,
    mu_law,
    telephone_band,
    through_codec,
)
from emotion.ml.training.degradations.rooms import diffuse_response, in_room, shoebox_response

RATE: Final = 16_000
CORNERS_HZ: Final = (80, 160, 320, 640, 1280, 2560, 5120, 8000)

QUIETEST_DBFS: Final = -60.0
"""Active level of the softest copy: what a distant talker leaves on a microphone with no gain."""

BIT_RATES: Final = {
    "amr": (4_750, 5_900, 7_400, 12_200),
    "opus": (6_000, 9_000, 12_000, 16_000, 24_000),
    "mp3": (16_000, 24_000, 32_000),
    "aac": (16_000, 24_000, 32_000),
    "g726": (16_000, 24_000, 32_000),
}


@dataclass(frozen=True)
class CopyConfig:
    """How often each thing happens to a copy, and how strongly."""

    speed: float = 0.5
    tone: float = 0.6
    tone_db: float = 6.0
    room: float = 0.35
    beside: float = 0.55
    snr_db: tuple[float, float] = (5.0, 30.0)
    clip: float = 0.1
    fault: float = 0.15
    band: float = 0.25
    codec: float = 0.25
    part_s: tuple[float, float] = (0.4, 1.6)


def random_copy(
    waveform: FloatArray, rng: Generator, around: Surroundings, config: CopyConfig
) -> FloatArray:
    """Send a clip through whatever chance adds, in the order of nature: voice, room, wire, file.

    Args:
        waveform: Mono signal at 16 kHz, shape (samples,).
        rng: Draws what happens; the same state gives the same samples.
        around: Voices and noises to mix in; noise is made where none is recorded.
        config: How often each step is taken.
    """
    steps: tuple[tuple[float, Callable[[FloatArray], FloatArray]], ...] = (
        (config.speed, lambda x: at_speed(x, Fraction(int(rng.integers(90, 111)), 100))),
        (config.tone, lambda x: _toned(x, rng, config.tone_db)),
        (config.room, lambda x: _in_some_room(x, rng)),
        (
            config.beside,
            lambda x: mixed(x, _some_sound(x.size, rng, around), rng.uniform(*config.snr_db)),
        ),
        (config.clip, lambda x: clipped(x, rng.uniform(3, 25))),
        (config.fault, lambda x: _with_some_fault(x, rng)),
        (config.band, lambda x: _in_some_band(x, rng)),
        (config.codec, lambda x: _through_some_codec(x, rng)),
    )
    for share, step in steps:
        if rng.random() < share:
            waveform = step(waveform)
    return waveform


def random_part(
    speech: FloatArray, rng: Generator, around: Surroundings, config: CopyConfig
) -> FloatArray:
    """Cut out a stretch, as often from the start as from anywhere; every other one degraded.

    Args:
        speech: Without silence at its start, shape (samples,).
        rng: Draws length and place.
        around: As `random_copy`.
        config: `part_s` bounds the length.
    """
    length = int(rng.uniform(*config.part_s) * RATE)
    last = max(0, speech.size - length)
    start = 0 if rng.random() < 0.5 else int(rng.integers(last + 1))
    part = speech[start : start + length]
    if np.abs(part).max() < SILENT_PEAK:  # all of it in a pause
        part = speech[:length]
    return random_copy(part, rng, around, config) if rng.random() < 0.5 else part


def _toned(waveform: FloatArray, rng: Generator, spread_db: float) -> FloatArray:
    """Another microphone: a random curve over octaves and a tilt."""
    gains = rng.normal(0, spread_db / 2, len(CORNERS_HZ))
    gains += rng.normal(0, spread_db / 4) * np.linspace(-2, 2, len(CORNERS_HZ))
    hz = np.maximum(np.fft.rfftfreq(waveform.size, 1 / RATE), 40)
    curve = 10 ** (np.interp(np.log2(hz), np.log2(CORNERS_HZ), gains) / 20)
    return np.fft.irfft(np.fft.rfft(waveform) * curve, waveform.size).astype(np.float32)


def _in_some_room(waveform: FloatArray, rng: Generator) -> FloatArray:
    decay_s = rng.uniform(0.15, 0.9)
    if rng.random() < 0.3:
        distance_m = rng.uniform(0.3, 2.5)
        response = shoebox_response(rng, decay_s=decay_s, distance_m=distance_m, order=10)
    else:
        response = diffuse_response(rng, decay_s=decay_s, direct_db=rng.uniform(-4, 10))
    return in_room(waveform, response)


def _some_sound(samples: int, rng: Generator, around: Surroundings) -> FloatArray:
    kind = rng.random()
    if kind < 0.35 and around.voices:
        return babble(samples, rng, around, talkers=int(rng.integers(2, 9)))
    if kind < 0.65 and around.noises:
        return recorded(samples, rng, around.noises)
    if kind < 0.75:
        return music(samples, rng)
    return coloured(samples, rng, rng.uniform(-1, 7))


def _with_some_fault(waveform: FloatArray, rng: Generator) -> FloatArray:
    kind = int(rng.integers(4))
    if kind == 0:
        seconds, peak = rng.uniform(0.003, 0.03), rng.uniform(0.05, 0.8)
        return with_pop(waveform, rng, seconds=seconds, peak=peak)
    if kind == 1:
        hz, level_dbfs = float(rng.choice((50, 60))), rng.uniform(-55, -35)
        harmonics = int(rng.integers(1, 6))
        return with_hum(waveform, rng, level_dbfs=level_dbfs, hz=hz, harmonics=harmonics)
    if kind == 2:
        seconds, level_dbfs = rng.uniform(0, 0.7), rng.uniform(-70, -45)
        return after_hiss(waveform, rng, seconds=seconds, level_dbfs=level_dbfs)
    # Not further down than this, or a soft voice would be silence.
    room_db = QUIETEST_DBFS - 10 * np.log10(speech_power(waveform) + 1e-12)
    return at_gain(waveform, max(rng.uniform(-40, 0), min(0.0, float(room_db))))


def _in_some_band(waveform: FloatArray, rng: Generator) -> FloatArray:
    if rng.random() < 0.6:
        return telephone_band(waveform, rng.uniform(150, 400), rng.uniform(2800, 3900))
    return low_passed(waveform, rng.uniform(2500, 7000))


def _through_some_codec(waveform: FloatArray, rng: Generator) -> FloatArray:
    """Of those that this FFmpeg has; mu-law needs none."""
    names = ["mu-law", *filter(has_codec, BIT_RATES)]
    name = names[int(rng.integers(len(names)))]
    if name == "mu-law":
        return mu_law(waveform)
    return through_codec(waveform, name, int(rng.choice(BIT_RATES[name])))

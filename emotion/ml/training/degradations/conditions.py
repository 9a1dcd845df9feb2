"""The conditions of the table: every degradation by name, at two strengths or more.

A condition takes a waveform at 16 kHz, a generator of random numbers and the sounds to mix in, and
gives a waveform that is about as long. The same seed gives the same samples.
"""

import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.random import Generator

from audio.silence import frame_powers, loud_frames, loud_span
from emotion.ml.errors import TrainingError
from emotion.ml.speech.features import ACTIVE_RANGE_DB, FloatArray
from emotion.ml.speech.hearing import HOP, lasting
from emotion.ml.training.degradations.beside import (
    Surroundings,
    babble,
    coloured,
    mixed,
    music,
    recorded,
)
from emotion.ml.training.degradations.faults import (
    after_hiss,
    at_gain,
    clipped,
    with_hum,
    with_offset,
    with_pop,
)
from emotion.ml.training.degradations.lines import mu_law, telephone_band, through_codec
from emotion.ml.training.degradations.rooms import diffuse_response, in_room, shoebox_response

RATE: Final = 16_000
CLEAN: Final = "clean"

Condition = Callable[[FloatArray, Generator, Surroundings], FloatArray]


def first_seconds(waveform: FloatArray, seconds: float) -> FloatArray:
    """Cut so much out from where speech begins; all there is of a shorter clip."""
    loud = loud_frames(lasting(frame_powers(waveform, HOP)), ACTIVE_RANGE_DB)
    start = loud_span(loud)[0] * HOP
    return waveform[start : start + round(seconds * RATE)]


def seeded(*names: object) -> Generator:
    """Return the random numbers of a name, the same on every machine."""
    return np.random.default_rng(zlib.crc32("|".join(map(str, names)).encode()))


def _alone(change: Callable[[FloatArray], FloatArray]) -> Condition:
    return lambda waveform, rng, around: change(waveform)


def _by_chance(change: Callable[[FloatArray, Generator], FloatArray]) -> Condition:
    return lambda waveform, rng, around: change(waveform, rng)


def _codec(name: str, bit_rate: int) -> Condition:
    return lambda waveform, rng, around: through_codec(waveform, name, bit_rate)


def _crowd(snr_db: float) -> Condition:
    return lambda x, rng, around: mixed(x, babble(x.size, rng, around), snr_db)


def _noise(snr_db: float) -> Condition:
    return lambda x, rng, around: mixed(x, recorded(x.size, rng, around.noises), snr_db)


def _pink(snr_db: float) -> Condition:
    return lambda x, rng, around: mixed(x, coloured(x.size, rng, 3), snr_db)


def _music(snr_db: float) -> Condition:
    return lambda x, rng, around: mixed(x, music(x.size, rng), snr_db)


def _diffuse(decay_s: float, direct_db: float) -> Condition:
    return lambda x, rng, around: in_room(
        x, diffuse_response(rng, decay_s=decay_s, direct_db=direct_db)
    )


def _shoebox(decay_s: float, distance_m: float) -> Condition:
    return lambda x, rng, around: in_room(
        x, shoebox_response(rng, decay_s=decay_s, distance_m=distance_m)
    )


def _pop(gain_db: float) -> Condition:
    return lambda x, rng, around: with_pop(at_gain(x, gain_db), rng)


CONDITIONS: Final[dict[str, Condition]] = {
    CLEAN: _alone(lambda waveform: waveform),
    "telephone band": _alone(telephone_band),
    "mu-law": _alone(mu_law),
    "telephone band, mu-law": _alone(lambda waveform: mu_law(telephone_band(waveform))),
    "AMR 12.2 kbit/s": _codec("amr", 12_200),
    "AMR 4.75 kbit/s": _codec("amr", 4_750),
    "G.726 16 kbit/s": _codec("g726", 16_000),
    "Opus 16 kbit/s": _codec("opus", 16_000),
    "Opus 8 kbit/s": _codec("opus", 8_000),
    "MP3 24 kbit/s": _codec("mp3", 24_000),
    "MP3 16 kbit/s": _codec("mp3", 16_000),
    "babble 20 dB": _crowd(20),
    "babble 10 dB": _crowd(10),
    "noise 20 dB": _noise(20),
    "noise 10 dB": _noise(10),
    "pink noise 20 dB": _pink(20),
    "pink noise 10 dB": _pink(10),
    "music 20 dB": _music(20),
    "music 10 dB": _music(10),
    "room 0.3 s": _diffuse(0.3, 0),
    "room 0.6 s": _diffuse(0.6, 0),
    "room 0.6 s, far": _diffuse(0.6, -5),
    "shoebox 0.4 s, 1 m": _shoebox(0.4, 1),
    "shoebox 0.7 s, 2 m": _shoebox(0.7, 2),
    "30 dB quieter": _alone(partial(at_gain, gain_db=-30)),
    "clipped 10 dB": _alone(partial(clipped, over_db=10)),
    "clipped 20 dB": _alone(partial(clipped, over_db=20)),
    "hum -40 dBFS": _by_chance(partial(with_hum, level_dbfs=-40)),
    "rich hum -40 dBFS": _by_chance(partial(with_hum, level_dbfs=-40, harmonics=5)),
    "hiss 0.5 s before": _by_chance(partial(after_hiss, seconds=0.5, level_dbfs=-60)),
    "pop on quiet speech": _pop(-20),
    "offset 0.1": _alone(partial(with_offset, offset=0.1)),
    "first 1 s": _alone(partial(first_seconds, seconds=1.0)),
    "first 0.5 s": _alone(partial(first_seconds, seconds=0.5)),
}
"""By name, in the order of the table. `docs/models.md` says what each is."""


def degraded(
    waveform: FloatArray, name: str, around: Surroundings, *, seed: object = 0
) -> FloatArray:
    """Put a clip through one condition.

    Args:
        waveform: Mono signal at 16 kHz, float32, shape (samples,).
        name: One of `CONDITIONS`.
        around: Voices and noises, of which babble and recorded noise need at least one each.
        seed: Tells one clip from another.

    Returns:
        Float32, about as long.

    Raises:
        TrainingError: If there is no such condition, or what it mixes in is missing.
    """
    if name not in CONDITIONS:
        raise TrainingError(f"Unknown condition {name!r}: choose from {'; '.join(CONDITIONS)}")
    if name.startswith("noise") and not around.noises:
        raise TrainingError(f"The condition {name!r} needs recorded sounds: add noise=FOLDER")
    if name.startswith("babble") and not around.voices:
        raise TrainingError(f"The condition {name!r} needs clips of other speakers: add a corpus")
    return CONDITIONS[name](waveform, seeded(name, seed), around)

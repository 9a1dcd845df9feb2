"""What the visitor hears: a clip of either pool made into the same kind of file.

Known and dummy clips come from different pools. Here both get the same edges, level, noise floor,
rate and codec, and a small random change of speed, timbre, room and level, so that neither the
file tells which is which nor two servings of one clip are alike.
"""

import numpy as np
from numpy.typing import NDArray

from audio import DecodeLimits, decode, encode_wav, set_level
from audio.effects import at_speed, equalized, in_room
from audio.silence import frame_powers, loud_frames, loud_span

SAMPLING_RATE_HZ = 16_000
# A sentence; a longer one would be no fair question.
LIMITS = DecodeLimits(max_bytes=4 * 1024 * 1024, max_duration_s=30.0)

LEVEL_DBFS = -23.0  # loudness of speech in broadcasting, EBU R 128
LEVEL_SPREAD_DB = 1.0  # below what listeners notice between sentences
SPEED_SPREAD = 0.02  # 2 %, a third of a semitone: changes every sample, no emotion
# Dry and near, as of a cupboard: a furnished room rings for 0.3 s.
ROOM = {"decay_s": (0.03, 0.12), "share": (0.05, 0.2)}
NOISE_DBFS = -62.0  # masks digital silence and differing noise floors, hardly audible

FRAME = SAMPLING_RATE_HZ // 100  # 10 ms
QUIET_DB = 40.0  # so far below the loudest frame counts as silence before and after speech
KEPT_FRAMES = 5  # soft onsets and endings that the threshold would cut
PADDING_S = 0.25
FADE = FRAME  # 10 ms: no click where the edges are cut


def render_item(data: bytes, *, seed: str) -> bytes:
    """Make the file of one serving.

    Args:
        data: The clip as it lies in its pool, in any format that `audio.decode` reads.
        seed: Secret hexadecimal number of the serving; the same seed gives the same file, so that
            fetching again reveals nothing that averages out the noise.

    Returns:
        WAV, 16 bit, mono, 16 kHz, without metadata. Every browser plays it; Ogg Opus is refused
        by Safari before version 17.

    Raises:
        audio.AudioError: If the clip cannot be decoded.
    """
    rng = np.random.default_rng(int(seed, 16))
    speech = _faded(_trimmed(decode(data, sampling_rate=SAMPLING_RATE_HZ, limits=LIMITS)))
    speech = at_speed(speech, 1.0 + rng.uniform(-SPEED_SPREAD, SPEED_SPREAD))
    speech = equalized(speech, SAMPLING_RATE_HZ, rng)
    speech = in_room(speech, SAMPLING_RATE_HZ, rng, **ROOM)
    level = LEVEL_DBFS + rng.uniform(-LEVEL_SPREAD_DB, LEVEL_SPREAD_DB)
    padded = np.pad(set_level(speech, target_rms_dbfs=level), round(PADDING_S * SAMPLING_RATE_HZ))
    noise = rng.standard_normal(padded.size, dtype=np.float32) * np.float32(10 ** (NOISE_DBFS / 20))
    return encode_wav(padded + noise, SAMPLING_RATE_HZ)


def _trimmed(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the silence at both ends."""
    whole = np.pad(waveform, (0, -waveform.size % FRAME))
    loud = loud_frames(frame_powers(whole, FRAME), QUIET_DB)
    first, last = loud_span(loud, kept=KEPT_FRAMES)
    return waveform[first * FRAME : last * FRAME]


def _faded(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    length = min(FADE, waveform.size // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    faded = waveform.copy()
    faded[:length] *= ramp
    faded[waveform.size - length :] *= ramp[::-1]
    return faded

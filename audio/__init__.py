"""Speech signals in and out of files: decoding, encoding, level and voice activity.

Every waveform is mono float32 in [-1, 1] with shape (samples,).
"""

from audio.decoding import DecodeLimits, decode
from audio.encoding import encode_ogg_opus, encode_wav
from audio.errors import (
    AudioError,
    EmptyAudioError,
    NoAudioError,
    NonFiniteError,
    TooLargeError,
    TooLongError,
    UndecodableError,
)
from audio.level import peak_dbfs, rms_dbfs, set_level
from audio.voice_activity import voiced_segments

__all__ = [
    "AudioError",
    "DecodeLimits",
    "EmptyAudioError",
    "NoAudioError",
    "NonFiniteError",
    "TooLargeError",
    "TooLongError",
    "UndecodableError",
    "decode",
    "encode_ogg_opus",
    "encode_wav",
    "peak_dbfs",
    "rms_dbfs",
    "set_level",
    "voiced_segments",
]

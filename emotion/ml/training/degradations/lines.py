"""Narrow bands and codecs: telephones, calls over the net, small files."""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from emotion.ml.errors import TrainingError
from emotion.ml.speech.features import FloatArray
from emotion.ml.training.augmentation import companded

RATE: Final = 16_000
NARROW_RATE: Final = 8_000
BLOCK: Final = 1024
"""Samples given at once to a codec that has no frame of its own."""


LATEST: Final = RATE // 10
"""What a codec may be late by, and keeps at the end."""


@dataclass(frozen=True)
class Codec:
    """How FFmpeg names a codec, and the form that it takes."""

    encoder: str
    container: str
    sampling_rate: int = RATE
    options: tuple[tuple[str, str], ...] = ()


CODECS: Final = {
    "opus": Codec("libopus", "ogg", options=(("application", "voip"),)),
    "mp3": Codec("libmp3lame", "mp3"),
    "aac": Codec("aac", "adts"),
    # At 12.2 kbit/s this is the enhanced full rate of GSM.
    "amr": Codec("libopencore_amrnb", "amr", NARROW_RATE),
    "g726": Codec("adpcm_g726", "wav", NARROW_RATE),
    "g722": Codec("adpcm_g722", "wav"),
}


def telephone_band(
    waveform: FloatArray, low_hz: float = 300.0, high_hz: float = 3400.0
) -> FloatArray:
    """Pass a band by a Butterworth filter of the fourth order (ITU-T G.712 has these bounds)."""
    band = butter(4, (low_hz, high_hz), "bandpass", fs=RATE, output="sos")
    return sosfilt(band, waveform).astype(np.float32)


def low_passed(waveform: FloatArray, high_hz: float) -> FloatArray:
    """Leave out what is above by a Butterworth filter of the sixth order."""
    band = butter(6, high_hz, "lowpass", fs=RATE, output="sos")
    return sosfilt(band, waveform).astype(np.float32)


def mu_law(waveform: FloatArray) -> FloatArray:
    """Code with 8 kHz and eight bits by mu-law at the level as it is (ITU-T G.711)."""
    narrow = resample_poly(waveform, 1, 2)
    decoded = companded(np.clip(narrow, -1.0, 1.0), full_scale=1.0)
    return resample_poly(decoded, 2, 1)[: waveform.size].astype(np.float32)


def has_codec(name: str) -> bool:
    """Tell whether this build of FFmpeg can encode so."""
    try:
        av.codec.Codec(CODECS[name].encoder, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def through_codec(waveform: FloatArray, name: str, bit_rate: int) -> FloatArray:
    """Encode and decode.

    Args:
        waveform: Mono signal at 16 kHz, shape (samples,).
        name: One of `CODECS`.
        bit_rate: In bits a second; of AMR one of its eight rates.

    Returns:
        About as long: codecs add and leave out some milliseconds at the ends.

    Raises:
        TrainingError: If this build of FFmpeg lacks the encoder.
    """
    codec = CODECS[name]
    if not has_codec(name):
        raise TrainingError(f"This FFmpeg has no {codec.encoder}: use PyAV's own build, or none")
    signal = resample_poly(waveform, 1, 2) if codec.sampling_rate == NARROW_RATE else waveform
    pcm = (np.clip(signal, -1, 1) * 32767).round().astype(np.int16)
    return _decoded(_encoded(pcm, codec, bit_rate))[: waveform.size + LATEST]


def _encoded(pcm: NDArray[np.int16], codec: Codec, bit_rate: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, mode="w", format=codec.container) as writer:
        stream: Any = writer.add_stream(codec.encoder, rate=codec.sampling_rate, layout="mono")
        stream.bit_rate = bit_rate
        stream.options = dict(codec.options)
        form, rate = stream.codec_context.format, codec.sampling_rate
        fifo = _as_fifo(pcm, form.name, rate)
        size = stream.codec_context.frame_size or BLOCK
        done = 0
        # Only frames that are whole, for AMR knows no others; the zeros at the end complete one.
        while (frame := fifo.read(size)) is not None:
            frame.pts, frame.time_base = done, Fraction(1, rate)
            done += size
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode(None))
    return buffer.getvalue()


def _as_fifo(pcm: NDArray[np.int16], form: str, rate: int) -> av.AudioFifo:
    """Line the samples up in the form that the encoder takes, with zeros that fill a frame."""
    padded = np.concatenate([pcm, np.zeros(BLOCK + 256, np.int16)])
    frame = av.AudioFrame.from_ndarray(padded[None], format="s16", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(form, "mono", rate)
    fifo = av.AudioFifo()
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        fifo.write(piece)
    return fifo


def _decoded(file: bytes) -> FloatArray:
    """Read what was just written; `audio.decode` takes no AMR."""
    with av.open(io.BytesIO(file), mode="r") as reader:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [*reader.decode(audio=0), None]
        pieces = [piece.to_ndarray() for frame in frames for piece in resampler.resample(frame)]
    return np.concatenate(pieces, axis=1)[0].astype(np.float32)

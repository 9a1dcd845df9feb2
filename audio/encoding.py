"""Writing of waveforms; no metadata is written, so a file tells nothing beyond its sound."""

import io
import wave

import av
import numpy as np
from numpy.typing import NDArray

OPUS_SAMPLING_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)  # RFC 6716, section 2


def encode_wav(waveform: NDArray[np.float32], sampling_rate: int) -> bytes:
    """Encode as 16-bit PCM WAV.

    Args:
        waveform: Mono signal, float32 in [-1, 1], shape (samples,); clipped outside.
        sampling_rate: In Hz.

    Returns:
        A complete RIFF file: the 44 byte header and the samples.
    """
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sampling_rate)
        writer.writeframes(_pcm16(waveform).tobytes())
    return buffer.getvalue()


def encode_ogg_opus(
    waveform: NDArray[np.float32], sampling_rate: int, *, bit_rate: int = 32_000
) -> bytes:
    """Encode as Ogg Opus.

    Args:
        waveform: Mono signal, float32 in [-1, 1], shape (samples,).
        sampling_rate: One of the rates Opus codes, in Hz.
        bit_rate: In bits a second; 32 000 is transparent for wide-band speech.

    Raises:
        ValueError: If Opus has no such sampling rate.
    """
    if sampling_rate not in OPUS_SAMPLING_RATES:
        raise ValueError(f"Opus cannot code {sampling_rate} Hz: use one of {OPUS_SAMPLING_RATES}")
    buffer = io.BytesIO()
    with av.open(buffer, mode="w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=sampling_rate, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(_pcm16(waveform)[None, :], format="s16", layout="mono")
        frame.sample_rate = sampling_rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return buffer.getvalue()


def _pcm16(waveform: NDArray[np.float32]) -> NDArray[np.int16]:
    return (np.clip(waveform, -1.0, 1.0) * 32_767.0).round().astype("<i2")

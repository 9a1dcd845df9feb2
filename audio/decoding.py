"""Decoding of media files with PyAV, in bounded memory."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from audio.errors import (
    EmptyAudioError,
    NoAudioError,
    NonFiniteError,
    TooLargeError,
    TooLongError,
    UndecodableError,
)

# Containers of plain media. FFmpeg also knows playlists (hls, dash, concat) that make it open
# further files or addresses: an upload must not reach those, so the whitelist acts before any
# header is read.
ALLOWED_FORMATS = (
    "wav",
    "flac",
    "mp3",
    "ogg",
    "matroska",
    "webm",
    "mov",
    "mp4",
    "aac",
    "aiff",
    "au",
)
DEMUXER_OPTIONS = {"format_whitelist": ",".join(ALLOWED_FORMATS), "protocol_whitelist": "none"}


@dataclass(frozen=True)
class DecodeLimits:
    """What a decoder accepts; every bound is checked while reading, before more is read.

    Attributes:
        max_bytes: Encoded size.
        max_duration_s: Decoded length in seconds.
        max_channels: More channels than this are refused; FFmpeg mixes the rest down to mono.
    """

    max_bytes: int = 25 * 1024 * 1024
    max_duration_s: float = 300.0
    max_channels: int = 8


def decode(
    source: str | Path | bytes | BinaryIO,
    *,
    sampling_rate: int = 16_000,
    limits: DecodeLimits | None = None,
) -> NDArray[np.float32]:
    """Decode the first audio stream of a file to mono.

    A truncated file gives what could be decoded, as players do.

    Args:
        source: A path, the file's bytes, or a seekable binary file.
        sampling_rate: Wanted rate in Hz; the stream is resampled to it.
        limits: Bounds on size and length; `DecodeLimits()` when omitted.

    Returns:
        Waveform, float32 in [-1, 1], shape (samples,), at least one sample.

    Raises:
        TooLargeError, TooLongError: Over a limit.
        EmptyAudioError: No bytes or no decoded sample.
        NoAudioError: No audio stream, for instance a silent video.
        NonFiniteError: Samples that are NaN or infinite.
        UndecodableError: Not a supported media file.
    """
    limits = limits or DecodeLimits()
    stream = _open_bounded(source, limits.max_bytes)
    try:
        with av.open(
            _NamelessFile(stream), mode="r", options=DEMUXER_OPTIONS, metadata_errors="ignore"
        ) as container:
            chunks = list(_decode_chunks(container, sampling_rate, limits))
    except (FFmpegError, ValueError) as error:
        raise UndecodableError(
            "The file cannot be decoded: send WAV, FLAC, MP3, Ogg, WebM or MP4/M4A audio"
        ) from error
    finally:
        if isinstance(source, str | Path):
            stream.close()
    return _finish(chunks)


class _NamelessFile:
    """A file without its name: FFmpeg guesses by it, and would take a letter x.flac for silence."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # Not its return value: Django's files give None.
        self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        return self._file.tell()


def _open_bounded(source: str | Path | bytes | BinaryIO, max_bytes: int) -> BinaryIO:
    if isinstance(source, bytes):
        stream: BinaryIO = io.BytesIO(source)
    elif isinstance(source, str | Path):
        stream = open(source, "rb")  # noqa: SIM115 - closed by decode()
    else:
        stream = source
    stream.seek(0, io.SEEK_END)
    size = stream.tell()
    stream.seek(0)
    if size == 0:
        raise EmptyAudioError("The file is empty (0 bytes): send a recording")
    if size > max_bytes:
        raise TooLargeError(f"The file has {size} bytes: at most {max_bytes} are allowed")
    return stream


def _decode_chunks(
    container: av.container.InputContainer, sampling_rate: int, limits: DecodeLimits
) -> Iterator[NDArray[np.float32]]:
    if not container.streams.audio:
        raise NoAudioError("The file has no audio stream: send a recording with sound")
    audio_stream = container.streams.audio[0]
    _check_stream(audio_stream, limits)
    resampler = av.AudioResampler("flt", "mono", sampling_rate)
    left_s = limits.max_duration_s
    for frame in _frames(container, audio_stream):
        # Counted before resampling: one frame at a rate of 1 Hz would become an hour of samples.
        left_s -= frame.samples / frame.sample_rate if frame else 0.0
        if left_s < 0:
            raise TooLongError(
                f"The recording is longer than {limits.max_duration_s:g} s: send a shorter one"
            )
        for piece in resampler.resample(frame):
            yield _samples(piece)


def _check_stream(audio_stream: av.AudioStream, limits: DecodeLimits) -> None:
    codec = audio_stream.codec_context
    if codec is None:
        raise UndecodableError("The sound is in a codec that is not known: send WAV or FLAC audio")
    if codec.channels > limits.max_channels:
        raise UndecodableError(
            f"The file has {codec.channels} channels: at most {limits.max_channels} are accepted"
        )


def _frames(
    container: av.container.InputContainer, audio_stream: av.AudioStream
) -> Iterator[av.AudioFrame | None]:
    """All frames, then None to flush the resampler; stops at damage once something came out."""
    seen = False
    try:
        for frame in container.decode(audio_stream):
            seen = True
            yield frame
    except FFmpegError:
        # A cut-off tail is how interrupted recordings end; only a file with no frame is an error.
        if not seen:
            raise
    if seen:
        yield None


def _samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    return np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1)  # (samples,)


def _finish(chunks: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    waveform = np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
    if not waveform.size:
        raise EmptyAudioError("The file has no audio sample: send a recording")
    if not np.isfinite(waveform).all():
        raise NonFiniteError("The recording has samples that are NaN or infinite: export it again")
    return np.clip(waveform, -1.0, 1.0)

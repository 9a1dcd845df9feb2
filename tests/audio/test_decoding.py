import io
import struct
import subprocess
import sys

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import (
    AudioError,
    DecodeLimits,
    EmptyAudioError,
    NoAudioError,
    NonFiniteError,
    TooLargeError,
    TooLongError,
    UndecodableError,
    decode,
    encode_wav,
)

RATE = 16_000


def tone(seconds: float, rate: int = RATE, hz: float = 440.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype("f4")


def encoded(container: str, codec: str, rate: int, channels: int = 1, seconds: float = 1.0):
    buffer = io.BytesIO()
    layout = {1: "mono", 2: "stereo", 8: "7.1"}[channels]
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        samples = np.repeat(tone(seconds, rate), channels)[None]  # interleaved
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 16_000),
        ("wav", "pcm_f32le", 44_100),
        ("wav", "pcm_s16le", 192_000),
        ("flac", "flac", 48_000),
        ("mp3", "libmp3lame", 44_100),
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("matroska", "libopus", 48_000),
        ("mp4", "aac", 44_100),
        ("adts", "aac", 44_100),
    ],
)
def test_every_accepted_format_gives_the_tone_back(container, codec, rate):
    waveform = decode(encoded(container, codec, rate))
    assert waveform.dtype == np.float32
    assert waveform.size == pytest.approx(RATE, rel=0.06)
    spectrum = np.abs(np.fft.rfft(waveform[2000:14_000]))
    assert spectrum.argmax() * RATE / 12_000 == pytest.approx(440, abs=3)


def test_a_wav_of_16_khz_survives_unchanged():
    waveform = tone(0.5)
    assert np.abs(decode(encode_wav(waveform, RATE)) - waveform).max() < 1 / 32_000


def test_eight_channels_are_mixed_down():
    assert decode(encoded("wav", "pcm_s16le", RATE, channels=8)).shape == (RATE,)


def test_more_channels_than_allowed_are_refused():
    with pytest.raises(UndecodableError, match="2 channels"):
        decode(encoded("wav", "pcm_s16le", RATE, channels=2), limits=DecodeLimits(max_channels=1))


def test_the_wanted_rate_is_given():
    assert decode(encode_wav(tone(1), RATE), sampling_rate=8_000).size == pytest.approx(8000, abs=9)


def test_paths_bytes_and_files_are_accepted(tmp_path):
    data = encode_wav(tone(0.2), RATE)
    path = tmp_path / "tone.wav"
    path.write_bytes(data)
    for source in (path, str(path), data, io.BytesIO(data)):
        assert decode(source).size == 3_200


def test_a_wrong_extension_does_not_matter(tmp_path):
    path = tmp_path / "tone.mp3"
    path.write_bytes(encode_wav(tone(0.2), RATE))
    assert decode(path).size == 3_200


def test_a_letter_named_like_a_recording_is_no_recording(tmp_path):
    path = tmp_path / "letter.flac"
    path.write_text("Dear all, " * 500)
    with pytest.raises(UndecodableError):
        decode(path)


def test_a_truncated_file_gives_what_there_is():
    data = encoded("mp3", "libmp3lame", 44_100)
    assert 0 < decode(data[: len(data) // 2]).size < RATE


def test_one_sample_is_audio():
    assert decode(encode_wav(np.array([0.5], "f4"), RATE)).shape == (1,)


def test_silence_is_audio():
    assert not decode(encode_wav(np.zeros(RATE, "f4"), RATE)).any()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyAudioError),
        (encode_wav(np.zeros(0, "f4"), RATE), EmptyAudioError),
        (b"hello world " * 500, UndecodableError),
        (b"<html><body>404</body></html>", UndecodableError),
        (b"%PDF-1.7\n" + bytes(4000), UndecodableError),
        (bytes(range(256)) * 64, UndecodableError),
        (b"RIFF\x24\x00\x00\x00WAVE", UndecodableError),
    ],
)
def test_what_is_no_recording_is_refused_with_its_reason(data, error):
    with pytest.raises(error):
        decode(data)


def test_a_video_without_sound_is_refused():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p")
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), "u1"), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(NoAudioError):
        decode(buffer.getvalue())


def test_samples_that_are_not_numbers_are_refused():
    samples = np.full(1600, np.nan, "<f4").tobytes()
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 3, 1,
        RATE, RATE * 4, 4, 32, b"data", len(samples),
    )  # fmt: skip
    with pytest.raises(NonFiniteError):
        decode(header + samples)


def test_too_many_bytes_are_refused_before_decoding():
    with pytest.raises(TooLargeError, match="at most 100"):
        decode(encode_wav(tone(1), RATE), limits=DecodeLimits(max_bytes=100))


def test_a_longer_recording_than_allowed_is_refused():
    with pytest.raises(TooLongError, match="0.5 s"):
        decode(encode_wav(tone(1), RATE), limits=DecodeLimits(max_duration_s=0.5))


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
    ],
)
def test_a_playlist_cannot_reach_other_files(tmp_path, playlist):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(encode_wav(tone(1), RATE))
    with pytest.raises(UndecodableError):
        decode(playlist.format(path=secret).encode())


def test_a_small_file_that_unpacks_to_hours_is_refused_in_bounded_memory():
    """Two hours of silence are some kilobytes of FLAC; decoded they would be 460 MB."""
    script = """
import io, resource, av, numpy as np
from audio import DecodeLimits, TooLongError, decode
buffer = io.BytesIO()
with av.open(buffer, "w", format="flac") as output:
    stream = output.add_stream("flac", rate=16000, layout="mono")
    for _ in range(120):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960000), "i2"), format="s16", layout="mono")
        frame.sample_rate = 16000
        for packet in stream.encode(frame):
            output.mux(packet)
    for packet in stream.encode(None):
        output.mux(packet)
data = buffer.getvalue()
assert len(data) < 4_000_000, len(data)
decode(data[:20000])
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(data, limits=DecodeLimits(max_duration_s=60))
except TooLongError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(result.stdout) < 50_000  # kB


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=4000))
def test_random_bytes_give_audio_or_a_named_error(data):
    try:
        assert decode(data).size > 0
    except AudioError as error:
        assert error.code.startswith("audio_")


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_file_gives_audio_or_a_named_error(data):
    whole = bytearray(encode_wav(tone(0.05), RATE))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert np.isfinite(decode(bytes(whole))).all()
    except AudioError as error:
        assert error.code.startswith("audio_")

"""Speech for tests of every app, made on the spot: no corpus and no voice is needed."""

import io
from collections.abc import Callable

import av
import numpy as np
import pytest
from numpy.typing import NDArray

SAMPLING_RATE_HZ = 16_000
# First three formants of [a e i o u], Peterson and Barney 1952, men.
VOWELS = (
    (730, 1090, 2440),
    (530, 1840, 2480),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
)
SYLLABLE_S = 0.22


def vowels(duration_s: float, *, pitch_hz: float = 125.0) -> NDArray[np.float32]:
    """A voice that says vowels: harmonics of a gliding pitch under moving formants."""
    time = np.arange(int(duration_s * SAMPLING_RATE_HZ)) / SAMPLING_RATE_HZ  # (samples,)
    pitch = pitch_hz * (1 + 0.12 * np.sin(2 * np.pi * 0.9 * time) + 0.01 * np.sin(40 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLING_RATE_HZ
    centre = np.arange(len(VOWELS) * 20) * SYLLABLE_S
    formants = np.array(VOWELS * 20, float)
    signal = np.zeros_like(time)
    for harmonic in range(1, 30):
        frequency = harmonic * pitch
        gain = 0.0
        for column, (width, level) in enumerate(((90, 1.0), (110, 0.5), (160, 0.25))):
            place = np.interp(time, centre, formants[:, column])
            gain = gain + level / (1 + ((frequency - place) / width) ** 2)
        signal += gain * np.sin(harmonic * phase) / np.sqrt(harmonic)
    syllables = 0.15 + np.clip(np.sin(np.pi * time / SYLLABLE_S), 0, 1) ** 0.5
    signal *= np.abs(syllables)
    return (0.3 * signal / np.abs(signal).max()).astype(np.float32)


@pytest.fixture(scope="session")
def speech() -> NDArray[np.float32]:
    """Three seconds of a voice at 16 kHz, float32, with half a second of silence at both ends."""
    silence = np.zeros(SAMPLING_RATE_HZ // 2, np.float32)
    return np.concatenate([silence, vowels(3.0), silence])


Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Makes a media file: `encode(waveform, "flac", "flac", sampling_rate=16_000, channels=1)`."""

    def encode(
        waveform: NDArray[np.float32],
        container_format: str,
        codec: str,
        *,
        sampling_rate: int = SAMPLING_RATE_HZ,
        channels: int = 1,
    ) -> bytes:
        layout = {1: "mono", 2: "stereo", 8: "7.1"}[channels]
        samples = np.repeat(waveform, channels)[None, :]  # (1, samples * channels), interleaved
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
        frame.sample_rate = SAMPLING_RATE_HZ
        file = io.BytesIO()
        with av.open(file, "w", format=container_format) as container:
            stream = container.add_stream(codec, rate=sampling_rate, layout=layout)
            stream.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder
            resampler = av.AudioResampler(stream.format, layout, sampling_rate, stream.frame_size)
            for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
                container.mux(stream.encode(piece))
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def pcm(speech: NDArray[np.float32]) -> bytes:
    """The speech as a microphone sends it: signed 16-bit little-endian samples."""
    return (speech * 32_767).astype("<i2").tobytes()

import io
import wave

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import decode, encode_ogg_opus, encode_wav


@given(st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=200))
def test_wav_keeps_every_sample_and_clips_the_rest(samples):
    waveform = np.array(samples, np.float32)
    with wave.open(io.BytesIO(encode_wav(waveform, 16_000))) as reader:
        pcm = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    assert np.abs(pcm / 32_767 - np.clip(waveform, -1, 1)).max() <= 0.5 / 32_767 + 1e-6


def test_opus_keeps_the_sound_in_a_tenth_of_the_bytes():
    rate = 16_000
    waveform = (0.3 * np.sin(np.arange(2 * rate) * 2 * np.pi * 300 / rate)).astype("f4")
    data = encode_ogg_opus(waveform, rate)
    assert len(data) < len(encode_wav(waveform, rate)) / 5
    spectrum = np.abs(np.fft.rfft(decode(data)[:rate]))
    assert spectrum.argmax() == pytest.approx(300, abs=2)


def test_opus_says_which_rates_it_has():
    with pytest.raises(ValueError, match="44100 Hz"):
        encode_ogg_opus(np.zeros(100, "f4"), 44_100)


def test_files_carry_no_metadata():
    waveform = np.zeros(1600, "f4")
    with av.open(io.BytesIO(encode_ogg_opus(waveform, 16_000))) as container:
        assert set(container.metadata) <= {"encoder"}
    assert len(encode_wav(waveform, 16_000)) == 44 + 3200

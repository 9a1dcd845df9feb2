import numpy as np
import pytest
import torch

from synthesis.ml.making.acoustic_model import ModelShape, coqui_config
from synthesis.ml.speaking.spectrum import (
    HOP_LENGTH,
    SAMPLING_RATE,
    frame_levels_db,
    log_mel,
    magnitudes,
)
from synthesis.ml.speaking.vocoder import GriffinLim


def tone(frequency_hz: float, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(int(seconds * SAMPLING_RATE)) / SAMPLING_RATE
    return (0.1 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def test_the_mel_spectrogram_equals_coquis(speak):
    from TTS.utils.audio import AudioProcessor

    config = coqui_config(ModelShape(), "abc", ["one"])
    waveform = speak()
    theirs = AudioProcessor(config.audio).melspectrogram(waveform).T
    np.testing.assert_allclose(log_mel(waveform), theirs, atol=2e-3)


def test_a_frame_begins_every_hop():
    assert len(log_mel(tone(440.0))) == 1 + SAMPLING_RATE // HOP_LENGTH


def test_louder_by_twenty_decibels_is_twenty_decibels_louder():
    quiet, loud = (frame_levels_db(magnitudes(tone(440.0) * gain)) for gain in (0.1, 1.0))
    np.testing.assert_allclose((loud - quiet)[5:-5], 20.0, atol=0.1)


@pytest.mark.parametrize("frequency_hz", [300.0, 1000.0, 3000.0])
def test_the_vocoder_gives_a_tone_back_at_its_frequency(frequency_hz):
    vocoder = GriffinLim()
    mel = torch.from_numpy(log_mel(tone(frequency_hz)).T.copy())[None]
    waveform = vocoder.inference(mel)[0, 0].numpy()
    peak_hz = np.abs(np.fft.rfft(waveform)).argmax() * SAMPLING_RATE / len(waveform)
    assert peak_hz == pytest.approx(frequency_hz, rel=0.06)  # a mel band's width


def test_the_vocoder_repeats_itself_with_a_seed_only(speak):
    vocoder = GriffinLim()
    mel = torch.from_numpy(log_mel(speak()).T.copy())[None]
    first, again = vocoder.inference(mel), vocoder.inference(mel)
    vocoder.seed = 1
    assert torch.equal(first, again)
    assert not torch.equal(first, vocoder.inference(mel))


def test_the_vocoder_keeps_the_spectrum_of_speech(speak):
    waveform = speak()
    vocoder = GriffinLim()
    mel = log_mel(waveform)
    copy = vocoder.inference(torch.from_numpy(mel.T.copy())[None])[0, 0].numpy()
    again = log_mel(copy)[: len(mel)]
    loud = mel[: len(again)] > mel.max() - 4
    # Compared around their means: sharpening changes the contrast, the level is set afterwards.
    ours, theirs = again[loud], mel[: len(again)][loud]
    assert np.corrcoef(ours, theirs)[0, 1] > 0.8

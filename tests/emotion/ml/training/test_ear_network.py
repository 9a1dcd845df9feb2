import numpy as np
import pytest
import torch

from emotion.ml.errors import TrainingError
from emotion.ml.speech.ear import Ear
from emotion.ml.training.ear_network import EarNetwork, export
from emotion.ml.training.whisper_weights import load_encoder


def mel_of(frames: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((80, frames)).astype(np.float32)


def test_the_layers_are_those_of_whisper(tiny_whisper):
    """Golden against `transformers`, at the full length that it insists on."""
    from transformers import WhisperModel

    encoder = WhisperModel.from_pretrained(tiny_whisper).encoder.eval()
    weights = load_encoder(str(tiny_whisper), layers=2)
    network = EarNetwork(weights, (1, 2)).eval()
    network.positions = torch.from_numpy(weights.positions)
    mel = torch.from_numpy(mel_of(1200))[None]
    with torch.inference_mode():
        theirs = encoder(mel, output_hidden_states=True).hidden_states
        ours = network(mel)
    assert ours.shape == (2, 600, 32)
    for layer in (1, 2):
        torch.testing.assert_close(ours[layer - 1], theirs[layer][0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("frames", [20, 101, 640])
def test_an_export_gives_what_the_network_gives_at_any_length(tiny_whisper, tiny_ear, frames):
    network = EarNetwork(load_encoder(str(tiny_whisper), layers=2), (1, 2)).eval()
    mel = mel_of(frames + frames % 2)
    with torch.inference_mode():
        expected = network(torch.from_numpy(mel)[None]).numpy()
    np.testing.assert_allclose(Ear(tiny_ear).listen(mel), expected, atol=1e-4)


def test_eight_bits_change_little(tiny_whisper, tiny_ear, tmp_path):
    network = EarNetwork(load_encoder(str(tiny_whisper), layers=2), (1, 2))
    export(network, tmp_path / "small.onnx")
    exact, coded = (Ear(path).listen(mel_of(200)) for path in (tiny_ear, tmp_path / "small.onnx"))
    assert 0 < np.std(coded - exact) < 0.03 * np.std(exact)


def test_only_the_layers_that_are_asked_for_are_kept(tiny_whisper, tiny_ear, tmp_path):
    weights = load_encoder(str(tiny_whisper), layers=3)
    export(EarNetwork(weights, (2,)), tmp_path / "ear.onnx", int8=False)
    ear = Ear(tmp_path / "ear.onnx")
    assert (ear.layers, ear.width, ear.size) == (1, 32, 64)
    both = Ear(tiny_ear).listen(mel_of(50))
    np.testing.assert_allclose(ear.listen(mel_of(50))[0], both[1], atol=1e-5)
    assert (tmp_path / "ear.onnx").stat().st_size < 1.05 * tiny_ear.stat().st_size


@pytest.mark.parametrize("outputs", [(), (0, 1), (2, 4)])
def test_layers_that_there_are_not_are_refused(outputs, tiny_whisper):
    with pytest.raises(TrainingError, match="choose from 1 to 3"):
        EarNetwork(load_encoder(str(tiny_whisper), layers=3), outputs)

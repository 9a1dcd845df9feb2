from collections.abc import Callable

import numpy as np
import pytest

from audio import encode_wav
from emotion.ml.speech.predictor import EmotionPredictor

RATE = 16_000
TONES = {"W": 110, "A": 190, "F": 330, "T": 560}


def speech_like(seconds: float, hz: float = 160.0, seed: int = 0) -> np.ndarray:
    """A buzz with syllables and moving pitch in a little noise, float32 (samples,)."""
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = hz * (1 + 0.15 * np.sin(2 * np.pi * 1.3 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 15))
    syllables = 0.08 * (1.1 + np.sin(2 * np.pi * 4 * time))
    noise = np.random.default_rng(seed).standard_normal(time.size) * 0.002
    return (syllables * buzz + noise).astype(np.float32)


@pytest.fixture(scope="session")
def voice() -> Callable[..., np.ndarray]:
    """Makes a waveform that the front end takes for speech."""
    return speech_like


@pytest.fixture(scope="session")
def predictor() -> EmotionPredictor:
    """The shipped weights."""
    return EmotionPredictor.load()


@pytest.fixture(scope="session")
def tones(tmp_path_factory):
    """Three speakers whose emotion can be heard from the pitch of a tone, as EMO-DB names them."""
    folder = tmp_path_factory.mktemp("tones")
    rng = np.random.default_rng(0)
    time = np.arange(8000) / 16_000
    for speaker in ("03", "08", "09"):
        for code, middle_hz in TONES.items():
            for version in "ab":
                hz = middle_hz * rng.uniform(0.97, 1.03)
                tone = sum(np.sin(2 * np.pi * k * hz * time) / k for k in (1, 2, 3)) * 0.2
                tone = (tone + 0.01 * rng.standard_normal(time.size)).astype(np.float32)
                (folder / f"{speaker}a01{code}{version}.wav").write_bytes(encode_wav(tone, 16_000))
    return folder


@pytest.fixture(scope="session")
def examples(tones, tmp_path_factory):
    """The tones' features in all variations."""
    # Here, since most tests of this folder need no training library.
    from emotion.ml.speech.features import FeatureConfig
    from emotion.ml.training.corpora import load_corpus
    from emotion.ml.training.examples import load_examples

    clips = load_corpus("emodb", tones)
    cache = tmp_path_factory.mktemp("cache")
    return load_examples(clips, FeatureConfig(), cache=cache, varied=True)


@pytest.fixture(scope="session")
def tiny_whisper(tmp_path_factory):
    """A Whisper of three layers and random weights, as `transformers` saves it."""
    from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports

    ensure_torchaudio_imports()
    import torch
    from transformers import WhisperConfig, WhisperModel

    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=32,
        encoder_layers=3,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=600,
        vocab_size=32,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        init_std=0.15,  # so that every part of it matters
    )
    folder = tmp_path_factory.mktemp("whisper")
    WhisperModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_ear(tiny_whisper, tmp_path_factory):
    """The first two layers of it, exported in floating point."""
    from emotion.ml.training.ear_network import EarNetwork, export
    from emotion.ml.training.whisper_weights import load_encoder

    path = tmp_path_factory.mktemp("ear") / "ear.onnx"
    export(EarNetwork(load_encoder(str(tiny_whisper), layers=2), (1, 2)), path, int8=False)
    return path

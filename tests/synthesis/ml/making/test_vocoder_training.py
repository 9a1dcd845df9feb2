"""The trained vocoder on made-up recordings: it learns, goes on after a kill, speaks in a voice."""

import numpy as np
import pytest

from synthesis.ml.making.train_vocoder import VocoderFigures, with_vocoder
from synthesis.ml.making.vocoder_training import VocoderConfig, VocoderTrainer
from synthesis.ml.speaking.engine import SpeechEngine
from tests.synthesis.ml.tiny_models import TEXT, make

CONFIG = VocoderConfig(steps=6, batch_size=2, segment_frames=34)


def recordings() -> list[np.ndarray]:
    """Two gliding tones over noise, a second each, float32."""
    rng = np.random.default_rng(0)
    time = np.arange(16_000) / 16_000
    return [
        (
            0.05 * np.sin(2 * np.pi * (first + 200 * time) * time)
            + 0.005 * rng.standard_normal(16_000)
        ).astype(np.float32)
        for first in (150, 300)
    ]


def test_the_loss_falls(tmp_path):
    trainer = VocoderTrainer(recordings(), tmp_path / "vocoder.pt", CONFIG)
    losses = [trainer._advance() for _ in range(6)]
    assert losses[-1] < losses[0]


def test_a_killed_training_goes_on_as_if_nothing_had_happened(tmp_path):
    whole = VocoderTrainer(recordings(), tmp_path / "whole.pt", CONFIG)
    whole.run(show_progress=False)
    first = VocoderTrainer(recordings(), tmp_path / "cut.pt", CONFIG)
    for _ in range(3):
        first._advance()
    first._save()
    second = VocoderTrainer(recordings(), tmp_path / "cut.pt", CONFIG)
    assert second.step == 3
    second.run(show_progress=False)
    for name, weights in whole.generator.state_dict().items():
        np.testing.assert_allclose(second.generator.state_dict()[name], weights, atol=1e-5)


def test_a_voice_speaks_with_its_trained_vocoder(tmp_path):
    voice = make("fast_pitch", tmp_path / "toy")
    trainer = VocoderTrainer(recordings(), tmp_path / "vocoder.pt", CONFIG)
    spoken = SpeechEngine(with_vocoder(voice, trainer, tmp_path / "tried")).speak(TEXT, "sad")
    usual = SpeechEngine(voice).speak(TEXT, "sad")
    assert spoken.waveform.size == pytest.approx(usual.waveform.size, rel=0.1)
    assert not np.array_equal(spoken.waveform[:1000], usual.waveform[:1000])


@pytest.mark.parametrize(
    ("wer", "recall", "is_better"),
    [(0.3, 0.8, False), (0.2, 0.8, True), (0.3, 0.9, True), (0.2, 0.7, False), (0.4, 0.9, False)],
)
def test_only_what_is_worse_in_nothing_is_better(wer, recall, is_better):
    present = VocoderFigures(wer=0.3, recall=0.8, real_time_factor=0.04)
    other = VocoderFigures(wer=wer, recall=recall, real_time_factor=0.01)
    assert other.is_better_than(present) is is_better

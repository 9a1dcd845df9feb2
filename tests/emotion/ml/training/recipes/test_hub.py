import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emotion.ml.labels import EMOTIONS
from emotion.ml.training.recipes.hub import (
    LONGEST_S,
    SYNONYMS,
    HubNetwork,
    Waveforms,
    WaveformSource,
    our_emotion,
)


def waveforms(*lengths: int) -> Waveforms:
    rng = np.random.default_rng(0)
    return Waveforms(
        np.array([f"emodb-{n}" for n in range(len(lengths))]),
        np.arange(len(lengths)) % 7,
        tuple(rng.normal(0, 0.1, length).astype(np.float32) for length in lengths),
    )


def test_batches_are_cut_to_one_length_however_long_the_clips_are():
    source = WaveformSource(waveforms(500, 8_000, 100_000), "cpu")
    batch = source.batch(torch.tensor([0, 1, 2, 0]), 6_000)
    assert batch.shape == (4, 6_000)
    assert torch.isfinite(batch).all()
    assert not torch.equal(batch[0], batch[3])  # one clip, varied twice


def test_chance_is_torchs_own():
    source = WaveformSource(waveforms(8_000), "cpu")
    batches = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        batches.append(source.batch(torch.tensor([0]), 4_000))
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], batches[2])


@pytest.mark.parametrize(("length", "heard"), [(500, 1_000), (3_000, 3_000), (400_000, 160_000)])
def test_a_scored_clip_is_whole_up_to_the_longest_and_never_too_short(length, heard):
    source = WaveformSource(waveforms(length), "cpu")
    assert source.clip(0, 1_000).shape == (1, heard)
    assert LONGEST_S * 16_000 == 160_000


def test_a_subset_keeps_clips_and_labels_together():
    examples = waveforms(10, 20, 30)
    chosen = examples.subset(np.array([False, True, True]))
    assert [each.size for each in chosen.waveforms] == [20, 30]
    assert chosen.labels.tolist() == [1, 2]
    assert chosen.speakers.tolist() == ["emodb-1", "emodb-2"]


class Listening(torch.nn.Module):
    """A checkpoint that keeps what it was given."""

    def forward(self, input_values: torch.Tensor) -> object:
        self.heard = input_values
        return type("Output", (), {"logits": input_values[:, :7]})()


@given(st.floats(0.001, 10.0), st.floats(-1.0, 1.0))
def test_a_checkpoint_hears_neither_gain_nor_offset(gain, offset):
    model = Listening()
    HubNetwork(model)(torch.randn(2, 4_000) * gain + offset)
    torch.testing.assert_close(model.heard.mean(dim=1), torch.zeros(2), atol=1e-3, rtol=0)
    assert 0.8 < model.heard.square().mean() < 1.01


def test_every_synonym_leads_to_an_emotion_of_ours():
    assert set(SYNONYMS.values()) <= set(EMOTIONS)
    for name in (*SYNONYMS, *EMOTIONS):
        assert our_emotion(f" {name.upper()} ") in EMOTIONS

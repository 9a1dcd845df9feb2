"""Griffin-Lim by its own promises: amplitudes kept, seeds obeyed, filters inverted."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis.ml.speaking.spectrum import HOP_LENGTH, N_FFT, N_MELS, log_mel, magnitudes
from synthesis.ml.speaking.vocoder import GriffinLim
from tests.synthesis.ml.conftest import syllables


@pytest.fixture(scope="module")
def vocoder() -> GriffinLim:
    return GriffinLim()


def tensor(log_mels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(log_mels.T))[None]  # (1, mels, frames)


def convergence(vocoder: GriffinLim, amplitudes: np.ndarray) -> float:
    """Distance of the spectrum of what comes out from what was asked for, over the latter."""
    with torch.inference_mode():
        sound = vocoder._waveform(torch.from_numpy(amplitudes)).numpy()
    found = magnitudes(sound).T[:, : amplitudes.shape[1]]
    asked = amplitudes[:, : found.shape[1]]
    return float(np.linalg.norm(found - asked) / np.linalg.norm(asked))


def test_phases_are_found_for_the_amplitudes_of_real_sound(vocoder):
    assert convergence(vocoder, magnitudes(syllables()).T.copy()) < 0.2


def test_more_rounds_come_nearer(vocoder, monkeypatch):
    amplitudes = magnitudes(syllables()).T.copy()
    monkeypatch.setattr("synthesis.ml.speaking.vocoder.N_ITERATIONS", 2)
    few = convergence(vocoder, amplitudes)
    monkeypatch.undo()
    assert convergence(vocoder, amplitudes) < 0.7 * few


def test_the_inverse_of_the_filters_is_never_negative_and_gives_the_mel_back(vocoder):
    mel = torch.exp(tensor(log_mel(syllables()))[0])
    amplitudes = vocoder._amplitudes(mel)
    assert amplitudes.min() >= 0
    loud = mel > mel.max() * 1e-2
    ratio = (vocoder.basis @ amplitudes)[loud] / mel[loud]
    assert torch.log(ratio).abs().mean() < 0.05


@given(st.integers(4, 40), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_any_length_gives_a_hop_for_every_frame_but_the_last(n_frames, seed):
    vocoder = GriffinLim()
    vocoder.seed = seed
    noise = np.random.default_rng(seed).normal(-3, 1, (n_frames, N_MELS)).astype(np.float32)
    sound = vocoder.inference(tensor(noise))
    assert sound.shape == (1, 1, (n_frames - 1) * HOP_LENGTH)
    assert torch.isfinite(sound).all()


def test_silence_stays_silent(vocoder):
    quiet = vocoder.inference(torch.full((1, N_MELS, 20), float(np.log(1e-8))))
    assert quiet.abs().max() < 1e-3


def test_the_global_generators_are_neither_read_nor_moved(vocoder):
    mel = tensor(log_mel(syllables()))
    torch.manual_seed(1)
    np.random.seed(1)
    states = torch.get_rng_state(), np.random.get_state()[1]
    first = vocoder.inference(mel)
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])
    torch.manual_seed(2)
    assert torch.equal(vocoder.inference(mel), first)


def test_twice_the_amplitude_is_twice_as_loud(vocoder):
    mel = log_mel(syllables())
    one, two = (vocoder.inference(tensor(mel + shift)) for shift in (0.0, np.float32(np.log(2))))
    torch.testing.assert_close(two, 2 * one, rtol=1e-3, atol=1e-3)


def test_the_window_covers_four_hops(vocoder):
    assert len(vocoder.window) == 4 * HOP_LENGTH <= N_FFT

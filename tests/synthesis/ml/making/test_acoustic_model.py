"""The FastPitch of a voice: its size, its alphabet, and what is turned off in it."""

import json

import pytest
import torch

from synthesis.ml.making.acoustic_model import ModelShape, audio_config, build, coqui_config
from synthesis.ml.speaking import spectrum
from synthesis.ml.speaking.phonemes import phoneme_table

TINY = ModelShape(hidden=16, feed_forward=16, encoder_layers=1, decoder_layers=1)


@pytest.fixture(scope="module")
def model():
    return build(coqui_config(TINY, phoneme_table().values(), ["one", "two"]))


def test_the_usual_network_has_as_many_parameters_as_the_card_says():
    usual = build(coqui_config(ModelShape(), phoneme_table().values(), ["one"]))
    n_parameters = sum(parameter.numel() for parameter in usual.parameters())
    assert n_parameters / 1e6 == pytest.approx(1.9, abs=0.05)


def test_every_phoneme_and_pause_is_a_token_of_its_own(model):
    text = "".join(phoneme_table().values()) + ",. "
    ids = model.tokenizer.text_to_ids(text)
    assert len(ids) == len(set(ids)) == len(text)


def test_phonemes_keep_their_numbers_when_the_table_is_built_again(model):
    again = build(coqui_config(TINY, phoneme_table().values(), ["one"]))
    assert again.tokenizer.text_to_ids("abcXYZ") == model.tokenizer.text_to_ids("abcXYZ")


def test_attention_drops_nothing(model):
    attentions = [m for m in model.modules() if isinstance(m, torch.nn.MultiheadAttention)]
    assert all(attention.dropout == 0.0 for attention in attentions)


def test_a_speaker_is_added_by_a_row_of_the_embedding(model):
    assert model.emb_g.weight.shape[0] == 2


def test_the_configuration_names_its_speakers_and_no_file(tmp_path):
    coqui_config(TINY, "abc", ["ann", "ben"]).save_json(str(tmp_path / "config.json"))
    stored = json.loads((tmp_path / "config.json").read_text())
    assert stored["speakers"] == ["ann", "ben"]
    assert str(tmp_path) not in json.dumps(stored)


def test_coqui_is_told_the_spectrogram_that_training_data_has():
    audio = audio_config()
    assert audio.sample_rate == spectrum.SAMPLING_RATE
    assert (audio.fft_size, audio.hop_length) == (spectrum.N_FFT, spectrum.HOP_LENGTH)
    assert (audio.win_length, audio.num_mels) == (spectrum.WINDOW_LENGTH, spectrum.N_MELS)

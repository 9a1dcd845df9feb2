"""Small models of every kind, with random weights, saved as voices."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from audio import encode_wav
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from synthesis.ml.making.acoustic_model import ModelShape, build, coqui_config
from synthesis.ml.speaking.phonemes import phoneme_table
from synthesis.ml.speaking.spectrum import N_MELS
from synthesis.ml.speaking.voices import Voice, file_sha256, load_voice, write_manifest

NAMES = ("toy_happy_0", "toy_sad_0")
SPEAKERS = {"toy": {"happy": "toy_happy_0", "sad": "toy_sad_0"}}
TEXT = "Tea at noon."


def save_voice(
    folder: Path,
    kind: str,
    config: Any,
    weights: dict[str, Any],
    *,
    vocoder: str = "griffin_lim",
    sampling_rate: int = 16_000,
    speakers: dict[str, dict[str, str]] = SPEAKERS,
    phonemes: dict[str, str] | None = None,
) -> Voice:
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    config.save_json(str(folder / "config.json"))
    torch.save({"model": weights}, folder / "model.pth")
    write_manifest(
        Voice(
            folder=folder,
            name=folder.name,
            language="en-US",
            licence="CC0-1.0",
            kind=kind,
            vocoder=vocoder,
            sampling_rate=sampling_rate,
            sha256=file_sha256(folder / "model.pth"),
            speakers=speakers,
            phonemes=phonemes or {},
            semitones_per_unit=4.0,
            pitch_spread=1.0,
            slowness=1.0,
        )
    )
    return load_voice(folder)


def fast_pitch(folder: Path) -> Voice:
    table = phoneme_table()
    shape = ModelShape(hidden=16, feed_forward=16, encoder_layers=1, decoder_layers=1)
    config = coqui_config(shape, table.values(), NAMES)
    weights = build(config).state_dict()
    # About six frames a phoneme, as a trained model has, rather than next to none.
    weights["duration_predictor.proj.bias"] += 2.0
    return save_voice(folder, "fast_pitch", config, weights, phonemes=table)


def glow_tts(folder: Path) -> Voice:
    from TTS.tts.configs.glow_tts_config import GlowTTSConfig

    config = GlowTTSConfig(
        **_mel_model_settings(),
        hidden_channels_enc=16,
        hidden_channels_dec=16,
        hidden_channels_dp=16,
        num_flow_blocks_dec=2,
        num_block_layers=1,
        data_dep_init_steps=0,
        encoder_params={
            "kernel_size": 3,
            "dropout_p": 0.1,
            "num_layers": 1,
            "num_heads": 2,
            "hidden_channels_ffn": 16,
            "input_length": None,
        },
    )
    weights = build(config).state_dict()
    weights["encoder.duration_predictor.proj.bias"] += 1.5
    for value in weights.values():
        if value.is_floating_point() and not value.any():
            value.normal_(0, 0.05)  # flows begin at zero, where no speaker is heard
    return save_voice(folder, "glow_tts", config, weights)


def tacotron2(folder: Path) -> Voice:
    """With a HiFi-GAN of its own, saved as a generator without its discriminator."""
    from TTS.tts.configs.tacotron2_config import Tacotron2Config

    config = Tacotron2Config(
        **_mel_model_settings(),
        out_channels=N_MELS,
        attention_type="original",
        r=2,
        max_decoder_steps=40,
    )
    voice = save_voice(folder, "tacotron2", config, build(config).state_dict(), vocoder="files")
    save_hifigan(folder)
    return voice


def save_hifigan(folder: Path) -> None:
    import torch
    from TTS.vocoder.configs import HifiganConfig
    from TTS.vocoder.models.hifigan_generator import HifiganGenerator

    params = {
        "upsample_factors": [8, 6, 5],
        "upsample_kernel_sizes": [16, 12, 11],
        "upsample_initial_channel": 16,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
        "resblock_type": "1",
    }
    from synthesis.ml.making.acoustic_model import audio_config

    config = HifiganConfig(
        audio=audio_config(),
        generator_model_params=params,
        discriminator_model="univnet_discriminator",
    )
    generator = HifiganGenerator(in_channels=N_MELS, out_channels=1, **params)
    weights = generator.state_dict()
    config.save_json(str(folder / "vocoder.json"))
    torch.save({"model": weights, "model_disc": None}, folder / "vocoder.pth")


def vits(folder: Path) -> Voice:
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig

    settings = _mel_model_settings()
    del settings["audio"], settings["use_speaker_embedding"]
    config = VitsConfig(
        **settings,
        add_blank=False,
        audio=BaseAudioConfig(
            sample_rate=16_000, fft_size=256, win_length=256, hop_length=64, num_mels=N_MELS
        ),
        model_args=VitsArgs(
            out_channels=129,
            spec_segment_size=8,
            hidden_channels=16,
            hidden_channels_ffn_text_encoder=16,
            num_heads_text_encoder=2,
            num_layers_text_encoder=1,
            num_layers_posterior_encoder=1,
            num_layers_flow=1,
            resblock_kernel_sizes_decoder=[3],
            resblock_dilation_sizes_decoder=[[1, 3, 5]],
            upsample_rates_decoder=[8, 8],
            upsample_kernel_sizes_decoder=[16, 16],
            upsample_initial_channel_decoder=16,
            use_sdp=False,
            use_speaker_embedding=True,
            speaker_embedding_channels=16,
        ),
    )
    weights = build(config).state_dict()
    weights["duration_predictor.proj.bias"] += 2.5
    return save_voice(folder, "vits", config, weights, vocoder="none")


def xtts(folder: Path) -> Voice:
    """With one reference clip per emotion and a tokenizer of letters."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models.xtts import Xtts

    folder.mkdir(parents=True, exist_ok=True)
    symbols = ["[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]", *"abcdefghijklmnopqrstuvwxyz.,'"]
    vocabulary = {symbol: number for number, symbol in enumerate(symbols)}
    tokenizer = Tokenizer(BPE(vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]"])
    tokenizer.save(str(folder / "vocab.json"))
    rng = np.random.default_rng(0)
    for emotion in ("happy", "sad"):
        clip = rng.normal(0, 0.1, 24_000).astype(np.float32)
        (folder / f"{emotion}.wav").write_bytes(encode_wav(clip, 16_000))
    config = XttsConfig(
        languages=["en"],
        audio=XttsAudioConfig(sample_rate=22_050, output_sample_rate=24_000),
        model_args=XttsArgs(
            gpt_layers=1,
            gpt_n_model_channels=64,
            gpt_n_heads=2,
            gpt_max_audio_tokens=40,
            gpt_max_text_tokens=60,
            decoder_input_dim=64,
            gpt_num_audio_tokens=34,
            gpt_start_audio_token=32,
            gpt_stop_audio_token=33,
            gpt_use_perceiver_resampler=True,
        ),
    )
    model = Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    return save_voice(
        folder,
        "xtts",
        config,
        model.state_dict(),
        vocoder="none",
        sampling_rate=24_000,
        speakers={"toy": {"happy": "happy.wav", "sad": "sad.wav"}},
    )


def _mel_model_settings() -> dict[str, Any]:
    """What makes a model with an input of letters and two named speakers."""
    from TTS.tts.configs.shared_configs import CharactersConfig

    from synthesis.ml.making.acoustic_model import audio_config

    return {
        "audio": audio_config(),
        "characters": CharactersConfig(
            characters_class="TTS.tts.utils.text.characters.Graphemes",
            pad="_",
            eos=None,
            bos=None,
            blank=None,
            characters="abcdefghijklmnopqrstuvwxyz",
            punctuations="., ",
            is_unique=False,
        ),
        "text_cleaner": "english_cleaners",
        "use_phonemes": False,
        "use_speaker_embedding": True,
        "speakers": list(NAMES),
    }


BUILDERS: dict[str, Callable[[Path], Voice]] = {
    "fast_pitch": fast_pitch,
    "glow_tts": glow_tts,
    "tacotron2": tacotron2,
    "vits": vits,
    "xtts": xtts,
}


def make(kind: str, folder: Path) -> Voice:
    ensure_torchaudio_imports()
    import torch

    torch.manual_seed(0)
    return BUILDERS[kind](folder)


def describe(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))

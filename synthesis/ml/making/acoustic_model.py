"""The FastPitch of a voice: its shape, as Coqui's configuration, and its making."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from synthesis.ml.speaking import spectrum
from synthesis.ml.speaking.phonemes import PUNCTUATION, WORD_BOUNDARY


@dataclass(frozen=True)
class ModelShape:
    """Sizes of the network; the default has 1.9 million parameters.

    Attributes:
        hidden: Channels throughout.
        feed_forward: Channels inside the transformer blocks.
        encoder_layers: Over phonemes.
        decoder_layers: Over mel frames.
        predictor_dropout: Of durations, pitch and energy, which overfit an hour of speech first.
    """

    hidden: int = 128
    feed_forward: int = 256
    encoder_layers: int = 3
    decoder_layers: int = 3
    predictor_dropout: float = 0.3


def coqui_config(shape: ModelShape, characters: Iterable[str], speakers: Sequence[str]) -> Any:
    """Write a voice as Coqui's `FastPitchConfig`.

    Args:
        shape: Sizes of the network.
        characters: One per phoneme, in the order of the embedding.
        speakers: Names, in the order of the embedding; kept inline, so that the folder moves.
    """
    ensure_torchaudio_imports()
    from TTS.tts.configs.fast_pitch_config import FastPitchConfig
    from TTS.tts.configs.shared_configs import CharactersConfig
    from TTS.tts.models.forward_tts import ForwardTTSArgs

    return FastPitchConfig(
        audio=audio_config(),
        characters=CharactersConfig(
            characters_class="TTS.tts.utils.text.characters.Graphemes",
            pad="_",
            eos=None,
            bos=None,
            blank=None,
            characters="".join(characters),
            punctuations=PUNCTUATION + WORD_BOUNDARY,
            # Unique characters would be put through a set, whose order differs by process.
            is_unique=False,
            is_sorted=False,
        ),
        text_cleaner=None,
        use_phonemes=False,
        use_speaker_embedding=True,
        speakers=list(speakers),
        model_args=ForwardTTSArgs(
            hidden_channels=shape.hidden,
            encoder_params=_transformer(shape, shape.encoder_layers),
            decoder_params=_transformer(shape, shape.decoder_layers),
            use_aligner=False,
            use_energy=True,
            use_speaker_embedding=True,
            duration_predictor_hidden_channels=shape.hidden,
            pitch_predictor_hidden_channels=shape.hidden,
            energy_predictor_hidden_channels=shape.hidden,
            duration_predictor_dropout_p=shape.predictor_dropout,
            pitch_predictor_dropout_p=shape.predictor_dropout,
            energy_predictor_dropout_p=shape.predictor_dropout,
        ),
    )


def build(config: Any) -> Any:
    """Make Coqui's model of a configuration, with fresh weights."""
    ensure_torchaudio_imports()
    import torch
    from TTS.tts.models import setup_model

    model = setup_model(config)
    for module in model.modules():
        if isinstance(module, torch.nn.MultiheadAttention):
            # With attention dropout a model this small stays at the average frame.
            module.dropout = 0.0
    return model


def audio_config() -> Any:
    """What Coqui has to know of the spectrograms of `spectrum.py`."""
    from TTS.config.shared_configs import BaseAudioConfig

    return BaseAudioConfig(
        sample_rate=spectrum.SAMPLING_RATE,
        fft_size=spectrum.N_FFT,
        win_length=spectrum.WINDOW_LENGTH,
        hop_length=spectrum.HOP_LENGTH,
        num_mels=spectrum.N_MELS,
        mel_fmin=0.0,
        mel_fmax=spectrum.SAMPLING_RATE / 2,
        preemphasis=0.0,
        ref_level_db=0,
        spec_gain=1.0,
        log_func="np.log",
        signal_norm=False,
        do_trim_silence=False,
        power=1.5,
        griffin_lim_iters=60,
    )


def _transformer(shape: ModelShape, layers: int) -> dict[str, Any]:
    return {
        "hidden_channels_ffn": shape.feed_forward,
        "num_heads": 2,
        "num_layers": layers,
        "dropout_p": 0.1,
    }

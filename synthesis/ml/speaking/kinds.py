"""The kinds of Coqui models that a voice can be, and what each can vary."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio import decode
from audio.resampling import resampled
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from synthesis.ml.speaking.prosody import Variation
from synthesis.ml.speaking.shaping import Shaping, read_shaping
from synthesis.ml.speaking.voices import Voice

Waveform = NDArray[np.float32]

NOISE_SEED_LIMIT = 2**63


class LoadedVoice:
    """A voice in memory; the base of all kinds, for models without controls of their own.

    Args:
        voice: What was loaded.
        tts: Coqui's API over it.
    """

    def __init__(self, voice: Voice, tts: Any) -> None:
        self.voice = voice
        self.tts = tts
        self.model = tts.synthesizer.tts_model

    def say(self, spelling: str, target: str, variation: Variation, seed: int) -> Waveform:
        """Speak, without the silence that Coqui appends.

        Args:
            spelling: As the model reads it.
            target: Coqui speaker or reference clip.
            variation: Of pitch and pace; the rest is done on the waveform.
            seed: Of the model's and the vocoder's noise.
        """
        with _seeded(seed), self._varied(target, variation):
            if hasattr(self.tts.synthesizer.vocoder_model, "seed"):
                self.tts.synthesizer.vocoder_model.seed = seed
            samples = self.tts.tts(
                text=spelling,
                # One call: splitting at sentences would look for marks that may be phonemes.
                split_sentences=False,
                **self._target(target),
                **self._options(variation),
            )
        waveform = _without_padding(np.asarray(samples, np.float32))
        return self._turned(waveform, variation)

    def _target(self, target: str) -> dict[str, Any]:
        if self.tts.is_multi_speaker:
            return {"speaker": target}
        return {}

    def _options(self, variation: Variation) -> dict[str, Any]:
        """What the model's own synthesis takes."""
        return {}

    @contextlib.contextmanager
    def _varied(self, target: str, variation: Variation) -> Iterator[None]:
        yield

    def _turned(self, waveform: Waveform, variation: Variation) -> Waveform:
        """Turn the pitch by reading the samples faster or slower, as a tape does."""
        return _at_pitch(waveform, variation.semitones)


class PacedVoice(LoadedVoice):
    """Models that multiply their durations by `length_scale`: GlowTTS and VITS."""

    @contextlib.contextmanager
    def _varied(self, target: str, variation: Variation) -> Iterator[None]:
        usual = self.model.length_scale
        # The turn of the pitch shortens what it raises: that is made good here.
        self.model.length_scale = (
            usual * self.voice.slowness * variation.slowness * 2 ** (variation.semitones / 12)
        )
        try:
            yield
        finally:
            self.model.length_scale = usual


class FastPitchVoice(LoadedVoice):
    """FastPitch, whose pitch, durations and spectrum are in our hands."""

    def __init__(self, voice: Voice, tts: Any) -> None:
        super().__init__(voice, tts)
        self.shaping = read_shaping(voice.folder)

    @contextlib.contextmanager
    def _varied(self, target: str, variation: Variation) -> Iterator[None]:
        shaping = self.shaping.get(target) or Shaping.usual(
            self.voice.pitch_spread, self.voice.slowness
        )
        self.model.length_scale = shaping.slowness * variation.slowness
        hooks = [
            self.model.pitch_predictor.register_forward_hook(
                lambda _module, _inputs, pitch: self._with_pitch(pitch, shaping, variation)
            ),
            self.model.decoder.register_forward_hook(
                lambda _module, _inputs, log_mel: _with_contrast(log_mel, shaping)
            ),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _turned(self, waveform: Waveform, variation: Variation) -> Waveform:
        return waveform

    def _with_pitch(self, pitch: Any, shaping: Shaping, variation: Variation) -> Any:
        """Widen the movement of the pitch and move it as a whole."""
        centre = pitch.mean()
        shift = shaping.pitch_shift + variation.semitones / self.voice.semitones_per_unit
        return centre + shaping.pitch_spread * (pitch - centre) + shift


class XttsVoice(LoadedVoice):
    """XTTS, which takes its voice and emotion from a reference clip."""

    def __init__(self, voice: Voice, tts: Any) -> None:
        super().__init__(voice, tts)
        _let_us_decode()

    def _target(self, target: str) -> dict[str, Any]:
        clip = self.voice.clip(target)
        named = {"speaker": target} if clip is None else {"speaker_wav": str(clip)}
        return named | {"language": self.voice.language.split("-")[0]}

    def _options(self, variation: Variation) -> dict[str, Any]:
        return {"speed": 1 / (self.voice.slowness * variation.slowness)}


KINDS: dict[str, type[LoadedVoice]] = {
    "fast_pitch": FastPitchVoice,
    "glow_tts": PacedVoice,
    "tacotron2": LoadedVoice,
    "vits": PacedVoice,
    "xtts": XttsVoice,
}


def load_kind(voice: Voice) -> LoadedVoice:
    """Load a voice through Coqui's API.

    Raises:
        ValueError: If the model is of another kind, or has not the speakers of the manifest.
    """
    ensure_torchaudio_imports()
    logging.getLogger("TTS").setLevel(logging.ERROR)  # it announces every step of every sentence
    from TTS.api import TTS

    tts = TTS(
        model_path=str(voice.folder if voice.kind == "xtts" else voice.model_path),
        config_path=str(voice.config_path),
        progress_bar=False,
        **_vocoder_files(voice),
    )
    found = tts.synthesizer.tts_config.model
    if found != voice.kind:
        raise ValueError(f"config.json describes {found}, voice.toml says {voice.kind}")
    _check_targets(voice, tts)
    if voice.vocoder == "griffin_lim":
        _give_griffin_lim(tts.synthesizer)
    return KINDS[voice.kind](voice, tts)


def _let_us_decode() -> None:
    """Have XTTS read its clips with our decoder: torchcodec needs a system's FFmpeg libraries."""
    from TTS.tts.models import xtts

    xtts.load_audio = _as_tensor


def _as_tensor(path: str, sampling_rate: int) -> Any:
    """A clip in the form of torchaudio, (1, samples)."""
    import torch

    return torch.from_numpy(decode(Path(path), sampling_rate=sampling_rate))[None]


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generators that Coqui draws from, and put them back afterwards."""
    import torch

    state = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % NOISE_SEED_LIMIT)
        np.random.seed(seed % 2**32)  # Coqui's own Griffin-Lim draws its phases from numpy
        try:
            yield
        finally:
            np.random.set_state(state)


def _vocoder_files(voice: Voice) -> dict[str, str]:
    if voice.vocoder != "files":
        return {}
    return {
        "vocoder_path": str(voice.folder / "vocoder.pth"),
        "vocoder_config_path": str(voice.folder / "vocoder.json"),
    }


def _check_targets(voice: Voice, tts: Any) -> None:
    targets = {target for emotions in voice.speakers.values() for target in emotions.values()}
    clips = {target for target in targets if voice.clip(target) is not None}
    missing = {target for target in clips if not (voice.folder / target).is_file()}
    if missing:
        raise ValueError(f"the folder has no clips {sorted(missing)}")
    absent = targets - clips - set(tts.speakers or ())
    if absent and tts.is_multi_speaker:
        raise ValueError(f"config.json has no speakers {sorted(absent)}")


def _give_griffin_lim(synthesizer: Any) -> None:
    """Put our Griffin-Lim in the vocoder's place."""
    from synthesis.ml.speaking.vocoder import GriffinLim

    synthesizer.vocoder_model = GriffinLim()
    synthesizer.vocoder_config = synthesizer.tts_config
    synthesizer.vocoder_ap = synthesizer.tts_model.ap


def _with_contrast(log_mel: Any, shaping: Shaping) -> Any:
    """Give a predicted spectrogram, (batch, mels, frames), its level and movement per band."""
    import torch

    contrast = torch.from_numpy(shaping.contrast).to(log_mel)[:, None]
    offset = torch.from_numpy(shaping.offset).to(log_mel)[:, None]
    centre = log_mel.mean(dim=2, keepdim=True)
    return centre + contrast * (log_mel - centre) + offset


def _at_pitch(waveform: Waveform, semitones: float) -> Waveform:
    """Raise the pitch; the duration shrinks by the same factor."""
    # Ten thousand: any ratio of whole numbers to a hundredth of a semitone.
    return resampled(waveform, round(10_000 * 2 ** (semitones / 12)), 10_000)


def _without_padding(waveform: Waveform) -> Waveform:
    from TTS.utils.synthesizer import PAD_SILENCE_SAMPLES

    return waveform[:-PAD_SILENCE_SAMPLES]

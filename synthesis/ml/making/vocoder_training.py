"""Training of a small multi-band MelGAN generator, the alternative to Griffin-Lim.

Without discriminators, which cost fifty times as much: the generator learns from the distance of
its spectra alone, of the whole signal and of its four bands. What comes out is put beside
Griffin-Lim by `synthesis.ml.making.train_vocoder`.

Source:
    Yang et al., "Multi-band MelGAN", 2020; the losses are those of its first training stage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from audio import decode, set_level
from audio.whole_files import whole_file
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from synthesis.ml.making.acoustic_model import audio_config
from synthesis.ml.recordings.corpora import read_prompts
from synthesis.ml.speaking.spectrum import HOP_LENGTH, N_MELS, SAMPLING_RATE, TRAINING_RMS, log_mel

LEARNING_RATE = 1e-3
FINAL_RATE = 1e-5
SAVE_EVERY = 200
CLIP_NORM = 10.0


@dataclass(frozen=True)
class VocoderConfig:
    """How the generator is built and trained.

    Attributes:
        steps: Of training.
        batch_size: Segments a step.
        segment_frames: Of each segment; 64 are 0.96 s.
        seed: Of everything random.
    """

    steps: int = 4000
    batch_size: int = 8
    segment_frames: int = 64
    seed: int = 0


# Four bands, each at a quarter of `HOP_LENGTH`; Coqui fixes the other sizes.
GENERATOR = {"upsample_factors": [3, 4, 5], "num_res_blocks": 3}


def build_generator() -> Any:
    """Make Coqui's generator with fresh weights."""
    ensure_torchaudio_imports()
    from TTS.vocoder.models.multiband_melgan_generator import MultibandMelganGenerator

    return MultibandMelganGenerator(in_channels=N_MELS, **GENERATOR)


class VocoderTrainer:
    """Learns to turn true log-mel spectrograms into the sound that they are of.

    Args:
        clips: Recordings at 16 kHz, each shape (samples,), longer than a segment.
        checkpoint: Written every `SAVE_EVERY` steps and at the end; where there is one, training
            goes on from it.
        config: Sizes and seed.
    """

    def __init__(
        self, clips: Sequence[np.ndarray], checkpoint: Path, config: VocoderConfig | None = None
    ) -> None:
        ensure_torchaudio_imports()
        from TTS.vocoder.layers.losses import MultiScaleSTFTLoss, MultiScaleSubbandSTFTLoss

        self.config = config or VocoderConfig()
        torch.manual_seed(self.config.seed)
        self.generator = build_generator()
        self.full_loss = MultiScaleSTFTLoss()
        self.band_loss = MultiScaleSubbandSTFTLoss(
            n_ffts=(384, 683, 171), hop_lengths=(30, 60, 10), win_lengths=(150, 300, 60)
        )
        self.optimizer = torch.optim.AdamW(self.generator.parameters(), lr=LEARNING_RATE)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimizer, self.config.steps, FINAL_RATE
        )
        self.rng = np.random.default_rng(self.config.seed)
        self.checkpoint = checkpoint
        self.step = 0
        shortest = (self.config.segment_frames + 1) * HOP_LENGTH
        self.clips = [(clip, log_mel(clip)) for clip in clips if len(clip) > shortest]
        if checkpoint.is_file():
            self._resume()

    def run(self, *, show_progress: bool = True) -> float:
        """Train to the end and return the mean loss of the last `SAVE_EVERY` steps."""
        recent: list[float] = []
        bar = tqdm(
            range(self.step, self.config.steps),
            initial=self.step,
            total=self.config.steps,
            disable=not show_progress,
            desc="vocoder",
        )
        for _ in bar:
            recent = [*recent[1 - SAVE_EVERY :], self._advance()]
            bar.set_postfix(loss=f"{np.mean(recent):.3f}", refresh=False)
            if self.step % SAVE_EVERY == 0 or self.step == self.config.steps:
                self._save()
        return float(np.mean(recent)) if recent else 0.0

    def _advance(self) -> float:
        mels, sounds = self._batch()
        bands = self.generator(mels)  # (batch, 4, samples / 4)
        sound = self.generator.pqmf_synthesis(bands)
        true_bands = self.generator.pqmf_analysis(sounds)
        loss = sum(self.full_loss(sound[:, 0], sounds[:, 0])) + sum(
            self.band_loss(bands, true_bands)
        )
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), CLIP_NORM)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        return float(loss.detach())

    def _batch(self) -> tuple[Tensor, Tensor]:
        """Random segments: mels (batch, mels, frames) and sounds (batch, 1, samples)."""
        frames = self.config.segment_frames
        mels, sounds = [], []
        for index in self.rng.integers(len(self.clips), size=self.config.batch_size):
            clip, mel = self.clips[index]
            start = int(self.rng.integers(len(clip) // HOP_LENGTH - frames))
            mels.append(mel[start : start + frames].T)
            sounds.append(clip[start * HOP_LENGTH : (start + frames) * HOP_LENGTH])
        return torch.from_numpy(np.stack(mels)), torch.from_numpy(np.stack(sounds))[:, None]

    def _save(self) -> None:
        state = {
            "step": self.step,
            "generator": self.generator.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "rng": self.rng.bit_generator.state,
        }
        with whole_file(self.checkpoint) as unfinished:
            torch.save(state, unfinished)

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, weights_only=False)
        self.generator.load_state_dict(state["generator"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.rng.bit_generator.state = state["rng"]
        self.step = state["step"]


def load_recordings(corpus: Path) -> list[np.ndarray]:
    """The reader's clips at the level of training."""
    level = 20 * np.log10(TRAINING_RMS)
    return [
        set_level(decode(prompt.path, sampling_rate=SAMPLING_RATE), target_rms_dbfs=level)
        for prompt in tqdm(read_prompts(corpus), desc="recordings")
    ]


def write_vocoder(generator: Any, folder: Path) -> None:
    """Write `vocoder.pth` and `vocoder.json` into a voice folder, as Coqui loads them."""
    ensure_torchaudio_imports()
    from TTS.vocoder.configs import MultibandMelganConfig

    described = MultibandMelganConfig(
        audio=audio_config(),
        generator_model_params=GENERATOR,
        # Coqui builds the discriminator while it loads; this is its smallest.
        discriminator_model="univnet_discriminator",
    )
    described.save_json(str(folder / "vocoder.json"))
    torch.save({"model": generator.state_dict(), "model_disc": None}, folder / "vocoder.pth")

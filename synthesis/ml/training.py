"""Training of a voice's FastPitch on one processor, resumable at any step."""

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import trange

from synthesis.ml.acoustic_model import ModelShape, build, coqui_config
from synthesis.ml.dataset import Batch, Dataset, speakers_of
from synthesis.ml.examples import Example

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingConfig:
    """How a voice is trained.

    Attributes:
        steps: Of the whole schedule.
        batch_size: Clips a step.
        peak_learning_rate: Reached after the warm-up, then falling along a cosine; at 2e-3
            training gets stuck.
        warm_up_steps: Of linear rise.
        final_share: Of the peak, left at the end of the cosine.
        gradient_norm: Gradients are cut to this length.
        duration_weight: Of the duration loss beside the mel loss; the next two likewise.
        checkpoint_every: Steps between checkpoints.
        seed: Of the weights, the batches and the dropout.
    """

    steps: int = 3000
    batch_size: int = 16
    peak_learning_rate: float = 7e-4
    warm_up_steps: int = 200
    final_share: float = 0.03
    gradient_norm: float = 1.0
    duration_weight: float = 0.3
    pitch_weight: float = 0.3
    energy_weight: float = 0.15
    checkpoint_every: int = 100
    seed: int = 0


@dataclass(frozen=True)
class Losses:
    """Mean absolute error of the mel, mean squared errors of the rest, in model units."""

    mel: Tensor
    duration: Tensor
    pitch: Tensor
    energy: Tensor

    def total(self, config: TrainingConfig) -> Tensor:
        return (
            self.mel
            + config.duration_weight * self.duration
            + config.pitch_weight * self.pitch
            + config.energy_weight * self.energy
        )

    def __str__(self) -> str:
        return " ".join(f"{name} {value.item():.3f}" for name, value in vars(self).items())


class Trainer:
    """One run of training and its checkpoint.

    Args:
        examples: All examples of the voice.
        characters: One per phoneme.
        checkpoint: Where weights, optimiser and step are kept.
        config: How to train.
        shape: Sizes of the network.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        characters: Sequence[str],
        checkpoint: Path,
        config: TrainingConfig,
        shape: ModelShape | None = None,
    ) -> None:
        self.config = config
        self.checkpoint = checkpoint
        speakers = [f"{emotion}_{take}" for emotion, take in speakers_of(examples)]
        torch.manual_seed(config.seed)
        self.model_config = coqui_config(shape or ModelShape(), characters, speakers)
        self.model = build(self.model_config)
        self.dataset = Dataset(examples, self.model.tokenizer, seed=config.seed)
        self.step = 0
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=config.peak_learning_rate,
            betas=(0.9, 0.98),
            weight_decay=0.01,
        )

    def run(self, *, until: int | None = None, show_progress: bool = False) -> None:
        """Train to the end of the schedule, or to an earlier step, from where it stands."""
        torch.set_flush_denormal(True)  # denormals of dead units slow a processor tenfold
        last = min(until or self.config.steps, self.config.steps)
        self.model.train()
        bar = trange(self.step, last, initial=self.step, total=last, disable=not show_progress)
        for _ in bar:
            losses = self.train_step()
            bar.set_postfix_str(str(losses), refresh=False)
            if self.step % self.config.checkpoint_every == 0:
                logger.info("step %d: %s", self.step, losses)
                self.save()
        self.save()

    def train_step(self) -> Losses:
        """One step of optimisation."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.config)
        # Seeded by step, so that a resumed run drops the same units as an unbroken one.
        torch.manual_seed(self.config.seed * 1_000_003 + self.step)
        batch = self.dataset.batch_of_step(self.step, self.config.batch_size)
        losses = losses_of(self.model, batch)
        self._optimizer.zero_grad()
        losses.total(self.config).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.gradient_norm)
        self._optimizer.step()
        self.step += 1
        return losses

    def evaluate(self, n_examples: int = 64) -> Losses:
        """Losses on held-out readings, without dropout."""
        every = max(1, len(self.dataset.held_out) // n_examples)
        examples = sorted(self.dataset.held_out[::every], key=lambda example: example.n_frames)
        self.model.eval()
        with torch.inference_mode():
            parts = [
                losses_of(self.model, self.dataset.collate(examples[i : i + 16]))
                for i in range(0, len(examples), 16)
            ]
        self.model.train()
        means = {
            name: torch.stack([getattr(part, name) for part in parts]).mean()
            for name in vars(parts[0])
        }
        return Losses(**means)

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(
            {
                "step": self.step,
                "config": asdict(self.config),
                "model": self.model.state_dict(),
                "optimizer": self._optimizer.state_dict(),
            },
            partial,
        )
        partial.replace(self.checkpoint)

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        if self.checkpoint.exists():
            state: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
            self.model.load_state_dict(state["model"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]


def learning_rate(step: int, config: TrainingConfig) -> float:
    """Linear warm-up, then a cosine down to `final_share` of the peak."""
    rise = min(1.0, (step + 1) / config.warm_up_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(step / config.steps, 1.0)))
    share = config.final_share + (1 - config.final_share) * cosine
    return config.peak_learning_rate * rise * share


def losses_of(model: Any, batch: Batch) -> Losses:
    """Compare what the model predicts, given the true durations, pitch and energy."""
    from TTS.tts.utils.helpers import average_over_durations

    output = model.forward(
        x=batch.tokens,
        x_lengths=batch.n_tokens,
        y_lengths=batch.n_frames,
        y=batch.mel,
        dr=batch.durations,
        pitch=batch.pitch,
        energy=batch.energy,
        aux_input={"d_vectors": None, "speaker_ids": batch.speakers},
    )
    frames = _mask(batch.n_frames)[..., None]  # (batch, frames, 1)
    tokens = _mask(batch.n_tokens)  # (batch, tokens)
    pitch = average_over_durations(batch.pitch, batch.durations)  # (batch, 1, tokens)
    energy = average_over_durations(batch.energy, batch.durations)
    log_durations = torch.log(batch.durations.float() + 1)
    mel_error = (output["model_outputs"] - batch.mel).abs().mean(dim=2, keepdim=True)
    return Losses(
        mel=_mean(mel_error, frames),
        duration=_mean((output["durations_log"] - log_durations) ** 2, tokens),
        # Phonemes without a voiced frame have no pitch to learn.
        pitch=_mean((output["pitch_avg"] - pitch) ** 2, tokens[:, None] * (pitch != 0)),
        energy=_mean((output["energy_avg"] - energy) ** 2, tokens[:, None]),
    )


def _mask(lengths: Tensor) -> Tensor:
    return (torch.arange(int(lengths.max()))[None] < lengths[:, None]).float()


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)

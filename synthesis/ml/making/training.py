"""Training of a voice's FastPitch on one processor, resumable at any step."""

import json
import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from tqdm import tqdm

from audio.whole_files import whole_file
from synthesis.ml.errors import VoiceError
from synthesis.ml.making.acoustic_model import ModelShape, build, coqui_config
from synthesis.ml.making.dataset import Batch, Dataset, rows_of
from synthesis.ml.making.examples import Example
from synthesis.ml.speaking.voices import Voice

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
        half: Compute in bfloat16, where the processor can.
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
    half: bool = False
    checkpoint_every: int = 100
    seed: int = 0


LOADING_PROCESSES = 6
COMPARED = ("model_outputs", "durations_log", "pitch_avg", "energy_avg")


class BatchSource(TorchDataset[Batch]):
    """Batches by the number of their step, as torch's loader asks for them."""

    def __init__(self, dataset: Dataset, batch_size: int) -> None:
        self.dataset = dataset
        self.batch_size = batch_size

    def __getitem__(self, step: int) -> Batch:
        return self.dataset.batch_of_step(step, self.batch_size)


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
        device: As torch names it.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        characters: Sequence[str],
        checkpoint: Path,
        config: TrainingConfig,
        shape: ModelShape | None = None,
        device: str = "cpu",
    ) -> None:
        self.config = config
        self.checkpoint = checkpoint
        speakers = [str(row) for row in rows_of(examples)]
        torch.manual_seed(config.seed)
        self.model_config = coqui_config(shape or ModelShape(), characters, speakers)
        self.device = torch.device(device)
        self.model = build(self.model_config).to(self.device)
        self.dataset = Dataset(examples, self.model.tokenizer, seed=config.seed)
        self.step = 0
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=config.peak_learning_rate,
            betas=(0.9, 0.98),
            weight_decay=0.01,
        )

    def start_from(self, voice: Voice) -> None:
        """Begin with the weights of a voice of the same shape and phonemes.

        A new speaker begins as the voice's own speaker of the emotion.

        Raises:
            VoiceError: If shape or phonemes differ.
        """
        stored = torch.load(voice.model_path, map_location=self.device, weights_only=True)["model"]
        names = json.loads(voice.config_path.read_text(encoding="utf-8"))["speakers"]
        table = stored["emb_g.weight"]
        own = {
            emotion: table[names.index(name)]
            for emotions in voice.speakers.values()
            for emotion, name in emotions.items()
        }
        vectors = [own.get(row.emotion, table.mean(dim=0)) for row in self.dataset.rows]
        try:
            self.model.load_state_dict(stored | {"emb_g.weight": torch.stack(vectors)})
        except RuntimeError as error:
            raise VoiceError(f"{voice.folder} has another shape: {error}") from error

    def run(self, *, until: int | None = None, show_progress: bool = False) -> None:
        """Train to the end of the schedule, or to an earlier step, from where it stands."""
        torch.set_flush_denormal(True)  # denormals of dead units slow a processor tenfold
        last = min(until or self.config.steps, self.config.steps)
        self.model.train()
        bar = tqdm(
            self._batches(self.step, last), initial=self.step, total=last, disable=not show_progress
        )
        for batch in bar:
            losses = self.train_step(batch.to(self.device))
            if self.step % self.config.checkpoint_every == 0:
                bar.set_postfix_str(str(losses), refresh=False)
                logger.info("step %d: %s", self.step, losses)
                self.save()
        self.save()

    def _batches(self, first: int, last: int) -> Iterable[Batch]:
        """The batches of some steps; beside a GPU, processes of their own make them in time."""
        source = BatchSource(self.dataset, self.config.batch_size)
        on_cpu = self.device.type == "cpu"
        return DataLoader(
            source,
            batch_size=None,
            sampler=range(first, last),
            num_workers=0 if on_cpu else LOADING_PROCESSES,
            prefetch_factor=None if on_cpu else 8,
            pin_memory=not on_cpu,
        )

    def train_step(self, batch: Batch) -> Losses:
        """One step of optimisation."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.config)
        # Seeded by step, so that a resumed run drops the same units as an unbroken one.
        torch.manual_seed(self.config.seed * 1_000_003 + self.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.half):
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
                losses_of(self.model, self.dataset.collate(examples[i : i + 16]).to(self.device))
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
        state = {
            "step": self.step,
            "config": asdict(self.config),
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        with whole_file(self.checkpoint) as unfinished:
            torch.save(state, unfinished)

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        if self.checkpoint.exists():
            state: dict[str, Any] = torch.load(
                self.checkpoint, map_location=self.device, weights_only=True
            )
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
    output = {name: value.float() for name, value in output.items() if name in COMPARED}
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
    return (torch.arange(int(lengths.max()), device=lengths.device) < lengths[:, None]).float()


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)

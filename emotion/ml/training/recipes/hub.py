"""`hub`: any audio classification checkpoint of `transformers`, fine-tuned by the shared trainer.

wav2vec 2.0, XLS-R, HuBERT and WavLM take a waveform; a checkpoint is named by its id on the hub or
by a local folder. Where its labels are emotions, its classifier's rows are kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from audio import decode
from emotion.ml.errors import ModelError, TrainingError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig, FloatArray, prepare
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from emotion.ml.training.corpora import Clip
from emotion.ml.training.fitting import FitConfig, RunPlace, fit, held_back, score
from emotion.ml.training.recipes.registry import Scores

SYNONYMS: Final = {
    "ang": "angry",
    "anger": "angry",
    "dis": "disgust",
    "disgusted": "disgust",
    "fea": "fearful",
    "fear": "fearful",
    "hap": "happy",
    "happiness": "happy",
    "joy": "happy",
    "neu": "neutral",
    "calm": "neutral",
    "sadness": "sad",
    "sur": "surprised",
    "surprise": "surprised",
}
"""Names that published checkpoints give to our seven emotions."""

LONGEST_S: Final = 10.0


def our_emotion(label: str) -> str | None:
    """Return our name of a checkpoint's label, None if it is no emotion of ours."""
    name = label.strip().lower()
    name = SYNONYMS.get(name, name)
    return name if name in EMOTIONS else None


@dataclass(frozen=True)
class Waveforms:
    """Clips as prepared waveforms at 16 kHz."""

    speakers: NDArray[np.str_]
    labels: NDArray[np.intp]
    waveforms: tuple[FloatArray, ...]

    def subset(self, chosen: NDArray[np.bool_]) -> "Waveforms":
        kept = tuple(w for w, keep in zip(self.waveforms, chosen, strict=True) if keep)
        return Waveforms(self.speakers[chosen], self.labels[chosen], kept)


class WaveformSource:
    """Batches of varied stretches of waveforms."""

    def __init__(self, examples: Waveforms, device: str) -> None:
        self.labels = torch.from_numpy(examples.labels).to(device)
        self._waveforms = [torch.from_numpy(each) for each in examples.waveforms]
        self._device = device

    def batch(self, indices: Tensor, crop: int) -> Tensor:
        """Cut, play faster or slower, change the level and add noise. (batch, crop)"""
        rows = [self._varied(self._waveforms[index], crop) for index in indices.tolist()]
        return torch.stack(rows).to(self._device)

    def clip(self, index: int, min_frames: int) -> Tensor:
        """Return one clip whole, up to `LONGEST_S`. (1, samples)"""
        waveform = _repeated(self._waveforms[index], min_frames)
        return waveform[None, : int(LONGEST_S * 16_000)].to(self._device)

    def _varied(self, waveform: Tensor, crop: int) -> Tensor:
        speed, gain_db, snr_db = (float(torch.empty(1).uniform_(*r)) for r in _RANGES)
        waveform = _repeated(waveform, int(crop * speed) + 1)
        start = int(torch.randint(len(waveform) - int(crop * speed), (1,)))
        cut = waveform[start : start + int(crop * speed)]
        cut = functional.interpolate(cut[None, None], crop, mode="linear")[0, 0]
        noise = torch.randn(crop) * cut.square().mean().sqrt() * 10 ** (-snr_db / 20)
        return (cut + noise) * 10 ** (gain_db / 20)


_RANGES: Final = ((0.9, 1.1), (-6.0, 6.0), (10.0, 40.0))
"""Speed, gain in dB and signal-to-noise ratio in dB."""


def _repeated(waveform: Tensor, samples: int) -> Tensor:
    times = -(-samples // len(waveform))
    return waveform.repeat(times) if times > 1 else waveform


class HubNetwork(nn.Module):
    """A checkpoint with a classifier of our seven emotions."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, waveforms: Tensor) -> Tensor:  # (batch, samples)
        centred = waveforms - waveforms.mean(dim=1, keepdim=True)
        scaled = centred / (centred.square().mean(dim=1, keepdim=True) + 1e-7).sqrt()
        logits: Tensor = self.model(input_values=scaled).logits
        return logits  # (batch, 7)


def load_checkpoint(checkpoint: str) -> HubNetwork:
    """Load a checkpoint and give it our labels.

    Args:
        checkpoint: An id on the hub, or a folder with `config.json` and weights.

    Raises:
        ModelError: If it cannot be had, or is no model of this kind.
    """
    ensure_torchaudio_imports()  # before transformers, which imports it
    from transformers import AutoConfig, AutoModelForAudioClassification

    try:
        theirs = AutoConfig.from_pretrained(checkpoint).id2label
        model: Any = AutoModelForAudioClassification.from_pretrained(
            checkpoint,
            num_labels=len(EMOTIONS),
            id2label=dict(enumerate(EMOTIONS)),
            label2id={emotion: index for index, emotion in enumerate(EMOTIONS)},
            ignore_mismatched_sizes=True,
        )
        original: Any = AutoModelForAudioClassification.from_pretrained(checkpoint)
    except (OSError, ValueError) as error:
        raise ModelError(f"The checkpoint {checkpoint!r} cannot be loaded: {error}") from error
    _keep_rows(model, original, theirs)
    if hasattr(model, "freeze_feature_encoder"):
        model.freeze_feature_encoder()
    return HubNetwork(model)


@torch.no_grad()
def _keep_rows(model: Any, original: Any, theirs: Mapping[int, str]) -> None:
    """Copy the classifier's rows of labels that are emotions of ours; the first of each counts."""
    taken: set[str] = set()
    for row, label in sorted(theirs.items()):
        emotion = our_emotion(label)
        if emotion is None or emotion in taken:
            continue
        taken.add(emotion)
        ours = EMOTIONS.index(emotion)
        model.classifier.weight[ours] = original.classifier.weight[int(row)]
        model.classifier.bias[ours] = original.classifier.bias[int(row)]


@dataclass(frozen=True)
class FittedHub:
    """A fine-tuned checkpoint."""

    network: HubNetwork
    device: str = "cpu"

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())

    def scores(self, examples: Waveforms) -> Scores:
        source = WaveformSource(examples, self.device)
        network = self.network.to(self.device)
        clips = np.arange(len(examples.labels))
        return {"network": score(network, source, clips, HubRecipe.fitting.min_frames)}

    def save(self, folder: Path) -> None:
        """Write the checkpoint as `transformers` does, so that `--checkpoint FOLDER` loads it."""
        folder.mkdir(parents=True, exist_ok=True)
        model: Any = self.network.model
        model.save_pretrained(folder)
        (folder / "recipe.json").write_text(json.dumps({"model": "hub"}) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class HubRecipe:
    """Fine-tune one checkpoint."""

    name: ClassVar[str] = "hub"
    systems: ClassVar[dict[str, tuple[str, ...]]] = {"": ("network",)}
    fitting: ClassVar[FitConfig] = FitConfig(
        epochs=15,
        batch_size=8,
        learning_rate=3e-5,
        weight_decay=0.01,
        averaging=0.99,
        crops=(32_000, 48_000),
        min_frames=16_000,
        validate_every=1,
        patience=5,
    )
    checkpoint: str = ""
    config: FitConfig = field(default_factory=lambda: HubRecipe.fitting)

    def describe(self, clips: Sequence[Clip], *, cache: Path, varied: bool, seed: int) -> Waveforms:
        bar = tqdm(clips, desc="waveforms", unit="clip")
        waveforms = tuple(prepare(decode(clip.path), FeatureConfig()) for clip in bar)
        return Waveforms(
            np.array([clip.speaker for clip in clips]),
            np.array([EMOTIONS.index(clip.emotion) for clip in clips]),
            waveforms,
        )

    def fit(self, examples: Waveforms, place: RunPlace) -> FittedHub:
        if not self.checkpoint:
            raise TrainingError("Name the checkpoint: --checkpoint HUB_ID_OR_FOLDER")
        torch.manual_seed(place.seed)
        network = load_checkpoint(self.checkpoint)
        back = held_back(examples.speakers, seed=place.seed)
        source = WaveformSource(examples, place.device)
        trained, validated = np.flatnonzero(~back), np.flatnonzero(back)
        fitted = fit(network, source, trained, validated, self.config, place)
        assert isinstance(fitted, HubNetwork)  # noqa: S101 - `fit` returns what it was given
        return FittedHub(fitted, place.device)

    def load(self, folder: Path) -> FittedHub:
        return FittedHub(load_checkpoint(str(folder)))


RECIPE = HubRecipe

"""What the recipes share that are one network on a log-mel spectrogram."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import nn

from emotion.ml.errors import ModelError
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.training.bank import AugmentationConfig, LogMelBank
from emotion.ml.training.corpora import Clip
from emotion.ml.training.examples import PLAIN, Examples, load_examples
from emotion.ml.training.fitting import FitConfig, RunPlace, fit, held_back, score
from emotion.ml.training.recipes.registry import Scores

WHOLE = AugmentationConfig(variations=((PLAIN, 1.0),))


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network with what is needed to score with it again."""

    name: str
    network: nn.Module
    min_frames: int

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())

    def scores(self, examples: Examples) -> Scores:
        source = LogMelBank(examples, WHOLE, "cpu")
        clips = np.arange(len(examples.labels))
        return {"network": score(self.network, source, clips, self.min_frames)}

    def save(self, folder: Path) -> None:
        """Write `network.pt` and `recipe.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.network.state_dict(), folder / "network.pt")
        described = {"model": self.name, "min_frames": self.min_frames}
        (folder / "recipe.json").write_text(json.dumps(described) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class LogMelRecipe:
    """Train one network with the shared trainer.

    Attributes:
        build: Makes the network untrained.
    """

    name: str
    build: Callable[[], nn.Module]
    config: FitConfig
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    systems: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"": ("network",)})

    def describe(self, clips: Sequence[Clip], *, cache: Path, varied: bool, seed: int) -> Examples:
        return load_examples(clips, self.features, cache=cache, varied=varied, seed=seed)

    def fit(self, examples: Examples, place: RunPlace) -> FittedNetwork:
        """Hold back some of the training speakers to choose the epoch, and train on the rest."""
        torch.manual_seed(place.seed)
        back = held_back(examples.speakers, seed=place.seed)
        source = LogMelBank(examples, self.augmentation, place.device)
        trained, validated = np.flatnonzero(~back), np.flatnonzero(back)
        network = fit(self.build(), source, trained, validated, self.config, place)
        return FittedNetwork(self.name, network, self.config.min_frames)

    def load(self, folder: Path) -> FittedNetwork:
        """Read what `FittedNetwork.save` wrote.

        Raises:
            ModelError: If it is missing, damaged or of another recipe.
        """
        network = self.build()
        try:
            network.load_state_dict(torch.load(folder / "network.pt", weights_only=True))
        except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
            raise ModelError(f"{folder} holds no trained {self.name}: {error}") from error
        return FittedNetwork(self.name, network.eval(), self.config.min_frames)

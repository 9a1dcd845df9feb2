"""`default`: how the shipped model is trained; `default_model` says what it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from emotion.ml.errors import TrainingError
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.speech.speakers import SpeakerProfile
from emotion.ml.training.bank import AugmentationConfig, LogMelBank
from emotion.ml.training.corpora import Clip
from emotion.ml.training.examples import PLAIN, Examples, load_examples
from emotion.ml.training.fitting import FitConfig, RunPlace, fit, held_back, score
from emotion.ml.training.recipes.default_model import (
    AdaptedKernelMachine,
    EmotionNetwork,
    Ensemble,
    KernelMachine,
    NetworkConfig,
)
from emotion.ml.training.recipes.kernels import KernelConfig, fit_adapted, fit_kernel
from emotion.ml.training.recipes.networks import WHOLE
from emotion.ml.training.recipes.registry import Scores

REFERENCES = (1, 3, 5, 10, 0)
"""Numbers of other clips of the speaker that the gain is published for; 0 stands for all."""


@dataclass(frozen=True)
class FittedDefault:
    """The parts of the default model, trained."""

    network: Ensemble
    kernel: KernelMachine
    adapted: AdaptedKernelMachine
    min_frames: int
    seed: int

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())

    @torch.inference_mode()
    def scores(self, examples: Examples) -> Scores:
        """Score clips by every part, the adapted one with the speakers' other clips at hand."""
        source = LogMelBank(examples, WHOLE, "cpu")
        clips = np.arange(len(examples.labels))
        functionals = examples.functionals[PLAIN]
        scores = {
            "network": score(self.network, source, clips, self.min_frames),
            "kernel": self.kernel(torch.from_numpy(functionals)).double().numpy(),
        }
        for count in REFERENCES:
            shifted, trust = self._shifted(examples, count)
            adapted = self.adapted(torch.from_numpy(shifted)).double().numpy()
            scores[f"adapted {count or 'all'}"] = (
                trust[:, None] * adapted + (1 - trust[:, None]) * scores["kernel"]
            )
        return scores

    def _shifted(
        self, examples: Examples, count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Take off each clip what `count` other clips of its speaker tell; with their trust."""
        functionals, average = examples.functionals[PLAIN], self.kernel.mean.numpy()
        rng = np.random.default_rng(self.seed)
        shifted, trust = np.empty_like(functionals), np.empty(len(functionals))
        for index, speaker in enumerate(examples.speakers):
            others = np.flatnonzero(examples.speakers == speaker)
            others = others[others != index]
            if count:
                others = rng.choice(others, min(count, len(others)), replace=False)
            profile = SpeakerProfile(len(others), functionals[others].sum(axis=0))
            shifted[index] = functionals[index] - profile.shift(average)
            trust[index] = profile.trust
        return shifted, trust

    def save(self, folder: Path) -> None:
        raise TrainingError("The default model is exported with its scales, by `experiment.train`")


@dataclass(frozen=True)
class DefaultRecipe:
    """Networks that each hold back other speakers, and two kernel machines."""

    name: ClassVar[str] = "default"
    members: int = 1
    network: NetworkConfig = field(default_factory=NetworkConfig)
    fitting: FitConfig = field(default_factory=FitConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    kernel: KernelConfig = field(default_factory=KernelConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    systems: ClassVar[dict[str, tuple[str, ...]]] = {
        "": ("network", "kernel"),
        "its networks alone": ("network",),
        "its functionals alone": ("kernel",),
        **{
            f"with {count or 'all other'} clips of the speaker": (
                "network",
                f"adapted {count or 'all'}",
            )
            for count in REFERENCES
        },
    }

    def describe(self, clips: Sequence[Clip], *, cache: Path, varied: bool, seed: int) -> Examples:
        return load_examples(clips, self.features, cache=cache, varied=varied, seed=seed)

    def fit(self, examples: Examples, place: RunPlace) -> FittedDefault:
        kernel = fit_kernel(examples, self.kernel)
        return FittedDefault(
            network=Ensemble([self._member(examples, place, n) for n in range(self.members)]),
            kernel=kernel,
            adapted=fit_adapted(examples, kernel, self.kernel),
            min_frames=self.features.min_frames,
            seed=place.seed,
        )

    def _member(self, examples: Examples, place: RunPlace, number: int) -> EmotionNetwork:
        seed = place.seed + number
        torch.manual_seed(seed)
        network = EmotionNetwork(self.network)
        back = held_back(examples.speakers, seed=seed)
        source = LogMelBank(examples, self.augmentation, place.device)
        place = replace(place, seed=seed, label=f"{place.label} network {number + 1}")
        fitted = fit(
            network, source, np.flatnonzero(~back), np.flatnonzero(back), self.fitting, place
        )
        assert isinstance(fitted, EmotionNetwork)  # noqa: S101 - `fit` returns what it was given
        return fitted

    def load(self, folder: Path) -> FittedDefault:
        raise TrainingError("The default model is read by `EmotionPredictor.load`")


RECIPE = DefaultRecipe

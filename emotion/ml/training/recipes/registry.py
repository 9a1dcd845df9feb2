"""The recipes that one protocol compares: each fits on clips and scores clips of others."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from emotion.ml.errors import TrainingError
from emotion.ml.training.corpora import Clip
from emotion.ml.training.fitting import RunPlace

Scores = dict[str, NDArray[np.float64]]
"""Logits or other scores by part of the model, each of shape (clips, 7)."""


class Described(Protocol):
    """Clips in the form that a recipe learns from."""

    @property
    def speakers(self) -> NDArray[np.str_]: ...

    @property
    def labels(self) -> NDArray[np.intp]: ...

    def subset(self, chosen: NDArray[np.bool_]) -> Self: ...


class Fitted(Protocol):
    """A trained model of a recipe."""

    parameters: int
    """Numbers that were fitted."""

    def scores(self, examples: Any) -> Scores: ...

    def save(self, folder: Path) -> None: ...


class Recipe(Protocol):
    """How a system is trained.

    Attributes:
        name: As on the command line.
        systems: What is published: a title and the parts whose scores are added for it.
    """

    name: str
    systems: dict[str, tuple[str, ...]]

    def describe(
        self, clips: Sequence[Clip], *, cache: Path, varied: bool, seed: int
    ) -> Described: ...

    def fit(self, examples: Any, place: RunPlace) -> Fitted: ...

    def load(self, folder: Path) -> Fitted: ...


# By name of the module, so that a command loads no more than the recipe it was asked for.
MODULES: Final = {
    "default": "emotion.ml.training.recipes.default_recipe",
    "classic": "emotion.ml.training.recipes.classic",
    "timedist": "emotion.ml.training.recipes.timedist",
    "cnn_bigru": "emotion.ml.training.recipes.cnn_bigru",
    "hub": "emotion.ml.training.recipes.hub",
    "egemaps": "emotion.ml.training.recipes.egemaps",
    "encoder": "emotion.ml.training.recipes.encoder",
}


def recipe_options(checkpoint: str | None, layers: Sequence[int] | None) -> dict[str, Any]:
    """Return what `recipe` is given of a command's options: those that were set."""
    given = {"checkpoint": checkpoint, "layers": tuple(layers) if layers else None}
    return {name: value for name, value in given.items() if value}


def recipe(name: str, **options: Any) -> Recipe:
    """Return a recipe by name.

    Args:
        name: One of `MODULES`.
        options: What the recipe's constructor takes, such as `checkpoint` of `hub`.

    Raises:
        TrainingError: If there is none of that name, or a library that it needs is missing.
    """
    if name not in MODULES:
        raise TrainingError(f"Unknown model {name!r}: choose from {', '.join(MODULES)}")
    try:
        module = import_module(MODULES[name])
    except ImportError as error:
        raise TrainingError(
            f"The model {name!r} needs {error.name}: pip install -r requirements-dev.txt"
        ) from error
    constructor: Callable[..., Recipe] = module.RECIPE
    try:
        return constructor(**options)
    except TypeError as error:
        given = " or ".join(f"--{each}" for each in options)
        raise TrainingError(f"The model {name!r} takes no {given}: leave it out") from error

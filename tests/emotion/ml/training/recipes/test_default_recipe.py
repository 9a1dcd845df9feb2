from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion.ml.errors import TrainingError
from emotion.ml.training.examples import PLAIN
from emotion.ml.training.fitting import FitConfig, RunPlace
from emotion.ml.training.recipes.default_model import Ensemble, NetworkConfig
from emotion.ml.training.recipes.default_recipe import REFERENCES, DefaultRecipe, FittedDefault
from emotion.ml.training.recipes.kernels import KernelConfig, fit_adapted, fit_kernel

RECIPE = DefaultRecipe(
    members=2,
    network=NetworkConfig(channels=(8, 8, 8, 16), squeeze=2),
    fitting=FitConfig(epochs=1, batch_size=8, crops=(32, 48), averaging=0.5),
)


@pytest.fixture(scope="module")
def fitted(examples) -> FittedDefault:
    return RECIPE.fit(examples, RunPlace(seed=1))


def test_every_published_system_is_made_of_parts_that_are_scored(fitted, examples):
    scores = fitted.scores(examples)
    assert {part for parts in RECIPE.systems.values() for part in parts} <= set(scores)
    for part in scores.values():
        assert part.shape == (24, 7)
        assert np.isfinite(part).all()
    assert len(RECIPE.systems) == 3 + len(REFERENCES)


def test_networks_hold_back_other_speakers_and_begin_with_other_weights(fitted):
    one, other = fitted.network.members
    values = [
        torch.cat([value.flatten() for value in member.parameters()]) for member in (one, other)
    ]
    assert (values[0] - values[1]).abs().max() > 1e-3
    assert fitted.parameters == 2 * len(values[0])


def kernels_of(examples) -> FittedDefault:
    """The closed-form parts alone, which need a moment."""
    kernel = fit_kernel(examples, KernelConfig())
    adapted = fit_adapted(examples, kernel, KernelConfig())
    return FittedDefault(Ensemble([Silent()]), kernel, adapted, min_frames=32, seed=0)


class Silent(torch.nn.Module):
    def forward(self, log_mel: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(log_mel), 7)


def test_a_speaker_heard_once_is_judged_as_unknown(examples):
    """There is no other clip to adapt to, and the clip itself does not count."""
    firsts = np.unique(examples.speakers, return_index=True)[1]
    single = examples.subset(np.isin(np.arange(24), firsts))
    scores = kernels_of(examples).scores(single)
    for count in REFERENCES:
        np.testing.assert_allclose(scores[f"adapted {count or 'all'}"], scores["kernel"], atol=1e-6)


def test_a_clips_own_functionals_do_not_tell_of_its_speaker(examples):
    """Changing one clip changes the adapted scores of its speaker's other clips, not its shift."""
    model = kernels_of(examples)
    changed = replace(examples, functionals={PLAIN: examples.functionals[PLAIN].copy()})
    changed.functionals[PLAIN][0] += 5 * model.kernel.deviation.numpy()
    before, trust = model._shifted(examples, 0)
    after, _ = model._shifted(changed, 0)
    difference = np.abs(after - before).max(axis=1)
    own = examples.speakers == examples.speakers[0]
    np.testing.assert_allclose(
        after[0] - before[0], 5 * model.kernel.deviation.numpy(), rtol=1e-3, atol=1e-2
    )
    assert (difference[own] > 0).all()
    assert (difference[~own] == 0).all()
    assert trust == pytest.approx(np.full(24, 7 / 11))  # seven other clips of each speaker


def test_the_default_is_saved_and_loaded_elsewhere(fitted, tmp_path):
    with pytest.raises(TrainingError, match="exported with its scales"):
        fitted.save(tmp_path)
    with pytest.raises(TrainingError, match=r"EmotionPredictor\.load"):
        RECIPE.load(tmp_path)

import json

import numpy as np
import pytest
import torch

from emotion.ml.errors import ModelError
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes import cnn_bigru, timedist
from emotion.ml.training.recipes.cnn_bigru import CnnBiGru
from emotion.ml.training.recipes.networks import FittedNetwork
from emotion.ml.training.recipes.timedist import STEP_FRAMES, WINDOW_FRAMES, TimeDistributed


@pytest.mark.parametrize("build", [CnnBiGru, TimeDistributed])
@pytest.mark.parametrize("frames", [48, 49, 120, 301])
def test_any_number_of_frames_gives_seven_scores(build, frames):
    scores = build().eval()(torch.randn(2, frames, 64) * 15 - 38)
    assert scores.shape == (2, 7)
    assert torch.isfinite(scores).all()


@pytest.mark.parametrize("build", [CnnBiGru, TimeDistributed])
def test_clips_of_a_batch_do_not_hear_each_other(build):
    network = build().eval()
    clips = torch.randn(3, 96, 64) * 15 - 38
    together = network(clips)
    alone = torch.cat([network(clip[None]) for clip in clips])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)


def test_frames_after_the_last_whole_window_are_not_heard():
    network = TimeDistributed().eval()
    clip = torch.randn(1, WINDOW_FRAMES + 2 * STEP_FRAMES, 64)
    longer = torch.cat((clip, torch.randn(1, STEP_FRAMES - 1, 64)), dim=1)
    torch.testing.assert_close(network(longer), network(clip))


@pytest.mark.parametrize(
    ("saved", "loaded"),
    [(cnn_bigru.RECIPE, timedist.RECIPE), (timedist.RECIPE, cnn_bigru.RECIPE)],
)
def test_weights_of_another_recipe_are_refused(saved, loaded, tmp_path):
    own = saved()
    FittedNetwork(own.name, own.build(), own.config.min_frames).save(tmp_path)
    assert json.loads((tmp_path / "recipe.json").read_text())["model"] == own.name
    with pytest.raises(ModelError, match=f"holds no trained {loaded().name}"):
        loaded().load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04", None])
def test_damaged_weights_are_refused(tmp_path, content):
    recipe = timedist.RECIPE()
    FittedNetwork(recipe.name, recipe.build(), recipe.config.min_frames).save(tmp_path)
    path = tmp_path / "network.pt"
    path.write_bytes(path.read_bytes()[:-5000] if content is None else content)
    with pytest.raises(ModelError, match="holds no trained timedist"):
        recipe.load(tmp_path)


def test_the_seed_decides_about_the_first_weights(examples):
    recipe = timedist.RECIPE()
    short = type(recipe)(
        recipe.name, recipe.build, type(recipe.config)(epochs=1, batch_size=8, crops=(48,))
    )
    chosen = examples.subset(np.arange(24) < 16)
    weights = [
        next(short.fit(chosen, RunPlace(seed=seed)).network.parameters()).detach()
        for seed in (1, 1, 2)
    ]
    torch.testing.assert_close(weights[0], weights[1])
    assert (weights[0] - weights[2]).abs().max() > 1e-3

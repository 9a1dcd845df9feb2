"""The recipe of the renderings, as it is written and read."""

import pytest

from synthesis.ml.making.preparation import DONOR_ACTORS
from synthesis.ml.making.recipe import load_recipes
from synthesis.ml.making.rendering import MAX_LENGTHENING
from synthesis.ml.making.speakers import load_speakers

WRITTEN = """
[[ann.sad]]
donor = { actor = 4, statement = "02", repetition = "01" }
tempo = 0.5
pitch = 1.0
pitch_shape = 0.25
level = 1.0
timbre = 0.75
aperiodicity = 0.0
own_pitch = 1.0
own_level = 1.0
frequency_warp = 1.0
jitter = 0.01
shimmer_db = 0.5
own_pitch_range = 1.0
adds_to_own_pitch = true
shares_timbre = false
"""


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def test_a_take_is_a_donor_and_its_gains(written):
    (take,) = load_recipes(written)["ann"]["sad"]
    assert (take.donor.actor, take.donor.statement, take.donor.repetition) == (4, "02", "01")
    assert (take.gains.tempo, take.gains.timbre, take.gains.jitter) == (0.5, 0.75, 0.01)
    assert take.gains.adds_to_own_pitch
    assert not take.gains.shares_timbre


@pytest.mark.parametrize("gain", ["tempo", "jitter", "shares_timbre"])
def test_a_take_without_a_gain_is_refused_by_its_name(written, gain):
    lines = [line for line in WRITTEN.splitlines() if not line.startswith(f"{gain} =")]
    written.write_text("\n".join(lines))
    with pytest.raises(TypeError, match=gain):
        load_recipes(written)


def test_a_gain_that_does_not_exist_is_refused_by_its_name(written):
    written.write_text(WRITTEN + "loudness = 2.0\n")
    with pytest.raises(TypeError, match="loudness"):
        load_recipes(written)


def test_every_shipped_gain_keeps_to_what_was_searched():
    gains = [
        take.gains
        for recipe in load_recipes().values()
        for takes in recipe.values()
        for take in takes
    ]
    assert all(0 <= gain.jitter < 0.1 for gain in gains)
    assert all(0 <= gain.shimmer_db < 6 for gain in gains)
    assert all(1 / MAX_LENGTHENING < gain.frequency_warp < MAX_LENGTHENING for gain in gains)


def test_the_recipe_has_the_speakers_of_the_voice_and_no_others():
    assert set(load_recipes()) == {speaker.name for speaker in load_speakers()}


def test_every_speaker_has_takes_of_all_emotions_but_neutral_by_donors_of_the_right_voice():
    recipes = load_recipes()
    for speaker in load_speakers():
        recipe = recipes[speaker.name]
        assert sorted(recipe) == ["angry", "disgust", "fearful", "happy", "sad", "surprised"]
        actors = DONOR_ACTORS[speaker.donors]
        assert all(take.donor.actor in actors for takes in recipe.values() for take in takes)

"""From trained weights to a voice folder: who is in it, in which order, under which name."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from synthesis.ml.making.acoustic_model import ModelShape, build, coqui_config
from synthesis.ml.making.examples import Row
from synthesis.ml.making.export import LICENCE, export_voice
from synthesis.ml.speaking.phonemes import phoneme_table
from synthesis.ml.speaking.shaping import Shaping, read_shaping
from synthesis.ml.speaking.voices import Voice, load_voice

TINY = ModelShape(hidden=16, feed_forward=16, encoder_layers=1, decoder_layers=1)
ROWS = [
    Row("ann", "happy", 0),
    Row("ann", "neutral", 0),
    Row("zoe", "happy", 0),
    Row("zoe", "happy", 1),
    Row("zoe", "neutral", 0),
]


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    config = coqui_config(TINY, phoneme_table().values(), [str(row) for row in ROWS])
    return build(config).state_dict()


def exported(folder: Path, weights: dict, chosen: list[Row], **more: object) -> Voice:
    return export_voice(
        name="toy",
        folder=folder / "toy",
        weights=weights,
        rows=ROWS,
        chosen=chosen,
        table=phoneme_table(),
        shape=TINY,
        **{"shaping": {}, **more},
    )


def test_what_is_exported_is_a_whole_voice(tmp_path, weights):
    voice = exported(tmp_path, weights, ROWS)
    assert load_voice(voice.folder) == voice
    voice.verify()
    assert voice.licence == LICENCE
    assert voice.phonemes == phoneme_table()


def test_the_named_speakers_come_first_and_the_others_by_name(tmp_path, weights):
    assert list(exported(tmp_path / "a", weights, ROWS).speakers) == ["ann", "zoe"]
    voice = exported(tmp_path / "b", weights, ROWS, order=["zoe"])
    assert list(voice.speakers) == ["zoe", "ann"]
    assert voice.usual_speaker == "zoe"


def test_every_chosen_row_keeps_its_own_vector_whatever_the_order(tmp_path, weights):
    chosen = [ROWS[4], ROWS[0], ROWS[3]]
    voice = exported(tmp_path, weights, chosen, order=["zoe", "ann"])
    names = json.loads(voice.config_path.read_text())["speakers"]
    stored = torch.load(voice.model_path, weights_only=True)["model"]["emb_g.weight"]
    assert sorted(names) == sorted(str(row) for row in chosen)
    for name, vector in zip(names, stored, strict=True):
        row = next(row for row in ROWS if str(row) == name)
        torch.testing.assert_close(vector, weights["emb_g.weight"][ROWS.index(row)])


def test_weights_other_than_the_speakers_are_left_as_they_are(tmp_path, weights):
    voice = exported(tmp_path, weights, ROWS[:2])
    stored = torch.load(voice.model_path, weights_only=True)["model"]
    assert stored.keys() == weights.keys()
    for name in stored.keys() - {"emb_g.weight"}:
        torch.testing.assert_close(stored[name], weights[name])


def test_only_what_is_chosen_takes_its_shaping_along(tmp_path, weights):
    shaping = {row: Shaping.usual(1.0 + number, 1.0) for number, row in enumerate(ROWS)}
    voice = exported(tmp_path, weights, [ROWS[0], ROWS[3]], shaping=shaping)
    stored = read_shaping(voice.folder)
    assert {name: one.pitch_spread for name, one in stored.items()} == {
        "ann_happy_0": 1.0,
        "zoe_happy_1": 4.0,
    }


def test_of_one_emotion_the_first_take_is_called_by_it_and_the_others_by_number(tmp_path, weights):
    voice = exported(tmp_path, weights, ROWS)
    assert voice.speakers["zoe"] == {
        "happy": "zoe_happy_0",
        "happy_1": "zoe_happy_1",
        "neutral": "zoe_neutral_0",
    }


def test_a_row_that_was_not_trained_cannot_be_chosen(tmp_path, weights):
    with pytest.raises(ValueError, match="not in list"):
        exported(tmp_path, weights, [Row("eve", "sad", 0)])
    assert not (tmp_path / "toy" / "voice.toml").exists()


def test_exporting_again_replaces_the_voice(tmp_path, weights):
    exported(tmp_path, weights, ROWS)
    other = {**weights, "emb_g.weight": weights["emb_g.weight"] + 1}
    voice = exported(tmp_path, other, ROWS[:1])
    assert voice == load_voice(tmp_path / "toy")
    assert list(voice.speakers) == ["ann"]
    vector = torch.load(voice.model_path, weights_only=True)["model"]["emb_g.weight"][0]
    np.testing.assert_allclose(vector, other["emb_g.weight"][0])

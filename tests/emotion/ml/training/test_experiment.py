import json

import numpy as np
import pytest

from audio import encode_wav
from emotion.ml.errors import CorpusError
from emotion.ml.labels import EMOTIONS
from emotion.ml.training import experiment
from emotion.ml.training.corpora import load_corpus
from emotion.ml.training.experiment import (
    EVALUATION,
    cross_corpus,
    hold_out,
    record,
    recorded_scales,
    served,
    train,
    training_clips,
)
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes.registry import recipe


def written(folder) -> dict:
    return json.loads((folder / EVALUATION).read_text(encoding="utf-8"))


def test_a_report_joins_those_that_are_there(tmp_path):
    record(tmp_path, "default", {"held_out": {"seed": 0}})
    record(tmp_path, "classic", {"held_out": {"seed": 1}})
    found = record(tmp_path, "default", {"cross_corpus": {"tess": {}}})
    assert found == written(tmp_path)
    assert found["default"] == {"held_out": {"seed": 0}, "cross_corpus": {"tess": {}}}
    assert found["classic"] == {"held_out": {"seed": 1}}


def test_a_report_takes_the_place_of_the_former_one_of_its_kind(tmp_path):
    record(tmp_path, "default", {"held_out": {"seed": 0, "clips": 3}})
    assert record(tmp_path, "default", {"held_out": {"seed": 7}}) == {
        "default": {"held_out": {"seed": 7}}
    }


def test_what_cannot_be_written_leaves_the_reports_that_there_are(tmp_path):
    record(tmp_path, "default", {"held_out": {"seed": 0}})
    with pytest.raises(TypeError, match="JSON"):
        record(tmp_path, "classic", {"held_out": object()})
    assert written(tmp_path) == {"default": {"held_out": {"seed": 0}}}


def test_recorded_scales_are_read_by_title(tmp_path):
    scales = {"": (1.5, 2.0), "its networks alone": (3.0,)}
    record(tmp_path, "default", {"held_out": {"scales": scales}})
    assert recorded_scales(tmp_path / EVALUATION) == scales


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"default": {"held_out": {"scales": [1]}}}', '{"default": 3}']
)
def test_a_file_without_held_out_scales_says_what_to_run(tmp_path, content):
    (tmp_path / EVALUATION).write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match="run evaluate_emotion first"):
        recorded_scales(tmp_path / EVALUATION)


def test_clips_come_in_one_order_whatever_the_order_of_the_corpora(tones, tmp_path):
    other = tmp_path / "own" / "train" / "sad"
    other.mkdir(parents=True)
    (other / "1.wav").write_bytes(encode_wav(np.zeros(8000, np.float32), 16_000))
    data = {"emodb": tones, "folder": tmp_path / "own"}
    clips = training_clips(data)
    assert clips == training_clips(dict(reversed(data.items())))
    assert [clip.corpus for clip in clips] == ["emodb"] * 24 + ["folder"]


def test_a_licence_that_bars_training_is_kept_to(tones, tmp_path):
    with pytest.raises(CorpusError, match="tess may only be tested on"):
        training_clips({"emodb": tones, "tess": tmp_path})


def test_clips_are_scored_as_a_server_does(tones, predictor):
    clips = load_corpus("emodb", tones)[:3]
    rows = served(predictor, clips)
    assert rows.shape == (3, len(EMOTIONS))
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_held_out_figures_hang_together(tones, tmp_path):
    """Golden relations between the parts of a report, whatever the recipe learnt."""
    chosen = recipe("egemaps")
    report = hold_out(chosen, {"emodb": tones}, tmp_path, RunPlace(seed=3))["egemaps"]["held_out"]
    figures = report["systems"][""]["emodb"]
    assert (report["seed"], report["clips"]) == (3, 24)
    assert report["parameters"] > 100
    confusion = np.array(figures["confusion"])
    assert confusion.sum() == sum(fold["clips"] for fold in figures["folds"]) == 24
    accuracies = [fold["wa"] for fold in figures["folds"]]
    assert figures["wa_mean"] == pytest.approx(np.mean(accuracies), abs=1e-3)
    assert figures["wa_deviation"] == pytest.approx(np.std(accuracies), abs=1e-3)
    assert np.trace(confusion) / 24 == pytest.approx(figures["wa_mean"], abs=1e-3)  # equal folds
    assert written(tmp_path)["egemaps"]["held_out"]["scales"].keys() == {""}


def test_another_corpus_is_scored_by_a_recipes_own_weights(tones, tmp_path):
    chosen = recipe("egemaps")
    fitted = train(chosen, {"emodb": tones}, tmp_path, RunPlace())
    fitted.save(tmp_path / "weights")
    report = cross_corpus({"emodb": tones}, tmp_path, weights=tmp_path / "weights", recipe=chosen)
    assert report["egemaps"]["cross_corpus"]["emodb"]["wa_mean"] > 0.9  # it was trained on them
    assert list(report) == ["egemaps"]


def test_work_that_is_done_is_not_done_again(tones, tmp_path, monkeypatch):
    """After a kill between the rounds and the report, the rounds are read and not trained."""
    chosen = recipe("egemaps")
    first = hold_out(chosen, {"emodb": tones}, tmp_path, RunPlace())
    (tmp_path / EVALUATION).unlink()
    monkeypatch.setattr(type(chosen), "fit", None)
    assert experiment.hold_out(chosen, {"emodb": tones}, tmp_path, RunPlace()) == first

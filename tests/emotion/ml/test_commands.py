import json

import pytest
from django.core.management import CommandError, call_command


def test_a_missing_corpus_ends_a_command_with_its_path(tmp_path):
    for command in ("evaluate_emotion", "train_emotion"):
        with pytest.raises(CommandError, match="nowhere"):
            call_command(command, data=[f"emodb={tmp_path}/nowhere"], out=tmp_path / "out")


@pytest.mark.parametrize("command", ["evaluate_emotion", "train_emotion"])
def test_an_unknown_corpus_ends_a_command(command, tmp_path):
    with pytest.raises(CommandError, match="NAME=FOLDER"):
        call_command(command, data=["iemocap=somewhere"], out=tmp_path)


def test_tess_is_refused_as_training_data(tmp_path):
    with pytest.raises(CommandError, match="may only be tested on"):
        call_command("train_emotion", data=[f"tess={tmp_path}"], out=tmp_path)


def test_another_corpus_is_scored_with_the_shipped_weights(tones, tmp_path, capsys):
    options = {"protocol": "cross-corpus", "out": tmp_path}
    call_command("evaluate_emotion", data=[f"emodb={tones}"], **options)
    figures = json.loads((tmp_path / "evaluation.json").read_text())["default"]["cross_corpus"][
        "emodb"
    ]
    assert sum(fold["clips"] for fold in figures["folds"]) == 24
    table = (tmp_path / "evaluation.md").read_text()
    assert table in capsys.readouterr().out
    assert f"{100 * figures['wa_mean']:.1f} ± " in table


def test_broken_weights_end_the_command(tones, tmp_path):
    options = {"protocol": "cross-corpus", "out": tmp_path, "weights": tmp_path}
    with pytest.raises(CommandError, match=r"model\.json"):
        call_command("evaluate_emotion", data=[f"emodb={tones}"], **options)

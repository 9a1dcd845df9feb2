import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from audio import encode_wav
from emotion.ml.errors import CorpusError, ModelError, SilentError, TrainingError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.ml.training import robustness
from emotion.ml.training.corpora import load_corpus
from emotion.ml.training.degradations.conditions import CONDITIONS
from emotion.ml.training.experiment import train
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes.registry import recipe
from emotion.ml.training.report import as_markdown
from emotion.ml.training.robustness import Listener, listener_of, measure_robustness

FEW = {name: CONDITIONS[name] for name in ("clean", "30 dB quieter", "babble 10 dB", "noise 10 dB")}


@pytest.fixture(autouse=True)
def few_conditions(monkeypatch):
    """Four stand for all, which the tests of the conditions themselves go through."""
    monkeypatch.setattr(robustness, "CONDITIONS", FEW)


def by_loudness(waveform: np.ndarray) -> np.ndarray:
    """Calls what is loud angry and what is soft sad, with certainty."""
    loud = np.sqrt(np.mean(waveform**2)) > 0.03
    return np.eye(7)[EMOTIONS.index("angry" if loud else "sad")]


LOUDNESS = Listener("loudness", "0" * 64, by_loudness)


def test_figures_are_those_that_the_verdicts_have(tones, tmp_path):
    """Closed form: a quarter of the tones are angry, a quarter sad, all are loud when clean."""
    report = measure_robustness(LOUDNESS, {"emodb": tones}, tmp_path)["loudness"]["robustness"]
    figures = report["corpora"]["emodb"]
    expected = {"clips": 24, "wa": 0.25, "uar": 0.25, "ece": 0.75}
    assert figures["clean"] == {**expected, "as_clean": 1.0}
    assert figures["30 dB quieter"] == {**expected, "as_clean": 0.0}
    assert report["weights"] == "0" * 64


def test_what_cannot_be_made_is_left_out_with_its_reason(tones, tmp_path):
    evaluation = measure_robustness(LOUDNESS, {"emodb": tones}, tmp_path)
    report = evaluation["loudness"]["robustness"]
    assert list(report["corpora"]["emodb"]) == ["clean", "30 dB quieter", "babble 10 dB"]
    assert "noise=FOLDER" in report["left_out"]["noise 10 dB"]
    table = as_markdown(evaluation)
    assert "| 30 dB quieter | 25.0 | 25.0 | 75.0 | 0.0 |" in table
    assert "Not measured: noise 10 dB." in table


def test_where_nothing_is_left_to_hear_there_is_no_verdict(tones, tmp_path):
    def deaf_to_soft_sound(waveform):
        if np.abs(waveform).max() < 0.1:
            raise SilentError("too soft")
        return by_loudness(waveform)

    listener = Listener("deaf", "0" * 64, deaf_to_soft_sound)
    report = measure_robustness(listener, {"emodb": tones}, tmp_path)["deaf"]["robustness"]
    figures = report["corpora"]["emodb"]["30 dB quieter"]
    assert (figures["wa"], figures["as_clean"]) == (0.0, 0.0)


def test_recorded_noise_is_mixed_in_where_it_is_given(tones, tmp_path):
    (tmp_path / "noise").mkdir()
    hiss = np.random.default_rng(0).standard_normal(9000).astype(np.float32) * 0.1
    (tmp_path / "noise" / "hiss_1.wav").write_bytes(encode_wav(hiss, 16_000))
    data = {"emodb": tones, "noise": tmp_path / "noise"}
    report = measure_robustness(LOUDNESS, data, tmp_path)["loudness"]["robustness"]
    assert not report["left_out"]
    assert report["corpora"].keys() == {"emodb"}
    assert report["corpora"]["emodb"].keys() == FEW.keys()


def test_so_many_clips_of_each_speaker_are_drawn_and_always_the_same(tones, tmp_path):
    runs = [
        measure_robustness(LOUDNESS, {"emodb": tones}, tmp_path / name, clips_per_speaker=3)
        for name in ("one", "two")
    ]
    assert runs[0] == runs[1]
    assert runs[0]["loudness"]["robustness"]["corpora"]["emodb"]["clean"]["clips"] == 9


def test_a_run_that_breaks_off_goes_on_where_it_was(tones, tmp_path):
    heard = []

    def breaking(waveform):
        heard.append(waveform.size)
        if len(heard) == 30:
            raise MemoryError
        return by_loudness(waveform)

    listener = Listener("loudness", "0" * 64, breaking)
    with pytest.raises(MemoryError):
        measure_robustness(listener, {"emodb": tones}, tmp_path)
    measure_robustness(listener, {"emodb": tones}, tmp_path)
    assert len(heard) == 30 + 2 * 24  # the clean clips are not heard again
    other = Listener("loudness", "1" * 64, breaking)
    measure_robustness(other, {"emodb": tones}, tmp_path)
    assert len(heard) == 30 + 5 * 24  # other weights are


def test_the_shipped_model_is_measured_by_command(tones, tmp_path, capsys):
    options = {"protocol": "robustness", "out": tmp_path, "clips": 2}
    call_command("evaluate_emotion", data=[f"emodb={tones}"], **options)
    report = json.loads((tmp_path / "evaluation.json").read_text())["default"]["robustness"]
    assert report["clips_per_speaker"] == 2
    assert report["corpora"]["emodb"]["clean"]["clips"] == 6
    assert "on degraded clips of EMO-DB (6 clips)" in capsys.readouterr().out
    assert report["weights"] == json.loads((SHIPPED / "model.json").read_text())["sha256"]


def test_a_trained_encoder_is_measured_by_its_own_weights(tones, tiny_whisper, tmp_path):
    chosen = recipe("encoder", checkpoint=str(tiny_whisper), layers=(1, 2))
    train(chosen, {"emodb": tones}, tmp_path, RunPlace()).save(tmp_path / "weights")
    listener = listener_of(tmp_path / "weights", chosen)
    report = measure_robustness(listener, {"emodb": tones}, tmp_path)["encoder"]["robustness"]
    figures = report["corpora"]["emodb"]
    assert figures["clean"]["wa"] > 0.9  # it was trained on them
    assert figures["30 dB quieter"]["as_clean"] > 0.9  # no gain matters


def test_what_judges_features_only_is_refused(tones, tmp_path):
    chosen = recipe("egemaps")
    examples = chosen.describe(load_corpus("emodb", tones), cache=tmp_path, varied=True, seed=0)
    chosen.fit(examples, RunPlace()).save(tmp_path / "weights")
    with pytest.raises(TrainingError, match="'egemaps' judges features, not waveforms"):
        listener_of(tmp_path / "weights", chosen)


def test_missing_weights_and_missing_speech_are_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no trained encoder"):
        listener_of(SHIPPED, recipe("encoder"))
    with pytest.raises(CorpusError, match="add a corpus"):
        measure_robustness(LOUDNESS, {"noise": tmp_path}, tmp_path)
    options = {"protocol": "robustness", "out": tmp_path, "model": "encoder"}
    with pytest.raises(CommandError, match="holds no trained encoder"):
        call_command("evaluate_emotion", data=[f"emodb={tmp_path}"], **options)


def test_options_that_a_model_does_not_have_are_refused():
    with pytest.raises(TrainingError, match="'egemaps' takes no --layers"):
        recipe("egemaps", layers=(2,))

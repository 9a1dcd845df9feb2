"""What is shipped is what was measured: figures in the documents belong to the model's bytes."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from audio import decode
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.ml.training.as_served import profiles_of
from emotion.ml.training.corpora import load_corpus
from emotion.ml.training.report import as_markdown, recipe_table, served_tables

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def evaluation():
    published = json.loads((SHIPPED / "evaluation.json").read_text(encoding="utf-8"))
    return {"default": published["default"]}


def text(path: Path) -> str:
    return " ".join(path.read_text(encoding="utf-8").split())


def points(evaluation, corpus: str, known: str, unknown: str = "") -> str:
    """The gain in accuracy of a system of the recipe over another, as the documents write it."""
    systems = evaluation["default"]["held_out"]["systems"]
    gain = systems[known][corpus]["wa_mean"] - systems[unknown][corpus]["wa_mean"]
    return f"{100 * gain:+.1f}"


def accuracy(evaluation, references: str) -> float:
    measured = evaluation["default"]["as_served"]["corpora"]["tess"]["references"]
    return 100 * measured[references]["wa_mean"]


def test_the_published_figures_are_those_of_the_shipped_bytes(evaluation):
    digest = hashlib.sha256((SHIPPED / "model.onnx").read_bytes()).hexdigest()
    described = json.loads((SHIPPED / "model.json").read_text(encoding="utf-8"))
    measured = evaluation["default"]["as_served"]
    assert (digest, described["version"]) == (measured["sha256"], measured["version"]), (
        "model.onnx is not what was measured: run evaluate_emotion --protocol as-served"
    )
    assert described["sha256"] == digest


def test_no_speaker_of_the_published_figures_was_trained_on(evaluation):
    for corpus, measured in evaluation["default"]["as_served"]["corpora"].items():
        assert measured["speakers_trained_on"] == 0, corpus


def test_the_card_has_the_tables_that_were_measured(evaluation):
    card = (SHIPPED / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert as_markdown(evaluation) in card
    described = json.loads((SHIPPED / "model.json").read_text(encoding="utf-8"))
    assert card.startswith(f"# default, version {described['version']}\n")


def test_the_documents_have_the_tables_that_were_measured(evaluation):
    models = (PROJECT / "docs" / "models.md").read_text(encoding="utf-8")
    for table in (recipe_table(evaluation), *served_tables(evaluation)):
        assert table in models


def test_gains_from_knowing_a_voice_are_differences_of_what_was_measured(evaluation):
    models = text(PROJECT / "docs" / "models.md")
    ten, everything = (f"with {n} clips of the speaker" for n in ("10", "all other"))
    for corpus, name in (("ravdess", "RAVDESS"), ("emodb", "EMO-DB")):
        gains = [points(evaluation, corpus, known) for known in (ten, everything)]
        assert f"the recipe on {name}, cross-validated | {gains[0]} | {gains[1]} |" in models
    alone = accuracy(evaluation, "0")
    gains = [f"{accuracy(evaluation, known) - alone:+.1f}" for known in ("10", "all")]
    assert f"the shipped bytes on TESS | {gains[0]} | {gains[1]} |" in models


def test_the_front_page_rounds_what_was_measured(evaluation):
    alone, ten = (f"{accuracy(evaluation, known):.0f} %" for known in ("0", "10"))
    page = text(PROJECT / "README.md")
    assert f"recognise {alone} of TESS, a corpus that they never heard, and {ten} once" in page
    systems = evaluation["default"]["held_out"]["systems"]
    plain, known = (
        [int(100 * systems[title][corpus]["wa_mean"] + 0.5) for corpus in ("ravdess", "emodb")]
        for title in ("", "with all other clips of the speaker")
    )
    assert f"{plain[0]} % of RAVDESS and {plain[1]} % of EMO-DB" in page
    assert f"{known[0]} % and {known[1]} % where all other clips" in page


def recognised(predictor, clips) -> dict[str, tuple[float, float]]:
    """Accuracy, and the mean probability of the true emotion, by the number of references."""
    found = [predictor.look_at(decode(clip.path), assume_speech=True) for clip in clips]
    speakers = np.array([clip.speaker for clip in clips])
    figures = {}
    for known in ("0", "5"):
        profiles = profiles_of(found, speakers, known, seed=0)
        judged = predictor.judge(found, profiles, assume_speech=True)
        pairs = list(zip(judged, clips, strict=True))
        right = np.mean([each.emotion == clip.emotion for each, clip in pairs])
        figures[known] = (right, np.mean([each.scores[clip.emotion] for each, clip in pairs]))
    return figures


@pytest.mark.corpora
def test_five_references_of_mixed_emotions_do_not_make_predictions_worse(predictor, corpora):
    """Of actors that were trained on, so few clips are wrong: their scores tell more."""
    actors = {"ravdess-01", "ravdess-08", "ravdess-15", "ravdess-20"}
    clips = load_corpus("ravdess", corpora / "ravdess")
    figures = recognised(predictor, [clip for clip in clips if clip.speaker in actors])
    assert figures["5"][0] >= figures["0"][0]
    assert figures["5"][1] > figures["0"][1]


@pytest.mark.corpora
def test_a_voice_never_trained_on_is_recognised_better_once_it_is_known(predictor, corpora):
    figures = recognised(predictor, load_corpus("tess", corpora / "tess")[::8])
    assert figures["5"][0] > 0.1 + figures["0"][0]


@pytest.mark.corpora
def test_the_machine_for_known_voices_tells_clips_apart(predictor, corpora):
    clips = load_corpus("ravdess", corpora / "ravdess")[::40]
    found = [predictor.look_at(decode(clip.path), assume_speech=True) for clip in clips]
    functionals = np.stack([clip.functionals for clip in found])
    inputs = {"functionals": functionals, "adapted_functionals": functionals}
    mels = np.zeros((len(clips), 32, 64), np.float32)
    _, _, adapted, _ = predictor._weights.session.run(None, {"log_mel": mels, **inputs})
    assert np.isfinite(adapted).all()
    assert (adapted.std(axis=0) > 0.05).all()

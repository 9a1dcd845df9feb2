"""Hearing a voice out before it is used."""

from dataclasses import replace

import numpy as np
import pytest

from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.errors import NoTextsError
from synthesis.ml.speaking.check import check_voice
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.gate import GateLimits
from synthesis.ml.speaking.texts import catalogue
from tests.synthesis.ml.tiny_models import TEXT, make

LIMITS = GateLimits(shortest_s=0.1, longest_s=10.0, least_score=0.0)


@pytest.fixture(scope="module")
def judge() -> EmotionPredictor:
    return EmotionPredictor.load()


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> SpeechEngine:
    return SpeechEngine(make("fast_pitch", tmp_path_factory.mktemp("voices") / "toy"))


def test_what_a_speaker_cannot_do_is_missing_and_the_rest_is_measured(engine, judge):
    hearings = {hearing.emotion: hearing for hearing in check_voice(engine, judge, LIMITS)}
    assert tuple(hearings) == EMOTIONS
    missing = [emotion for emotion, one in hearings.items() if one.fault == "missing"]
    assert sorted({*EMOTIONS} - {*missing}) == ["happy", "sad"]
    assert all(hearings[emotion].measures is None for emotion in missing)


def test_the_first_sentence_of_the_catalogue_is_spoken_unless_another_is_given(engine, judge):
    usual, short = (
        next(h for h in check_voice(engine, judge, LIMITS, text=text) if h.emotion == "happy")
        for text in (None, TEXT)
    )
    first = engine.speak(catalogue("en")[0], "happy", seed=1)
    assert usual.duration_s == pytest.approx(len(first.waveform) / first.sampling_rate)
    assert short.duration_s < usual.duration_s


def test_a_hearing_tells_length_cost_score_and_what_was_heard(engine, judge):
    happy = next(h for h in check_voice(engine, judge, LIMITS, text=TEXT) if h.emotion == "happy")
    clip = engine.speak(TEXT, "happy", seed=1)
    assert happy.fault is None
    assert happy.duration_s == pytest.approx(len(clip.waveform) / clip.sampling_rate)
    assert happy.cost_s > 0
    scores = judge.predict(clip.waveform, assume_speech=True).scores
    assert happy.score == pytest.approx(scores["happy"])
    assert happy.heard == max(scores, key=scores.get)


def test_a_clip_that_the_gate_refuses_is_told_with_its_fault(engine, judge):
    short = GateLimits(shortest_s=30.0, longest_s=60.0, least_score=0.0)
    faults = {h.emotion: h.fault for h in check_voice(engine, judge, short, text=TEXT)}
    assert (faults["happy"], faults["sad"]) == ("too_short", "too_short")


def test_a_voice_without_sentences_of_its_language_says_so(engine, judge):
    finnish = SpeechEngine(replace(engine.voice, language="fi"))
    with pytest.raises(NoTextsError, match="fi"):
        next(check_voice(finnish, judge, LIMITS))


def test_measures_are_those_of_the_spoken_clip(engine, judge):
    sad = next(h for h in check_voice(engine, judge, LIMITS, text=TEXT) if h.emotion == "sad")
    letters = sum(character.isalnum() for character in TEXT)
    assert sad.measures.characters_per_s == pytest.approx(letters / sad.duration_s)
    assert np.isfinite(sad.measures.brightness_db)

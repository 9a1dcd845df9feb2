"""What the gate refuses reaches no pool, and is counted for the administrators."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from emotion.ml.predictor import EmotionPredictor
from emotion.models import Emotion
from labeling.models import Clip
from synthesis import services
from synthesis.models import PlayClip, Refusal
from tests.synthesis.conftest import Sound, sound

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Speakers:
    """As much of a voice folder as the service asks for."""

    speakers: dict = field(default_factory=lambda: {"ann": {}, "ben": {}})


class Engine:
    """An engine out of order: it gives one sound, whatever it should speak."""

    voice = Speakers()

    def __init__(self, utterance: Sound) -> None:
        self.utterance = utterance

    def speak(self, text: str, emotion: str, *, seed: int, speaker: str) -> Sound:
        return self.utterance


@pytest.fixture(scope="module")
def judge() -> EmotionPredictor:
    return EmotionPredictor.load()


def satisfied(voice, judge, utterance: Sound, need: str = "happy", seed: int = 1):
    return services.satisfy(
        need=need, engine=Engine(utterance), judge=judge, voice=voice, text="Words.", seed=seed
    )


def test_a_refused_clip_leaves_a_count_and_nothing_else(voice, judge, tmp_path):
    silent = Sound(np.zeros(32_000, np.float32))

    assert satisfied(voice, judge, silent) is None
    assert satisfied(voice, judge, silent) is None

    assert not PlayClip.objects.exists()
    assert not list((tmp_path / "pools").rglob("*.wav"))
    refusal = Refusal.objects.get()
    assert (refusal.speaker, refusal.emotion, refusal.reason) == ("ben", "happy", "silent")
    assert refusal.count == 2


def test_a_clip_that_passes_keeps_its_speaker_and_its_score(voice, judge, settings):
    settings.PLAY_CLIP_LEAST_SCORE = 0.0

    clip = satisfied(voice, judge, sound(1, seconds=2.0), seed=2)

    assert clip.speaker == "ann"
    assert 0 <= clip.score <= 1
    assert not Refusal.objects.exists()


def test_a_clip_that_the_model_contradicts_is_refused(voice, judge):
    scores = judge.predict(sound(1, 2.0).waveform, assume_speech=True).scores
    least = min(scores, key=scores.get)

    assert satisfied(voice, judge, sound(1, seconds=2.0), need=least) is None
    assert Refusal.objects.get().reason == "contradicted"


def test_dummy_clips_are_not_judged_since_nobody_knows_their_emotion(voice, judge):
    clip = satisfied(voice, judge, sound(3, seconds=2.0), need="dummy")

    assert isinstance(clip, Clip)
    assert not Refusal.objects.exists()


def test_the_database_refuses_a_score_that_is_no_probability(add_play_clip):
    clip = add_play_clip()
    with pytest.raises(IntegrityError, match="score_in_range"), transaction.atomic():
        PlayClip.objects.filter(pk=clip.pk).update(score=1.5)


def test_the_database_keeps_one_row_for_each_kind_of_refusal(voice):
    kind = {"voice": voice, "speaker": "ann", "emotion": Emotion.SAD, "reason": "silent"}
    Refusal.objects.create(**kind)
    with pytest.raises(IntegrityError):
        Refusal.objects.create(**kind)


def test_administrators_see_what_was_refused(admin_client, voice):
    services.count_refusal(voice=voice, speaker="ann", emotion="sad", reason="contradicted")

    text = admin_client.get("/portal/synthesis/refusal/").content.decode()

    assert "Contradicted by the emotion model" in text
    assert "ann" in text

"""What the pools lack next, and what is refused on the way."""

from datetime import timedelta

import numpy as np
import pytest
from django.core.files.storage import storages
from django.db import IntegrityError, transaction
from django.utils import timezone

from emotion.ml.speech.predictor import EmotionPredictor
from emotion.models import Emotion
from labeling import pools
from labeling.models import Clip
from synthesis import services
from synthesis.ml.errors import NoTextsError
from synthesis.models import PlayClip, Refusal, Rendition, Voice
from synthesis.services import Need
from tests.synthesis.conftest import SPEAKERS, Sound, sound

pytestmark = pytest.mark.django_db


class Engine:
    """An engine out of order: it gives one sound, whatever it should speak."""

    def __init__(self, utterance: Sound) -> None:
        self.utterance = utterance

    def speak(self, text: str, emotion: str, *, seed: int, speaker: str) -> Sound:
        return self.utterance


@pytest.fixture(scope="module")
def judge() -> EmotionPredictor:
    return EmotionPredictor.load()


def satisfied(voice, judge, utterance: Sound, pool="play", emotion="happy", seed=1):
    need = Need(pool, voice, "ben", emotion)
    return services.satisfy(need=need, engine=Engine(utterance), judge=judge, seed=seed)


def add_dummy(voice, seed: int) -> None:
    services.add_dummy_clip(utterance=sound(seed), voice=voice, text="Words.", seed=seed)


def test_an_empty_pool_first_needs_one_clip_of_every_emotion(add_play_clip):
    needed = []
    while (need := services.next_need()).pool != "dummy":
        needed.append(need.emotion)
        add_play_clip(need.emotion, need.speaker)
    assert sorted(needed) == sorted(Emotion.values)


def test_then_a_few_dummy_clips_then_the_target_of_every_speaker_then_nothing(
    add_play_clip, voice, settings
):
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 2, 6
    for emotion in Emotion.values:
        add_play_clip(emotion)
    order = []
    while need := services.next_need():
        order.append(need.pool)
        if need.pool == "dummy":
            add_dummy(voice, 10_000 + len(order))
        else:
            add_play_clip(need.emotion, need.speaker)
    assert order == ["dummy"] * 4 + ["play"] * 21 + ["dummy"] * 2
    assert set(PlayClip.objects.in_stock().values()) == {2}
    assert len(PlayClip.objects.in_stock()) == len(SPEAKERS) * 7


def test_clips_that_wait_for_a_moderator_count_as_stock(add_play_clip, settings):
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 1, 0
    settings.PLAY_CLIP_REVIEW = True
    made = 0
    while need := services.next_need():
        add_play_clip(need.emotion, need.speaker)
        made += 1
    assert made == len(SPEAKERS) * 7
    assert PlayClip.objects.held().count() == made


def test_labelled_dummy_clips_are_not_made_up_for(voice, settings):
    """The dummy pool is filled once: later clips come from imports, not from our own voice."""
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 0, 1
    add_dummy(voice, 1)
    Clip.objects.update(state="withdrawn")
    assert services.next_need().pool != "dummy"


def test_without_a_voice_nothing_is_needed(db):
    assert services.next_need() is None


def test_a_voice_that_the_pool_does_not_name_is_not_spoken(voice, settings):
    settings.PLAY_VOICES = ["another"]
    assert services.next_need() is None


def test_a_replaced_version_of_a_voice_is_not_spoken(voice):
    Voice.objects.update(is_live=False)
    assert services.next_need() is None


def test_what_was_refused_has_to_wait_longer_each_time(voice):
    rendition = Rendition.objects.get(speaker="ben", emotion="happy")
    need = Need("play", voice, "ben", "happy")
    waits = []
    for _ in range(16):
        services.count_refusal(need=need, reason="silent")
        rendition.refresh_from_db()
        tried = rendition.tried_at
        waits.append(next(s for s in range(10_000) if rendition.is_due(tried + timedelta(0, s))))
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert waits[-1] == 3600


def test_others_are_spoken_while_it_waits(voice, add_play_clip, settings, clock):
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 1, 0
    for speaker in SPEAKERS:
        services.count_refusal(need=Need("play", voice, speaker, "sad"), reason="silent")
    while need := services.next_need():
        assert need.emotion != "sad"
        add_play_clip(need.emotion, need.speaker)
    assert PlayClip.objects.count() == len(SPEAKERS) * 6
    clock.let_pass(2)
    assert services.next_need().emotion == "sad"


def test_what_cannot_be_spoken_makes_no_dummy_clips_either(voice, clock):
    for rendition in Rendition.objects.all():
        need = Need("dummy", voice, rendition.speaker, rendition.emotion)
        services.count_refusal(need=need, reason="unspeakable")
    assert services.next_need() is None


def test_a_clip_that_passes_ends_the_waiting(voice, add_play_clip):
    services.count_refusal(need=Need("play", voice, "ann", "sad"), reason="silent")
    add_play_clip("sad", "ann")
    rendition = Rendition.objects.get(speaker="ann", emotion="sad")
    assert (rendition.made, rendition.refused, rendition.refused_in_a_row) == (1, 1, 0)
    assert rendition.is_due(timezone.now())


def test_a_refused_clip_leaves_a_count_and_nothing_else(voice, judge):
    silent = Sound(np.zeros(32_000, np.float32))
    assert satisfied(voice, judge, silent) is None
    assert satisfied(voice, judge, silent) is None
    assert not PlayClip.objects.exists()
    assert not list(pools.all_keys(storages["play"]))
    refusal = Refusal.objects.get()
    assert (refusal.speaker, refusal.emotion, refusal.reason) == ("ben", "happy", "silent")
    assert refusal.count == 2


def test_a_clip_that_passes_keeps_its_speaker_its_score_and_its_measures(voice, judge, settings):
    settings.PLAY_CLIP_LEAST_SCORE = 0.0
    clip = satisfied(voice, judge, sound(1, seconds=2.0), seed=2)
    assert clip.speaker == "ben"
    assert 0 <= clip.score <= 1
    assert clip.characters_per_s > 5
    assert clip.brightness_db == pytest.approx(8.45, abs=0.5)  # white noise: 7 kHz above 1 kHz
    assert not Refusal.objects.exists()


def test_a_clip_that_the_model_contradicts_is_refused(voice, judge):
    scores = judge.predict(sound(1, 2.0).waveform, assume_speech=True).scores
    least = min(scores, key=scores.get)
    assert satisfied(voice, judge, sound(1, seconds=2.0), emotion=least) is None
    assert Refusal.objects.get().reason == "contradicted"


def test_dummy_clips_are_not_judged_since_nobody_knows_their_emotion(voice, judge):
    clip = satisfied(voice, judge, sound(3, seconds=2.0), pool="dummy")
    assert isinstance(clip, Clip)
    assert not Refusal.objects.exists()


def test_a_voice_in_a_language_without_sentences_says_so(voice, judge):
    voice.language = "fi"
    with pytest.raises(NoTextsError, match="fi"):
        satisfied(voice, judge, sound(1))


def test_the_database_keeps_one_row_for_each_kind_of_refusal(voice):
    kind = {"voice": voice, "speaker": "ann", "emotion": Emotion.SAD, "reason": "silent"}
    Refusal.objects.create(**kind)
    with pytest.raises(IntegrityError):
        Refusal.objects.create(**kind)


@pytest.mark.parametrize("emotion", ["happy", "bored"])
def test_the_database_keeps_one_rendition_of_a_known_emotion(voice, emotion):
    with pytest.raises(IntegrityError), transaction.atomic():
        Rendition.objects.create(voice=voice, speaker="ann", emotion=emotion)


def test_a_new_version_of_a_voice_takes_the_old_ones_place(voice):
    class Folder:
        name, sha256, language, licence = "noise", "1" * 64, "en", "CC0"
        speakers = {"eve": {"happy": "0", "sad": "1"}}

    new = services.register_voice(folder=Folder())
    assert services.register_voice(folder=Folder()) == new
    assert list(Voice.objects.filter(is_live=True)) == [new]
    assert new.renditions.count() == 2
    assert list(Rendition.objects.live()) == list(new.renditions.all())

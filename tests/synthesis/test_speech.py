"""Requests for speech: queued by the web process, spoken once by some worker, deleted in time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from emotion.models import Emotion
from labeling import pools
from synthesis import services
from synthesis.ml.errors import UnspeakableTextError
from synthesis.models import Rendition, SpeechRequest
from synthesis.services import SpeechRefused
from tests.synthesis.conftest import sound

pytestmark = pytest.mark.django_db


class Engine:
    """Speaks noise, the same for the same request; what is tested here is the queue."""

    def speak(self, text: str, emotion: str, *, seed: int, speaker: str):
        if text == "Unspeakable":
            raise UnspeakableTextError("Nothing to pronounce")
        return sound(seed)


def ask(text: str = "The tea is ready.", emotions=("happy",), **more) -> list[SpeechRequest]:
    return services.request_speech(text=text, emotions=emotions, voice="noise", **more)


def speak() -> SpeechRequest | None:
    return services.speak_next(engine_of=lambda name: Engine())


def test_a_request_is_spoken_into_a_file(voice):
    [request] = ask(seed=3)
    assert (request.state, request.speaker) == ("queued", "ann")
    assert speak() == request
    request.refresh_from_db()
    assert (request.state, request.duration_ms) == ("done", 1000)
    assert request.open_audio().size == 44 + 32_000
    assert speak() is None


def test_several_emotions_are_one_batch_in_order(voice):
    requests = ask(emotions=Emotion.values)
    assert len({request.batch for request in requests}) == 1
    spoken = [speak() for _ in range(7)]
    assert {request.pk for request in spoken} == {request.pk for request in requests}
    assert SpeechRequest.objects.of_batch(requests[0].batch).count() == 7


@pytest.mark.parametrize(
    ("wanted", "code", "told"),
    [
        ({"text": "  "}, "text_missing", "at least one word"),
        ({"text": "?!"}, "text_missing", "at least one word"),
        ({"text": "a" * 301}, "text_too_long", "at most 300"),
        ({"speaker": "eve"}, "speaker_unknown", "ann, ben"),
        ({"emotions": ["bored"]}, "emotion_unknown", "angry, disgust"),
    ],
)
def test_what_cannot_be_spoken_is_refused(voice, wanted, code, told):
    with pytest.raises(SpeechRefused, match=told) as caught:
        ask(**wanted)
    assert caught.value.code == code
    assert not SpeechRequest.objects.exists()


def test_without_any_voice_the_refusal_says_so(db):
    with pytest.raises(SpeechRefused, match="there is none") as caught:
        ask()
    assert caught.value.code == "voice_unknown"


def test_only_so_many_may_wait(voice, settings):
    settings.SPEECH_MAX_WAITING = 3
    ask(emotions=["happy", "sad"])
    with pytest.raises(services.TooManyWaiting):
        ask(emotions=["happy", "sad"])
    speak()
    ask(emotions=["happy", "sad"])


def test_a_text_that_fails_keeps_the_reason(voice):
    [request] = ask("Unspeakable")
    speak()
    request.refresh_from_db()
    assert (request.state, request.problem) == ("failed", "Nothing to pronounce")


def test_what_a_killed_worker_held_is_spoken_by_another(voice):
    [request] = ask()
    long_ago = timezone.now() - timedelta(hours=1)
    SpeechRequest.objects.update(state="speaking", claimed_at=timezone.now())
    assert speak() is None
    SpeechRequest.objects.update(claimed_at=long_ago)
    assert speak() == request
    request.refresh_from_db()
    assert request.state == "done"


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_each_request_is_spoken_by_one(voice):
    ask(emotions=Emotion.values)
    ask(emotions=Emotion.values)

    def work(_):
        try:
            return speak()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        spoken = [request.pk for request in threads.map(work, range(40)) if request]
    assert max(Counter(spoken).values()) == 1
    assert SpeechRequest.objects.filter(state="done").count() == len(spoken)


def test_old_requests_go_with_their_audio(voice):
    [old] = ask(seed=1)
    [shared] = ask(seed=2)
    [young] = ask(seed=2)
    for _ in range(3):
        speak()
    SpeechRequest.objects.filter(pk__in=[old.pk, shared.pk]).update(
        created_at=timezone.now() - timedelta(hours=2)
    )
    assert services.delete_old_speech() == 2
    young.refresh_from_db()
    assert list(pools.all_keys(storages["speech"])) == [young.key]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "done"},
        {"state": "failed"},
        {"state": "speaking"},
        {"state": "queued", "key": "x"},
        {"emotion": "bored"},
    ],
)
def test_the_database_refuses_half_a_state(voice, fields):
    ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        SpeechRequest.objects.update(**fields)


def test_a_speaker_without_an_emotion_is_not_asked_for_it(voice):
    Rendition.objects.filter(speaker="ben", emotion="sad").delete()
    with pytest.raises(SpeechRefused, match="ben speaks no 'sad'"):
        ask(emotions=["sad"], speaker="ben")

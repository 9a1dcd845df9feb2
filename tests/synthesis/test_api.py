"""The REST API of speech, as programs call it."""

from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection
from rest_framework.test import APIClient

from audio import decode
from synthesis import api, services
from synthesis.models import SpeechRequest
from tests.synthesis.test_speech import Engine
from web import services as web_services
from web.throttles import KeyThrottle

URL = "/api/synthesize"
WANTED = {"text": "The tea is ready.", "emotion": "happy", "wait_s": 0}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def usual_voice(settings, voice) -> None:
    settings.DEFAULT_VOICE = "noise"


@pytest.fixture(autouse=True)
def queue(monkeypatch, tmp_path) -> None:
    """No worker listens here; the messages would lie about for the next one."""
    monkeypatch.setattr("synthesis.tasks.speak_requests.apply_async", lambda *a, **k: None)


@pytest.fixture
def client() -> APIClient:
    key = web_services.issue_api_key(name="A program")[1]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}")
    return client


def speak_all() -> None:
    while services.speak_next(engine_of=lambda name: Engine()):
        pass


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("form", ["json", "multipart"])
def test_a_sentence_is_queued_spoken_and_fetched(client, form):
    queued = client.post(URL, WANTED | {"seed": 7}, format=form)
    assert queued.status_code == 202
    assert queued.headers["Retry-After"] == "1"
    assert queued.json()["state"] == "queued"
    assert queued.json()["audio"] is None
    speak_all()
    done = client.get(queued.headers["Location"]).json()
    assert (done["state"], done["seed"], done["duration_s"]) == ("done", 7, 1.0)
    sound = client.get(done["audio"])
    assert sound.headers["Content-Type"] == "audio/wav"
    assert len(decode(b"".join(sound.streaming_content))) == 16_000


@pytest.mark.django_db(transaction=True)
def test_the_call_waits_for_the_worker(client, settings):
    def worker() -> None:
        while not services.speak_next(engine_of=lambda name: Engine()):
            pass
        connection.close()

    thread = Thread(target=worker)
    thread.start()
    response = client.post(URL, WANTED | {"wait_s": 10}, format="json")
    thread.join()
    assert response.status_code == 201
    assert response.json()["state"] == "done"


def test_calls_beyond_the_waiters_are_answered_at_once(client, settings):
    while api._waiters.acquire(blocking=False):
        pass
    try:
        response = client.post(URL, WANTED | {"wait_s": 10}, format="json")
    finally:
        for _ in range(settings.SPEECH_MAX_WAITERS):
            api._waiters.release()
    assert response.status_code == 202


def test_without_a_key_nothing_is_spoken():
    response = APIClient().post(URL, WANTED, format="json")
    assert code(response) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Api-Key"
    assert not SpeechRequest.objects.exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"text": ""}, (400, "field_invalid")),
        ({"text": None}, (400, "field_invalid")),
        ({"text": ["a"]}, (400, "field_invalid")),
        ({"text": "a\x00b"}, (400, "field_invalid")),
        ({"text": "..."}, (422, "text_missing")),
        ({"text": "a" * 400}, (422, "text_too_long")),
        ({"text": "a" * 5000}, (400, "field_invalid")),
        ({"emotion": "bored"}, (400, "field_invalid")),
        ({"voice": "../noise"}, (422, "voice_unknown")),
        ({"speaker": "eve"}, (422, "speaker_unknown")),
        ({"seed": -1}, (400, "field_invalid")),
        ({"seed": 2**40}, (400, "field_invalid")),
        ({"wait_s": -1}, (400, "field_invalid")),
    ],
)
def test_bad_input_is_told_in_the_apis_own_shape(client, change, expected):
    assert code(client.post(URL, WANTED | change, format="json")) == expected
    assert not SpeechRequest.objects.exists()


def test_a_missing_field_and_a_broken_body_are_told(client):
    assert code(client.post(URL, {"text": "Tea."}, format="json")) == (400, "field_invalid")
    broken = client.post(URL, '{"text":', content_type="application/json")
    assert code(broken) == (400, "request_malformed")
    assert code(client.post(URL, "x", content_type="text/plain"))[0] == 415
    assert code(client.get(URL)) == (405, "method_not_allowed")


def test_a_full_queue_is_told_with_a_time(client, settings):
    settings.SPEECH_MAX_WAITING = 0
    response = client.post(URL, WANTED, format="json")
    assert code(response) == (503, "server_busy")
    assert response.headers["Retry-After"] == "5"


def test_calls_are_counted_by_key(client, monkeypatch):
    monkeypatch.setattr(KeyThrottle, "get_rate", lambda self: "1/min")
    client.post(URL, WANTED, format="json")
    assert code(client.post(URL, WANTED, format="json")) == (429, "rate_limited")


def test_an_unknown_or_unfinished_sentence_has_no_audio(client):
    assert code(client.get(f"{URL}/{uuid4()}")) == (404, "not_found")
    assert code(client.get(f"{URL}/{uuid4()}/audio")) == (404, "not_found")
    location = client.post(URL, WANTED, format="json").headers["Location"]
    assert code(client.get(f"{location}/audio")) == (404, "not_found")


def test_the_voices_are_listed(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        [listed] = APIClient().get("/api/voices").json()
    assert listed["name"] == "noise"
    assert list(listed["speakers"]) == ["ann", "ben"]
    assert len(listed["speakers"]["ann"]) == 7


def test_the_pool_tells_its_progress(client, settings, add_play_clip):
    settings.PLAY_POOL_TARGET = 1
    add_play_clip("happy")
    pool = APIClient().get("/api/pool").json()
    assert pool == {"clips": 1, "target": 14, "emotions": 1, "is_filling": True}

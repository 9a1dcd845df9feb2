"""The page of voices without scripts, and the notice while the pool is filled."""

from uuid import uuid4

import pytest

from synthesis.models import SpeechRequest
from synthesis.views import VoicesThrottle
from tests.synthesis.test_api import speak_all

pytestmark = pytest.mark.django_db
URL = "/voices/"
SENT = {"text": "The tea is ready.", "speaker": "noise/ben"}


@pytest.fixture(autouse=True)
def queue(monkeypatch, voice) -> None:
    monkeypatch.setattr("synthesis.tasks.speak_requests.apply_async", lambda *a, **k: None)


def test_a_sentence_is_heard_in_seven_emotions(client):
    response = client.post(URL, SENT)
    assert response.status_code == 302
    waiting = client.get(response.url).content.decode()
    assert waiting.count("Not spoken yet") == 7
    assert 'http-equiv="refresh"' in waiting  # for browsers without scripts
    speak_all()
    page = client.get(response.url).content.decode()
    assert page.count("<audio") == 7
    assert 'http-equiv="refresh"' not in page
    assert set(SpeechRequest.objects.values_list("speaker", flat=True)) == {"ben"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": ""}, "This field is required"),
        ({"text": "..."}, "at least one word"),
        ({"text": "a" * 121}, "at most 120 characters"),
        ({"speaker": "noise/eve"}, "Select a valid choice"),
        ({"speaker": "../x"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_told_beside_the_form(client, change, told):
    response = client.post(URL, SENT | change)
    assert response.status_code == 422
    assert told in response.content.decode()
    assert not SpeechRequest.objects.exists()


def test_a_hostile_sentence_is_shown_as_text(client):
    response = client.post(URL, SENT | {"text": "<script>alert(1)</script>"})
    page = client.get(response.url).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_visitor_may_hear_so_many(client, monkeypatch):
    monkeypatch.setattr(VoicesThrottle, "get_rate", lambda self: "1/min")
    assert client.post(URL, SENT).status_code == 302
    response = client.post(URL, SENT)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "try again in" in response.content.decode()


def test_a_long_queue_is_told(client, settings):
    settings.SPEECH_MAX_WAITING = 6
    response = client.post(URL, SENT)
    assert response.status_code == 503
    assert "Many sentences wait" in response.content.decode()


def test_a_suggestion_fills_the_form(client):
    page = client.get(URL, {"text": "The road is wet."}).content.decode()
    assert 'value="The road is wet."' in page


def test_an_unknown_sentence_is_not_found(client):
    assert client.get(f"{URL}{uuid4()}/").status_code == 404


@pytest.mark.parametrize("page", ["/", "/voices/", "/captcha/demo/"])
def test_pages_tell_the_progress_of_the_first_filling(client, page, add_play_clip, settings):
    settings.PLAY_POOL_TARGET = 1
    add_play_clip("happy")
    text = client.get(page).content.decode()
    assert "1 of 14" in text
    assert "1 of 7 emotions" in text


def test_a_filled_pool_is_no_news(client, add_play_clip, settings):
    settings.PLAY_POOL_TARGET = 1
    for emotion in ("angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"):
        add_play_clip(emotion)
    assert "Clips for the CAPTCHA" not in client.get("/voices/").content.decode()

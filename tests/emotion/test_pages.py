import re
from html.parser import HTMLParser

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audio import encode_wav
from emotion.models import Emotion, ModelVersion
from web.throttles import AddressThrottle

PAGES = ["/", "/analyze/", "/live/", "/api/docs/"]
pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """What the content security policy is about: scripts, styles and where things come from."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.inline.append(tag)
        self.inline += [name for name in attributes if name == "style" or name.startswith("on")]
        if tag != "a":
            self.sources += [v for k, v in attrs if k in {"src", "href"} and v]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_served_under_a_strict_policy(client, path):
    response = client.get(path)

    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", [*PAGES, "/nowhere/"])
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(client, path):
    page = Page(client.get(path).content.decode())

    assert page.inline == []
    assert page.sources
    assert all(source.startswith(("/", "#")) for source in page.sources)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_its_landmarks_and_one_heading(client, path):
    text = client.get(path).content.decode()
    tags = Page(text).tags

    assert tags.count("h1") == 1
    assert {"header", "nav", "main", "footer"} <= set(tags)
    assert 'href="#content"' in text
    assert '<html lang="en">' in text


def test_the_start_page_leads_to_each_part(client):
    text = client.get("/").content.decode()

    for path in ["/analyze/", "/live/", "/captcha/demo/", "/portal/"]:
        assert f'href="{path}"' in text


def test_the_start_page_names_the_model_in_use(client):
    ModelVersion.objects.create(name="default", version="7.5", sha256="a" * 64, is_live=True)

    assert "default 7.5" in client.get("/").content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_read_only_but_for_the_upload(client, path):
    assert client.delete(path).status_code == 405


def test_an_unknown_page_says_so(client):
    response = client.get("/nowhere/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def upload(client, content: bytes):
    file = SimpleUploadedFile("recording.flac", content, content_type="audio/flac")
    return client.post("/analyze/", {"file": file})


def test_the_form_works_without_javascript(client, speech, encode):
    response = upload(client, encode(speech, "flac", "flac"))

    assert response.status_code == 200
    text = response.content.decode()
    winner = response.context["prediction"].emotion
    assert f'<p class="verdict__name">{Emotion(winner).label}</p>' in text
    percents = [int(value) for value in re.findall(r"data-value>(\d+) %", text)]
    assert len(percents) == 7
    assert sum(percents) == pytest.approx(100, abs=4)
    assert text.count('<svg class="plot') == 5
    assert 'src="data:image/png;base64,' in text


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"a letter", 415, "cannot be decoded"),
        (b"", 422, "empty"),
    ],
)
def test_a_bad_upload_is_explained_on_the_page(client, content, status, words):
    response = upload(client, content)

    assert response.status_code == status
    text = response.content.decode()
    assert words in text
    assert "data-problem>" in text
    assert "data-result" not in text


def test_a_file_that_is_too_large_is_explained_on_the_page(client, settings):
    settings.PREDICT_MAX_BYTES = 1000

    response = upload(client, bytes(1001))

    assert response.status_code == 413
    assert "send a smaller file" in response.content.decode()


def test_an_empty_form_is_explained_on_the_page(client):
    response = client.post("/analyze/")

    assert response.status_code == 400
    assert "choose a recording" in response.content.decode()


def test_a_hostile_name_of_a_file_is_not_shown(client):
    file = SimpleUploadedFile("<script>alert(1)</script>.wav", b"x", content_type="audio/wav")

    assert "<script>alert" not in client.post("/analyze/", {"file": file}).content.decode()


def test_the_form_counts_towards_the_same_rate_as_the_api(client, monkeypatch):
    monkeypatch.setattr(AddressThrottle, "THROTTLE_RATES", {"anon": "1/min"})
    client.post("/api/predict/audio")

    response = upload(client, b"x")

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0


def test_a_busy_server_says_so_on_the_page(client, speech, encode, all_threads_busy):
    response = upload(client, encode(speech, "flac", "flac"))

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"


def test_the_script_gets_the_result_alone(client, speech, encode):
    file = SimpleUploadedFile("a.flac", encode(speech, "flac", "flac"))

    response = client.post("/analyze/", {"file": file}, headers={"X-Requested-With": "fetch"})

    assert response.headers["Vary"].startswith("X-Requested-With")
    text = response.content.decode()
    assert "<html" not in text
    assert text.lstrip().startswith("<section")


def test_a_drawn_result_has_nothing_inline(client, speech, encode):
    page = Page(upload(client, encode(speech, "flac", "flac")).content.decode())

    assert page.inline == []


def test_silence_has_no_emotion_but_plots_and_a_reason(client):
    response = upload(client, encode_wav(np.zeros(16_000, np.float32), 16_000))

    text = response.content.decode()
    assert response.status_code == 200
    assert "The recording is silent." in text
    assert "verdict__name" not in text
    assert text.count('<svg class="plot') == 4  # all but the emotion over time


def test_other_clips_of_the_voice_may_come_along(client, speech, encode):
    content = encode(speech, "flac", "flac")
    files = [SimpleUploadedFile(name, content) for name in ("a.flac", "b.flac", "c.flac")]

    response = client.post("/analyze/", {"file": files[0], "reference": files[1:]})

    assert "2 other clips" in response.content.decode()

"""Recordings that visitors of the analysis leave for labelling."""

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import resolve, reverse

from audio import encode_wav
from labeling import views
from labeling.models import Clip
from labeling.throttles import DonationThrottle

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return " ".join(response.content.decode().split())


def keep(client, content: bytes, **fields):
    return client.post("/analyze/", {"file": SimpleUploadedFile("a.flac", content), **fields})


def test_a_recording_is_kept_only_if_the_visitor_says_so(client, speech, encode):
    content = encode(speech, "flac", "flac")

    keep(client, content)
    assert not Clip.objects.exists()
    response = keep(client, content, keep="yes")

    clip = Clip.objects.get()
    assert (clip.origin, clip.state) == (Clip.Origin.DONATED, Clip.State.CONFLICT)
    assert str(clip.pk) in response.content.decode()
    with clip.open_audio() as audio:
        assert audio.read()[:4] == b"RIFF"


def test_a_recording_that_was_left_is_served_to_nobody_before_a_moderator(client, speech, encode):
    keep(client, encode(speech, "flac", "flac"), keep="yes")

    assert not Clip.objects.open().exists()


def test_the_same_recording_is_kept_once(client, speech, encode):
    for _ in range(2):
        keep(client, encode(speech, "flac", "flac"), keep="yes")

    assert Clip.objects.count() == 1


def test_a_site_that_wants_no_recordings_asks_for_none(client, speech, encode, settings):
    settings.DONATIONS_ALLOWED = False

    assert 'name="keep"' not in client.get("/analyze/").content.decode()
    keep(client, encode(speech, "flac", "flac"), keep="yes")
    assert not Clip.objects.exists()


def test_one_address_leaves_a_few_recordings_a_day(client, speech, encode, monkeypatch):
    monkeypatch.setattr(DonationThrottle, "THROTTLE_RATES", {"donation": "1/day"})
    keep(client, encode(speech, "flac", "flac"), keep="yes")

    response = keep(client, encode(speech * 0.8, "flac", "flac"), keep="yes")

    assert "was not kept" in response.content.decode()
    assert Clip.objects.count() == 1


def test_no_more_recordings_are_taken_than_moderators_get_done(client, speech, encode, settings):
    settings.DONATIONS_MAX_WAITING = 0

    response = keep(client, encode(speech, "flac", "flac"), keep="yes")

    assert "was not kept" in response.content.decode()
    assert not Clip.objects.exists()


def test_what_is_no_speech_is_not_kept(client):
    keep(client, encode_wav(np.zeros(16_000, np.float32), 16_000), keep="yes")

    assert not Clip.objects.exists()


def assert_shown_and_not_kept(response) -> None:
    """The visitor still learns the emotion, and that nobody else will hear the recording."""
    assert response.status_code == 200
    assert "Sounds most like" in text(response)
    assert "was not kept" in text(response)
    assert not Clip.objects.exists()


def test_a_recording_too_quiet_for_others_is_analysed_and_not_kept(client, speech, encode):
    pause = np.zeros(160_000, np.float32)
    whisper = encode(np.concatenate([speech * np.float32(0.02), pause]), "flac", "flac")

    assert_shown_and_not_kept(keep(client, whisper, keep="yes"))


def test_a_recording_too_short_for_others_is_analysed_and_not_kept(client, speech):
    syllables = encode_wav(speech[9_000:16_500], 16_000)  # 0.47 s

    assert_shown_and_not_kept(keep(client, syllables, keep="yes"))


def test_a_recording_that_was_kept_is_not_said_to_be_refused(client, speech, encode):
    response = keep(client, encode(speech, "flac", "flac"), keep="yes")

    assert "was not kept" not in text(response)
    assert "Sounds most like" in text(response)


@pytest.mark.parametrize("content", [b"", b"no recording", b"RIFF" + bytes(100)])
def test_what_is_no_recording_is_not_kept(client, content):
    response = keep(client, content, keep="yes")

    assert 400 <= response.status_code < 500
    assert not Clip.objects.exists()


def test_addresses_that_left_enough_do_not_keep_others_from_leaving_some(
    client, speech, encode, monkeypatch
):
    monkeypatch.setattr(DonationThrottle, "THROTTLE_RATES", {"donation": "1/day"})
    for loudness, address in ((1.0, "192.0.2.1"), (0.9, "192.0.2.1"), (0.8, "198.51.100.1")):
        client.defaults["REMOTE_ADDR"] = address
        keep(client, encode(speech * np.float32(loudness), "flac", "flac"), keep="yes")

    assert Clip.objects.count() == 2


def test_a_moderator_finds_a_recording_by_the_number_that_its_visitor_has(
    client, admin_client, speech, encode
):
    shown = text(keep(client, encode(speech, "flac", "flac"), keep="yes"))
    number = str(Clip.objects.get().pk)

    assert number in shown
    found = admin_client.get("/portal/labeling/clip/", {"q": number}).context["cl"].result_list
    assert [str(clip.pk) for clip in found] == [number]


def test_the_page_of_the_analysis_is_the_one_that_can_keep_a_recording():
    """Two apps have it; which of them answers hangs on the order in `config.urls`."""
    assert resolve(reverse("emotion:analyze")).func is views.analyze

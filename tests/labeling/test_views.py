"""Recordings that visitors of the analysis leave for labelling."""

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audio import encode_wav
from labeling.models import Clip
from labeling.throttles import DonationThrottle

pytestmark = pytest.mark.django_db


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

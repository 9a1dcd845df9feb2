"""Clips in: imported, spoken, or left by visitors."""

import hashlib

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import storages

from audio import decode
from labeling import pools, services
from labeling.models import Clip, ClipEvent
from tests.labeling.conftest import noise
from tests.threads import at_once

pytestmark = pytest.mark.django_db
IMPORTED = {"origin": "imported", "licence": "CC0", "consent": "given"}


def hum(seconds: float = 1.0, level_dbfs: float = -20.0) -> np.ndarray:
    """A square wave, whose level is known exactly."""
    amplitude = 10 ** (level_dbfs / 20)
    return (amplitude * (-1.0) ** np.arange(round(16_000 * seconds))).astype(np.float32)


def test_a_recording_is_added_once(make_clip):
    assert make_clip(1) == make_clip(1)
    assert list(pools.all_keys(storages["dummy"])) == [Clip.objects.get().key]


def test_a_clip_says_where_it_comes_from_and_waits_for_votes(db):
    clip, created = services.add_clip(
        waveform=noise(seconds=1.25), source="Studio 3", language="ko", **IMPORTED
    )
    assert created
    assert (clip.duration_ms, clip.source, clip.language) == (1250, "Studio 3", "ko")
    assert (clip.state, clip.pool, clip.emotion, clip.revision) == ("open", "dummy", "", 0)
    event = clip.events.get()
    assert (event.kind, event.actor) == (ClipEvent.Kind.ADDED, None)


def test_what_is_stored_is_what_was_heard_under_its_own_digest(db):
    waveform = noise()
    clip, _ = services.add_clip(waveform=waveform, **IMPORTED)
    with clip.open_audio() as file:
        data = file.read()
    assert hashlib.sha256(data).hexdigest() == clip.sha256
    assert clip.key == f"{clip.sha256[:2]}/{clip.sha256}.wav"
    with clip.open_audio() as file:
        heard = decode(file)
    assert np.abs(heard - waveform).max() <= 1 / 32_768  # one step of 16 bits


def test_a_failing_store_leaves_neither_row_nor_file(settings):
    settings.STORAGES["dummy"]["OPTIONS"]["location"] = "/proc/no-such-place"
    with pytest.raises(OSError, match="/proc"):
        services.add_clip(waveform=noise(), origin="imported", licence="CC0", consent="given")
    assert not Clip.objects.exists()


@pytest.mark.parametrize("waveform", [np.zeros(16_000, "f4"), noise(seconds=0.2)])
def test_what_nobody_could_judge_is_refused(waveform):
    with pytest.raises(services.UnusableClip):
        services.add_clip(waveform=waveform, origin="imported", licence="CC0", consent="given")


@pytest.mark.parametrize("usable", [hum(0.5), hum(level_dbfs=-59.9)])
def test_half_a_second_just_above_the_noise_can_be_judged(usable):
    assert services.add_clip(waveform=usable, **IMPORTED)[1]


@pytest.mark.parametrize(
    ("waveform", "received"),
    [
        (hum(0.49), "0.5 s at -20 dBFS"),
        (hum(level_dbfs=-60.5), "1.0 s at -60 dBFS"),
        (hum(level_dbfs=-75), "1.0 s at -75 dBFS"),
        (np.zeros(0, np.float32), "0.0 s at -120 dBFS"),
    ],
)
def test_a_refusal_says_what_came_and_what_is_needed(waveform, received):
    with pytest.raises(services.UnusableClip) as refusal:
        services.add_clip(waveform=waveform, **IMPORTED)
    assert received in str(refusal.value)
    assert "at least 0.5 s at -60 dBFS are needed" in str(refusal.value)
    assert not list(pools.all_keys(storages["dummy"]))


@pytest.mark.parametrize("field", ["licence", "consent"])
def test_nothing_is_kept_without_licence_and_consent(field):
    with pytest.raises(ValidationError, match=field):
        services.add_clip(waveform=noise(), **{**IMPORTED, field: ""})
    assert not Clip.objects.exists()
    assert not list(pools.all_keys(storages["dummy"]))


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_the_same_recording_ten_times_at_once_is_one_clip():
    waveform = noise()
    made = at_once(10, lambda _: services.add_clip(waveform=waveform, **IMPORTED))
    assert sorted(created for _, created in made) == [False] * 9 + [True]
    assert ClipEvent.objects.count() == 1
    assert list(pools.all_keys(storages["dummy"])) == [Clip.objects.get().key]


def test_a_donation_goes_to_the_moderators_under_its_number():
    number = services.keep_donation(waveform=noise())
    clip = Clip.objects.get()
    assert (number, clip.origin, clip.state) == (str(clip.pk), "donated", "conflict")
    assert clip.licence == "CC0-1.0"
    assert "ticked" in clip.consent
    assert services.draw_dummy_clip(voter="v") is None


def test_a_donation_that_came_before_keeps_its_number_and_what_was_decided(moderator):
    number = services.keep_donation(waveform=noise())
    services.withdraw_clip(clip_id=number, moderator=moderator, revision=1)
    assert services.keep_donation(waveform=noise()) == number
    assert Clip.objects.get().state == Clip.State.WITHDRAWN


def test_a_donation_of_what_is_being_voted_on_takes_nothing_from_the_voters(clip):
    assert services.keep_donation(waveform=noise()) == str(clip.pk)
    clip.refresh_from_db()
    assert (clip.state, clip.origin) == ("open", "imported")


def test_a_donation_that_nobody_could_judge_is_refused():
    with pytest.raises(services.UnusableClip):
        services.keep_donation(waveform=hum(0.3))
    assert not Clip.objects.exists()


def test_donations_are_taken_again_once_a_moderator_decided_one(settings, moderator):
    settings.DONATIONS_MAX_WAITING = 2
    numbers = [services.keep_donation(waveform=noise(seed)) for seed in range(3)]
    assert numbers[2] is None
    services.decide_clip(clip_id=numbers[0], moderator=moderator, emotion="sad", revision=1)
    assert services.keep_donation(waveform=noise(3)) is not None
    assert services.keep_donation(waveform=noise(4)) is None


def test_conflicts_of_votes_take_no_room_from_donations(clip, vote, settings):
    settings.DONATIONS_MAX_WAITING = 1
    for emotion in ["angry", "happy"] * 5:
        vote(clip, emotion)
    assert services.keep_donation(waveform=noise(1)) is not None


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_many_donations_at_once_never_exceed_the_limit(settings):
    settings.DONATIONS_MAX_WAITING = 3
    sounds = [noise(seed) for seed in range(12)]
    numbers = at_once(12, lambda number: services.keep_donation(waveform=sounds[number]))
    assert sum(number is None for number in numbers) == 9
    assert Clip.objects.in_conflict().count() == 3

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from emotion.models import Emotion
from labeling import pools
from labeling.models import Clip
from synthesis import services
from synthesis.models import PlayClip, Voice
from tests.synthesis.conftest import sound

pytestmark = pytest.mark.django_db


def fill_once(add_play_clip):
    return {emotion: add_play_clip(emotion) for emotion in Emotion.values}


def test_a_clip_is_a_row_and_a_file(add_play_clip):
    clip = add_play_clip("sad")
    assert (clip.emotion, clip.duration_ms, clip.state) == ("sad", 1000, "ready")
    assert clip.level_dbfs == pytest.approx(-20, abs=0.2)
    assert clip.open_audio().size == 44 + 32_000


def test_a_clip_that_cannot_be_stored_leaves_neither_row_nor_file(voice, settings):
    settings.STORAGES["play"]["OPTIONS"]["location"] = "/proc/no-such-place"
    with pytest.raises(OSError, match="/proc"):
        services.add_play_clip(
            utterance=sound(1), voice=voice, emotion="sad", text="Words.", seed=1
        )
    assert not PlayClip.objects.exists()


def test_a_clip_of_an_unknown_emotion_is_refused(voice):
    with pytest.raises(ValidationError):
        services.add_play_clip(
            utterance=sound(1), voice=voice, emotion="calm", text="Words.", seed=1
        )
    assert not list(pools.all_keys(storages["play"]))


def test_an_empty_pool_first_needs_one_clip_of_every_emotion(add_play_clip, settings):
    needed = []
    while (need := services.next_need()) != "dummy":
        needed.append(need)
        add_play_clip(need)
    assert sorted(needed) == sorted(Emotion.values)


def test_then_a_few_dummy_clips_then_the_targets_then_nothing(add_play_clip, voice, settings):
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 2, 6
    fill_once(add_play_clip)
    order = []
    while need := services.next_need():
        order.append("dummy" if need == "dummy" else "play")
        if need == "dummy":
            services.add_dummy_clip(
                utterance=sound(10_000 + len(order)), voice=voice, text="Words.", seed=len(order)
            )
        else:
            add_play_clip(need)
    assert order == ["dummy"] * 4 + ["play"] * 7 + ["dummy"] * 2


def test_labelled_dummy_clips_are_not_made_up_for(voice, settings):
    """The dummy pool is filled once: later clips come from imports, not from our own voice."""
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 0, 1
    services.add_dummy_clip(utterance=sound(1), voice=voice, text="Words.", seed=1)
    Clip.objects.update(state="withdrawn")
    assert services.next_need() != "dummy"


def test_a_dummy_clip_is_marked_as_synthetic_and_does_not_tell_its_emotion(voice):
    clip = services.add_dummy_clip(utterance=sound(1), voice=voice, text="Words.", seed=7)
    assert clip.origin == Clip.Origin.SYNTHETIC
    assert clip.emotion == ""
    assert not any(emotion in clip.source for emotion in Emotion.values)


def test_drawn_clips_are_different_and_counted(add_play_clip):
    fill_once(add_play_clip)
    drawn = services.draw_play_clips(count=4)
    assert len({clip.pk for clip in drawn}) == 4
    assert PlayClip.objects.filter(times_served=1).count() == 4


def test_the_emotion_of_one_clip_says_nothing_about_the_next(add_play_clip, settings):
    settings.PLAY_CLIP_MAX_SERVED = 10_000
    for _ in range(2):
        fill_once(add_play_clip)
    pairs = Counter(
        first.emotion == second.emotion
        for first, second in (services.draw_play_clips(count=2) for _ in range(400))
    )
    # The same emotion twice must be about as likely as 1/7; never at all would give it away.
    assert 25 <= pairs[True] <= 95


def test_a_clip_is_retired_at_its_last_serving(add_play_clip, settings):
    settings.PLAY_CLIP_MAX_SERVED = 2
    clip = add_play_clip()
    for _ in range(2):
        assert services.draw_play_clips(count=1) == [clip]
    assert services.draw_play_clips(count=1) == []
    assert PlayClip.objects.get().state == "retired"


def test_excluded_clips_are_not_drawn(add_play_clip):
    clips = [add_play_clip() for _ in range(3)]
    drawn = services.draw_play_clips(count=3, exclude=[clips[0].pk])
    assert {clip.pk for clip in drawn} == {clips[1].pk, clips[2].pk}


def test_answers_are_counted(add_play_clip):
    clip = add_play_clip()
    services.draw_play_clips(count=1)
    services.record_answer(clip_id=clip.pk, right=True)
    clip.refresh_from_db()
    assert (clip.times_right, clip.times_wrong) == (1, 0)


def test_the_database_refuses_more_answers_than_servings(add_play_clip):
    clip = add_play_clip()
    with pytest.raises(IntegrityError), transaction.atomic():
        services.record_answer(clip_id=clip.pk, right=True)


def test_a_new_version_of_a_voice_takes_the_old_ones_place(voice):
    class Folder:
        name, sha256, language, licence = "noise", "1" * 64, "en", "CC0"

    new = services.register_voice(folder=Folder())
    assert services.register_voice(folder=Folder()) == new
    assert list(Voice.objects.filter(is_live=True)) == [new]


def test_old_retired_clips_are_deleted_with_their_files(
    add_play_clip, django_capture_on_commit_callbacks
):
    old, young, ready = add_play_clip(), add_play_clip(), add_play_clip()
    PlayClip.objects.filter(pk__in=[old.pk, young.pk]).update(state="retired")
    PlayClip.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert services.delete_retired() == 1
    assert set(PlayClip.objects.all()) == {young, ready}
    assert set(pools.all_keys(storages["play"])) == {young.key, ready.key}


def test_files_that_no_row_names_are_removed(add_play_clip, settings):
    clip = add_play_clip()
    pools.put(storages["play"], b"orphan")
    settings.POOL_ORPHAN_AGE_S = -1
    assert services.remove_orphaned_audio() == 1
    assert list(pools.all_keys(storages["play"])) == [clip.key]


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_twenty_challenges_at_once_never_serve_a_clip_too_often(add_play_clip, settings):
    settings.PLAY_CLIP_MAX_SERVED = 3
    for _ in range(10):
        add_play_clip()

    def draw(_):
        try:
            return services.draw_play_clips(count=2)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        drawn = [clip.pk for clips in threads.map(draw, range(20)) for clip in clips]
    assert max(Counter(drawn).values()) <= 3
    served = sum(PlayClip.objects.values_list("times_served", flat=True))
    assert served == len(drawn)

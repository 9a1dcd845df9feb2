from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audio import decode
from emotion.models import Emotion
from labeling import pools
from labeling.models import Clip
from synthesis import services
from synthesis.models import PlayClip, Rendition
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


def test_old_retired_clips_are_deleted_with_their_files(
    add_play_clip, django_capture_on_commit_callbacks
):
    old, young, ready = add_play_clip(), add_play_clip(), add_play_clip()
    PlayClip.objects.filter(pk__in=[old.pk, young.pk]).update(state="retired")
    PlayClip.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert services.delete_over() == 1
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
        draws = list(threads.map(draw, range(20)))
    # A single one, while others hold the rest, is too few for a challenge and is not served.
    drawn = [clip.pk for clips in draws if len(clips) == 2 for clip in clips]
    assert drawn
    assert max(Counter(drawn).values()) <= 3
    served = sum(PlayClip.objects.values_list("times_served", flat=True))
    assert served == len(drawn)


def record(clip: PlayClip, right: bool, *, by_person: bool = False) -> None:
    """Count one answer."""
    renditions = services.lock_renditions(clips=[clip])
    services.record_answers(answers=[(clip, right)], renditions=renditions, by_person=by_person)


def test_answers_are_counted(add_play_clip):
    clip = add_play_clip()
    services.draw_play_clips(count=1)
    record(clip, True, by_person=True)
    clip.refresh_from_db()
    assert (clip.times_right, clip.times_wrong) == (1, 0)
    rendition = Rendition.objects.get(speaker="ann", emotion="happy")
    assert (rendition.times_right, rendition.times_wrong) == (1, 0)


def test_the_database_refuses_more_answers_than_servings(add_play_clip):
    clip = add_play_clip()
    with pytest.raises(IntegrityError), transaction.atomic():
        record(clip, True)


def test_a_clip_that_was_not_recognised_is_retired(add_play_clip):
    clip = add_play_clip()
    services.draw_play_clips(count=1)
    record(clip, False)
    clip.refresh_from_db()
    assert clip.state == "retired"


def answered(rendition_of, right: int, wrong: int, *, by_person: bool = True) -> Rendition:
    """Let visitors answer to one clip after the other of one rendition."""
    for is_right in [True] * right + [False] * wrong:
        clip = rendition_of()
        PlayClip.objects.filter(pk=clip.pk).update(times_served=1)
        record(clip, is_right, by_person=by_person)
    return Rendition.objects.get(speaker="ann", emotion="happy")


def test_a_rendition_that_people_do_not_recognise_is_given_up(add_play_clip):
    assert answered(add_play_clip, right=12, wrong=7).is_active
    unheard = add_play_clip()
    assert not answered(add_play_clip, right=0, wrong=1).is_active
    unheard.refresh_from_db()
    assert unheard.state == "retired"
    assert services.next_need() is not None
    assert Rendition.objects.filter(is_active=False).count() == 1


def test_a_rendition_that_people_recognise_stays(add_play_clip):
    assert answered(add_play_clip, right=34, wrong=6).is_active


def test_visitors_who_failed_end_no_rendition(add_play_clip):
    rendition = answered(add_play_clip, right=0, wrong=30, by_person=False)
    assert rendition.is_active
    assert (rendition.times_right, rendition.times_wrong) == (0, 0)


def test_the_last_speaker_of_an_emotion_is_kept_and_reported(add_play_clip, caplog):
    Rendition.objects.filter(speaker="ben", emotion="happy").update(is_active=False)
    assert answered(add_play_clip, right=0, wrong=20).is_active
    assert "nobody else speaks happy" in caplog.text


def test_a_rendition_that_is_taken_up_again_starts_anew(add_play_clip):
    rendition = answered(add_play_clip, right=0, wrong=20)
    services.set_spoken(rendition_id=rendition.pk, is_active=True)
    rendition.refresh_from_db()
    assert rendition.is_active
    assert (rendition.times_right, rendition.times_wrong) == (0, 0)


def test_with_reviews_a_clip_is_served_only_after_a_moderator_approved_it(
    add_play_clip, settings, django_user_model
):
    settings.PLAY_CLIP_REVIEW = True
    clip = add_play_clip()
    assert services.draw_play_clips(count=1) == []
    moderator = django_user_model.objects.create(username="mo")
    services.review_play_clip(clip_id=clip.pk, moderator=moderator, approved=True)
    assert services.draw_play_clips(count=1) == [clip]


def test_a_rejected_clip_is_not_served_and_later_deleted(
    add_play_clip, django_user_model, django_capture_on_commit_callbacks
):
    clip = add_play_clip()
    moderator = django_user_model.objects.create(username="mo")
    services.review_play_clip(clip_id=clip.pk, moderator=moderator, approved=False)
    assert services.draw_play_clips(count=1) == []
    with pytest.raises(services.ClipOverError, match="already"):
        services.review_play_clip(clip_id=clip.pk, moderator=moderator, approved=True)
    PlayClip.objects.update(created_at=timezone.now() - timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert services.delete_over() == 1
    assert not list(pools.all_keys(storages["play"]))


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"score": 1.5}, "score_in_range"),
        ({"state": "lost"}, "play_state_known"),
        ({"state": "rejected"}, "rejected_after_review"),
        ({"state": "held", "reviewed_at": timezone.now()}, "held_until_review"),
        ({"emotion": "calm"}, "play_emotion_known"),
    ],
)
def test_the_database_refuses(add_play_clip, fields, constraint):
    clip = add_play_clip()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PlayClip.objects.filter(pk=clip.pk).update(**fields)


def test_the_pool_can_be_kept_as_opus(add_play_clip, settings):
    settings.PLAY_CLIP_FORMAT = "opus"
    clip = add_play_clip()
    assert clip.key.endswith(".ogg")
    heard = decode(clip.open_audio())
    assert len(heard) / 16_000 == pytest.approx(1.0, abs=0.03)
    assert clip.open_audio().size < 8000

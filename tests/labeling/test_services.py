import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.core.files.storage import storages
from django.db import IntegrityError, connection, transaction

from labeling import pools, services
from labeling.models import Clip, ClipEvent, Promotion, Vote
from tests.labeling.conftest import noise
from web.append_only import AppendOnlyError

pytestmark = pytest.mark.django_db


def test_a_recording_is_added_once(make_clip):
    assert make_clip(1) == make_clip(1)
    assert list(pools.all_keys(storages["dummy"])) == [Clip.objects.get().key]


def test_a_failing_store_leaves_neither_row_nor_file(monkeypatch, settings):
    settings.STORAGES["dummy"]["OPTIONS"]["location"] = "/proc/no-such-place"
    with pytest.raises(OSError, match="/proc"):
        services.add_clip(waveform=noise(), origin="imported", licence="CC0", consent="given")
    assert not Clip.objects.exists()


@pytest.mark.parametrize("waveform", [np.zeros(16_000, "f4"), noise(seconds=0.2)])
def test_what_nobody_could_judge_is_refused(waveform):
    with pytest.raises(services.UnusableClip):
        services.add_clip(waveform=waveform, origin="imported", licence="CC0", consent="given")


def test_four_voters_who_agree_promote_the_clip(clip, vote):
    outcomes = [vote(clip) for _ in range(4)]
    assert [outcome.promotion is None for outcome in outcomes] == [True, True, True, False]
    clip.refresh_from_db()
    assert (clip.state, clip.emotion) == ("promoted", "angry")
    promotion = Promotion.objects.active().get()
    assert promotion.vote_count == 4
    assert promotion.posterior["angry"] >= 0.9
    kinds = list(clip.events.values_list("kind", flat=True))
    assert kinds == [ClipEvent.Kind.ADDED, ClipEvent.Kind.PROMOTED]


def test_voters_who_disagree_send_the_clip_to_the_moderators(clip, vote):
    for emotion in ["angry", "happy"] * 5:
        vote(clip, emotion)
    clip.refresh_from_db()
    assert clip.state == Clip.State.CONFLICT
    assert Clip.objects.in_conflict().get() == clip


def test_a_second_vote_of_the_same_voter_changes_nothing(clip, vote):
    vote(clip, "sad", voter="v")
    again = vote(clip, "happy", voter="v")
    assert not again.created
    assert again.vote.emotion == "sad"
    assert Vote.objects.count() == 1


def test_a_second_vote_with_the_same_challenge_changes_nothing(make_clip, vote):
    challenge = uuid.uuid4()
    vote(make_clip(1), challenge_id=challenge)
    assert not vote(make_clip(2), challenge_id=challenge).created
    assert Vote.objects.count() == 1


def test_a_late_vote_is_kept_and_decides_nothing(clip, vote):
    for _ in range(4):
        vote(clip)
    late = vote(clip, "happy")
    assert late.vote.is_late
    assert Promotion.objects.get().emotion == "angry"


def test_an_unknown_clip_or_emotion_is_an_error(clip, vote):
    with pytest.raises(services.UnknownEmotion), transaction.atomic():
        vote(clip, "calm")
    clip.pk = uuid.uuid4()
    with pytest.raises(services.ClipNotFound), transaction.atomic():
        vote(clip)
    assert not Vote.objects.exists()


def test_votes_cannot_be_changed_or_deleted(clip, vote):
    stored = vote(clip).vote
    stored.emotion = "happy"
    for change in (
        stored.save,
        stored.delete,
        Vote.objects.all().delete,
        lambda: Vote.objects.update(emotion="happy"),
    ):
        with pytest.raises(AppendOnlyError):
            change()


@pytest.mark.concurrency
def test_the_database_itself_refuses_a_changed_vote(clip, vote):
    vote(clip)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute("UPDATE labeling_vote SET emotion = 'happy'")


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "promoted", "emotion": ""},
        {"state": "open", "emotion": "happy"},
        {"state": "promoted", "emotion": "calm"},
        {"state": "lost"},
        {"duration_ms": 0},
    ],
)
def test_the_database_refuses_a_clip_that_contradicts_itself(clip, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        Clip.objects.filter(pk=clip.pk).update(**changes)


def test_the_database_refuses_a_second_active_promotion(clip, vote):
    for _ in range(4):
        vote(clip)
    promotion = Promotion.objects.get()
    promotion.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        promotion.save(force_insert=True)


def test_a_moderators_word_outranks_the_votes(clip, vote, moderator):
    for _ in range(4):
        vote(clip)
    services.decide_clip(clip_id=clip.pk, moderator=moderator, emotion="sad", revision=1)
    clip.refresh_from_db()
    assert clip.emotion == "sad"
    assert [p.decided_by for p in Promotion.objects.active()] == ["moderator"]
    assert Promotion.objects.count() == 2


def test_a_stale_decision_is_refused(clip, vote, moderator):
    for _ in range(4):
        vote(clip)
    with pytest.raises(services.StaleDecision):
        services.decide_clip(clip_id=clip.pk, moderator=moderator, emotion="sad", revision=0)
    assert Promotion.objects.get().emotion == "angry"


def test_a_withdrawn_clip_leaves_the_training_set_and_takes_no_votes(clip, vote, moderator):
    for _ in range(4):
        vote(clip)
    services.withdraw_clip(clip_id=clip.pk, moderator=moderator, revision=1)
    assert not Promotion.objects.active().exists()
    assert vote(clip).vote.is_late


def test_promoted_audio_moves_to_the_learning_pool(clip, vote, django_capture_on_commit_callbacks):
    for _ in range(4):
        vote(clip)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.move_promoted_audio() == 1
    clip.refresh_from_db()
    assert clip.pool == Clip.Pool.LEARNING
    assert clip.open_audio().read()[:4] == b"RIFF"
    assert not list(pools.all_keys(storages["dummy"]))
    assert services.move_promoted_audio() == 0


def test_a_move_that_stopped_half_way_is_finished(clip, vote, django_capture_on_commit_callbacks):
    for _ in range(4):
        vote(clip)
    storages["learning"].save(clip.key, storages["dummy"].open(clip.key))
    with django_capture_on_commit_callbacks(execute=True):
        services.move_promoted_audio()
    clip.refresh_from_db()
    assert clip.open_audio().size == 44 + 32_000


def test_a_file_damaged_in_the_pool_is_not_promoted_into_the_training_set(clip, vote, caplog):
    for _ in range(4):
        vote(clip)
    storages["dummy"].delete(clip.key)
    with storages["dummy"].open(clip.key, "wb") as file:
        file.write(b"damaged")
    assert services.move_promoted_audio() == 0
    assert "cannot be moved" in caplog.text
    clip.refresh_from_db()
    assert clip.pool == Clip.Pool.DUMMY


def test_a_half_written_file_is_replaced(settings):
    data = b"RIFF" + bytes(1000)
    key = pools.content_key(data)
    with storages["dummy"].open(pools.put(storages["dummy"], data), "wb") as file:
        file.write(data[:10])
    assert pools.put(storages["dummy"], data) == key
    assert storages["dummy"].open(key).read() == data


def test_orphaned_files_are_removed_and_young_ones_kept(clip, settings):
    pools.put(storages["dummy"], b"orphan")
    assert services.remove_orphaned_audio() == 0
    settings.POOL_ORPHAN_AGE_S = -1
    assert services.remove_orphaned_audio() == 1
    assert list(pools.all_keys(storages["dummy"])) == [clip.key]


def test_the_least_served_clip_is_drawn_and_never_one_the_voter_judged(make_clip, vote):
    first, second = make_clip(1), make_clip(2)
    assert {services.draw_dummy_clip(voter="v"), services.draw_dummy_clip(voter="v")} == {
        first,
        second,
    }
    vote(first, voter="v")
    assert services.draw_dummy_clip(voter="v") == second
    vote(second, voter="v")
    assert services.draw_dummy_clip(voter="v") is None


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_fifty_decisive_votes_at_once_give_one_promotion_and_fifty_votes(clip, vote):
    for _ in range(3):
        vote(clip)

    def decide(_):
        try:
            return vote(clip)
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(decide, range(50)))
    assert sum(outcome.promotion is not None for outcome in outcomes) == 1
    assert all(outcome.created for outcome in outcomes)
    assert Vote.objects.count() == 53
    assert Promotion.objects.count() == 1


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_one_voter_twenty_times_at_once_has_one_vote(clip, vote):
    def repeat(_):
        try:
            return vote(clip, voter="v")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(repeat, range(20)))
    assert sum(outcome.created for outcome in outcomes) == 1
    assert Vote.objects.count() == 1

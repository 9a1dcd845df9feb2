"""The audio follows the rows."""

import pytest
from django.core.files.storage import storages

from labeling import pools, services
from labeling.models import Clip
from labeling.tasks import move_promoted_audio
from tests.labeling.conftest import noise

pytestmark = pytest.mark.django_db


def files(pool: str) -> list[str]:
    return sorted(pools.all_keys(storages[pool]))


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


def test_the_worker_moves_them_by_its_task_and_logs_it(
    promoted, django_capture_on_commit_callbacks
):
    clip = promoted()
    with django_capture_on_commit_callbacks(execute=True):
        move_promoted_audio()
    assert (files("dummy"), files("learning")) == ([], [clip.key])
    moved = clip.events.get(kind="moved")
    assert (moved.actor, moved.detail) == (None, {"to": "learning"})


def test_only_promoted_clips_move(make_clip, promoted, moderator, vote):
    for seed in (1, 2, 3):
        make_clip(seed)
    services.withdraw_clip(clip_id=make_clip(1).pk, moderator=moderator, revision=0)
    for emotion in ["angry", "happy"] * 5:
        vote(make_clip(2), emotion)
    kept = files("dummy")
    chosen = promoted(4)
    assert services.move_promoted_audio() == 1
    assert files("learning") == [chosen.key]
    assert set(kept) < set(files("dummy"))  # the moved one goes at the commit


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


def test_one_missing_file_keeps_no_other_clip_back(promoted, caplog):
    missing, whole = promoted(1), promoted(2)
    storages["dummy"].delete(missing.key)
    assert services.move_promoted_audio() == 1
    assert str(missing) in caplog.text
    assert list(Clip.objects.filter(pool="learning")) == [whole]


def test_a_clip_that_is_withdrawn_while_it_is_copied_stays_where_it_is(
    promoted, moderator, monkeypatch, settings, django_capture_on_commit_callbacks
):
    clip, copy = promoted(), pools.copy

    def copy_slowly(*arguments) -> None:
        copy(*arguments)
        services.withdraw_clip(clip_id=clip.pk, moderator=moderator, revision=clip.revision)

    monkeypatch.setattr(pools, "copy", copy_slowly)
    settings.POOL_ORPHAN_AGE_S = -1
    with django_capture_on_commit_callbacks(execute=True):
        assert services.move_promoted_audio() == 0
    assert services.remove_orphaned_audio() == 1
    clip.refresh_from_db()
    assert (clip.pool, clip.state) == ("dummy", "withdrawn")
    assert (files("dummy"), files("learning")) == ([clip.key], [])


def test_a_clip_that_is_withdrawn_after_its_move_keeps_its_audio(
    promoted, moderator, settings, django_capture_on_commit_callbacks
):
    settings.POOL_ORPHAN_AGE_S = -1
    clip = promoted()
    with django_capture_on_commit_callbacks(execute=True):
        services.move_promoted_audio()
    services.withdraw_clip(clip_id=clip.pk, moderator=moderator, revision=clip.revision)
    services.remove_orphaned_audio()
    clip.refresh_from_db()
    assert clip.open_audio().size == 44 + 32_000


def test_orphaned_files_are_removed_and_young_ones_kept(clip, settings):
    pools.put(storages["dummy"], b"orphan")
    assert services.remove_orphaned_audio() == 0
    settings.POOL_ORPHAN_AGE_S = -1
    assert services.remove_orphaned_audio() == 1
    assert list(pools.all_keys(storages["dummy"])) == [clip.key]


def test_a_copy_in_the_other_pool_than_its_row_says_is_an_orphan(clip, settings):
    settings.POOL_ORPHAN_AGE_S = -1
    pools.copy(storages["dummy"], storages["learning"], clip.key)
    pools.put(storages["learning"], b"orphan")
    assert services.remove_orphaned_audio() == 2
    assert (files("dummy"), files("learning")) == ([clip.key], [])


def test_the_audio_of_a_recording_that_comes_again_is_not_an_orphan(make_clip, settings):
    settings.POOL_ORPHAN_AGE_S = -1
    clip = make_clip(1)
    services.add_clip(waveform=noise(1), origin="imported", licence="CC0", consent="given")
    assert services.remove_orphaned_audio() == 0
    assert files("dummy") == [clip.key]

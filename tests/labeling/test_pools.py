"""Audio in a pool, whether it is a folder or a bucket behind the S3 API."""

import hashlib
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audio import encode_wav
from labeling import pools, services
from labeling.models import Clip
from tests.buckets import s3_endpoint  # noqa: F401 - a fixture
from tests.labeling.conftest import bare_clip, noise

SOUND = b"RIFF" + bytes(1000)


@pytest.fixture(params=["folder", "bucket"])
def kind(request, settings, monkeypatch) -> str:
    """Where the pools live: the tests' own folders, or prefixes of a bucket."""
    if request.param == "bucket":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        use_bucket(settings, request.getfixturevalue("s3_endpoint"), uuid.uuid4().hex)
    return request.param


def use_bucket(settings, endpoint: str, name: str) -> None:
    import boto3

    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    options = {"bucket_name": name, "endpoint_url": endpoint, "file_overwrite": True}
    backend = "storages.backends.s3.S3Storage"
    settings.STORAGES = {
        **settings.STORAGES,
        **{
            pool: {"BACKEND": backend, "OPTIONS": {**options, "location": pool}}
            for pool in ("dummy", "learning")
        },
    }


def in_an_hour():
    return timezone.now() + timedelta(hours=1)


def read(pool: str, key: str) -> bytes:
    with storages[pool].open(key) as file:
        return file.read()


@given(st.binary(max_size=200), st.sampled_from([".wav", ".ogg", ""]))
def test_a_key_is_the_digest_of_the_content_in_one_of_256_folders(data, suffix):
    folder, name = pools.content_key(data, suffix).split("/")
    assert name == hashlib.sha256(data).hexdigest() + suffix
    assert folder == name[:2]


def test_what_is_stored_is_found_under_its_key(kind):
    key = pools.put(storages["dummy"], SOUND)
    assert read("dummy", key) == SOUND
    assert list(pools.all_keys(storages["dummy"])) == [key]


def test_storing_the_same_twice_makes_one_file(kind):
    assert len({pools.put(storages["dummy"], SOUND) for _ in range(3)}) == 1
    assert len(list(pools.all_keys(storages["dummy"]))) == 1


def test_a_half_written_file_is_replaced(kind):
    data = b"RIFF" + bytes(1000)
    key = pools.content_key(data)
    with storages["dummy"].open(pools.put(storages["dummy"], data), "wb") as file:
        file.write(data[:10])
    assert pools.put(storages["dummy"], data) == key
    assert storages["dummy"].open(key).read() == data


def test_a_copy_is_the_same_file_in_the_other_pool_and_leaves_the_first(kind):
    key = pools.put(storages["dummy"], SOUND, ".ogg")
    pools.copy(storages["dummy"], storages["learning"], key)
    assert read("learning", key) == read("dummy", key) == SOUND


def test_a_damaged_file_is_not_copied(kind):
    key = pools.put(storages["dummy"], SOUND)
    storages["dummy"].save(key, ContentFile(SOUND[:-1]))
    with pytest.raises(pools.CorruptAudioError, match=key):
        pools.copy(storages["dummy"], storages["learning"], key)
    assert not list(pools.all_keys(storages["learning"]))


def test_a_missing_file_is_an_error_of_the_file_and_copies_nothing(kind):
    with pytest.raises(FileNotFoundError):
        pools.copy(storages["dummy"], storages["learning"], pools.content_key(SOUND))
    assert not list(pools.all_keys(storages["learning"]))


def test_an_empty_pool_has_no_files(kind):
    assert list(pools.all_keys(storages["dummy"])) == []


def test_every_file_is_listed_however_deep(kind):
    keys = {"a.wav", "aa/b.wav", "aa/bb/c.wav", "zz/d.wav"}
    for key in keys:
        storages["dummy"].save(key, ContentFile(b"x"))
    assert set(pools.all_keys(storages["dummy"])) == keys


def test_orphans_are_old_files_that_no_row_names(kind):
    known, orphan = (pools.put(storages["dummy"], data) for data in (b"known", b"orphan"))
    found = pools.orphans(storages["dummy"], {known}, older_than=in_an_hour())
    assert list(found) == [orphan]
    long_ago = timezone.now() - timedelta(hours=1)
    assert list(pools.orphans(storages["dummy"], set(), older_than=long_ago)) == []


@pytest.mark.django_db
def test_only_what_no_row_names_is_removed(kind):
    kept, orphan = (pools.put(storages["dummy"], data) for data in (b"kept", b"orphan"))
    bare_clip(key=kept)
    removed = pools.remove_orphans(storages["dummy"], Clip.objects.all(), older_than=in_an_hour())
    assert removed == 1
    assert list(pools.all_keys(storages["dummy"])) == [kept]
    assert orphan != kept


@pytest.mark.django_db
def test_a_row_that_came_after_the_list_was_read_saves_its_file(kind):
    key = pools.put(storages["dummy"], SOUND)
    listed = list(pools.orphans(storages["dummy"], set(), older_than=in_an_hour()))
    bare_clip(key=key)
    assert [
        pools.delete_unless_named(storages["dummy"], Clip.objects.all(), each) for each in listed
    ] == [0]
    assert read("dummy", key) == SOUND


def test_a_file_that_is_gone_meanwhile_is_no_orphan_and_no_error(kind):
    keys = [pools.put(storages["dummy"], data) for data in (b"one", b"two")]
    found = pools.orphans(storages["dummy"], set(), older_than=in_an_hour())
    first = next(found)
    for key in set(keys) - {first}:
        storages["dummy"].delete(key)
    assert list(found) == []


@pytest.mark.django_db
def test_a_clip_lives_from_its_recording_to_the_training_set(
    kind, promoted, django_capture_on_commit_callbacks
):
    clip = promoted(1)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.move_promoted_audio() == 1
    clip.refresh_from_db()
    assert clip.open_audio().read() == encode_wav(noise(1), 16_000)
    assert not list(pools.all_keys(storages["dummy"]))

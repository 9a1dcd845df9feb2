"""Audio in a pool: content-addressed files that follow the rows of the database.

Works on any Django storage object (local folder, S3) and any rows with a `key`; imports no model.
"""

import hashlib
import posixpath
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import QuerySet


class CorruptAudioError(RuntimeError):
    """A stored file whose content is not what its address says."""


def content_key(data: bytes, suffix: str = ".wav") -> str:
    """Return the address of a file: its SHA-256, spread over 256 folders."""
    digest = hashlib.sha256(data).hexdigest()
    return f"{digest[:2]}/{digest}{suffix}"


def put(storage: Storage, data: bytes, suffix: str = ".wav") -> str:
    """Store a file under its content's address and return the key.

    A file of that name is written anew: it may be what a killed writer left, and must not look old
    enough to be deleted as an orphan before its row is committed.
    """
    key = content_key(data, suffix)
    storage.save(key, ContentFile(data))
    return key


def copy(source: Storage, target: Storage, key: str) -> None:
    """Copy a file between pools and check that it arrived whole.

    Raises:
        CorruptAudioError: If the source is not what its address says.
    """
    with source.open(key) as file:
        data = file.read()
    suffix = posixpath.splitext(key)[1]
    if content_key(data, suffix) != key:
        raise CorruptAudioError(f"{key} does not have the content that its name says")
    put(target, data, suffix)


def remove_orphans(storage: Storage, rows: QuerySet[Any], *, older_than: datetime) -> int:
    """Delete files that no row names and that are old enough; return how many."""
    known = set(rows.values_list("key", flat=True))
    return sum(
        delete_unless_named(storage, rows, key)
        for key in orphans(storage, known, older_than=older_than)
    )


@transaction.atomic
def delete_unless_named(storage: Storage, rows: QuerySet[Any], key: str) -> int:
    """Look once more: a row may have been committed since the list of rows was read."""
    if rows.filter(key=key).exists():
        return 0
    storage.delete(key)
    return 1


def orphans(
    storage: Storage, known_keys: Collection[str], *, older_than: datetime
) -> Iterator[str]:
    """Files that no row names, left by a writer that was killed before its commit."""
    for key in all_keys(storage):
        if key not in known_keys and _is_older(storage, key, older_than):
            yield key


def all_keys(storage: Storage, folder: str = "") -> Iterator[str]:
    """Every file of a pool."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield posixpath.join(folder, name)
    for name in folders:
        yield from all_keys(storage, posixpath.join(folder, name))


def _is_older(storage: Storage, key: str, moment: datetime) -> bool:
    try:
        return storage.get_modified_time(key) < moment
    except FileNotFoundError:  # deleted meanwhile
        return False

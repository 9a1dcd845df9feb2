"""Files whose writer was killed before its row was committed."""

from datetime import timedelta

from django.conf import settings
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from labeling import pools


def remove_orphans(*, storage: Storage, rows: QuerySet) -> int:
    """Delete files that no row's `key` names and that are old enough; return how many."""
    older_than = timezone.now() - timedelta(seconds=settings.POOL_ORPHAN_AGE_S)
    known = set(rows.values_list("key", flat=True))
    removed = 0
    for key in pools.orphans(storage, known, older_than=older_than):
        removed += delete_unless_named(storage=storage, rows=rows, key=key)
    return removed


@transaction.atomic
def delete_unless_named(*, storage: Storage, rows: QuerySet, key: str) -> int:
    """Look once more: a row may have been committed since the list of rows was read."""
    if rows.filter(key=key).exists():
        return 0
    storage.delete(key)
    return 1

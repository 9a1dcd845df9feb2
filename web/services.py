"""Writes of this app: API keys, and the workers' signs of life."""

import secrets
import socket
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from web.digests import digest
from web.models import ApiKey, WorkerHeartbeat

KEY_PREFIX = "infl_"  # lets scanners of leaked secrets, and people, tell what they look at
USE_NOTED_EVERY = timedelta(hours=1)


def record_heartbeat() -> None:
    """Note that the worker of this machine is alive now."""
    WorkerHeartbeat.objects.update_or_create(
        worker=socket.gethostname()[:100], defaults={"seen_at": timezone.now()}
    )


def issue_api_key(*, name: str, owner: User | None = None) -> tuple[ApiKey, str]:
    """Make a key; returned beside its row this once, since only its digest is stored.

    Raises:
        ValidationError: If the name is empty or too long.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(name=name, prefix=key[:8], sha256=digest(key), owner=owner)
    row.full_clean()
    row.save()
    return row, key


def revoke_api_key(*, api_key: ApiKey) -> None:
    """End a key for good; a second time changes nothing."""
    ApiKey.objects.valid().filter(pk=api_key.pk).update(revoked_at=timezone.now())


def find_api_key(*, key: str) -> ApiKey | None:
    """Return the valid row of a key and note its use, to the hour."""
    found = ApiKey.objects.valid().filter(sha256=digest(key)).first()
    if found is not None:
        now = timezone.now()
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        if found.last_used_at is None or found.last_used_at < now - USE_NOTED_EVERY:
            ApiKey.objects.filter(stale, pk=found.pk).update(last_used_at=now)
    return found

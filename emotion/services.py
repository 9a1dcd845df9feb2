"""Writes of this app."""

import hashlib
import json
import secrets
import socket
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from emotion.ml.predictor import EmotionPredictor
from emotion.ml.weights_folder import SHIPPED
from emotion.models import ApiKey, ModelVersion, WorkerHeartbeat

EVALUATION = "evaluation.json"  # the published figures, beside the weights
KEY_PREFIX = "infl_"  # lets scanners of leaked secrets, and people, tell what they look at
USE_NOTED_EVERY = timedelta(hours=1)


def record_heartbeat() -> None:
    """Note that the worker of this machine is alive now."""
    WorkerHeartbeat.objects.update_or_create(
        worker=socket.gethostname()[:100], defaults={"seen_at": timezone.now()}
    )


@transaction.atomic
def register_shipped_model() -> ModelVersion:
    """Make the shipped weights known; new weights of a model take the place of its old ones."""
    predictor = EmotionPredictor.load()
    version, _ = ModelVersion.objects.get_or_create(
        sha256=predictor.sha256,
        defaults={
            "name": predictor.name,
            "version": predictor.version,
            "figures": json.loads((SHIPPED / EVALUATION).read_text(encoding="utf-8"))["default"],
        },
    )
    if not version.is_live:
        ModelVersion.objects.filter(name=version.name, is_live=True).update(is_live=False)
        version.is_live = True
        version.save(update_fields=["is_live"])
    return version


def issue_api_key(*, name: str, owner: User | None = None) -> tuple[ApiKey, str]:
    """Make a key; returned beside its row this once, since only its digest is stored.

    Raises:
        ValidationError: If the name is empty or too long.
    """
    # 256 random bits need no slow password hash.
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(name=name, prefix=key[:8], sha256=key_digest(key), owner=owner)
    row.full_clean()
    row.save()
    return row, key


def revoke_api_key(*, api_key: ApiKey) -> None:
    """End a key for good; a second time changes nothing."""
    ApiKey.objects.valid().filter(pk=api_key.pk).update(revoked_at=timezone.now())


def find_api_key(*, key: str) -> ApiKey | None:
    """Return the valid row of a key and note its use, to the hour.

    The digest is looked up by index, which tells an attacker nothing about a stored key: nobody
    can choose digests that begin as a stored one does.
    """
    found = ApiKey.objects.valid().filter(sha256=key_digest(key)).first()
    if found is not None:
        now = timezone.now()
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        if found.last_used_at is None or found.last_used_at < now - USE_NOTED_EVERY:
            ApiKey.objects.filter(stale, pk=found.pk).update(last_used_at=now)
    return found


def key_digest(key: str) -> str:
    """Return what is stored in place of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

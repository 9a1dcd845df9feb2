from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from captcha.models import Challenge, DailySalt

BATCH = 500  # rows a transaction, so that visitors wait a moment at most


def purge_expired() -> tuple[int, int]:
    """Mark overdue challenges as expired and delete those past retention, with all they hold.

    Returns:
        How many expired now, and how many were deleted.
    """
    now = timezone.now()
    # Yesterday's is kept for visits that began before midnight.
    DailySalt.objects.filter(day__lt=now.date() - timedelta(days=1)).delete()
    expired = Challenge.objects.overdue(now).update(state=Challenge.State.EXPIRED, decided_at=now)
    horizon = now - timedelta(seconds=settings.CAPTCHA_RETENTION_S)
    deleted = 0
    while batch := list(
        Challenge.objects.ended_before(horizon).values_list("pk", flat=True)[:BATCH]
    ):
        with transaction.atomic():
            Challenge.objects.filter(pk__in=batch).delete()
        deleted += len(batch)
    return expired, deleted

"""The audio follows the rows: promoted clips move to the learning pool, orphaned files go."""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from labeling import pools
from labeling.models import Clip, ClipEvent
from labeling.services.states import log

logger = logging.getLogger(__name__)


def move_promoted_audio() -> int:
    """Bring the audio of promoted clips into the learning pool; return how many moved.

    Copy, verify, switch the pointer, then delete: a kill anywhere leaves a clip whose pointer is
    right, and the next run goes on.
    """
    moved = 0
    for clip in Clip.objects.waiting_for_move():
        try:
            pools.copy(storages[Clip.Pool.DUMMY], storages[Clip.Pool.LEARNING], clip.key)
        except (pools.CorruptAudioError, OSError):
            logger.exception("%s cannot be moved: its file is missing or damaged", clip)
        else:
            moved += _switch_pool(clip)
    return moved


@transaction.atomic
def _switch_pool(clip: Clip) -> int:
    switched = Clip.objects.waiting_for_move().filter(pk=clip.pk).update(pool=Clip.Pool.LEARNING)
    if switched:
        log(clip, ClipEvent.Kind.MOVED, to=Clip.Pool.LEARNING)
        transaction.on_commit(lambda: storages[Clip.Pool.DUMMY].delete(clip.key))
    return switched


def remove_orphaned_audio() -> int:
    """Delete files of the dummy and learning pools that no clip names; return how many."""
    older_than = timezone.now() - timedelta(seconds=settings.POOL_ORPHAN_AGE_S)
    return sum(
        pools.remove_orphans(storages[pool], Clip.objects.filter(pool=pool), older_than=older_than)
        for pool in Clip.Pool.values
    )

"""Clips in: imported, spoken, or left by visitors."""

import hashlib

import numpy as np
from django.conf import settings
from django.core.files.storage import storages
from django.db import connection, transaction
from numpy.typing import NDArray

from audio import encode_wav, rms_dbfs
from labeling import pools
from labeling.models import Clip, ClipEvent
from labeling.services.errors import UnusableClip
from labeling.services.states import set_state

SAMPLING_RATE_HZ = 16_000  # every clip of the pools is 16 kHz mono WAV
MIN_CLIP_S = 0.5  # shorter than a word: nothing to hear an emotion in
MIN_LEVEL_DBFS = -60.0  # quieter is the noise floor of a 16-bit recording chain

DONATIONS_LOCK = 0x646F6E617465  # any number of our own among the locks of the database: "donate"
DONATION_LICENCE = "CC0-1.0"
DONATION_CONSENT = "The visitor ticked: my own voice or with consent, for labelling and training"


@transaction.atomic
def add_clip(
    *,
    waveform: NDArray[np.float32],
    origin: str,
    licence: str,
    consent: str,
    source: str = "",
    language: str = "en",
) -> tuple[Clip, bool]:
    """Put a recording into the dummy pool, once.

    Args:
        waveform: Mono signal at 16 kHz, float32 in [-1, 1], shape (samples,).

    Returns:
        The clip, and whether it is new; the same sound gives the clip that is there already.

    Raises:
        UnusableClip: If the recording is silent or too short to judge.
    """
    _check_usable(waveform)
    data = encode_wav(waveform, SAMPLING_RATE_HZ)
    sha256 = hashlib.sha256(data).hexdigest()
    clip, created = Clip.objects.get_or_create(
        sha256=sha256,
        defaults={
            "key": pools.content_key(data),
            "duration_ms": round(1000 * len(waveform) / SAMPLING_RATE_HZ),
            "origin": origin,
            "licence": licence,
            "consent": consent,
            "source": source,
            "language": language,
        },
    )
    if created:
        clip.full_clean()
        ClipEvent.objects.create(clip=clip, kind=ClipEvent.Kind.ADDED)
        # Last before the commit: a failure rolls the row back, a kill leaves at most an orphaned
        # file, which `remove_orphaned_audio` finds.
        pools.put(storages[Clip.Pool.DUMMY], data)
    return clip, created


@transaction.atomic
def keep_donation(*, waveform: NDArray[np.float32]) -> str | None:
    """Keep a recording that a visitor left, with the moderators: nobody else hears it before them.

    Returns:
        The clip's number, under which the visitor can ask for its withdrawal; None when
        `DONATIONS_MAX_WAITING` of them wait already.

    Raises:
        UnusableClip: If the recording is silent or too short to judge.
    """
    _wait_for_other_donations()
    waiting = Clip.objects.in_conflict().filter(origin=Clip.Origin.DONATED)
    if waiting.count() >= settings.DONATIONS_MAX_WAITING:
        return None
    clip, created = add_clip(
        waveform=waveform,
        origin=Clip.Origin.DONATED,
        licence=DONATION_LICENCE,
        consent=DONATION_CONSENT,
        source="left on the page of the analysis",
    )
    if created:
        set_state(clip, Clip.State.CONFLICT)
    return str(clip.pk)


def _wait_for_other_donations() -> None:
    """Let each donation count what the one before kept, until the end of this transaction.

    There is no row to lock where none waits. SQLite's immediate transactions queue by themselves.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DONATIONS_LOCK])


def _check_usable(waveform: NDArray[np.float32]) -> None:
    duration_s, level = len(waveform) / SAMPLING_RATE_HZ, rms_dbfs(waveform)
    if duration_s < MIN_CLIP_S or level < MIN_LEVEL_DBFS:
        raise UnusableClip(
            f"The recording has {duration_s:.1f} s at {level:.0f} dBFS: "
            f"at least {MIN_CLIP_S:g} s at {MIN_LEVEL_DBFS:g} dBFS are needed"
        )

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, settings

from labeling import services
from labeling.models import Clip

# Of properties that write to the database; each example is undone by `undone`.
WITH_DATABASE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written in here is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def noise(seed: int = 0, seconds: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds)).astype("f4")


def bare_clip(**fields) -> Clip:
    """A row without audio, where nobody listens."""
    values = {
        "sha256": uuid.uuid4().hex * 2,
        "key": "aa/a.wav",
        "duration_ms": 800,
        "origin": Clip.Origin.IMPORTED,
        "licence": "CC0",
        "consent": "given",
    }
    return Clip.objects.create(**{**values, **fields})


@pytest.fixture
def make_clip(db):
    def make(seed: int = 0) -> Clip:
        clip, _ = services.add_clip(
            waveform=noise(seed), origin=Clip.Origin.IMPORTED, licence="CC0", consent="given"
        )
        return clip

    return make


@pytest.fixture
def clip(make_clip) -> Clip:
    return make_clip()


@pytest.fixture
def vote():
    """File a vote of a new voter with a new challenge, unless told otherwise."""

    def file(clip, emotion="angry", voter=None, challenge_id=None):
        return services.record_vote(
            clip_id=clip.pk,
            voter=voter or uuid.uuid4().hex,
            network="n",
            emotion=emotion,
            challenge_id=challenge_id or uuid.uuid4(),
        )

    return file


@pytest.fixture
def promoted(make_clip, vote):
    """Make a clip that four voters call angry."""

    def make(seed: int = 0) -> Clip:
        clip = make_clip(seed)
        for _ in range(4):
            vote(clip)
        clip.refresh_from_db()
        return clip

    return make


@pytest.fixture
def moderator(django_user_model) -> User:
    return django_user_model.objects.create_superuser("mod")  # no password, whose hash takes long

import uuid

import numpy as np
import pytest

from labeling import services
from labeling.models import Clip


def noise(seed: int = 0, seconds: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds)).astype("f4")


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
def moderator(django_user_model):
    return django_user_model.objects.create_superuser("mod", password="pw")

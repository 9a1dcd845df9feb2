"""Writes of this app."""

import socket

from django.db import transaction
from django.utils import timezone

from emotion.ml.predictor import EmotionPredictor
from emotion.models import ModelVersion, WorkerHeartbeat


def record_heartbeat() -> None:
    """Note that the worker of this machine is alive now."""
    WorkerHeartbeat.objects.update_or_create(
        worker=socket.gethostname()[:100], defaults={"seen_at": timezone.now()}
    )


@transaction.atomic
def register_shipped_model(*, predictor: EmotionPredictor) -> ModelVersion:
    """Make the shipped weights known, and live when no other version of the model is."""
    version, created = ModelVersion.objects.get_or_create(
        sha256=predictor.sha256,
        defaults={
            "name": predictor.name,
            "version": predictor.version,
            "figures": predictor.figures,
        },
    )
    if created:
        ModelVersion.objects.filter(name=version.name, is_live=True).update(is_live=False)
        version.is_live = True
        version.save(update_fields=["is_live"])
    return version

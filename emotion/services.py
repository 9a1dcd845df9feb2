"""Writes of this app."""

import json
import socket

from django.db import transaction
from django.utils import timezone

from emotion.ml.predictor import SHIPPED, EmotionPredictor
from emotion.models import ModelVersion, WorkerHeartbeat

EVALUATION = "evaluation.json"  # the published figures, beside the weights


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
            "figures": json.loads((SHIPPED / EVALUATION).read_text(encoding="utf-8")),
        },
    )
    if not version.is_live:
        ModelVersion.objects.filter(name=version.name, is_live=True).update(is_live=False)
        version.is_live = True
        version.save(update_fields=["is_live"])
    return version

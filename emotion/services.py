"""Writes of this app."""

import json

from django.db import transaction

from emotion.ml.speech.predictor import EmotionPredictor
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.models import ModelVersion

EVALUATION = "evaluation.json"  # the published figures, beside the weights


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

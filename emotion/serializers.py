from rest_framework import serializers

from emotion.ml.labels import EMOTIONS
from emotion.recordings import Measurement


class ModelSerializer(serializers.Serializer):
    name = serializers.CharField(source="model_name")
    version = serializers.CharField(source="model_version")


class MeasurementSerializer(serializers.Serializer):
    """What `POST /api/predict/audio` answers; the scores come in the order of `EMOTIONS`."""

    emotion = serializers.ChoiceField(choices=EMOTIONS)
    scores = serializers.SerializerMethodField()
    duration_s = serializers.SerializerMethodField()
    voiced_s = serializers.SerializerMethodField()
    model = ModelSerializer(source="*")

    def get_scores(self, measurement: Measurement) -> dict[str, float]:
        return {emotion: round(measurement.scores[emotion], 4) for emotion in EMOTIONS}

    def get_duration_s(self, measurement: Measurement) -> float:
        return round(measurement.duration_s, 3)

    def get_voiced_s(self, measurement: Measurement) -> float:
        return round(measurement.voiced_s, 3)

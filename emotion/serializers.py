from rest_framework import serializers

from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import MOMENT_S, Moment
from emotion.recordings import Measurement


def _rounded(scores: dict[str, float]) -> dict[str, float] | None:
    """In the order of `EMOTIONS`, or None where there is no emotion."""
    return {emotion: round(scores[emotion], 4) for emotion in EMOTIONS} if scores else None


class ScoresSerializer(serializers.Serializer):
    """The probability of each emotion; the seven sum to 1."""

    angry = serializers.FloatField(min_value=0, max_value=1)
    disgust = serializers.FloatField(min_value=0, max_value=1)
    fearful = serializers.FloatField(min_value=0, max_value=1)
    happy = serializers.FloatField(min_value=0, max_value=1)
    neutral = serializers.FloatField(min_value=0, max_value=1)
    sad = serializers.FloatField(min_value=0, max_value=1)
    surprised = serializers.FloatField(min_value=0, max_value=1)


class MomentSerializer(serializers.Serializer):
    """A stretch of the recording; emotion and scores are null where nobody speaks."""

    start_s = serializers.FloatField()
    end_s = serializers.FloatField()
    emotion = serializers.ChoiceField(choices=EMOTIONS, allow_null=True)
    scores = ScoresSerializer(allow_null=True)

    def to_representation(self, moment: Moment) -> dict[str, object]:
        return {
            "start_s": round(moment.start_s, 3),
            "end_s": round(moment.end_s, 3),
            "emotion": moment.emotion,
            "scores": _rounded(moment.scores),
        }


class TimelineSerializer(serializers.Serializer):
    """Moments of `window_s` in order, from start to end of the recording."""

    window_s = serializers.FloatField(help_text="Length of a moment in seconds.")
    step_s = serializers.FloatField(help_text="From one moment to the next; 0 for a single one.")
    moments = MomentSerializer(many=True)

    def to_representation(self, timeline: tuple[Moment, ...]) -> dict[str, object]:
        step_s = timeline[1].start_s - timeline[0].start_s if len(timeline) > 1 else 0.0
        return {
            "window_s": MOMENT_S,
            "step_s": round(step_s, 3),
            "moments": MomentSerializer(timeline, many=True).data,
        }


class ModelSerializer(serializers.Serializer):
    name = serializers.CharField(source="model_name")
    version = serializers.CharField(source="model_version")


class MeasurementSerializer(serializers.Serializer):
    """What `POST /api/predict/audio` answers; the scores come in the order of `EMOTIONS`."""

    emotion = serializers.ChoiceField(
        choices=EMOTIONS, allow_null=True, source="prediction.emotion"
    )
    reason = serializers.ChoiceField(
        choices=["silence", "no_speech", "not_speech"],
        allow_null=True,
        source="prediction.reason",
        help_text="Why there is no emotion; null beside one.",
    )
    scores = ScoresSerializer(allow_null=True, source="prediction.scores")
    duration_s = serializers.FloatField(source="prediction.duration_s")
    voiced_s = serializers.FloatField(source="prediction.voiced_s")
    references = serializers.IntegerField(
        source="prediction.references", help_text="Clips of the same speaker that were heard too."
    )
    timeline = TimelineSerializer()
    model = ModelSerializer(source="*")

    def to_representation(self, measurement: Measurement) -> dict[str, object]:
        prediction = measurement.prediction
        return {
            "emotion": prediction.emotion,
            "reason": prediction.reason,
            "scores": _rounded(prediction.scores),
            "duration_s": round(prediction.duration_s, 3),
            "voiced_s": round(prediction.voiced_s, 3),
            "references": prediction.references,
            "timeline": TimelineSerializer(measurement.timeline).data,
            "model": ModelSerializer(measurement).data,
        }


class UploadSerializer(serializers.Serializer):
    """The multipart form of a prediction."""

    file = serializers.FileField(help_text="The recording to judge.")
    reference = serializers.ListField(
        child=serializers.FileField(),
        required=False,
        help_text="Other recordings of the same speaker, of any emotions; the field is repeated.",
    )

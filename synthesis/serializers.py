from django.conf import settings
from django.urls import reverse
from rest_framework import serializers

from emotion.ml.labels import EMOTIONS
from synthesis.models import SpeechRequest


class SpeechRequestSerializer(serializers.Serializer):
    """What to say and how."""

    text = serializers.CharField(max_length=500, help_text="In the voice's language.")
    emotion = serializers.ChoiceField(choices=EMOTIONS)
    voice = serializers.CharField(
        max_length=50, required=False, help_text="The installation's usual one if not given."
    )
    speaker = serializers.CharField(
        max_length=50, required=False, help_text="Of the voice; its first one if not given."
    )
    seed = serializers.IntegerField(
        min_value=0,
        max_value=2**32 - 1,
        required=False,
        help_text="Of the prosody: the same seed gives the same samples. Drawn if not given.",
    )
    wait_s = serializers.FloatField(
        min_value=0,
        required=False,
        help_text="How long to wait for the audio; at most what the installation allows.",
    )

    def validate_wait_s(self, value: float) -> float:
        return min(value, settings.SPEECH_WAIT_S)


class SpeechSerializer(serializers.Serializer):
    """A sentence that was asked for; `audio` is null until the state is `done`."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=SpeechRequest.State.values)
    text = serializers.CharField()
    emotion = serializers.ChoiceField(choices=EMOTIONS)
    voice = serializers.CharField()
    speaker = serializers.CharField()
    seed = serializers.IntegerField()
    duration_s = serializers.FloatField(allow_null=True)
    audio = serializers.CharField(allow_null=True, help_text="Path of the WAV file.")
    problem = serializers.CharField(
        allow_null=True, help_text="Why it cannot be spoken, where the state is `failed`."
    )

    def to_representation(self, request: SpeechRequest) -> dict[str, object]:
        is_done = request.state == SpeechRequest.State.DONE
        return {
            "id": str(request.pk),
            "state": request.state,
            "text": request.text,
            "emotion": request.emotion,
            "voice": request.voice,
            "speaker": request.speaker,
            "seed": request.seed,
            "duration_s": request.duration_ms / 1000 if is_done else None,
            "audio": reverse("synthesis:audio", args=[request.pk]) if is_done else None,
            "problem": request.problem or None,
        }


class PoolSerializer(serializers.Serializer):
    """How far the play pool is filled."""

    clips = serializers.IntegerField(help_text="Ready, or waiting for a moderator.")
    target = serializers.IntegerField()
    emotions = serializers.IntegerField(help_text="Emotions with a clip, of seven.")
    is_filling = serializers.BooleanField()


class VoiceListSerializer(serializers.Serializer):
    """A voice in use."""

    name = serializers.CharField()
    language = serializers.CharField()
    licence = serializers.CharField()
    speakers = serializers.DictField(
        child=serializers.ListField(child=serializers.ChoiceField(choices=EMOTIONS)),
        help_text="Emotions of each speaker.",
    )

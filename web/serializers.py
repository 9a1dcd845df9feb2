from rest_framework import serializers


class ErrorDetailSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Stable; decide by it.")
    message = serializers.CharField(help_text="For people; the wording may change.")


class ErrorSerializer(serializers.Serializer):
    """The one shape of every error."""

    error = ErrorDetailSerializer()

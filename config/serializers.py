from rest_framework import serializers


class WorkerSerializer(serializers.Serializer):
    alive = serializers.BooleanField()
    seen_at = serializers.DateTimeField(allow_null=True)


class NamedVersionSerializer(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.CharField()


class HealthSerializer(serializers.Serializer):
    """The state of the installation."""

    status = serializers.ChoiceField(choices=["ok", "degraded", "unavailable"])
    version = serializers.CharField()
    versions = serializers.DictField(child=serializers.CharField())
    database = serializers.ChoiceField(choices=["ok", "unavailable"])
    model = NamedVersionSerializer(allow_null=True)
    worker = WorkerSerializer()

"""Addresses of the API that speak for the whole installation."""

from importlib.metadata import version as version_of
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import health
from config.serializers import HealthSerializer


class HealthView(APIView):
    """Whether database, model and worker are there; never throttled, so monitors can rely on it."""

    authentication_classes: list[Any] = []
    throttle_classes: list[Any] = []

    @extend_schema(
        operation_id="health",
        summary="State of the installation",
        responses={
            200: HealthSerializer,
            503: OpenApiResponse(HealthSerializer, description="`status` is `unavailable`"),
        },
    )
    def get(self, request: Request) -> Response:
        state = health.check_health()
        body = {
            "status": state.status,
            "version": health.installed_version(),
            "versions": {name: version_of(name) for name in ("django", "onnxruntime", "numpy")},
            "database": "ok" if state.database_answers else "unavailable",
            "model": state.model,
            "worker": {"alive": state.worker_is_alive, "seen_at": state.worker_seen_at},
        }
        return Response(
            body, status=200 if state.can_serve else 503, headers={"Cache-Control": "no-store"}
        )


@extend_schema(exclude=True)
class UnknownEndpointView(APIView):
    """Addresses under /api/ that do not exist answer in the API's own shape."""

    authentication_classes: list[Any] = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404

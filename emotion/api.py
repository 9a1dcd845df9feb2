"""The REST API's views."""

from importlib.metadata import version as version_of
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from emotion import health
from emotion.addresses import AddressThrottle, KeyThrottle
from emotion.authentication import ApiKeyAuthentication
from emotion.errors import FileMissingError
from emotion.recordings import measure_recording
from emotion.serializers import (
    ErrorSerializer,
    HealthSerializer,
    MeasurementSerializer,
    UploadSerializer,
)
from emotion.uploads import bound_uploads

REFUSALS = {
    400: "`file_missing`, `request_malformed`, `too_many_references`",
    401: "`api_key_invalid`",
    413: "`audio_too_large`, `request_too_large`",
    415: "`audio_undecodable`, `unsupported_media_type`",
    422: "`audio_empty`, `audio_missing`, `audio_not_finite`, `audio_too_long`, "
    "`speech_too_short`, `reference_silent`",
    429: "`rate_limited`, with `Retry-After`",
    503: "`server_busy`, with `Retry-After`; `model_unavailable`",
}


class PredictAudioView(APIView):
    """The emotion of one uploaded recording, which is not kept."""

    authentication_classes = [ApiKeyAuthentication]
    parser_classes = [MultiPartParser]
    throttle_classes = [AddressThrottle, KeyThrottle]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        bound_uploads(request)
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="predict_audio",
        summary="Judge a recording",
        request={"multipart/form-data": UploadSerializer},
        responses={
            200: MeasurementSerializer,
            **{
                status: OpenApiResponse(ErrorSerializer, description=codes)
                for status, codes in REFUSALS.items()
            },
        },
    )
    def post(self, request: Request) -> Response:
        upload = request.FILES.get("file")
        if upload is None:
            raise FileMissingError("No file was received: send it as multipart field 'file'")
        measurement = measure_recording(upload, references=request.FILES.getlist("reference"))
        return Response(MeasurementSerializer(measurement).data)


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

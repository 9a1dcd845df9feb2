"""The REST API's views."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from emotion.errors import FileMissingError
from emotion.recordings import measure_recording
from emotion.serializers import MeasurementSerializer, UploadSerializer
from emotion.uploads import bound_uploads
from web.authentication import ApiKeyAuthentication
from web.serializers import ErrorSerializer
from web.throttles import AddressThrottle, KeyThrottle

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

"""The REST API of speech: asked for here, spoken by the worker."""

import time
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from synthesis import services, tasks
from synthesis.models import Rendition, SpeechRequest
from synthesis.progress import pool_progress
from synthesis.serializers import (
    PoolSerializer,
    SpeechRequestSerializer,
    SpeechSerializer,
    VoiceListSerializer,
)
from web.authentication import ApiKeyAuthentication
from web.models import ApiKey
from web.serializers import ErrorSerializer
from web.throttles import AddressThrottle, KeyThrottle

POLL_S = 0.1
RETRY_AFTER_S = 1
# Calls that wait hold a thread each; those beyond are answered at once and ask again.
_waiters = BoundedSemaphore(settings.SPEECH_MAX_WAITERS)


class Refused(APIException):
    """A request that cannot be spoken."""

    status_code = 422

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.default_code = code


class Busy(APIException):
    status_code = 503
    default_code = "server_busy"
    wait = 5


class SynthesizeView(APIView):
    """Emotional speech for programs."""

    authentication_classes = [ApiKeyAuthentication]
    parser_classes = [JSONParser, FormParser, MultiPartParser]
    throttle_classes = [AddressThrottle, KeyThrottle]

    @extend_schema(
        operation_id="synthesize",
        summary="Speak a sentence with an emotion",
        request=SpeechRequestSerializer,
        responses={
            201: OpenApiResponse(SpeechSerializer, description="Spoken"),
            202: OpenApiResponse(
                SpeechSerializer, description="Still waiting: ask at `Location` again"
            ),
            400: OpenApiResponse(
                ErrorSerializer, description="`field_invalid`, `request_malformed`"
            ),
            401: OpenApiResponse(
                ErrorSerializer, description="`not_authenticated`, `api_key_invalid`"
            ),
            422: OpenApiResponse(
                ErrorSerializer,
                description="`text_missing`, `text_too_long`, `voice_unknown`, `speaker_unknown`, "
                "`emotion_unknown`, `speech_failed`",
            ),
            429: OpenApiResponse(ErrorSerializer, description="`rate_limited`, with `Retry-After`"),
            503: OpenApiResponse(ErrorSerializer, description="`server_busy`, with `Retry-After`"),
        },
    )
    def post(self, request: Request) -> Response:
        if not isinstance(request.auth, ApiKey):
            raise NotAuthenticated("Speaking needs an API key: send Authorization: Api-Key KEY")
        wanted = _cleaned(request.data)
        wait_s = wanted.pop("wait_s", settings.SPEECH_WAIT_S)
        speech = _waited_for(_requested(wanted, request.auth), wait_s)
        if speech.state == SpeechRequest.State.FAILED:
            raise Refused("speech_failed", speech.problem)
        headers = {"Location": reverse("synthesis:speech", args=[speech.pk])} | _ask_again(speech)
        status = 202 if speech.is_waiting else 201
        return Response(SpeechSerializer(speech).data, status=status, headers=headers)


class SpeechView(APIView):
    """Where a sentence stands; whoever knows its id may ask."""

    throttle_classes: list[Any] = []

    @extend_schema(
        operation_id="speech",
        summary="Where a sentence stands",
        responses={200: SpeechSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        speech = get_object_or_404(SpeechRequest, pk=pk)
        headers = {"Cache-Control": "no-store"} | _ask_again(speech)
        return Response(SpeechSerializer(speech).data, headers=headers)


class SpeechAudioView(APIView):
    """The sound of a sentence."""

    throttle_classes: list[Any] = []

    @extend_schema(
        operation_id="speech_audio",
        summary="The audio of a sentence, as WAV",
        responses={(200, "audio/wav"): OpenApiTypes.BINARY, 404: ErrorSerializer},
    )
    def get(self, request: Request, pk: UUID) -> FileResponse:
        speech = get_object_or_404(SpeechRequest, pk=pk, state=SpeechRequest.State.DONE)
        try:
            file = speech.open_audio()
        except FileNotFoundError as error:  # deleted with its request a moment ago
            raise Http404 from error
        name = f"{speech.speaker}-{speech.emotion}.wav"
        response = FileResponse(file, content_type="audio/wav", filename=name)
        response["Cache-Control"] = "private, max-age=3600"
        return response


class VoicesView(APIView):
    """The voices in use."""

    @extend_schema(
        operation_id="voices",
        summary="Voices, speakers and emotions",
        responses=VoiceListSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        return Response(Rendition.objects.live().by_voice())


class PoolView(APIView):
    """How far the play pool is filled; pages ask while too little is there."""

    throttle_classes: list[Any] = []

    @extend_schema(operation_id="pool", summary="State of the play pool", responses=PoolSerializer)
    def get(self, request: Request) -> Response:
        return Response(PoolSerializer(pool_progress()).data, headers={"Cache-Control": "no-store"})


def _ask_again(speech: SpeechRequest) -> dict[str, str]:
    return {"Retry-After": str(RETRY_AFTER_S)} if speech.is_waiting else {}


def _cleaned(sent: Any) -> dict[str, Any]:
    serializer = SpeechRequestSerializer(data=sent)
    if serializer.is_valid():
        return dict(serializer.validated_data)
    name, errors = next(iter(serializer.errors.items()))
    error = APIException(f"{name}: {errors[0]}")
    error.status_code, error.default_code = 400, "field_invalid"
    raise error


def _requested(wanted: dict[str, Any], api_key: ApiKey) -> SpeechRequest:
    wanted.setdefault("voice", settings.DEFAULT_VOICE)
    try:
        [speech] = services.request_speech(
            emotions=[wanted.pop("emotion")], api_key=api_key, **wanted
        )
    except services.SpeechRefused as error:
        raise Refused(error.code, str(error)) from error
    except services.TooManyWaiting as error:
        raise Busy(str(error)) from error
    tasks.wake_worker()
    return speech


def _waited_for(speech: SpeechRequest, wait_s: float) -> SpeechRequest:
    """Look again and again until it is spoken or the time is over."""
    deadline = time.monotonic() + wait_s
    if not _waiters.acquire(blocking=False):
        return speech
    try:
        while speech.is_waiting and time.monotonic() < deadline:
            time.sleep(POLL_S)
            speech.refresh_from_db()
    finally:
        _waiters.release()
    return speech

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from emotion import health
from emotion.addresses import AddressThrottle
from emotion.errors import FileMissingError, Problem, problem_of
from emotion.models import Emotion, ModelVersion
from emotion.recordings import Measurement, measure_recording
from emotion.serializers import MeasurementSerializer
from emotion.uploads import bound_uploads


class PredictAudioView(APIView):
    """The emotion of one uploaded recording, which is not kept."""

    parser_classes = [MultiPartParser]
    throttle_classes = [AddressThrottle]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        bound_uploads(request)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: Request) -> Response:
        upload = request.FILES.get("file")
        if upload is None:
            raise FileMissingError("No file was received: send it as multipart field 'file'")
        return Response(MeasurementSerializer(measure_recording(upload)).data)


class HealthView(APIView):
    """Whether database, model and worker are there; never throttled, so monitors can rely on it."""

    throttle_classes: list[Any] = []

    def get(self, request: Request) -> Response:
        state = health.check_health()
        body = {
            "status": state.status,
            "version": health.installed_version(),
            "database": "ok" if state.database_answers else "unavailable",
            "model": state.model,
            "worker": {"alive": state.worker_is_alive, "seen_at": state.worker_seen_at},
        }
        return Response(
            body, status=200 if state.can_serve else 503, headers={"Cache-Control": "no-store"}
        )


class UnknownEndpointView(APIView):
    """Addresses under /api/ that do not exist answer in the API's own shape."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    context = {"model": ModelVersion.objects.live().first(), "emotions": Emotion}
    return render(request, "emotion/home.html", context)


# Exempt from the CSRF check: nothing is stored and no session is used, so a forged request gains
# nothing, and the upload's limit must be set before anything reads the form.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def analyze(request: HttpRequest) -> HttpResponse:
    """The page; a POST is what its form sends when JavaScript is off."""
    if request.method != "POST":
        return _render_analyze(request)
    try:
        measurement = _measure_form(request)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        return _render_analyze(request, problem=problem)
    return _render_analyze(request, measurement=measurement)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return render(request, "emotion/live.html", {"bars": _bars(None)})


def _measure_form(request: HttpRequest) -> Measurement:
    AddressThrottle.count(request)
    bound_uploads(request)
    upload = request.FILES.get("file")
    if upload is None:
        raise FileMissingError("No file was received: choose a recording first")
    return measure_recording(upload)


def _render_analyze(
    request: HttpRequest, *, measurement: Measurement | None = None, problem: Problem | None = None
) -> HttpResponse:
    bars = _bars(measurement)
    context = {
        "measurement": measurement,
        "problem": problem,
        "bars": bars,
        "verdict": next((bar for bar in bars if bar["is_top"]), None),
        "max_megabytes": settings.PREDICT_MAX_BYTES // 1024**2,
        "max_minutes": round(settings.PREDICT_MAX_DURATION_S / 60),
    }
    status, headers = (problem.status, problem.headers) if problem else (200, {})
    response = render(request, "emotion/analyze.html", context, status=status)
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _bars(measurement: Measurement | None) -> list[dict[str, Any]]:
    """The rows of the table of scores; without a measurement they are empty."""
    return [
        {
            "emotion": emotion,
            "percent": round(measurement.scores[emotion.value] * 100) if measurement else 0,
            "is_top": measurement is not None and measurement.emotion == emotion.value,
        }
        for emotion in Emotion
    ]

"""The pages."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from emotion.errors import FileMissingError
from emotion.models import Emotion
from emotion.plots import plots_of
from emotion.recordings import Measurement, measure_recording
from emotion.uploads import bound_uploads
from web.problems import Problem, problem_of
from web.throttles import AddressThrottle

REASONS = {
    "silence": "The recording is silent.",
    "no_speech": "Nobody seems to speak in this recording.",
    "not_speech": "This sounds unlike speech.",
}

Keeper = Callable[[HttpRequest, Measurement], str | None]
"""Keeps a recording that a visitor leaves behind and returns the number under which it can be
withdrawn, or None when no more are taken. The app above, which knows of clips, brings one along."""


# Exempt from the CSRF check: no session is used, and a forged request gains nothing, since what it
# would leave behind it could as well send itself. The upload's limit must be set before anything
# reads the form.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def analyze(request: HttpRequest, keep: Keeper | None = None) -> HttpResponse:
    """The page; a POST is what its form sends.

    The page's script asks for the result alone, so that one template draws it in either case.

    Args:
        keep: What happens to recordings that visitors leave; the page does not offer it if None.
    """
    context: dict[str, Any] = {"donations_welcome": keep is not None}
    if request.method != "POST":
        return _render_analyze(request, context)
    try:
        context |= _measured(request, keep)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        return _render_analyze(request, context | {"problem": problem}, problem)
    return _render_analyze(request, context)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The page of the microphone; its script opens the websocket."""
    return render(request, "emotion/live.html", {"bars": _bars({})})


def _measured(request: HttpRequest, keep: Keeper | None) -> dict[str, Any]:
    AddressThrottle.count(request)
    bound_uploads(request)
    upload = request.FILES.get("file")
    if upload is None:
        raise FileMissingError("No file was received: choose a recording first")
    measurement = measure_recording(
        upload,
        references=[each for each in request.FILES.getlist("reference") if each],
        analysed=True,
    )
    context = _result(measurement)
    if keep and request.POST.get("keep") and measurement.prediction.emotion:
        context["kept"] = keep(request, measurement)
        context["is_refused"] = context["kept"] is None
    return context


def _result(measurement: Measurement) -> dict[str, Any]:
    prediction = measurement.prediction
    bars = _bars(prediction.scores)
    analysis = measurement.analysis
    return {
        "measurement": measurement,
        "prediction": prediction,
        "reason": REASONS.get(prediction.reason or ""),
        "bars": bars,
        "verdict": next((bar for bar in bars if bar["is_top"]), None),
        "analysis": analysis,
        "plots": plots_of(analysis, measurement.timeline) if analysis else None,
        "emotions": Emotion,
    }


def _render_analyze(
    request: HttpRequest, context: dict[str, Any], problem: Problem | None = None
) -> HttpResponse:
    context |= {
        "max_megabytes": settings.PREDICT_MAX_BYTES // 1024**2,
        "max_minutes": round(settings.PREDICT_MAX_DURATION_S / 60),
        "max_references": settings.PREDICT_MAX_REFERENCES,
    }
    # Sent by the page's own script; a form without it gets the whole page.
    is_partial = request.headers.get("X-Requested-With") == "fetch"
    template = "emotion/_result.html" if is_partial else "emotion/analyze.html"
    status, headers = (problem.status, problem.headers) if problem else (200, {})
    response = render(request, template, context, status=status)
    response["Vary"] = "X-Requested-With"
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _bars(scores: dict[str, float]) -> list[dict[str, Any]]:
    """The rows of the table of scores; without scores they are empty."""
    top = max(scores, key=scores.__getitem__) if scores else None
    return [
        {
            "emotion": emotion,
            "percent": round(scores[emotion.value] * 100) if scores else 0,
            "is_top": emotion.value == top,
        }
        for emotion in Emotion
    ]

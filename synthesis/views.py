"""The page where visitors hear a sentence in seven emotions."""

import random
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from synthesis import services, tasks
from synthesis.forms import SentenceForm
from synthesis.ml.speaking.texts import catalogue
from synthesis.models import SpeechRequest
from web.throttles import CountedByAddress

SUGGESTIONS = 4


class VoicesThrottle(CountedByAddress):
    """So many sentences, as `DEFAULT_THROTTLE_RATES["voices"]` says."""

    scope = "voices"


# Exempt from the CSRF check: no session is used, and a forged request gains nothing.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def voices(request: HttpRequest) -> HttpResponse:
    """The form; what it sends is spoken by the worker and shown at an address of its own."""
    if request.method != "POST":
        return _page(request, SentenceForm(initial={"text": request.GET.get("text", "")}))
    form = SentenceForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    allowed, wait_s = VoicesThrottle.is_allowed(request)
    if not allowed:
        seconds = round(wait_s or 60) + 1
        form.add_error(None, f"You have heard many sentences: try again in {seconds} s.")
        return _page(request, form, status=429, headers={"Retry-After": str(seconds)})
    try:
        spoken = services.request_speech(**form.wanted())
    except services.SpeechRefused as error:
        form.add_error("text", str(error))
        return _page(request, form, status=422)
    except services.TooManyWaiting as error:
        form.add_error(None, str(error))
        return _page(request, form, status=503, headers={"Retry-After": "10"})
    tasks.wake_worker()
    return redirect("synthesis:spoken", batch=spoken[0].batch)


@require_safe
def spoken(request: HttpRequest, batch: UUID) -> HttpResponse:
    """A sentence in its emotions, as far as they are spoken."""
    clips = list(SpeechRequest.objects.of_batch(batch))
    if not clips:
        raise Http404
    form = SentenceForm(
        initial={"text": clips[0].text, "speaker": f"{clips[0].voice}/{clips[0].speaker}"}
    )
    is_waiting = any(clip.is_waiting for clip in clips)
    headers = {"Cache-Control": "no-store"}
    return _page(request, form, headers=headers, clips=clips, is_waiting=is_waiting)


def _page(
    request: HttpRequest,
    form: SentenceForm,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: object,
) -> HttpResponse:
    context |= {
        "form": form,
        "suggestions": _suggestions(),
        "longest": settings.VOICES_MAX_CHARACTERS,
        "kept_minutes": settings.SPEECH_KEEP_S // 60,
    }
    response = render(request, "synthesis/voices.html", context, status=status)
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def _suggestions() -> list[str]:
    return random.sample(catalogue("en"), SUGGESTIONS)

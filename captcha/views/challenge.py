"""The JSON interface of the widget. It uses no cookie and no session."""

import math
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from captcha import services
from captcha.addresses import visitor_of
from captcha.bodies import BodyError, read_json
from captcha.errors import RateLimited
from captcha.forms import AnswerForm, StartForm, WorkForm
from captcha.models import Challenge
from captcha.services import Progress
from captcha.work import ALGORITHM
from web.counters import seconds_to_wait
from web.problems import Problem, problem_of
from web.rates import Rate

MAX_BODY_BYTES = 8 * 1024


NOT_ALLOWED = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "Send POST", {"Allow": "POST"}
)
EXPIRED = Problem(
    HTTPStatus.GONE, "challenge_expired", "The challenge has expired: start a new one"
)

View = Callable[..., HttpResponse]


def json_api(view: View) -> View:
    """Let a view answer POST only, and every error as JSON with a stable code."""

    @csrf_exempt
    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return NOT_ALLOWED.as_json()
        try:
            return view(request, *args, **kwargs)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            return problem.as_json()

    return answered


@json_api
def start(request: HttpRequest) -> HttpResponse:
    """Start a challenge and hand out its first clip."""
    fields = _cleaned(StartForm, read_json(request, max_bytes=MAX_BODY_BYTES))
    visitor = visitor_of(request)
    _count(settings.CAPTCHA_CHALLENGE_RATE, visitor.network)
    progress = services.create_challenge(visitor=visitor, **fields)
    return JsonResponse(_described(progress), status=HTTPStatus.CREATED)


@json_api
def answer(request: HttpRequest, challenge_id: UUID) -> HttpResponse:
    """Take the answer to one clip, or a proof of work, and hand out the next, or the verdict."""
    sent = read_json(request, max_bytes=MAX_BODY_BYTES)
    # Only of those that there are: made-up ids would push other counters out of the cache.
    if Challenge.objects.filter(pk=challenge_id).exists():
        _count(settings.CAPTCHA_ANSWER_RATE, f"challenge.{challenge_id}")
    is_work_alone = "work" in sent and "item" not in sent
    fields = _cleaned(WorkForm if is_work_alone else AnswerForm, sent)
    progress = services.answer_item(
        challenge_id=challenge_id,
        position=fields.get("item", 0),
        answer=fields.get("answer", ""),
        work=fields["work"],
    )
    if progress.state == Challenge.State.EXPIRED:
        return EXPIRED.as_json()
    return JsonResponse(_described(progress))


def _count(rate: str, key: str) -> None:
    if wait_s := seconds_to_wait(rate=Rate.parse(rate), key=key):
        raise RateLimited(wait_s)


def _cleaned(form_class: type[Form], sent: dict[str, Any]) -> dict[str, Any]:
    for name, field in form_class.base_fields.items():
        kind = int if name == "item" else str
        # Form fields would turn anything into text or a number, a list for instance.
        if name in sent and type(sent[name]) is not kind:
            raise BodyError("field_invalid", f"{name}: send {kind.__name__} in JSON")
        if field.required and name not in sent:
            raise BodyError("field_missing", f"{name}: this field is required")
    form = form_class(sent)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise BodyError("field_invalid", f"{name}: {errors[0]}")
    return form.cleaned_data


def _described(progress: Progress) -> dict[str, Any]:
    """Say where the challenge stands; the same form whatever kind of clip is next."""
    described: dict[str, Any] = {
        "challenge": str(progress.challenge_id),
        "state": progress.state,
        "kind": progress.kind,
        "expires_in": max(0, int((progress.expires_at - timezone.now()).total_seconds())),
    }
    if progress.state == Challenge.State.OPEN:
        described["work"] = _work(progress)
    if progress.token:
        described["token"] = progress.token
    if progress.position:
        described["answers"] = progress.answers
        place: dict[str, Any] = {"number": progress.position, "of": progress.total}
        described["item"] = place | _content(progress)
    return described


def _content(progress: Progress) -> dict[str, Any]:
    if progress.text:
        return {"text": progress.text, "language": progress.language}
    return {
        "audio": reverse("captcha:audio", args=[progress.audio_token]),
        "listen_s": math.ceil(10 * progress.listen_s) / 10,
    }


def _work(progress: Progress) -> dict[str, Any] | None:
    if not progress.bits:
        return None
    return {"algorithm": ALGORITHM, "salt": progress.salt, "bits": progress.bits}

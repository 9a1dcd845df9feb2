"""One answer for each thing that can go wrong: a status, a stable code and a message.

Each app registers its own exceptions in its module `errors` (`register`), which is imported with
the first error; this module knows those of the frameworks and of the package `audio` alone.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.module_loading import autodiscover_modules
from rest_framework import exceptions
from rest_framework.response import Response

from audio import (
    AudioError,
    EmptyAudioError,
    NoAudioError,
    NonFiniteError,
    TooLargeError,
    TooLongError,
    UndecodableError,
)

logger = logging.getLogger(__name__)

RETRY_AFTER = "Retry-After"


@dataclass(frozen=True)
class Problem:
    """What the client is told; `code` is stable, the wording of `message` is not."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, dict[str, str]]:
        """The one shape of every error body."""
        return {"error": {"code": self.code, "message": self.message}}

    def as_json(self) -> JsonResponse:
        """Answer it outside of Django REST framework."""
        return JsonResponse(self.body(), status=self.status, headers=self.headers)


@dataclass(frozen=True)
class Rule:
    """How an exception is answered.

    Attributes:
        status: Of HTTP.
        code: Stable; decide by it.
        message: In place of the exception's own, where that names what clients must not see.
    """

    status: int
    code: str
    message: str | None = None

    def problem_of(self, error: Exception) -> Problem:
        """Describe an error; one that knows when it is over says so as `wait_s`."""
        wait_s = getattr(error, "wait_s", None)
        headers = {} if wait_s is None else {RETRY_AFTER: str(math.ceil(wait_s))}
        return Problem(self.status, self.code, self.message or str(error), headers)


_rules: dict[type[Exception], Rule] = {}


def register(rules: Mapping[type[Exception], Rule]) -> None:
    """Say how exceptions are answered; the rule of the nearest base class counts.

    Raises:
        ValueError: If an exception has another rule already.
    """
    for kind, rule in rules.items():
        if _rules.setdefault(kind, rule) != rule:
            raise ValueError(f"{kind.__name__} is answered as {_rules[kind].code} already")


def problem_of(error: Exception) -> Problem | None:
    """Return what to tell the client about an error, or None for one that nobody foresaw."""
    _load_rules()
    for kind in type(error).__mro__:
        if kind not in _rules:
            continue
        problem = _rules[kind].problem_of(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and _rules[kind].message:
            # What is kept from the client has to be told to somebody.
            logger.error("Answered with %s", problem.code, exc_info=error)
        return problem
    return None


@cache
def _load_rules() -> None:
    """Let every app register; not at the start, of which web processes do enough."""
    autodiscover_modules("errors")


def _audio_rules() -> dict[type[Exception], Rule]:
    statuses: dict[type[AudioError], HTTPStatus] = {
        EmptyAudioError: HTTPStatus.UNPROCESSABLE_ENTITY,
        NoAudioError: HTTPStatus.UNPROCESSABLE_ENTITY,
        NonFiniteError: HTTPStatus.UNPROCESSABLE_ENTITY,
        TooLongError: HTTPStatus.UNPROCESSABLE_ENTITY,
        TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        UndecodableError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        AudioError: HTTPStatus.UNPROCESSABLE_ENTITY,
    }
    return {kind: Rule(status, kind.code) for kind, status in statuses.items()}


register(_audio_rules())
register(
    {
        Http404: Rule(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address"),
        PermissionDenied: Rule(HTTPStatus.FORBIDDEN, "permission_denied", "This is not allowed"),
        RequestDataTooBig: Rule(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "request_too_large",
            "The fields beside the file are too large",
        ),
        SuspiciousOperation: Rule(
            HTTPStatus.BAD_REQUEST, "request_malformed", "The request cannot be read"
        ),
        UnreadablePostError: Rule(
            HTTPStatus.BAD_REQUEST, "request_malformed", "The request cannot be read"
        ),
    }
)


class FrameworkRule(Rule):
    """Exceptions of Django REST framework bring their own status, code and message."""

    def problem_of(self, error: Exception) -> Problem:
        if not isinstance(error, exceptions.APIException):
            raise TypeError(f"{error!r} is no exception of the framework")
        wait_s = getattr(error, "wait", None)  # of Throttled
        headers = {} if wait_s is None else {RETRY_AFTER: str(math.ceil(wait_s))}
        if challenge := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
        detail = error.detail if isinstance(error.detail, str) else error.default_detail
        code = self.code or str(error.default_code)
        return Problem(error.status_code, code, str(detail), headers)


register(
    {
        exceptions.APIException: FrameworkRule(HTTPStatus.INTERNAL_SERVER_ERROR, ""),
        exceptions.AuthenticationFailed: FrameworkRule(HTTPStatus.UNAUTHORIZED, "api_key_invalid"),
        exceptions.ParseError: FrameworkRule(HTTPStatus.BAD_REQUEST, "request_malformed"),
        exceptions.Throttled: FrameworkRule(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited"),
        exceptions.UnsupportedMediaType: FrameworkRule(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"
        ),
    }
)


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Answer every error of an API view in the one documented shape."""
    problem = problem_of(error)
    if problem is None:
        logger.error("Unforeseen error in %s", context["view"], exc_info=error)
        problem = Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal_error",
            "The server failed: the error has been logged",
        )
    return Response(problem.body(), status=problem.status, headers=problem.headers)

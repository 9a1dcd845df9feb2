"""One answer for each thing that can go wrong: a status, a stable code and a message."""

import logging
import math
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.http.request import UnreadablePostError
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
from emotion.inference import BusyError
from emotion.ml.errors import EmotionError, ModelError, SilentError, TooShortError
from emotion.recordings import TooManyReferencesError

logger = logging.getLogger(__name__)


class FileMissingError(Exception):
    """The request carries no file where one belongs."""


@dataclass(frozen=True)
class Problem:
    """What the client is told; `code` is stable, the wording of `message` is not."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


# The status of errors whose own message may be shown; an AudioError brings its code along.
STATUS_AND_CODE: dict[type[Exception], tuple[int, str]] = {
    FileMissingError: (400, "file_missing"),
    EmptyAudioError: (422, EmptyAudioError.code),
    NoAudioError: (422, NoAudioError.code),
    NonFiniteError: (422, NonFiniteError.code),
    TooLongError: (422, TooLongError.code),
    TooLargeError: (413, TooLargeError.code),
    UndecodableError: (415, UndecodableError.code),
    AudioError: (422, AudioError.code),
    TooManyReferencesError: (400, "too_many_references"),
    SilentError: (422, "reference_silent"),
    TooShortError: (422, "speech_too_short"),
    ModelError: (503, "model_unavailable"),
    EmotionError: (422, "speech_unusable"),
    BusyError: (503, "server_busy"),
}
# Instead of a message that names files of the server.
MESSAGES: dict[type[Exception], str] = {
    ModelError: "No emotion model is loaded on this server: tell whoever runs it",
}
FRAMEWORK_CODES: dict[type[Exception], str] = {
    exceptions.AuthenticationFailed: "api_key_invalid",
    exceptions.ParseError: "request_malformed",
    exceptions.Throttled: "rate_limited",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
}


def problem_of(error: Exception) -> Problem | None:
    """Return what to tell the client about an error, or None for one that nobody foresaw."""
    for kind, (status, code) in STATUS_AND_CODE.items():
        if isinstance(error, kind):
            if kind is ModelError:
                logger.error("The emotion model cannot be used", exc_info=error)
            headers = (
                {"Retry-After": str(error.retry_after_s)} if isinstance(error, BusyError) else {}
            )
            return Problem(status, code, MESSAGES.get(kind, str(error)), headers)
    if isinstance(error, exceptions.APIException):
        return _framework_problem(error)
    return _django_problem(error)


def _framework_problem(error: exceptions.APIException) -> Problem:
    wait_s = getattr(error, "wait", None)  # of Throttled
    headers = {} if wait_s is None else {"Retry-After": str(math.ceil(wait_s))}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    code = FRAMEWORK_CODES.get(type(error), str(error.default_code))
    detail = error.detail if isinstance(error.detail, str) else error.default_detail
    return Problem(error.status_code, code, str(detail), headers)


def _django_problem(error: Exception) -> Problem | None:
    if isinstance(error, Http404):
        return Problem(404, "not_found", "There is nothing at this address")
    if isinstance(error, PermissionDenied):
        return Problem(403, "permission_denied", "This is not allowed")
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "request_too_large", "The fields beside the file are too large")
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return Problem(400, "request_malformed", "The request cannot be read")
    return None


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Answer every error of an API view in the one documented shape."""
    problem = problem_of(error)
    if problem is None:
        logger.error("Unforeseen error in %s", context["view"], exc_info=error)
        problem = Problem(500, "internal_error", "The server failed: the error has been logged")
    body = {"error": {"code": problem.code, "message": problem.message}}
    return Response(body, status=problem.status, headers=problem.headers)

"""What clients are told of everything that can go wrong."""

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions

from audio import AudioError, EmptyAudioError, TooLargeError, UndecodableError
from captcha.bodies import BodyError
from captcha.services import SiteNotFound, TooEarly
from emotion.inference import BusyError
from emotion.ml.errors import EmotionError, ModelError, TooShortError
from web.problems import Problem, Rule, api_exception_handler, problem_of, register


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (EmptyAudioError("empty"), 422, "audio_empty"),
        (TooLargeError("large"), 413, "audio_too_large"),
        (UndecodableError("odd"), 415, "audio_undecodable"),
        (AudioError("any"), 422, "audio_error"),
        (TooShortError("short"), 422, "speech_too_short"),
        (EmotionError("any"), 422, "speech_unusable"),
        (BusyError("busy"), 503, "server_busy"),
        (SiteNotFound("site"), 404, "site_not_found"),
        (BodyError("body_too_large", "large"), 413, "body_too_large"),
        (BodyError("field_missing", "field"), 400, "field_missing"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (RequestDataTooBig(), 413, "request_too_large"),
        (SuspiciousOperation(), 400, "request_malformed"),
        (exceptions.Throttled(wait=3.2), 429, "rate_limited"),
        (exceptions.ParseError(), 400, "request_malformed"),
        (exceptions.UnsupportedMediaType("text/x"), 415, "unsupported_media_type"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
    ],
)
def test_every_app_has_registered_how_its_errors_are_answered(error, status, code):
    problem = problem_of(error)

    assert (problem.status, problem.code) == (status, code)
    assert problem.body() == {"error": {"code": code, "message": problem.message}}
    assert problem.message


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(exceptions.Throttled(wait=3.2), "4"), (BusyError(""), "1"), (TooEarly(1.2), "2")],
)
def test_who_may_try_again_is_told_when(error, seconds):
    assert problem_of(error).headers == {"Retry-After": seconds}


def test_an_error_that_nobody_foresaw_is_no_problem_of_the_client():
    assert problem_of(RuntimeError("a password")) is None


def test_an_unforeseen_error_of_the_api_is_logged_and_tells_nothing(caplog):
    response = api_exception_handler(RuntimeError("a password"), {"view": "PredictAudioView"})

    assert response.status_code == 500
    assert response.data["error"]["code"] == "internal_error"
    assert "password" not in json.dumps(response.data)
    assert "a password" in caplog.text


def test_a_message_that_names_files_of_the_server_is_logged_and_replaced(caplog):
    problem = problem_of(ModelError("/srv/inflect/model.onnx is damaged"))

    assert (problem.status, problem.code) == (503, "model_unavailable")
    assert "/srv" not in problem.message
    assert "/srv/inflect/model.onnx is damaged" in caplog.text


@pytest.fixture
def no_rules(monkeypatch) -> None:
    """Nobody has registered anything, and nobody will by being imported now."""
    problem_of(RuntimeError())
    monkeypatch.setattr("web.problems._rules", {})


class Flood(Exception):
    """Nothing that any app knows."""


class FloodOfCellar(Flood):
    """A kind of it."""


def test_the_rule_of_the_nearest_base_class_counts(no_rules):
    register({Flood: Rule(503, "flood"), FloodOfCellar: Rule(507, "cellar_full")})

    assert problem_of(FloodOfCellar("wet")) == Problem(507, "cellar_full", "wet")
    assert problem_of(type("Deluge", (Flood,), {})("wet")) == Problem(503, "flood", "wet")


def test_two_apps_cannot_answer_one_error_in_two_ways(no_rules):
    register({Flood: Rule(503, "flood")})
    register({Flood: Rule(503, "flood")})  # the same again, as at a second start, is no clash

    with pytest.raises(ValueError, match="Flood is answered as flood already"):
        register({Flood: Rule(500, "water")})


def test_a_plain_view_answers_in_the_same_form_as_the_api():
    response = Problem(409, "too_early", "Listen first", {"Retry-After": "2"}).as_json()

    assert response.status_code == 409
    assert response["Retry-After"] == "2"
    assert json.loads(response.content) == {
        "error": {"code": "too_early", "message": "Listen first"}
    }

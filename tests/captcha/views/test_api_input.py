"""Wrong, malformed and hostile input to the widget's JSON interface."""

import pytest

from captcha.models import Challenge, ChallengeItem

pytestmark = pytest.mark.django_db
START = "/captcha/api/challenge"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"", 400, "body_malformed"),
        ("application/json", b"{", 400, "body_malformed"),
        ("application/json", b"[1]", 400, "body_malformed"),
        ("application/json", b"\xff", 400, "body_malformed"),
        ("application/json", b'{"sitekey": "\\udc00"}', 400, "body_malformed"),
        ("application/json", b"[" * 8000, 400, "body_malformed"),
        ("application/json", b" " * 9000, 413, "body_too_large"),
        ("application/json", b"x" * 2**20, 413, "body_too_large"),
        ("application/json", b"{}", 400, "field_missing"),
        ("text/plain", b"{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"a=1", 415, "unsupported_media_type"),
    ],
)
def test_a_bad_body_gets_a_clear_answer(client, content_type, body, status, code):
    # `generic`, because `post` drops the type of an empty body.
    headers = {"CONTENT_TYPE": content_type} if not body else {}
    response = client.generic("POST", START, body, content_type=content_type, **headers)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"sitekey": ""}, 400, "field_invalid"),
        ({"sitekey": None}, 400, "field_invalid"),
        ({"sitekey": ["x"]}, 400, "field_invalid"),
        ({"sitekey": "\x00"}, 400, "field_invalid"),
        ({"sitekey": "x" * 65}, 400, "field_invalid"),
        ({"sitekey": "unknown"}, 404, "site_not_found"),
        ({"hostname": "evil.example"}, 403, "hostname_not_allowed"),
        ({"hostname": 7}, 400, "field_invalid"),
        ({"action": "x" * 33}, 400, "field_invalid"),
        ({"action": "<b>"}, 400, "field_invalid"),
        ({"cdata": "x" * 256}, 400, "field_invalid"),
    ],
)
def test_a_challenge_is_not_started_with_bad_fields(visitor, pools, fields, status, code):
    response = visitor.start(**fields)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert not Challenge.objects.exists()


def test_the_site_of_somebody_else_does_not_run_here(visitor, other_site, pools):
    assert visitor.start(sitekey=other_site.sitekey).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"item": 1, "answer": "bored"},
        {"item": 1, "answer": ""},
        {"item": 1, "answer": ["happy"]},
        {"item": "1", "answer": "happy"},
        {"item": True, "answer": "happy"},
        {"item": 0, "answer": "happy"},
        {"item": -1, "answer": "happy"},
        {"item": 10**30, "answer": "happy"},
        {"item": 1.5, "answer": "happy"},
        {"answer": "happy"},
        {"item": 1},
        {},
    ],
)
def test_a_malformed_answer_is_refused_and_not_noted(visitor, pools, body):
    challenge = visitor.start().json()["challenge"]
    response = visitor.post(f"{START}/{challenge}/answer", body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] in ("field_invalid", "field_missing")
    assert not ChallengeItem.objects.exclude(answer="").exists()


def test_an_address_without_a_challenge_id_is_not_found(client):
    response = client.post(f"{START}/1/answer", {}, content_type="application/json")
    assert response.status_code == 404


@pytest.mark.parametrize("method", ["get", "put", "delete", "options"])
def test_other_methods_are_refused_in_json(client, method):
    response = getattr(client, method)(START)
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_a_network_that_asks_too_often_has_to_wait_but_others_have_not(visitor_at, pools, settings):
    settings.CAPTCHA_CHALLENGE_RATE = "3/hour"
    neighbours = [visitor_at(f"192.0.2.{host}") for host in range(4)]
    statuses = [neighbour.start().status_code for neighbour in neighbours]
    assert statuses == [201, 201, 201, 429]
    refused = neighbours[0].start()
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 3600
    assert visitor_at("198.51.100.1").start().status_code == 201

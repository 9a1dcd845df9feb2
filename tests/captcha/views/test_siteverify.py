"""The verification contract that clients of other services rely on."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from captcha import services
from captcha.keys import new_secret
from captcha.models import ResponseToken, Site
from web.digests import digest

pytestmark = pytest.mark.django_db
PATH = "/captcha/api/siteverify"
SEEN = ["timeout-or-duplicate", "already-seen-response"]


@pytest.fixture
def verify(client, secret, token):
    """Post to siteverify as a form, with good values for what is not given; None leaves it out."""

    def post(**fields):
        sent = {"secret": secret, "response": token, **fields}
        response = client.post(
            PATH, {name: value for name, value in sent.items() if value is not None}
        )
        assert response.status_code == 200
        return response.json()

    return post


def test_a_fresh_token_is_verified(verify, site):
    answer = verify()
    assert answer["success"] is True
    assert answer["error-codes"] == []
    assert answer["hostname"] == "localhost"
    assert answer["action"] == "login"
    solved_at = datetime.strptime(answer["challenge_ts"], "%Y-%m-%dT%H:%M:%S%z")
    assert abs(timezone.now() - solved_at) < timedelta(minutes=1)
    assert "score" not in answer


def test_a_solved_challenge_is_verified_with_its_host_action_and_data(
    visitor, pools, client, secret
):
    passed = visitor.solve(action="signup", cdata="cart 17")
    answer = client.post(PATH, {"secret": secret, "response": passed["token"]}).json()
    assert answer["success"] is True
    assert (answer["hostname"], answer["action"], answer["cdata"]) == (
        "shop.example",
        "signup",
        "cart 17",
    )


def test_a_token_is_good_once(verify):
    assert verify()["success"] is True
    assert verify() == {"success": False, "error-codes": SEEN}


def test_json_is_understood(client, secret, token):
    body = {"secret": secret, "response": token, "remoteip": None, "idempotency_key": "x"}
    assert client.post(PATH, body, content_type="application/json").json()["success"] is True


def test_an_urlencoded_form_is_understood(client, secret, token):
    body = f"secret={secret}&response={token}&remoteip=None"
    response = client.post(PATH, body, content_type="application/x-www-form-urlencoded")
    assert response.json()["success"] is True


def test_unknown_parameters_are_ignored(verify):
    assert verify(remoteip="not an address", version="3", extra="\x00")["success"] is True


def test_the_right_sitekey_is_accepted(verify, site):
    assert verify(sitekey=site.sitekey)["success"] is True


def test_another_sitekey_is_a_mismatch_and_does_not_burn_the_token(verify, other_site):
    assert verify(sitekey=other_site.sitekey)["error-codes"] == ["sitekey-secret-mismatch"]
    assert verify()["success"] is True


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"secret": None}, ["missing-input-secret"]),
        ({"secret": ""}, ["missing-input-secret"]),
        ({"response": None}, ["missing-input-response"]),
        (
            {"secret": None, "response": None},
            ["missing-input-secret", "missing-input-response"],
        ),
        ({"secret": "wrong"}, ["invalid-input-secret"]),
        ({"secret": "f" * 64}, ["invalid-input-secret"]),
        ({"secret": "\x00"}, ["invalid-input-secret"]),
        ({"response": "garbled"}, ["invalid-input-response"]),
        ({"response": "f" * 64}, ["invalid-input-response"]),
        ({"response": "F" * 64}, ["invalid-input-response"]),
        ({"response": "f" * 2049}, ["invalid-input-response"]),
        ({"response": "\x00ünïcödé\U0001f642"}, ["invalid-input-response"]),
        ({"response": "' OR 1=1 --"}, ["invalid-input-response"]),
    ],
)
def test_a_refusal_names_its_reason_and_does_not_burn_the_token(verify, fields, codes):
    assert verify(**fields) == {"success": False, "error-codes": codes}
    assert verify()["success"] is True


def test_a_token_of_a_megabyte_is_an_invalid_response(client, secret):
    body = {"secret": secret, "response": "f" * 1024 * 1024}
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        sent = body if content_type.endswith("json") else f"secret={secret}&response={'f' * 2**20}"
        response = client.post(PATH, sent, content_type=content_type)
        assert response.status_code == 200
        assert response.json()["error-codes"] == ["invalid-input-response"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'"text"'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"secret": 7, "response": "x"}'),
        ("application/json", b'{"secret": ["x"], "response": {"a": 1}}'),
        ("application/json", b'{"secret": "\\ud800", "response": "x"}'),
        ("application/json", b'{"secret": "' + b"x" * 3 * 2**20 + b'"}'),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=" + "x" * 300, b"--"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(2000))),
        ("application/x-www-form-urlencoded", b"x" * 3 * 2**20),
    ],
)
def test_a_hostile_body_is_a_bad_request_in_json(client, content_type, body):
    response = client.post(PATH, body, content_type=content_type)
    assert response.status_code == 200
    assert response.json() == {"success": False, "error-codes": ["bad-request"]}


def test_a_cut_off_multipart_body_verifies_nothing(client, secret, token):
    body = f'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\n{secret[:20]}'
    response = client.post(PATH, body, content_type="multipart/form-data; boundary=b")
    assert response.json()["success"] is False


@pytest.mark.parametrize("body", [b"", b"\x00\x01"])
def test_an_empty_body_or_one_of_an_unknown_type_lacks_everything(client, body):
    response = client.post(PATH, body, content_type="application/octet-stream")
    codes = ["missing-input-secret", "missing-input-response"]
    assert response.json() == {"success": False, "error-codes": codes}


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "options"])
def test_other_methods_are_refused_in_json_because_a_query_ends_up_in_logs(
    client, secret, token, method
):
    response = getattr(client, method)(f"{PATH}?secret={secret}&response={token}")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert response.json() == {"success": False, "error-codes": ["bad-request"]}
    assert ResponseToken.objects.get().consumed_at is None


def test_it_needs_no_csrf_token_and_answers_without_redirect(secret, token):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(PATH, {"secret": secret, "response": token})
    assert (response.status_code, response.json()["success"]) == (200, True)
    assert "no-store" in response["Cache-Control"]


def test_an_expired_token_is_refused(verify):
    long_ago = timezone.now() - timedelta(seconds=121)
    ResponseToken.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(seconds=120))
    assert verify()["error-codes"] == ["timeout-or-duplicate", "expired-input-response"]


def test_the_secret_of_another_site_neither_verifies_nor_burns(verify, other_site):
    stranger = services.issue_secret(site=other_site)
    assert verify(secret=stranger)["error-codes"] == ["invalid-input-response"]
    assert verify()["success"] is True


def test_a_revoked_secret_is_invalid(verify, site):
    newer = services.issue_secret(site=site)
    assert services.revoke_older_secrets(site=site) == 1
    assert verify()["error-codes"] == ["invalid-input-secret"]
    assert verify(secret=newer)["success"] is True


def test_two_secrets_are_valid_while_a_site_changes_over(verify, site):
    newer = services.issue_secret(site=site)
    assert verify(secret=newer)["success"] is True
    assert verify()["error-codes"] == SEEN


def test_the_secret_of_a_site_that_is_switched_off_is_invalid(verify, site):
    site.is_active = False
    site.save()
    assert verify()["error-codes"] == ["invalid-input-secret"]


def test_secrets_and_tokens_are_stored_as_digests_only(site, secret, token):
    assert site.secrets.get().sha256 == digest(secret)
    assert ResponseToken.objects.get().sha256 == digest(token)
    assert len(new_secret()) * 4 == 256


def test_a_verification_costs_three_queries_and_a_transaction(verify, django_assert_num_queries):
    with django_assert_num_queries(3 + 2):
        verify()


@pytest.mark.parametrize(
    ("path", "extra", "codes"),
    [
        ("/recaptcha/api/siteverify", {"action": "login"}, ["timeout-or-duplicate"]),
        ("/siteverify", {"action": "login", "credit": False}, SEEN),
        ("/turnstile/v0/siteverify", {"action": "login", "cdata": ""}, ["timeout-or-duplicate"]),
    ],
)
def test_the_addresses_of_other_services_answer_in_their_words(
    client, secret, token, path, extra, codes
):
    body = {"secret": secret, "response": token}
    verified = client.post(path, body).json()
    assert verified.pop("challenge_ts")
    assert verified == {"success": True, "error-codes": [], "hostname": "localhost", **extra}
    assert client.post(path, body).json() == {"success": False, "error-codes": codes}


def test_a_retry_with_the_same_idempotency_key_gets_the_same_answer(verify):
    key = str(uuid4())
    verified = verify(idempotency_key=key)
    assert verified["success"] is True
    assert verify(idempotency_key=key) == verified
    assert verify(idempotency_key=str(uuid4()))["error-codes"] == SEEN
    assert verify()["error-codes"] == SEEN


@pytest.mark.parametrize("key", ["None", "", "x", "\x00"])
def test_what_is_no_uuid_makes_no_token_reusable(verify, key):
    assert verify(idempotency_key=key)["success"] is True
    assert verify(idempotency_key=key)["error-codes"] == SEEN


def test_the_idempotency_key_of_a_stranger_verifies_nothing(verify, other_site):
    key = str(uuid4())
    assert verify(idempotency_key=key)["success"] is True
    stranger = services.issue_secret(site=other_site)
    refused = verify(secret=stranger, idempotency_key=key)
    assert refused["error-codes"] == ["invalid-input-response"]


@pytest.mark.parametrize("action", ["", "login"])
def test_a_scored_site_gets_a_score_and_the_exact_action(client, action):
    site = services.create_site(name="Scored", hostnames=["localhost"], mode=Site.Mode.SCORED)
    secret = services.issue_secret(site=site)
    token = services.mint_token(site=site, action=action)
    answer = client.post(PATH, {"secret": secret, "response": token}).json()
    assert (answer["success"], answer["action"]) == (True, action)
    assert 0.5 < answer["score"] <= 1.0


def test_a_site_that_allows_it_verifies_by_get(client, site, secret, token):
    Site.objects.filter(pk=site.pk).update(verifies_by_get=True)
    response = client.get(PATH, {"secret": secret, "response": token})
    assert (response.status_code, response.json()["success"]) == (200, True)
    again = client.get(PATH, {"secret": secret, "response": token})
    assert (again.status_code, again.json()["error-codes"]) == (200, SEEN)

"""API keys: made once, stored hashed, counted apart, revocable."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient

from web import services
from web.digests import digest
from web.models import ApiKey
from web.throttles import AddressThrottle, KeyThrottle

URL = "/api/predict/audio"
pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    return services.issue_api_key(name="A program")[1]


def call(key: str | None = None, keyword: str = "Api-Key"):
    headers = {"HTTP_AUTHORIZATION": f"{keyword} {key}"} if key is not None else {}
    return APIClient().post(URL, **headers)


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_only_the_digest_of_a_key_is_stored(key):
    row = ApiKey.objects.get()

    assert key not in str(row.__dict__)
    assert row.sha256 == digest(key)
    assert key.startswith(row.prefix)
    assert len(key) > 40


def test_a_call_with_a_key_is_taken(key):
    assert code(call(key)) == (400, "file_missing")
    assert code(call(key, "api-key")) == (400, "file_missing")


@pytest.mark.parametrize("wrong", ["", "x", "infl_" + "a" * 43, "\u00e9", "a" * 5000])
def test_an_unknown_key_is_refused(wrong):
    response = call(wrong.encode("utf-8").decode("latin-1"))

    assert code(response) == (401, "api_key_invalid")
    assert response.headers["WWW-Authenticate"] == "Api-Key"


def test_a_revoked_key_is_refused_and_stays_revoked(key):
    row = ApiKey.objects.get()
    services.revoke_api_key(api_key=row)
    first = ApiKey.objects.get().revoked_at
    services.revoke_api_key(api_key=row)

    assert code(call(key)) == (401, "api_key_invalid")
    assert ApiKey.objects.get().revoked_at == first


def test_another_kind_of_authorization_is_anonymous():
    assert code(call("dXNlcjpwYXNz", "Basic")) == (400, "file_missing")


def test_a_key_has_a_rate_of_its_own(key, monkeypatch):
    rates = {"anon": "1/min", "api_key": "2/min"}
    monkeypatch.setattr(AddressThrottle, "THROTTLE_RATES", rates)
    monkeypatch.setattr(KeyThrottle, "THROTTLE_RATES", rates)

    assert [call(key).status_code for _ in range(3)] == [400, 400, 429]
    assert [call().status_code for _ in range(2)] == [400, 429]


def test_the_use_of_a_key_is_noted_to_the_hour(key):
    call(key)
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    call(key)
    assert ApiKey.objects.get().last_used_at == noted

    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(hours=2))
    call(key)
    assert ApiKey.objects.get().last_used_at > noted


def test_a_key_needs_a_name():
    with pytest.raises(ValidationError):
        services.issue_api_key(name="")


def test_the_database_refuses_a_key_without_a_name():
    with pytest.raises(IntegrityError, match="api_key_has_name"):
        ApiKey.objects.create(name="", prefix="x", sha256="a" * 64)


def test_the_database_refuses_a_key_revoked_before_it_was_made():
    now = timezone.now()
    with pytest.raises(IntegrityError, match="api_key_revoked_after_made"):
        ApiKey.objects.create(
            name="x", prefix="x", sha256="a" * 64, revoked_at=now - timedelta(days=1)
        )


def test_the_command_prints_a_working_key(capsys):
    call_command("create_api_key", name="From a shell")

    printed = json.loads(capsys.readouterr().out)
    assert printed["name"] == "From a shell"
    assert code(call(printed["key"])) == (400, "file_missing")


def test_the_command_refuses_a_name_that_is_too_long():
    with pytest.raises(CommandError, match="100 characters"):
        call_command("create_api_key", name="x" * 101)


def test_an_administrator_sees_a_new_key_once(admin_client, admin_user):
    response = admin_client.post("/portal/web/apikey/add/", {"name": "Partner"})

    row = ApiKey.objects.get()
    assert row.owner == admin_user
    assert "no-store" in response.headers["Cache-Control"]
    key = response.context["key"]
    assert services.find_api_key(key=key) == row
    listing = admin_client.get("/portal/web/apikey/").content.decode()
    assert key not in listing
    assert row.prefix in listing


def test_an_administrator_revokes_keys(admin_client, key):
    row = ApiKey.objects.get()
    data = {"action": "revoke", "_selected_action": [row.pk]}

    admin_client.post("/portal/web/apikey/", data)

    assert code(call(key)) == (401, "api_key_invalid")


def test_a_key_cannot_be_changed_or_deleted(admin_client, key):
    row = ApiKey.objects.get()

    assert admin_client.get(f"/portal/web/apikey/{row.pk}/delete/").status_code == 403
    admin_client.post(f"/portal/web/apikey/{row.pk}/change/", {"name": "Other"})
    assert ApiKey.objects.get().name == "A program"

"""The public test keys of other services, where a setting allows them."""

import pytest

from captcha.models import Challenge
from captcha.test_keys import DUMMY_TOKEN, HCAPTCHA_TOKEN
from tests.captcha.conftest import solved

pytestmark = pytest.mark.django_db
VERIFY = "/captcha/api/siteverify"
RECAPTCHA_SITE = "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI"
RECAPTCHA_SECRET = "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"
HCAPTCHA_SITE = "10000000-ffff-ffff-ffff-000000000001"
HCAPTCHA_SECRET = f"0x{'0' * 40}"
PASS, FAIL, SPENT = (f"{digit}x0000000000000000000000000000000AA" for digit in "123")


@pytest.fixture(autouse=True)
def allowed(settings) -> None:
    settings.CAPTCHA_TEST_KEYS = True


def start(client, sitekey: str):
    body = {"sitekey": sitekey, "hostname": "anything.example"}
    return client.post("/captcha/api/challenge", body, content_type="application/json")


@pytest.mark.parametrize(
    ("sitekey", "state", "token"),
    [
        (RECAPTCHA_SITE, "passed", DUMMY_TOKEN),
        (HCAPTCHA_SITE, "passed", HCAPTCHA_TOKEN),
        ("1x00000000000000000000AA", "passed", DUMMY_TOKEN),
        ("2x00000000000000000000AB", "failed", None),
    ],
)
def test_a_test_sitekey_passes_or_fails_at_once_on_any_host(client, sitekey, state, token):
    described = start(client, sitekey).json()
    assert (described["state"], described.get("token")) == (state, token)
    assert not Challenge.objects.exists()


@pytest.mark.parametrize(
    ("secret", "token", "codes"),
    [
        (RECAPTCHA_SECRET, DUMMY_TOKEN, []),
        (HCAPTCHA_SECRET, HCAPTCHA_TOKEN, []),
        (HCAPTCHA_SECRET, "f" * 64, ["not-using-dummy-passcode"]),
        (PASS, DUMMY_TOKEN, []),
        (FAIL, DUMMY_TOKEN, ["invalid-input-response"]),
        (SPENT, DUMMY_TOKEN, ["timeout-or-duplicate"]),
    ],
)
def test_a_test_secret_says_what_its_documentation_says(client, secret, token, codes):
    answer = client.post(VERIFY, {"secret": secret, "response": token}).json()
    assert (answer["success"], answer["error-codes"]) == (not codes, codes)


def test_the_sitekey_is_checked_with_the_test_secret_of_hcaptcha(client):
    body = {"secret": HCAPTCHA_SECRET, "response": HCAPTCHA_TOKEN}
    assert client.post(VERIFY, {**body, "sitekey": HCAPTCHA_SITE}).json()["success"] is True
    refused = client.post(VERIFY, {**body, "sitekey": "another"}).json()
    assert refused["error-codes"] == ["sitekey-secret-mismatch"]


def test_a_production_secret_rejects_the_dummy_tokens(client, secret):
    for token in (DUMMY_TOKEN, HCAPTCHA_TOKEN):
        answer = client.post(VERIFY, {"secret": secret, "response": token}).json()
        assert answer["error-codes"] == ["invalid-input-response"]


def test_where_they_are_not_allowed_the_keys_are_unknown(client, settings):
    settings.CAPTCHA_TEST_KEYS = False
    assert start(client, RECAPTCHA_SITE).status_code == 404
    answer = client.post(VERIFY, {"secret": PASS, "response": DUMMY_TOKEN}).json()
    assert answer["error-codes"] == ["invalid-input-secret"]


def test_the_widget_of_a_test_sitekey_runs_on_any_host(client):
    query = {"sitekey": RECAPTCHA_SITE, "origin": "https://anything.example"}
    response = client.get("/captcha/widget/", query)
    assert response.status_code == 200
    assert "https:" in response["Content-Security-Policy"]


def test_the_forcing_sitekey_passes_after_its_work(client):
    described = start(client, "3x00000000000000000000FF").json()
    assert (described["state"], described["kind"]) == ("open", "work")
    address = f"/captcha/api/challenge/{described['challenge']}/answer"
    wrong = client.post(address, {"work": "x"}, content_type="application/json")
    assert wrong.json()["error"]["code"] == "work_invalid"
    work = {"work": solved(described["work"])}
    passed = client.post(address, work, content_type="application/json").json()
    assert (passed["state"], passed["token"]) == ("passed", DUMMY_TOKEN)

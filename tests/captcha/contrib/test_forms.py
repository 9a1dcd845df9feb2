"""The form field: what it renders, and the token that it takes once."""

import logging

import pytest
from django import forms

from captcha import services
from captcha.contrib.forms import CaptchaField, VerifiesLast
from captcha.contrib.sites import LocalSite, RemoteSite
from tests.captcha.conftest import HOSTNAME

pytestmark = pytest.mark.django_db


def form_class(site, base=forms.Form, **options) -> type[forms.Form]:
    fields = {"text": forms.CharField(), "captcha": CaptchaField(site, **options)}
    return type("CommentForm", (base,), fields)


def sent(token: str, **fields) -> dict[str, str]:
    return {"text": "Hello", "inflect-captcha-response": token, **fields}


@pytest.fixture
def local(site) -> LocalSite:
    return LocalSite(site.sitekey)


def codes(form, name: str = "captcha") -> list[str]:
    return [error.code for error in form.errors.as_data().get(name, [])]


def test_a_form_with_a_fresh_token_is_valid_once(local, token):
    form = form_class(local)
    assert form(sent(token)).is_valid()
    again = form(sent(token))
    assert codes(again) == ["used"]
    assert "used already" in again.errors["captcha"][0]


@pytest.mark.parametrize(
    ("given", "code"), [("", "required"), ("garbled", "refused"), ("f" * 64, "refused")]
)
def test_a_form_without_a_good_token_says_why(local, given, code):
    assert codes(form_class(local)(sent(given))) == [code]


def test_a_token_of_another_action_or_host_is_refused(local, site):
    other_action = services.mint_token(site=site, action="search")
    assert codes(form_class(local, action="login")(sent(other_action))) == ["refused"]
    other_host = services.mint_token(site=site, hostname="localhost")
    assert codes(form_class(local, hostnames=[HOSTNAME])(sent(other_host))) == ["refused"]


def test_a_token_of_another_site_stays_good_for_its_own(local, other_site, token):
    assert codes(form_class(LocalSite(other_site.sitekey))(sent(token))) == ["refused"]
    assert form_class(local)(sent(token)).is_valid()


def test_with_verification_last_a_mistyped_field_burns_no_token(local, token):
    form = form_class(local, VerifiesLast)
    assert not form(sent(token, text="")).is_valid()
    assert form(sent(token)).is_valid()
    assert codes(form(sent(token))) == ["used"]
    assert codes(form(sent(""))) == ["required"]


def test_a_site_that_is_gone_lets_nobody_through(token, caplog):
    with caplog.at_level(logging.CRITICAL):
        assert codes(form_class(LocalSite("0" * 40))(sent(token))) == ["unavailable"]


def test_the_form_renders_the_element_and_brings_the_script(site):
    remote = RemoteSite("https://captcha.example/", site.sitekey, "secret")
    form = form_class(remote, action="login", attrs={"data-theme": "dark"})()
    html = str(form["captcha"])
    assert 'class="inflect-captcha"' in html
    assert f'data-sitekey="{site.sitekey}"' in html
    assert 'data-action="login"' in html
    assert 'data-theme="dark"' in html
    assert "secret" not in f"{html}{form.media}"
    assert '<script src="https://captcha.example/captcha/api.js" defer></script>' in str(form.media)


def test_a_spent_token_is_not_rendered_into_the_next_form(local, token):
    form = form_class(local)(sent(token, text=""))
    assert not form.is_valid()
    assert token not in form.as_p()


class ScoredSite:
    """A site whose verifications carry a score."""

    sitekey, script = "k", "/captcha/api.js"

    def __init__(self, score: float | None) -> None:
        self.score = score

    def verify(self, token):
        from captcha.contrib.sites import Outcome

        return Outcome(success=True, score=self.score)


@pytest.mark.parametrize(("score", "is_valid"), [(0.9, True), (0.3, False), (None, False)])
def test_a_least_score_is_asked_of_scored_sites(score, is_valid):
    form = form_class(ScoredSite(score), min_score=0.5)
    assert form(sent("token")).is_valid() is is_valid

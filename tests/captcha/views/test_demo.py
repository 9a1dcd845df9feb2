"""The demo page: a real form, protected as a site would protect its own."""

import re

import pytest
from django.test import Client

from captcha import services

pytestmark = pytest.mark.django_db
PATH = "/captcha/demo/"
FORM = {"name": "Ada", "message": "Hello <b>there</b>"}


@pytest.fixture
def demo_site(db):
    return services.ensure_demo_site()


@pytest.fixture
def demo_token(demo_site) -> str:
    return services.mint_token(site=demo_site, hostname="localhost", action="demo")


def send(client, token: str | None, **fields):
    body = {**FORM, **fields}
    if token is not None:
        body["inflect-captcha-response"] = token
    return client.post(PATH, body, headers={"Host": "localhost"})


def test_the_page_embeds_the_widget_of_the_demo_site(client, demo_site):
    html = client.get(PATH).content.decode()
    assert f'data-sitekey="{demo_site.sitekey}"' in html
    assert 'src="/captcha/api.js"' in html
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_the_form_is_accepted_once_and_its_replay_is_refused(client, demo_token):
    accepted = send(client, demo_token)
    assert accepted.status_code == 200
    assert "Accepted. Thank you, Ada." in accepted.content.decode()
    assert "Hello &lt;b&gt;there&lt;/b&gt;" in accepted.content.decode()
    replayed = send(client, demo_token)
    assert replayed.status_code == 422
    assert "used already" in replayed.content.decode()
    assert "Accepted" not in replayed.content.decode()


@pytest.mark.parametrize(
    ("token", "words"),
    [(None, "confirm that you are human"), ("", "confirm that"), ("garbled", "not accepted")],
)
def test_without_a_good_token_the_form_is_refused_and_keeps_what_was_written(
    client, demo_site, token, words
):
    response = send(client, token)
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert 'role="alert"' in html
    assert 'value="Ada"' in html


def test_an_incomplete_form_names_its_fields_and_does_not_burn_the_token(client, demo_token):
    response = send(client, demo_token, name=" ")
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert 'id="id_name_error"' in response.content.decode()
    assert send(client, demo_token).status_code == 200


@pytest.mark.parametrize(
    "bound_to", [{"hostname": "127.0.0.1", "action": "demo"}, {"hostname": "localhost"}]
)
def test_a_token_of_another_host_or_action_is_refused(client, demo_site, bound_to):
    token = services.mint_token(site=demo_site, **bound_to)
    assert send(client, token).status_code == 422


def test_a_token_of_another_site_is_refused_and_stays_good_for_its_own(
    client, demo_site, token, secret
):
    assert send(client, token).status_code == 422
    assert services.verify(secret=secret, token=token).success


def test_the_form_wants_a_csrf_token(demo_token):
    strict = Client(enforce_csrf_checks=True)
    assert send(strict, demo_token).status_code == 403


def test_before_the_demo_site_is_made_the_page_says_what_to_do(client, db):
    response = client.get(PATH)
    assert response.status_code == 503
    assert "prepare" in response.content.decode()

"""What embeds, frames and protects the widget."""

import re

import pytest

from emotion.ml.labels import EMOTIONS

pytestmark = pytest.mark.django_db


def directives(response) -> dict[str, list[str]]:
    policy = response["Content-Security-Policy"]
    parts = [part.split() for part in policy.split(";")]
    return {name: sources for name, *sources in parts}


def frame(client, site, origin="https://shop.example", **query):
    return client.get("/captcha/widget/", {"sitekey": site.sitekey, "origin": origin, **query})


def test_the_frame_may_stand_on_the_hosts_of_its_site_only(client, site):
    response = frame(client, site)
    assert response.status_code == 200
    assert directives(response)["frame-ancestors"] == [
        "'self'",
        "https://localhost:*",
        "http://localhost:*",
        "https://shop.example:*",
        "http://shop.example:*",
    ]
    assert "X-Frame-Options" not in response


def test_the_frame_runs_no_inline_script_or_style_and_loads_from_here_only(client, site):
    response = frame(client, site)
    policy = directives(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert "unsafe" not in response["Content-Security-Policy"]
    html = response.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_the_frame_sets_no_cookie_and_is_not_cached(client, site):
    response = frame(client, site)
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]


def test_pages_that_isolate_themselves_can_embed_the_frame(client, site):
    response = frame(client, site)
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_the_frame_offers_the_seven_answers_in_their_order_and_a_way_out(client, site):
    html = frame(client, site).content.decode()
    assert re.findall(r'data-answer="(\w+)"', html) == [*EMOTIONS, "skip"]


@pytest.mark.parametrize(
    ("theme", "shown"), [("dark", "dark"), ("light", "light"), ("auto", "auto"), ('"><b>', "auto")]
)
def test_the_theme_is_one_of_three(client, site, theme, shown):
    assert f'data-theme="{shown}"' in frame(client, site, theme=theme).content.decode()


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "https://shop.example.evil.example", "x" * 5000, "\x00"],
)
def test_on_a_foreign_host_the_frame_says_so_and_does_nothing(client, site, origin):
    response = frame(client, site, origin)
    assert response.status_code == 403
    html = response.content.decode()
    assert "not allowed" in html
    assert 'id="start"' not in html
    assert directives(response)["frame-ancestors"] == ["*"]


@pytest.mark.parametrize("sitekey", ["", "unknown", "\x00", "f" * 5000])
def test_an_unknown_sitekey_is_named_in_the_frame(client, sitekey):
    response = client.get("/captcha/widget/", {"sitekey": sitekey, "origin": "https://a.example"})
    assert response.status_code == 403
    assert "unknown or switched off" in response.content.decode()


def test_a_site_that_is_switched_off_has_no_widget(client, site):
    site.is_active = False
    site.save()
    assert frame(client, site).status_code == 403


def test_the_script_is_served_for_any_site_and_asked_for_again_by_its_etag(client):
    response = client.get("/captcha/api.js")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert "max-age=300" in response["Cache-Control"]
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert not response.cookies
    again = client.get("/captcha/api.js", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_script_is_small_and_evaluates_no_text(client):
    script = client.get("/captcha/api.js").content.decode()
    assert len(script) < 12_000
    assert not re.search(r"\beval\(|new Function|innerHTML|document\.write", script)


def test_the_script_is_served_under_the_addresses_of_other_services(client, settings):
    settings.ROOT_URLCONF = "captcha.alias_urls"
    for path in ("/recaptcha/api.js", "/1/api.js", "/turnstile/v0/api.js"):
        assert b"inflect" in client.get(path, {"onload": "x", "render": "explicit"}).content

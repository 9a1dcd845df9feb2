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


@pytest.mark.parametrize(
    ("wish", "accepted", "spoken"),
    [
        ({"hl": "de"}, "fr", "de"),
        ({"hl": "de-AT"}, "", "de"),
        ({"hl": "PT_br"}, "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ({"hl": "undefined"}, "", "en"),
        ({}, "tlh;q=1, es-MX;q=0.5", "es"),
        ({}, "", "en"),
    ],
)
def test_the_frame_speaks_the_language_of_the_page_or_of_the_browser(
    client, site, wish, accepted, spoken
):
    query = {"sitekey": site.sitekey, "origin": "https://shop.example", **wish}
    response = client.get("/captcha/widget/", query, headers={"Accept-Language": accepted})
    assert f'<html lang="{spoken}"' in response.content.decode()
    assert response["Content-Language"] == spoken
    assert "Accept-Language" in response["Vary"]


@pytest.mark.parametrize(("size", "shown"), [("compact", "compact"), ("huge", "normal")])
def test_the_size_is_one_of_four(client, site, size, shown):
    assert f'data-size="{shown}"' in frame(client, site, size=size).content.decode()

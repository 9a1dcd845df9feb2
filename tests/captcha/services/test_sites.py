"""Sites, their hosts and keys, and the commands that make them."""

import json
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from captcha import services
from captcha.hostnames import hostname_of_origin, matches, normalised
from captcha.models import Site, SiteSecret
from web.digests import digest

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> dict:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return json.loads(output.getvalue())


def test_the_command_makes_a_site_and_prints_its_keys():
    keys = run(
        "captcha_create_site", "--name", "Shop", "--hostname", "Shop.Example", "*.shop.example"
    )
    assert set(keys) == {"sitekey", "secret"}
    site = Site.objects.get(sitekey=keys["sitekey"])
    assert [entry.hostname for entry in site.hostnames.all()] == ["*.shop.example", "shop.example"]
    assert SiteSecret.objects.get(sha256=digest(keys["secret"])).site == site


def test_hosts_may_be_given_one_by_one():
    hosts = ("--hostname", "b.example", "--hostname", "a.example")
    site = Site.objects.get(sitekey=run("captcha_create_site", "--name", "Shop", *hosts)["sitekey"])
    assert [entry.hostname for entry in site.hostnames.all()] == ["a.example", "b.example"]


@pytest.mark.parametrize("hostname", ["https://shop.example", "shop.example:80", "a b", "", "x-"])
def test_the_command_refuses_what_is_no_host_name_and_makes_nothing(hostname):
    with pytest.raises(CommandError, match="no host name"):
        call_command("captcha_create_site", name="Shop", hostname=["good.example", hostname])
    assert not Site.objects.exists()


def test_the_command_refuses_a_site_without_a_name():
    with pytest.raises(CommandError, match="blank"):
        call_command("captcha_create_site", name="", hostname=["good.example"])


def test_a_minted_token_verifies_once(site, secret):
    token = run("captcha_mint_token", site.sitekey, "--hostname", "shop.example", "--action", "x")[
        "token"
    ]
    verification = services.verify(secret=secret, token=token)
    assert verification.success
    assert (verification.hostname, verification.action) == ("shop.example", "x")
    assert not services.verify(secret=secret, token=token).success


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["unknown"], "sitekey"),
        (["SITEKEY", "--hostname", "evil.example"], "does not allow"),
        (["SITEKEY", "--action", "x" * 33], "32"),
    ],
)
def test_a_token_is_not_minted_for_what_does_not_fit(site, arguments, reason):
    arguments = [site.sitekey if argument == "SITEKEY" else argument for argument in arguments]
    with pytest.raises(CommandError, match=reason):
        call_command("captcha_mint_token", *arguments)


def test_outside_development_a_token_is_minted_by_force_only(site, settings):
    settings.DEVELOPMENT = False
    with pytest.raises(CommandError, match="--force"):
        call_command("captcha_mint_token", site.sitekey)
    assert run("captcha_mint_token", site.sitekey, "--force")["token"]


def test_the_demo_site_is_made_once_and_follows_the_allowed_hosts(settings):
    site = services.ensure_demo_site()
    assert site.allows("localhost")
    assert site.allows("127.0.0.1")
    settings.ALLOWED_HOSTS = [".inflect.example", "*", "[::1]"]
    assert services.ensure_demo_site() == site
    assert site.allows("inflect.example")
    assert site.allows("www.inflect.example")
    assert not site.secrets.exists()


def test_a_wildcard_covers_subdomains_only():
    assert matches("*.shop.example", "a.b.shop.example")
    assert not matches("*.shop.example", "shop.example")
    assert not matches("*.shop.example", "evilshop.example")
    assert not matches("shop.example", "a.shop.example")


def test_host_names_are_kept_as_browsers_report_them():
    assert normalised(" BÜCHER.example. ") == "xn--bcher-kva.example"
    for bad in ("exa_mple.com", "*", "*.", "a..b", "[::1]", "x" * 300, "*.*.example"):
        with pytest.raises(ValidationError):
            normalised(bad)


@pytest.mark.parametrize(
    ("origin", "hostname"),
    [
        ("https://shop.example", "shop.example"),
        ("http://localhost:8000", "localhost"),
        ("https://SHOP.example", "shop.example"),
        ("null", ""),
        ("", ""),
        ("ftp://shop.example", ""),
        ("https://shop.example/", ""),
        ("https://user@shop.example", ""),
        ("https://[::1", ""),
        ("https://shop.example;", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_the_host_name_of_an_origin(origin, hostname):
    assert hostname_of_origin(origin) == hostname

"""Host names as site owners write them and as browsers send them."""

import pytest
from django.core.exceptions import ValidationError

from captcha.hostnames import hostname_of_origin, matches, normalised, validate_hostname


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        # What `new URL("https://straße.de").hostname` gives in Chromium and Firefox.
        ("straße.de", "xn--strae-oqa.de"),
        ("STRASSE.de", "strasse.de"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("ｅｘａｍｐｌｅ.com", "example.com"),  # full-width letters
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),  # with an ideographic full stop
        ("faß.example", "xn--fa-hia.example"),
        ("βόλος.com", "xn--nxasmm1c.com"),  # the final sigma stays one
        ("*.straße.de", "*.xn--strae-oqa.de"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("☃.net", "xn--n3h.net"),
        ("-ü.de", "xn----eha.de"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_host_name_is_kept_as_browsers_send_it(written, sent):
    assert normalised(written) == sent
    validate_hostname(sent)
    assert hostname_of_origin(f"https://{sent.removeprefix('*.')}") == sent.removeprefix("*.")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "https://example.com",
        "example.com:443",
        "example.com/path",
        "exa mple.com",
        "-example.com",
        "a..b",
        "*.",
        "*.*.example.com",
        "x" * 64 + ".com",
        ".".join(["abcdefgh"] * 30),
        "ex\u200dample.com",  # joins nothing here
        "\u202eexample.com",  # turns the direction of reading
        "exam_ple.com",
    ],
)
def test_what_is_no_host_name_is_refused_with_examples(written):
    with pytest.raises(ValidationError, match=r"give one such as example\.com"):
        normalised(written)


def test_a_name_that_is_not_in_its_normal_form_is_refused_with_that_form():
    with pytest.raises(ValidationError, match="Write it as xn--strae-oqa.de"):
        validate_hostname("straße.de")


@pytest.mark.parametrize(
    ("pattern", "hostname", "covered"),
    [
        ("example.com", "example.com", True),
        ("example.com", "shop.example.com", False),
        ("*.example.com", "shop.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
    ],
)
def test_a_wildcard_covers_what_lies_below_it(pattern, hostname, covered):
    assert matches(pattern, hostname) is covered


@pytest.mark.browser
def test_a_browser_writes_them_in_the_same_way(page):
    written = [
        "Example.COM",
        "straße.de",
        "ＭÜNCHEN.example",
        "例え。テスト",
        "faß.example",
        "βόλος.com",
    ]

    sent = page.evaluate("names => names.map(name => new URL(`https://${name}`).hostname)", written)

    assert [normalised(name) for name in written] == sent


@pytest.mark.browser
@pytest.mark.parametrize("name", ["ex\u200dample.com", "\u202eexample.com", "exämple..\u0300com"])
def test_what_no_browser_takes_is_refused_here_too(page, name):
    taken = page.evaluate(
        "name => { try { new URL(`https://${name}`); return true } catch { return false } }", name
    )

    assert not taken
    with pytest.raises(ValidationError):
        normalised(name)

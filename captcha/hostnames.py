"""Host names of the sites that embed the widget."""

import re
from urllib.parse import urlsplit

import idna
from django.core.exceptions import ValidationError

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
JOINERS = "\u200c\u200d"
MAX_LENGTH = 253  # RFC 1035, section 2.3.4, without the final dot


def normalised(hostname: str) -> str:
    """Return a host name as browsers report it: lower case, Punycode, no final dot.

    Raises:
        ValidationError: If it is no host name, or has a scheme, port or path.
    """
    text = hostname.strip().lower().removesuffix(".")
    try:
        # As browsers write it (UTS 46): straße.de is a name of its own, not strasse.de. The
        # asterisk of a wildcard's first label is no part of a name.
        prefix, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
        ascii_name = prefix + _ascii(name)
    except idna.IDNAError:
        ascii_name = ""
    if len(ascii_name) > MAX_LENGTH or not _HOSTNAME.fullmatch(ascii_name):
        raise ValidationError(
            "%(hostname)r is no host name: give one such as example.com, *.example.com or "
            "localhost, without scheme, port or path",
            params={"hostname": hostname[:MAX_LENGTH]},
            code="invalid_hostname",
        )
    return ascii_name


def _ascii(name: str) -> str:
    """Map a name and write its labels in Punycode, by the options of the URL standard.

    `idna.encode` would refuse what browsers take, such as symbols and hyphens at an edge.

    Raises:
        idna.IDNAError: If a character may stand in no name, or not at its place.

    Source:
        URL standard, "domain to ASCII", not strict; UTS 46, section 4.
    """
    if name.isascii():
        return name
    mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    return ".".join(_punycode(label) for label in mapped.split("."))


def _punycode(label: str) -> str:
    if label.isascii():
        return label
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    for place, character in enumerate(label):
        if character in JOINERS and not idna.valid_contextj(label, place):
            raise idna.InvalidCodepointContext(f"Joiner at {place + 1} in {label!r} joins nothing")
    return f"xn--{label.encode('punycode').decode()}"


def validate_hostname(hostname: str) -> None:
    """Refuse what is not a host name in its normal form."""
    if normalised(hostname) != hostname:
        raise ValidationError(f"Write it as {normalised(hostname)}", code="invalid_hostname")


def matches(pattern: str, hostname: str) -> bool:
    """Tell whether an allowed host name, perhaps with a wildcard, covers this one.

    >>> matches("*.example.com", "shop.example.com"), matches("*.example.com", "example.com")
    (True, False)
    """
    if pattern.startswith("*."):
        return hostname.endswith(pattern[1:]) and len(hostname) > len(pattern) - 1
    return hostname == pattern


def csp_sources(pattern: str) -> list[str]:
    """Return the origins of a host name for a Content-Security-Policy, with any port."""
    return [f"https://{pattern}:*", f"http://{pattern}:*"]


def hostname_of_origin(origin: str) -> str:
    """Return the host name of a web origin such as https://example.com:8443, "" if it is none."""
    try:
        parts = urlsplit(origin)
        hostname = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or parts.path or parts.query or parts.fragment:
        return ""
    if "@" in parts.netloc or not _HOSTNAME.fullmatch(hostname):
        return ""
    return hostname

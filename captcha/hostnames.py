"""Host names of the sites that embed the widget."""

import re
from urllib.parse import urlsplit

import idna
from django.core.exceptions import ValidationError

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
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
        ascii_name = prefix + (name if name.isascii() else idna.encode(name, uts46=True).decode())
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

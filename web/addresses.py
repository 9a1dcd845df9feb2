"""The address of the client, by which calls are counted: one reading for HTTP, websockets and the
CAPTCHA.

It answers as uvicorn's `ProxyHeadersMiddleware` does, which cannot be used as it is: behind a
dual-stack socket a proxy of the network 10.0.0.0/8 is `::ffff:10.0.0.1` there, and is not believed;
and it takes the word of a proxy for an address where the word is "unknown".
"""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from web.networks import Address, parse_address

# One IPv6 host changes its address within its /64 all the time.
CALLER_PREFIX = {4: 32, 6: 64}


def client_address(request: HttpRequest | Request) -> str:
    """Return the nearest address that is no proxy of ours, in its usual form; "" for none.

    `X-Forwarded-For` counts only when a proxy of `TRUSTED_PROXIES` wrote it: from anybody else it
    is a wish, and would let a caller choose whom the limits are counted on.
    """
    meta = request.META  # where Django joins headers that were sent several times
    return _nearest(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""))


def address_of_connection(scope: Mapping[str, Any]) -> str:
    """Return the same of an ASGI connection, such as a websocket."""
    headers = scope.get("headers", ())
    forwarded = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    address = (scope.get("client") or ("",))[0]
    return _nearest(address, ",".join(forwarded))


def network_of(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 that an IPv6 host roams in."""
    parsed = parse_address(address)
    if parsed is None:
        return address
    network = ip_network(f"{parsed}/{CALLER_PREFIX[parsed.version]}", strict=False)
    return str(parsed if parsed.version == 4 else network)


def _nearest(peer: str, forwarded_for: str) -> str:
    """Walk back from our own peer as long as proxies of ours vouch for the one before."""
    address = parse_address(peer)
    hops = forwarded_for.split(",")
    while hops and _is_trusted_proxy(address):
        hop = hops.pop()
        if not hop.strip():
            continue
        before = parse_address(hop)
        if before is None:  # "unknown" or made up: whoever wrote it is the last one we know
            break
        address = before
    return str(address) if address else peer


def _is_trusted_proxy(address: Address | None) -> bool:
    return address is not None and any(address in network for network in settings.TRUSTED_PROXIES)

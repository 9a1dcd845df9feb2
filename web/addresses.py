"""The address of the client, by which calls are counted."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request


def client_address(request: HttpRequest | Request) -> str:
    """Return the nearest address that is no proxy of ours.

    `X-Forwarded-For` counts only when a proxy of `TRUSTED_PROXIES` wrote it: from anybody else it
    is a wish, and would let a caller choose whom the limits are counted on.
    """
    meta = request.META
    return _nearest(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""))


def address_of_connection(scope: Mapping[str, Any]) -> str:
    """Return the same of an ASGI connection, such as a websocket."""
    headers = dict(scope.get("headers", ()))
    address = (scope.get("client") or ("",))[0]
    return _nearest(address, headers.get(b"x-forwarded-for", b"").decode("latin-1"))


def _nearest(address: str, forwarded_for: str) -> str:
    forwarded = forwarded_for.split(",")
    while forwarded and _is_trusted_proxy(address):
        address = forwarded.pop().strip() or address
    return address


def network_of(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 that an IPv6 host roams in."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ip_network(f"{address}/64", strict=False))


def _is_trusted_proxy(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)

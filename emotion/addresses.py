"""The address of the client, by which calls are counted."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle


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


class KeyThrottle(SimpleRateThrottle):
    """So many calls with one API key, as `DEFAULT_THROTTLE_RATES["api_key"]` says."""

    scope = "api_key"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if request.auth is None:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.auth.pk}


class CountedByAddress(AnonRateThrottle):
    """So many calls of one address; subclasses name the rate."""

    def get_ident(self, request: Request) -> str:
        return network_of(client_address(request))

    @classmethod
    def is_allowed(cls, request: HttpRequest) -> tuple[bool, float | None]:
        """Count a call of a page; tells whether it is within the rate, else the seconds to wait."""
        # Not at the top: that module reads these classes from the settings while it is imported.
        from rest_framework.views import APIView

        throttle = cls()
        allowed = throttle.allow_request(Request(request), APIView())
        return allowed, None if allowed else throttle.wait()


class DonationThrottle(CountedByAddress):
    """So many recordings left, as `DEFAULT_THROTTLE_RATES["donation"]` says."""

    scope = "donation"


class AddressThrottle(CountedByAddress):
    """So many calls of one address, as `DEFAULT_THROTTLE_RATES["anon"]` says."""

    @classmethod
    def count(cls, request: HttpRequest) -> None:
        """Count a call of a page that does the work of an API view.

        Raises:
            Throttled: If the address has made too many.
        """
        allowed, wait_s = cls.is_allowed(request)
        if not allowed:
            raise Throttled(wait=wait_s)

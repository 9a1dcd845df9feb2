"""The address of the client, by which calls are counted."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle


def client_address(request: HttpRequest | Request) -> str:
    """Return the nearest address that is no proxy of ours.

    `X-Forwarded-For` counts only when a proxy of `TRUSTED_PROXIES` wrote it: from anybody else it
    is a wish, and would let a caller choose whom the limits are counted on.
    """
    address = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and _is_trusted_proxy(address):
        address = forwarded.pop().strip() or address
    return address


def _is_trusted_proxy(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


class AddressThrottle(AnonRateThrottle):
    """So many calls of one address, as `DEFAULT_THROTTLE_RATES["anon"]` says."""

    def get_ident(self, request: Request) -> str:
        return client_address(request)

    @classmethod
    def count(cls, request: HttpRequest) -> None:
        """Count a call of a page that does the work of an API view.

        Raises:
            Throttled: If the address has made too many.
        """
        # Not at the top: that module reads this class from the settings while it is imported.
        from rest_framework.views import APIView

        throttle = cls()
        if not throttle.allow_request(Request(request), APIView()):
            raise Throttled(wait=throttle.wait())

"""How many calls of one address or key are answered; the rates are settings."""

from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle

from web.addresses import client_address, network_of


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

"""How many calls of one address or key are answered; the rates are settings."""

from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from web.addresses import client_address, network_of
from web.counters import seconds_to_wait
from web.rates import Rate


class CountedThrottle(SimpleRateThrottle):
    """So many calls as `DEFAULT_THROTTLE_RATES[scope]` says, counted like every limit here.

    The framework's own reads a list of moments, changes it and writes it back: of calls at once it
    counts one.
    """

    _wait_s = 0

    def parse_rate(self, rate: str | None) -> tuple[int | None, int | None]:
        if rate is None:
            return None, None
        parsed = Rate.parse(rate)
        return parsed.calls, parsed.period_s

    def allow_request(self, request: Request, view: Any) -> bool:
        key = None if self.rate is None else self.get_cache_key(request, view)
        if key is None:
            return True
        self._wait_s = seconds_to_wait(rate=Rate.parse(str(self.rate)), key=key)
        return not self._wait_s

    def wait(self) -> float | None:
        return self._wait_s or None


class KeyThrottle(CountedThrottle):
    """So many calls with one API key, as `DEFAULT_THROTTLE_RATES["api_key"]` says."""

    scope = "api_key"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return None if request.auth is None else f"{self.scope}.{request.auth.pk}"


class CountedByAddress(CountedThrottle):
    """So many calls of one address without a key; subclasses name the rate."""

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if request.auth is not None:
            return None
        return f"{self.scope}.{network_of(client_address(request))}"

    @classmethod
    def is_allowed(cls, request: HttpRequest) -> tuple[bool, float | None]:
        """Count a call of a page; tells whether it is within the rate, else the seconds to wait."""
        # Not at the top: that module reads these classes from the settings while it is imported.
        from rest_framework.views import APIView

        throttle = cls()
        allowed = throttle.allow_request(Request(request), APIView())
        return allowed, throttle.wait()


class AddressThrottle(CountedByAddress):
    """So many calls of one address, as `DEFAULT_THROTTLE_RATES["anon"]` says."""

    scope = "anon"

    @classmethod
    def count(cls, request: HttpRequest) -> None:
        """Count a call of a page that does the work of an API view.

        Raises:
            Throttled: If the address has made too many.
        """
        allowed, wait_s = cls.is_allowed(request)
        if not allowed:
            raise Throttled(wait=wait_s)

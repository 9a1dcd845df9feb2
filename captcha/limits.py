"""How many challenges a network may ask for in a while, counted in Django's cache."""

import re
import time
from dataclasses import dataclass

from django.core.cache import cache

_PERIODS_S = {"s": 1, "sec": 1, "min": 60, "h": 3600, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"(\d+)/(s|sec|min|h|hour|day)")


@dataclass(frozen=True)
class Rate:
    """So many calls in each period of so many seconds."""

    calls: int
    period_s: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read a rate such as 60/min.

        Raises:
            ValueError: If it is written otherwise.
        """
        match = _RATE.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no rate: write e.g. 60/min (s, min, hour or day)")
        return cls(calls=int(match[1]), period_s=_PERIODS_S[match[2]])


def seconds_to_wait(*, rate: Rate, key: str) -> int:
    """Count one call; return 0 if it is allowed, else the seconds until the period ends.

    Periods are aligned to the clock and refused calls prolong nothing, so that everybody gets in
    again at the latest after one period.
    """
    calls = add_up(key=f"rate.{key}", amount=1, period_s=rate.period_s)
    if calls <= rate.calls:
        return 0
    now = time.time()
    return max(1, round((now // rate.period_s + 1) * rate.period_s - now))


def add_up(*, key: str, amount: int, period_s: int) -> int:
    """Add to a counter that starts anew each period, and return it."""
    counter = f"captcha.{key}.{int(time.time() // period_s)}"
    cache.add(counter, 0, timeout=period_s + 1)
    try:
        return cache.incr(counter, amount)
    except ValueError:  # expired or thrown out between the two calls
        return amount

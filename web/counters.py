"""Counters of calls, shared by all limits: in Django's cache, atomic, anew in each period."""

import time

from django.core.cache import cache

from web.rates import Rate

now = time.time  # of the epoch; tests put a clock that stands still in its place


def seconds_to_wait(*, rate: Rate, key: str) -> int:
    """Count one call; return 0 if it is allowed, else the seconds until the period ends.

    Periods are aligned to the clock and refused calls prolong nothing, so that everybody gets in
    again at the latest after one period.
    """
    calls = add_up(key=f"rate.{key}", amount=1, period_s=rate.period_s)
    if calls <= rate.calls:
        return 0
    moment = now()
    return max(1, round((moment // rate.period_s + 1) * rate.period_s - moment))


def add_up(*, key: str, amount: int, period_s: int) -> int:
    """Add to a counter that starts anew each period, and return it."""
    counter = f"inflect.{key}.{int(now() // period_s)}"
    cache.add(counter, 0, timeout=period_s + 1)
    try:
        return cache.incr(counter, amount)
    except ValueError:  # expired or thrown out between the two calls
        return amount

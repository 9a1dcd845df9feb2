from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from web.counters import add_up, seconds_to_wait
from web.rates import Rate


def test_refused_calls_do_not_prolong_the_wait(monkeypatch):
    rate, now = Rate(2, 60), 600.0
    monkeypatch.setattr("web.counters.now", lambda: now)
    assert [seconds_to_wait(rate=rate, key="k") for _ in range(4)] == [0, 0, 60, 60]
    now = 630.0
    assert seconds_to_wait(rate=rate, key="k") == 30
    now = 660.0
    assert seconds_to_wait(rate=rate, key="k") == 0


def test_a_counter_starts_anew_each_period(monkeypatch):
    moments = iter([0.0, 30.0, 59.9, 60.0])
    monkeypatch.setattr("web.counters.now", lambda: next(moments))

    assert [add_up(key="k", amount=2, period_s=60) for _ in range(4)] == [2, 4, 6, 2]


def test_counters_of_different_names_know_nothing_of_each_other():
    assert add_up(key="one", amount=5, period_s=60) == 5
    assert add_up(key="other", amount=1, period_s=60) == 1


def test_of_many_calls_at_once_exactly_as_many_are_allowed_as_the_rate_says():
    rate = Rate(25, 60)
    with ThreadPoolExecutor(16) as threads:
        waits = list(threads.map(lambda _: seconds_to_wait(rate=rate, key="crowd"), range(200)))

    assert waits.count(0) == 25


def test_a_counter_that_was_thrown_out_between_two_steps_starts_with_this_call(monkeypatch):
    monkeypatch.setattr(cache, "add", lambda *args, **kwargs: True)  # and gone again

    assert add_up(key="lost", amount=3, period_s=60) == 3


@pytest.mark.parametrize("period_s", [1, 60, 3600])
def test_nobody_waits_for_longer_than_a_period(period_s, monkeypatch):
    monkeypatch.setattr("web.counters.now", lambda: 1_000_000.25)
    rate = Rate(1, period_s)
    seconds_to_wait(rate=rate, key="k")

    assert 1 <= seconds_to_wait(rate=rate, key="k") <= period_s

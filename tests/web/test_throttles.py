"""Limits of API calls, counted like every other limit."""

from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.views import APIView

from web.models import ApiKey
from web.throttles import AddressThrottle, KeyThrottle


@pytest.fixture(autouse=True)
def rates(monkeypatch) -> None:
    rates = {"anon": "3/minute", "api_key": "2/minute"}
    monkeypatch.setattr(AddressThrottle, "THROTTLE_RATES", rates)
    monkeypatch.setattr(KeyThrottle, "THROTTLE_RATES", rates)


def call(address: str = "192.0.2.7", key: ApiKey | None = None, **headers: str) -> Request:
    request = Request(RequestFactory().get("/", REMOTE_ADDR=address, headers=headers))
    request.user, request.auth = key, key
    return request


def allowed(throttle: type, request: Request) -> bool:
    return throttle().allow_request(request, APIView())


def test_an_address_has_so_many_calls_and_is_told_how_long_to_wait(monkeypatch):
    monkeypatch.setattr("web.counters.now", lambda: 600.0 + 20)
    assert [allowed(AddressThrottle, call()) for _ in range(4)] == [True, True, True, False]

    throttle = AddressThrottle()
    assert not throttle.allow_request(call(), APIView())
    assert throttle.wait() == 40


@pytest.mark.parametrize(
    "again", ["192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7:50001", "[::ffff:192.0.2.7]:443"]
)
def test_one_caller_cannot_be_many_by_how_his_address_is_written(again, settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    for _ in range(3):
        assert allowed(AddressThrottle, call("192.0.2.7"))

    assert not allowed(AddressThrottle, call("10.0.0.1", **{"X-Forwarded-For": again}))


def test_all_of_a_dual_stack_socket_do_not_share_one_limit():
    for _ in range(3):
        assert allowed(AddressThrottle, call("::ffff:192.0.2.7"))

    assert not allowed(AddressThrottle, call("::ffff:192.0.2.7"))
    assert allowed(AddressThrottle, call("::ffff:192.0.2.8"))


def test_an_ipv6_host_is_one_caller_on_all_its_addresses():
    for host in range(3):
        assert allowed(AddressThrottle, call(f"2001:db8:0:1::{host}"))

    assert not allowed(AddressThrottle, call("2001:db8:0:1::ffff"))
    assert allowed(AddressThrottle, call("2001:db8:0:2::1"))


def test_calls_with_a_key_are_counted_by_the_key_alone():
    key, other = ApiKey(pk=1), ApiKey(pk=2)
    for _ in range(5):
        assert allowed(AddressThrottle, call(key=key))

    assert [allowed(KeyThrottle, call(key=key)) for _ in range(3)] == [True, True, False]
    assert allowed(KeyThrottle, call(key=other))
    assert allowed(KeyThrottle, call())


def test_of_calls_at_once_no_more_are_allowed_than_of_calls_in_a_row():
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: allowed(AddressThrottle, call()), range(60)))

    assert answers.count(True) == 3


def test_a_page_that_does_the_work_of_the_api_counts_with_it():
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    for _ in range(3):
        AddressThrottle.count(request)

    with pytest.raises(Throttled) as refusal:
        AddressThrottle.count(request)
    assert 1 <= refusal.value.wait <= 60
    assert not allowed(AddressThrottle, call())


def test_a_rate_of_none_limits_nothing(monkeypatch):
    monkeypatch.setattr(AddressThrottle, "THROTTLE_RATES", {"anon": None})

    assert all(allowed(AddressThrottle, call()) for _ in range(50))

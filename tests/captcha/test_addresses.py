from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from django.test import RequestFactory
from django.utils import timezone

from captcha import services
from captcha.addresses import Visitor, visitor_of
from captcha.models import DailySalt

pytestmark = pytest.mark.django_db


def seen(address: str, forwarded: str = "") -> Visitor:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return visitor_of(RequestFactory().get("/", REMOTE_ADDR=address, headers=headers))


def test_neighbours_share_a_network_but_are_different_voters():
    one, two = seen("192.0.2.1"), seen("192.0.2.2")
    assert one.network == two.network
    assert one.voter != two.voter
    assert one.voter != one.network
    assert seen("192.0.3.1").network != one.network


def test_an_ipv6_host_is_the_same_voter_on_all_its_addresses():
    one, two = seen("2001:db8:0:1::1"), seen("2001:db8:0:1:ffff::2")
    assert one == two
    assert seen("2001:db8:0:2::1").network != one.network


def test_an_ipv4_address_mapped_to_ipv6_is_itself():
    assert seen("::ffff:192.0.2.1") == seen("192.0.2.1")


def test_a_forwarded_address_counts_behind_a_trusted_proxy_only(settings):
    assert seen("10.0.0.9", "192.0.2.1") == seen("10.0.0.9")
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    assert seen("10.0.0.9", "192.0.2.1") == seen("192.0.2.1")
    assert seen("10.0.0.9", "198.51.100.1, 192.0.2.1, 10.0.0.8") == seen("192.0.2.1")
    assert seen("203.0.113.1", "192.0.2.1") == seen("203.0.113.1")


@pytest.mark.parametrize("address", ["", "unix:", "not an address"])
def test_without_an_address_there_is_still_a_visitor(address):
    assert len(seen(address).voter) == 64


def test_the_hashes_change_with_the_day_and_with_the_installation(monkeypatch, settings):
    def on(day: int) -> Visitor:
        moment = datetime(2026, 1, day, tzinfo=UTC)
        monkeypatch.setattr("captcha.addresses.timezone.now", lambda: moment)
        return seen("192.0.2.1")

    first, next_day = on(1), on(2)
    assert first != next_day
    assert on(1) == first
    settings.SECRET_KEY = "of another installation"
    assert on(1) != first


def test_once_the_days_salt_is_gone_nobody_can_find_the_address_again(monkeypatch):
    before = seen("192.0.2.1")
    DailySalt.objects.update(day=timezone.now().date() - timedelta(days=2))
    services.purge_expired()
    assert not DailySalt.objects.exists()
    assert seen("192.0.2.1") != before

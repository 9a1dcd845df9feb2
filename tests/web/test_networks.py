from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.processes import read_settings
from web.networks import parse_address, parse_network


@given(st.ip_addresses())
def test_an_address_is_read_back_with_and_without_a_port(address):
    expected = getattr(address, "ipv4_mapped", None) or address
    with_port = f"{address}:443" if address.version == 4 else f"[{address}]:443"

    assert parse_address(str(address)) == parse_address(with_port) == expected


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "a:b:c"])
def test_what_is_no_address_is_none(text):
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", IPv4Network("10.0.0.0/8")),
        ("10.1.2.3/8", IPv4Network("10.0.0.0/8")),
        (" 192.0.2.7 ", IPv4Network("192.0.2.7/32")),
        ("2001:db8::/32", IPv6Network("2001:db8::/32")),
        # How proxies had to be written for a dual-stack socket before.
        ("::ffff:10.0.0.0/104", IPv4Network("10.0.0.0/8")),
        ("::ffff:192.0.2.7", IPv4Network("192.0.2.7/32")),
        ("::ffff:0:0/96", IPv4Network("0.0.0.0/0")),
        ("::/0", IPv6Network("::/0")),
    ],
)
def test_a_network_is_read_and_what_is_mapped_is_ipv4(text, network):
    assert parse_network(text) == network


@pytest.mark.parametrize("text", ["", "10.0.0.1:80", "10.0.0.0/33", "proxy.example", "::1/129"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValueError, match="does not appear to be|valid netmask|Only decimal|not"):
        parse_network(text)


@pytest.mark.parametrize(
    ("proxies", "said"),
    [
        ("10.0.0.0/8,::ffff:192.0.2.7", ""),
        ("10.0.0.1:80", "INFLECT_TRUSTED_PROXIES: '10.0.0.1:80'"),
    ],
)
def test_a_setting_that_is_no_network_is_named_at_the_start(proxies, said, tmp_path):
    done = read_settings(INFLECT_VAR=str(tmp_path), INFLECT_TRUSTED_PROXIES=proxies)

    assert (done.returncode != 0) == bool(said), done.stderr
    assert said in done.stderr

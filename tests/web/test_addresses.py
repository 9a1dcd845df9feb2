import asyncio
from ipaddress import ip_address

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from web.addresses import address_of_connection, client_address, network_of
from web.networks import parse_network

PROXIES = ["10.0.0.0/8", "2001:db8:ffff::/48", "::ffff:192.0.2.99"]

CASES = [
    # (peer, X-Forwarded-For, the caller)
    ("203.0.113.5", "", "203.0.113.5"),
    ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
    ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
    ("10.0.0.2", "192.0.2.66, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
    ("10.0.0.2", "", "10.0.0.2"),
    ("10.0.0.2", " , ", "10.0.0.2"),
    ("", "198.51.100.1", ""),
    # With ports, as some proxies and load balancers write them.
    ("10.0.0.2", "203.0.113.7:50001", "203.0.113.7"),
    ("10.0.0.2", "[2001:db8::1]:443", "2001:db8::1"),
    ("10.0.0.2", "[2001:db8::1]", "2001:db8::1"),
    ("10.0.0.2", "192.0.2.66, 198.51.100.1, 10.0.0.3:8080", "198.51.100.1"),
    ("10.0.0.2", "198.51.100.1, [2001:db8:ffff::9]:443", "198.51.100.1"),
    # As a dual-stack socket shows IPv4.
    ("::ffff:10.0.0.2", "198.51.100.1", "198.51.100.1"),
    ("::ffff:203.0.113.5", "198.51.100.1", "203.0.113.5"),
    ("::ffff:192.0.2.99", "198.51.100.1", "198.51.100.1"),  # a proxy written as mapped, below
    ("10.0.0.2", "198.51.100.1, ::ffff:10.0.0.3", "198.51.100.1"),
    ("10.0.0.2", "198.51.100.1, [::ffff:10.0.0.3]:8080", "198.51.100.1"),
    ("10.0.0.2", "::ffff:198.51.100.1", "198.51.100.1"),
    # Who writes no address is the last one that we know.
    ("10.0.0.2", "198.51.100.1, unknown", "10.0.0.2"),
    ("10.0.0.2", "198.51.100.1, unknown, 10.0.0.3", "10.0.0.3"),
    ("10.0.0.2", "203.0.113.7:port:port", "10.0.0.2"),
    # Different ways to write one address.
    ("2001:DB8:FFFF:0::1", "2001:0db8::0001", "2001:db8::1"),
    ("fe80::1%eth0", "198.51.100.1", "fe80::1"),
]


@pytest.fixture(autouse=True)
def proxies(settings) -> None:
    settings.TRUSTED_PROXIES = [parse_network(network) for network in PROXIES]


@pytest.mark.parametrize(("peer", "forwarded", "expected"), CASES)
def test_only_a_trusted_proxy_may_name_the_client(peer, forwarded, expected):
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == expected


@pytest.mark.parametrize(("peer", "forwarded", "expected"), CASES)
def test_a_websocket_comes_from_where_a_request_comes_from(peer, forwarded, expected):
    scope = {"client": (peer, 5000), "headers": [(b"x-forwarded-for", forwarded.encode())]}

    assert address_of_connection(scope) == expected


def test_several_headers_are_read_as_one_chain():
    headers = [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"10.0.0.3")]

    assert address_of_connection({"client": ("10.0.0.2", 1), "headers": headers}) == "198.51.100.1"


def test_a_unix_socket_has_no_address():
    assert address_of_connection({"client": None, "headers": []}) == ""


async def uvicorns_answer(peer: str, headers: list[tuple[bytes, bytes]]) -> str:
    """What uvicorn's own middleware makes of a connection."""
    seen: list[str] = []

    async def application(scope, receive, send):
        seen.append(scope["client"][0])

    scope = {"type": "websocket", "scheme": "ws", "client": (peer, 1), "headers": headers}
    await ProxyHeadersMiddleware(application, PROXIES)(scope, None, None)
    return str(ip_address(seen[0]))


ADDRESSES = st.one_of(
    st.sampled_from(["10.0.0.1", "10.255.0.9", "2001:db8:ffff::1"]),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).filter(lambda address: not address.ipv4_mapped).map(str),
)
HOPS = st.one_of(
    ADDRESSES,
    ADDRESSES.map(lambda address: f"[{address}]:443" if ":" in address else f"{address}:50001"),
)


@given(peer=ADDRESSES, hops=st.lists(st.lists(HOPS, min_size=1, max_size=3), max_size=3))
def test_uvicorn_finds_the_same_caller_in_every_chain_of_plain_addresses(peer, hops):
    headers = [(b"x-forwarded-for", ", ".join(chain).encode()) for chain in hops]

    ours = _with_proxies(lambda: address_of_connection({"client": (peer, 1), "headers": headers}))

    assert ours == asyncio.run(uvicorns_answer(peer, headers))


def _with_proxies(read):
    # Hypothesis calls many times within one test, whose fixture is set once.
    from django.test import override_settings

    with override_settings(TRUSTED_PROXIES=[parse_network(network) for network in PROXIES]):
        return read()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:198.51.100.9", "198.51.100.9"),
        ("203.0.113.7:50001", "203.0.113.7"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("[2001:db8:0:1::9]:443", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_one_caller_is_one_ipv4_address_or_one_ipv6_network(address, network):
    assert network_of(address) == network

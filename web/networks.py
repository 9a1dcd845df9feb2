"""Addresses and networks as peers, proxies and settings write them."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IPv4 within IPv6, as a dual-stack socket shows it (RFC 4291, section 2.5.5.2).
MAPPED = IPv6Network("::ffff:0:0/96")


def parse_address(text: str) -> Address | None:
    """Read an address as peers and proxies write it, with or without a port; None if it is none.

    An IPv4 address that a dual-stack socket shows as IPv6 is that IPv4 address.

    >>> parse_address("[2001:db8::1]:443"), parse_address("::ffff:192.0.2.7")
    (IPv6Address('2001:db8::1'), IPv4Address('192.0.2.7'))
    """
    try:
        address = ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # Without the name of an interface (fe80::1%eth0), which no network has.
    return address.ipv4_mapped or IPv6Address(int(address))


def parse_network(text: str) -> Network:
    """Read an address or a network in CIDR notation; what is mapped into IPv6 is IPv4.

    Raises:
        ValueError: If it is neither.

    >>> parse_network("::ffff:10.0.0.0/104"), parse_network("192.0.2.7")
    (IPv4Network('10.0.0.0/8'), IPv4Network('192.0.2.7/32'))
    """
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv4Network) or not network.subnet_of(MAPPED):
        return network
    start = network.network_address.ipv4_mapped
    return IPv4Network(f"{start}/{network.prefixlen - MAPPED.prefixlen}")


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text

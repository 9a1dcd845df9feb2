"""Where a request comes from, and what of it may be remembered.

Addresses are never stored. What is stored is an HMAC with a random salt of the day: rows of one
day can be matched with each other, rows of different days cannot. The salt is deleted after its
day, and with it the last way to try out which address a hash is of.
"""

from dataclasses import dataclass
from ipaddress import ip_network

from django.http import HttpRequest
from django.utils import timezone

from captcha.keys import derive
from captcha.models import DailySalt
from web.addresses import client_address
from web.networks import Address, parse_address

# One subscriber or office: what providers hand out as the smallest unit.
NETWORK_PREFIX = {4: 24, 6: 64}
# One person: an IPv6 host changes its address within its /64 all the time.
VOTER_PREFIX = {4: 32, 6: 64}


@dataclass(frozen=True)
class Visitor:
    """Keyed hashes of who asks; equal on the same day only."""

    voter: str
    network: str


def visitor_of(request: HttpRequest) -> Visitor:
    """Return the hashes of the visitor who sent this request."""
    address = parse_address(client_address(request))  # None behind a Unix socket
    salt = DailySalt.objects.of(timezone.now().date())
    return Visitor(
        voter=_hashed("voter", address, VOTER_PREFIX, salt),
        network=_hashed("network", address, NETWORK_PREFIX, salt),
    )


def _hashed(purpose: str, address: Address | None, prefix: dict[int, int], salt: str) -> str:
    if address is None:
        return derive(purpose, salt, "unknown")
    network = ip_network(f"{address}/{prefix[address.version]}", strict=False)
    return derive(purpose, salt, network)

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from captcha.hostnames import normalised
from captcha.keys import new_secret
from captcha.models import Challenge, Site, SiteHostname, SiteSecret
from captcha.services.errors import HostnameNotAllowed
from captcha.services.tokens import issue_token, token_of
from captcha.test_keys import TEST_SITES, TestSite
from web.digests import digest


def find_site(*, sitekey: str) -> Site | TestSite | None:
    """Return the active site with this key, or what a public test key stands for."""
    if settings.CAPTCHA_TEST_KEYS and sitekey in TEST_SITES:
        return TEST_SITES[sitekey]
    if not (sitekey.isascii() and sitekey.isalnum()):  # PostgreSQL takes no null character
        return None
    return Site.objects.active().prefetch_related("hostnames").filter(sitekey=sitekey).first()


@transaction.atomic
def create_site(*, name: str, hostnames: Iterable[str], **options: Any) -> Site:
    """Make a site with a new sitekey and its allowed hosts, without a secret.

    Args:
        options: Further fields of `Site`, such as `mode`.

    Raises:
        ValidationError: If the name, a host name or an option cannot be used.
    """
    site = Site(name=name, **options)
    site.full_clean()
    site.save()
    _allow(site, hostnames)
    return site


def _allow(site: Site, hostnames: Iterable[str]) -> None:
    for hostname in sorted({normalised(entry) for entry in hostnames}):
        SiteHostname.objects.get_or_create(site=site, hostname=hostname)


def issue_secret(*, site: Site) -> str:
    """Make one more valid secret of a site and return it; it cannot be shown again."""
    secret = new_secret()
    SiteSecret.objects.create(site=site, sha256=digest(secret))
    return secret


def revoke_older_secrets(*, site: Site) -> int:
    """End a change-over: revoke all secrets of a site but the newest; return how many."""
    newest = site.secrets.filter(revoked_at=None).order_by("-created_at", "-pk").first()
    if newest is None:
        return 0
    older = site.secrets.filter(revoked_at=None).exclude(pk=newest.pk)
    return older.update(revoked_at=timezone.now())


@transaction.atomic
def ensure_demo_site() -> Site:
    """Return the site of the demo page, made at the first call; its hosts follow ALLOWED_HOSTS.

    It has no secret: the demo page runs in this process and verifies with `verify_token`.
    """
    site, _ = Site.objects.get_or_create(
        is_demo=True, defaults={"name": "Demo page", "offers_work": True}
    )
    _allow(site, _own_hostnames())
    return site


def _own_hostnames() -> list[str]:
    """Hosts of this installation that a CSP can name, which are no IPv6 addresses and no "*"."""
    hosts = [f"*{host}" if host.startswith(".") else host for host in settings.ALLOWED_HOSTS]
    bare = [host.removeprefix("*.") for host in hosts if host.startswith("*.")]
    return [host for host in [*hosts, *bare] if host != "*" and not host.startswith("[")]


@transaction.atomic
def mint_token(*, site: Site, hostname: str = "", action: str = "") -> str:
    """Make a passed challenge without clips and return its unused token, for integration tests.

    Raises:
        HostnameNotAllowed: If the site does not allow the host; its first one is the default.
    """
    entry = site.hostnames.first()
    hostname = hostname or (entry.hostname if entry else "")
    if not site.allows(hostname):
        raise HostnameNotAllowed(f"The site {site.name!r} does not allow the host {hostname!r}")
    now = timezone.now()
    challenge = Challenge(
        site=site,
        hostname=hostname,
        action=action,
        state=Challenge.State.PASSED,
        voter=digest("minted"),
        network=digest("minted"),
        created_at=now,
        decided_at=now,
        expires_at=now + timedelta(seconds=settings.CAPTCHA_CHALLENGE_LIFE_S),
    )
    challenge.full_clean()
    challenge.save()
    issue_token(challenge=challenge, now=now)
    return token_of(challenge)

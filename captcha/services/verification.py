from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from captcha.keys import digest, is_well_formed
from captcha.models import ResponseToken, Site, SiteSecret


@dataclass(frozen=True)
class Verification:
    """The answer to "is this token good?"; the codes are those of the common contract."""

    success: bool
    error_codes: tuple[str, ...] = ()
    challenge_ts: datetime | None = None
    hostname: str = ""
    action: str = ""
    cdata: str = ""


def verify(*, secret: str, token: str, sitekey: str = "") -> Verification:
    """Verify a token for the owner of a secret, once.

    Nothing is consumed unless the secret is right, the token belongs to its site and, when a
    sitekey is given, the site has it.
    """
    missing = [name for name, value in (("secret", secret), ("response", token)) if not value]
    if missing:
        return _refused(*(f"missing-input-{name}" for name in missing))
    entry = SiteSecret.objects.valid().select_related("site").filter(sha256=digest(secret)).first()
    if entry is None:
        return _refused("invalid-input-secret")
    if sitekey and sitekey != entry.site.sitekey:
        return _refused("sitekey-secret-mismatch")
    return verify_token(token=token, site=entry.site)


@transaction.atomic
def verify_token(*, token: str, site: Site) -> Verification:
    """Consume a token of this site: of any number of calls exactly one succeeds."""
    if not token:
        return _refused("missing-input-response")
    if not is_well_formed(token):
        return _refused("invalid-input-response")
    now = timezone.now()
    tokens = ResponseToken.objects.filter(sha256=digest(token), site=site)
    # One conditional write decides: no read before it that a parallel call could share.
    consumed = tokens.filter(consumed_at=None, expires_at__gt=now).update(consumed_at=now)
    entry = tokens.select_related("challenge").first()
    if entry is None:
        return _refused("invalid-input-response")
    if not consumed:
        return _refused("timeout-or-duplicate")
    return Verification(
        success=True,
        challenge_ts=entry.challenge.decided_at,
        hostname=entry.hostname,
        action=entry.action,
        cdata=entry.challenge.cdata,
    )


def _refused(*error_codes: str) -> Verification:
    return Verification(success=False, error_codes=error_codes)

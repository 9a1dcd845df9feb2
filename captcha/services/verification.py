from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from captcha.keys import is_well_formed
from captcha.models import ResponseToken, Site, SiteSecret
from captcha.test_keys import TEST_SECRETS, TestSecret
from web.digests import digest

# The same refusal in the words of reCAPTCHA and Turnstile, and in those of hCaptcha.
SEEN = ("timeout-or-duplicate", "already-seen-response")
EXPIRED = ("timeout-or-duplicate", "expired-input-response")


@dataclass(frozen=True)
class Verification:
    """The answer to "is this token good?"; the codes are those of the common contract.

    Attributes:
        challenge_ts: When the challenge was passed.
        score: From 0 (a bot) to 1, of a scored site only.
    """

    success: bool
    error_codes: tuple[str, ...] = ()
    challenge_ts: datetime | None = None
    hostname: str = ""
    action: str = ""
    cdata: str = ""
    score: float | None = None


def verify(
    *,
    secret: str,
    token: str,
    sitekey: str = "",
    idempotency_key: str = "",
    is_get: bool = False,
) -> Verification:
    """Verify a token for the owner of a secret, once.

    Nothing is consumed unless the secret is right, the token belongs to its site and, when a
    sitekey is given, the site has it. A call by GET is refused unless the site allows it.
    """
    missing = [name for name, value in (("secret", secret), ("response", token)) if not value]
    if missing:
        return _refused(*(f"missing-input-{name}" for name in missing))
    if settings.CAPTCHA_TEST_KEYS and secret in TEST_SECRETS:
        return _tested(TEST_SECRETS[secret], token, sitekey)
    entry = SiteSecret.objects.valid().select_related("site").filter(sha256=digest(secret)).first()
    if entry is None:
        return _refused("invalid-input-secret")
    if is_get and not entry.site.verifies_by_get:
        return _refused("bad-request")
    if sitekey and sitekey != entry.site.sitekey:
        return _refused("sitekey-secret-mismatch")
    return verify_token(token=token, site=entry.site, idempotency_key=idempotency_key)


@transaction.atomic
def verify_token(*, token: str, site: Site, idempotency_key: str = "") -> Verification:
    """Consume a token of this site: of any number of calls exactly one succeeds.

    Only a repetition with the idempotency key of that one succeeds again, with the same answer.
    """
    if not token:
        return _refused("missing-input-response")
    if not is_well_formed(token):
        return _refused("invalid-input-response")
    now, key = timezone.now(), _key_digest(idempotency_key)
    tokens = ResponseToken.objects.filter(sha256=digest(token), site=site)
    # One conditional write decides: no read before it that a parallel call could share.
    consumed = tokens.filter(consumed_at=None, expires_at__gt=now).update(
        consumed_at=now, idempotency_sha256=key
    )
    entry = tokens.select_related("challenge").first()
    if entry is None:
        return _refused("invalid-input-response")
    if not consumed and not _is_repetition(entry, key, now):
        return _refused(*(SEEN if entry.consumed_at else EXPIRED))
    return Verification(
        success=True,
        challenge_ts=entry.challenge.decided_at,
        hostname=entry.hostname,
        action=entry.action,
        cdata=entry.challenge.cdata,
        score=entry.score if site.is_scored else None,
    )


def _is_repetition(entry: ResponseToken, key: str, now: datetime) -> bool:
    """A client that got no answer asks again, under the same key and soon."""
    if not key or key != entry.idempotency_sha256 or entry.consumed_at is None:
        return False
    return now <= entry.consumed_at + timedelta(seconds=settings.CAPTCHA_IDEMPOTENCY_S)


def _key_digest(idempotency_key: str) -> str:
    """UUIDs only: a client that writes "None" or "" here must not make its tokens reusable."""
    try:
        return digest(str(UUID(idempotency_key)))
    except ValueError:
        return ""


def _tested(secret: TestSecret, token: str, sitekey: str) -> Verification:
    if secret.error_codes:
        return _refused(*secret.error_codes)
    if secret.tokens and token not in secret.tokens:
        return _refused("not-using-dummy-passcode")
    if secret.sitekey and sitekey and sitekey != secret.sitekey:
        return _refused("sitekey-secret-mismatch")
    return Verification(success=True, challenge_ts=timezone.now(), hostname=secret.hostname)


def _refused(*error_codes: str) -> Verification:
    return Verification(success=False, error_codes=error_codes)

"""Response tokens: made once for a passed challenge, consumed once by its site."""

from datetime import datetime, timedelta

from django.conf import settings

from captcha.keys import derive
from captcha.models import Challenge, ResponseToken
from web.digests import digest


def token_of(challenge: Challenge) -> str:
    """Return the token of a passed challenge, the same at every retry of a lost answer."""
    return derive("response_token", challenge.pk)


def issue_token(*, challenge: Challenge, now: datetime, score: float = 0.9) -> ResponseToken:
    """Store the token of a challenge that was passed just now."""
    return ResponseToken.objects.create(
        challenge=challenge,
        sha256=digest(token_of(challenge)),
        site_id=challenge.site_id,
        hostname=challenge.hostname,
        action=challenge.action,
        score=score,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.CAPTCHA_TOKEN_LIFE_S),
    )

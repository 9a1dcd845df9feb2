"""The site whose tokens a field takes, and where they are verified."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

TIMEOUT_S = 5.0
TRIES = 2  # one more after a reply that got lost, with the same idempotency key


class CaptchaUnavailable(RuntimeError):
    """The CAPTCHA's server did not answer, or not in its own words."""


@dataclass(frozen=True)
class Outcome:
    """What a verification said.

    Attributes:
        score: From 0 (a bot) to 1, of a scored site only.
    """

    success: bool
    error_codes: tuple[str, ...] = ()
    hostname: str = ""
    action: str = ""
    score: float | None = None


class CaptchaSite(Protocol):
    """A sitekey, the address of its script, and a way to verify its tokens once."""

    @property
    def sitekey(self) -> str: ...

    @property
    def script(self) -> str: ...

    def verify(self, token: str) -> Outcome: ...


@dataclass(frozen=True)
class RemoteSite:
    """A site at a CAPTCHA server elsewhere, verified over HTTP."""

    server: str
    sitekey: str
    secret: str

    def __post_init__(self) -> None:
        if urlsplit(self.server).scheme not in ("http", "https"):
            raise ValueError(f"{self.server!r} is no server: write e.g. https://captcha.example")

    @property
    def script(self) -> str:
        return f"{self.server.rstrip('/')}/captcha/api.js"

    def verify(self, token: str) -> Outcome:
        """Ask the server, at most twice.

        Raises:
            CaptchaUnavailable: If it cannot be reached or answers with anything but the contract.
        """
        fields = {
            "secret": self.secret,
            "response": token,
            "sitekey": self.sitekey,
            "idempotency_key": str(uuid.uuid4()),
        }
        for attempt in range(1, TRIES + 1):
            try:
                return _outcome(self._post(fields))
            except (OSError, ValueError) as error:  # URLError and timeouts are OSErrors
                if attempt == TRIES:
                    raise CaptchaUnavailable(f"No answer of {self.server}: {error}") from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _post(self, fields: Mapping[str, str]) -> Any:
        address = f"{self.server.rstrip('/')}/captcha/api/siteverify"
        # The scheme was checked above, so no file: or other local address is opened here.
        request = Request(address, data=urlencode(fields).encode())  # noqa: S310
        with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            if response.status != HTTPStatus.OK:
                raise URLError(f"status {response.status}")
            return json.load(response)


def _outcome(described: Any) -> Outcome:
    if not isinstance(described, dict) or not isinstance(described.get("success"), bool):
        raise ValueError("the answer is no verification")
    return Outcome(
        success=described["success"],
        error_codes=tuple(described.get("error-codes") or ()),
        hostname=described.get("hostname") or "",
        action=described.get("action") or "",
        score=described.get("score"),
    )


@dataclass(frozen=True)
class LocalSite:
    """A site of this very installation, verified without a secret and without HTTP."""

    sitekey: str

    @property
    def script(self) -> str:
        from django.urls import reverse

        return reverse("captcha:api_js")

    def verify(self, token: str) -> Outcome:
        from captcha import services
        from captcha.models import Site

        site = Site.objects.active().filter(sitekey=self.sitekey).first()
        if site is None:
            raise CaptchaUnavailable(f"No active site has the sitekey {self.sitekey!r}")
        verification = services.verify_token(token=token, site=site)
        return Outcome(
            success=verification.success,
            error_codes=verification.error_codes,
            hostname=verification.hostname,
            action=verification.action,
            score=verification.score,
        )

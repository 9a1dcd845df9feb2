"""The public test keys of reCAPTCHA, hCaptcha and Turnstile, as their documentations list them.

They let a site's own tests run without a person, and work only where CAPTCHA_TEST_KEYS allows
them. No production secret takes their tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

DUMMY_TOKEN = "XXXX.DUMMY.TOKEN.XXXX"  # noqa: S105 - public
HCAPTCHA_TOKEN = "10000000-aaaa-bbbb-cccc-000000000001"  # noqa: S105 - public
# The one challenge of the site whose key forces one; it has only its work, and no row.
TEST_CHALLENGE = UUID("3c000000-0000-4000-8000-000000000003")


@dataclass(frozen=True)
class TestSite:
    """What a test sitekey does: its challenges pass, fail, or want work done first."""

    __test__ = False  # no test, whatever pytest thinks of its name

    sitekey: str
    state: str
    token: str = DUMMY_TOKEN
    is_scored: bool = field(default=False, init=False)

    def allows(self, hostname: str) -> bool:
        """It runs on every host."""
        return True

    def frame_ancestors(self) -> list[str]:
        return ["https:", "http:"]

    def kinds(self) -> Sequence[str]:
        return ("work",) if self.state == "open" else ("audio",)


@dataclass(frozen=True)
class TestSecret:
    """What a test secret says of every token, or of `tokens` only, where these are given."""

    __test__ = False

    error_codes: tuple[str, ...] = ()
    sitekey: str = ""
    hostname: str = "example.com"
    tokens: tuple[str, ...] = ()


FORCED_SITE = TestSite("3x00000000000000000000FF", "open")
_HCAPTCHA_SITEKEY = "10000000-ffff-ffff-ffff-000000000001"
TEST_SITES = {
    site.sitekey: site
    for site in (
        TestSite("6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "passed"),
        TestSite(_HCAPTCHA_SITEKEY, "passed", HCAPTCHA_TOKEN),
        TestSite("1x00000000000000000000AA", "passed"),
        TestSite("2x00000000000000000000AB", "failed"),
        FORCED_SITE,
    )
}
TEST_SECRETS = {
    "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe": TestSecret(hostname="testkey.google.com"),
    f"0x{'0' * 40}": TestSecret(
        sitekey=_HCAPTCHA_SITEKEY,
        hostname="dummy-key-pass",
        tokens=(HCAPTCHA_TOKEN, DUMMY_TOKEN),
    ),
    "1x0000000000000000000000000000000AA": TestSecret(),
    "2x0000000000000000000000000000000AA": TestSecret(("invalid-input-response",)),
    "3x0000000000000000000000000000000AA": TestSecret(("timeout-or-duplicate",)),
}

"""What a field wants of a token, said the same way in forms and serializers."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from captcha.contrib.sites import CaptchaSite, CaptchaUnavailable, Outcome

logger = logging.getLogger(__name__)

MESSAGES: dict[str, Any] = {
    "required": _("Please confirm that you are human before you send the form."),
    "used": _("This confirmation was used already or is too old. Please confirm again."),
    "refused": _("The confirmation was not accepted. Please confirm again."),
    "unavailable": _("The confirmation cannot be checked at this moment. Please send again later."),
}
# Of the codes of the contract; a token that is spent or late is no sign of anything bad.
USED_CODES = {"timeout-or-duplicate", "expired-input-response", "already-seen-response"}


class Refused(Exception):
    """A token that a field does not take; `code` is a key of MESSAGES."""

    def __init__(self, code: str) -> None:
        super().__init__(MESSAGES[code])
        self.code = code


@dataclass(frozen=True)
class TokenCheck:
    """The site that a token must be of, and what it must be bound to.

    Attributes:
        action: The exact action, "" for any.
        hostnames: The hosts that it may come from, empty for all that the site allows.
        min_score: The least score of a scored site.
    """

    site: CaptchaSite
    action: str = ""
    hostnames: Collection[str] = ()
    min_score: float | None = None

    def __call__(self, token: str) -> None:
        """Use the token up.

        Raises:
            Refused: If it is not good for what is asked.
        """
        try:
            outcome = self.site.verify(token)
        except CaptchaUnavailable as error:
            # Refused rather than let through: an outage must open no door.
            logger.exception("A CAPTCHA token could not be verified")
            raise Refused("unavailable") from error
        if not outcome.success:
            raise Refused("used" if USED_CODES & set(outcome.error_codes) else "refused")
        if not self._is_bound_here(outcome):
            raise Refused("refused")

    def _is_bound_here(self, outcome: Outcome) -> bool:
        return (
            (not self.action or outcome.action == self.action)
            and (not self.hostnames or outcome.hostname in self.hostnames)
            and (self.min_score is None or (outcome.score or 0.0) >= self.min_score)
        )

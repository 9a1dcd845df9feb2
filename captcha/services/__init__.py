"""Writes of this app: sites and their secrets, challenges, verifications, retention."""

from captcha.services.challenges import (
    answer_item,
    create_challenge,
    take_audio,
)
from captcha.services.errors import (
    AnswerNotOffered,
    ChallengeNotFound,
    HostnameNotAllowed,
    KindNotOffered,
    OutOfOrder,
    SiteNotFound,
    TooEarly,
    WorkInvalid,
    WorkMissing,
)
from captcha.services.progress import Progress
from captcha.services.retention import purge_expired
from captcha.services.sites import (
    create_site,
    ensure_demo_site,
    find_site,
    issue_secret,
    mint_token,
    revoke_older_secrets,
)
from captcha.services.verification import Verification, verify, verify_token

__all__ = [
    "AnswerNotOffered",
    "ChallengeNotFound",
    "HostnameNotAllowed",
    "KindNotOffered",
    "OutOfOrder",
    "Progress",
    "SiteNotFound",
    "TooEarly",
    "Verification",
    "WorkInvalid",
    "WorkMissing",
    "answer_item",
    "create_challenge",
    "create_site",
    "ensure_demo_site",
    "find_site",
    "issue_secret",
    "mint_token",
    "purge_expired",
    "revoke_older_secrets",
    "take_audio",
    "verify",
    "verify_token",
]

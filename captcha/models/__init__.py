from captcha.models.challenges import Challenge
from captcha.models.items import ANSWER_VALUES, ANSWERS, SKIPPED, ChallengeItem
from captcha.models.salts import DailySalt
from captcha.models.sites import LEAST_ANSWERS, Site, SiteHostname, SiteSecret
from captcha.models.tokens import ResponseToken

__all__ = [
    "ANSWERS",
    "ANSWER_VALUES",
    "LEAST_ANSWERS",
    "SKIPPED",
    "Challenge",
    "ChallengeItem",
    "DailySalt",
    "ResponseToken",
    "Site",
    "SiteHostname",
    "SiteSecret",
]

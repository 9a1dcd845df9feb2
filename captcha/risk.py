"""How much work the next challenge of a network costs: more after many starts and failures.

It throttles, and refuses nobody: listening takes some people several tries.
"""

from django.conf import settings

from captcha.models import Challenge, Site
from captcha.work import extra_bits
from web.counters import add_up

PERIOD_S = 600
SITE_PERIOD_S = 60
SUSPICIOUS_BITS = 3  # over four times as much as is free
FAILURE_WEIGHT = 2  # a failed challenge counts as so many more


def work_bits(*, site_id: int, network: str, kind: str) -> int:
    """Count the start of a challenge and return the difficulty of its proof of work.

    It grows with the starts and failures of a network, and for everybody while a site is flooded.
    """
    count = add_up(key=_key(site_id, network), amount=1, period_s=PERIOD_S)
    starts = add_up(key=f"captcha.site.{site_id}", amount=1, period_s=SITE_PERIOD_S)
    most = settings.CAPTCHA_WORK_MAX_EXTRA_BITS
    own = extra_bits(count=count, free=settings.CAPTCHA_FREE_CHALLENGES, most=most)
    of_all = extra_bits(count=starts, free=settings.CAPTCHA_FREE_CHALLENGES_OF_SITE, most=most)
    return base_bits(kind) + max(own, of_all)


def difficulty_of(site: Site, *, work_bits: int, kind: str) -> str:
    """The site's difficulty, or the next harder one for a network that has failed a lot."""
    levels = Site.Difficulty.values
    level = levels.index(site.difficulty)
    if work_bits - base_bits(kind) >= SUSPICIOUS_BITS:
        level = min(level + 1, len(levels) - 1)
    return levels[level]


def base_bits(kind: str) -> int:
    """The work of an unsuspicious network; more where nothing else is asked."""
    is_alone = kind == Challenge.Kind.WORK
    return settings.CAPTCHA_WORK_ALONE_BITS if is_alone else settings.CAPTCHA_WORK_BITS


def note_failure(challenge: Challenge) -> None:
    """Let the network of a failed challenge work more the next time."""
    key = _key(challenge.site_id, challenge.network)
    add_up(key=key, amount=FAILURE_WEIGHT, period_s=PERIOD_S)


def score_of(challenge: Challenge, *, mistakes: int) -> float:
    """Return how surely a person passed this challenge, from 0 to 1.

    Work alone says little, and less the more the network had to do of it.
    """
    if challenge.kind == Challenge.Kind.WORK:
        suspicion = challenge.work_bits - base_bits(challenge.kind)
        return round(max(0.1, 0.7 - 0.1 * max(0, suspicion)), 1)
    return 0.9 if challenge.kind == Challenge.Kind.AUDIO and not mistakes else 0.7


def _key(site_id: int, network: str) -> str:
    return f"captcha.risk.{site_id}.{network}"

"""Challenges of the public test keys, of which nothing is stored."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from captcha.keys import derive
from captcha.models import Challenge
from captcha.services.errors import WorkInvalid
from captcha.services.progress import Progress
from captcha.test_keys import FORCED_SITE, TEST_CHALLENGE, TestSite
from captcha.work import is_solved


def progress_of(site: TestSite, *, is_done: bool = False) -> Progress:
    """What a test site shows; nothing of it is stored."""
    ends_at = timezone.now() + timedelta(seconds=settings.CAPTCHA_TOKEN_LIFE_S)
    if site.state == Challenge.State.OPEN and not is_done:
        salt, bits = _test_salt(), settings.CAPTCHA_WORK_ALONE_BITS
        kind = Challenge.Kind.WORK
        return Progress(TEST_CHALLENGE, site.state, ends_at, kind=kind, salt=salt, bits=bits)
    state = Challenge.State.PASSED if is_done else site.state
    token = site.token if state == Challenge.State.PASSED else ""
    return Progress(TEST_CHALLENGE, state, ends_at, token=token)


def _test_salt() -> str:
    return derive("work", TEST_CHALLENGE)


def take_work(work: str) -> Progress:
    """Pass the test challenge of whoever solved its puzzle.

    Raises:
        WorkInvalid: If the number does not solve it.
    """
    if not is_solved(salt=_test_salt(), nonce=work, bits=settings.CAPTCHA_WORK_ALONE_BITS):
        raise WorkInvalid("This number does not solve the puzzle")
    return progress_of(FORCED_SITE, is_done=True)

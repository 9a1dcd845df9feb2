from datetime import timedelta

import pytest
from django.db.models import F

from captcha import services, tasks
from captcha.models import Challenge, ChallengeItem, ResponseToken
from labeling.models import Vote
from synthesis.models import PlayClip

pytestmark = pytest.mark.django_db


def age(**ages: float) -> None:
    """Move all challenges and tokens into the past."""
    past = timedelta(**ages)
    Challenge.objects.update(created_at=F("created_at") - past, expires_at=F("expires_at") - past)
    Challenge.objects.exclude(decided_at=None).update(decided_at=F("decided_at") - past)


def test_an_overdue_challenge_expires(visitor, pools):
    visitor.start()
    assert services.purge_expired() == (0, 0)
    age(minutes=11)
    assert services.purge_expired() == (1, 0)
    assert Challenge.objects.get().state == "expired"


def test_after_retention_everything_goes_but_the_vote_and_the_clips(visitor, pools, settings):
    visitor.solve()
    visitor.start()
    age(seconds=settings.CAPTCHA_RETENTION_S + 601)
    assert services.purge_expired() == (1, 2)
    assert not Challenge.objects.exists()
    assert not ChallengeItem.objects.exists()
    assert not ResponseToken.objects.exists()
    assert Vote.objects.count() == 1
    assert PlayClip.objects.count() == 14


def test_within_retention_a_challenge_stays(visitor, pools, settings):
    visitor.solve()
    age(seconds=settings.CAPTCHA_RETENTION_S - 60)
    assert services.purge_expired() == (0, 0)
    assert Challenge.objects.exists()


def test_more_challenges_than_a_batch_are_all_deleted(site, monkeypatch, settings):
    monkeypatch.setattr("captcha.services.retention.BATCH", 2)
    for _ in range(5):
        services.mint_token(site=site)
    age(seconds=settings.CAPTCHA_RETENTION_S + 601)
    assert services.purge_expired() == (0, 5)


def test_the_task_runs_twice_without_harm(visitor, pools, settings):
    visitor.start()
    age(seconds=settings.CAPTCHA_RETENTION_S + 601)
    tasks.purge_expired()
    tasks.purge_expired()
    assert not Challenge.objects.exists()

"""What the database itself refuses, whoever writes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from captcha.models import Challenge, ChallengeItem, ResponseToken, Site, SiteHostname, SiteSecret
from web.digests import digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def challenge(visitor, pools) -> Challenge:
    return Challenge.objects.get(pk=visitor.start().json()["challenge"])


def refused(rows, **values) -> bool:
    """Tell whether the database refuses to set these values."""
    try:
        with transaction.atomic():
            rows.update(**values)
    except IntegrityError:
        return True
    return False


NOW = timezone.now()


@pytest.mark.parametrize(
    "values",
    [
        {"state": "passed"},
        {"state": "failed", "decided_at": None},
        {"decided_at": NOW + timedelta(days=1)},
        {"state": "won", "decided_at": NOW + timedelta(days=1)},
        {"state": "passed", "decided_at": NOW - timedelta(days=1)},
        {"expires_at": NOW - timedelta(days=1)},
    ],
)
def test_a_challenge_keeps_to_its_states_and_times(challenge, values):
    assert refused(Challenge.objects.filter(pk=challenge.pk), **values)


@pytest.mark.parametrize(
    "values",
    [
        {"answer": "happy"},
        {"answered_at": NOW},
        {"answer": "bored", "answered_at": NOW},
        {"answer": "happy", "answered_at": NOW, "served_at": None},
        {"position": 0},
        {"position": 2},
        {"kind": "other"},
        {"play_clip": None, "dummy_clip": None},
    ],
)
def test_an_item_has_one_place_one_clip_and_an_answer_with_its_time(challenge, values):
    assert refused(challenge.items.filter(position=1), **values)


def test_an_item_has_a_clip_of_its_kind_only(challenge):
    known = challenge.items.filter(kind="known").first()
    dummy = challenge.items.get(kind="dummy")
    items = ChallengeItem.objects
    assert refused(items.filter(pk=known.pk), kind="dummy")
    assert refused(items.filter(pk=known.pk), dummy_clip=dummy.dummy_clip)
    assert refused(items.filter(pk=dummy.pk), play_clip=known.play_clip)
    assert refused(items.filter(pk=dummy.pk), audio_sha256=known.audio_sha256)


def test_a_challenge_has_one_dummy_and_no_clip_twice(challenge):
    first, second = challenge.items.filter(kind="known")
    dummy = challenge.items.get(kind="dummy")
    items = ChallengeItem.objects
    assert refused(items.filter(pk=second.pk), play_clip=first.play_clip)
    assert refused(
        items.filter(pk=first.pk), kind="dummy", play_clip=None, dummy_clip=dummy.dummy_clip
    )


def test_a_challenge_has_one_token_and_a_digest_is_unique(site, token):
    entry = ResponseToken.objects.get()
    for sha256 in (digest("other"), entry.sha256):
        with pytest.raises(IntegrityError), transaction.atomic():
            ResponseToken.objects.create(
                challenge=entry.challenge,
                sha256=sha256,
                site=site,
                hostname="localhost",
                expires_at=timezone.now() + timedelta(seconds=120),
            )


def test_a_token_is_consumed_within_its_life(token):
    entry = ResponseToken.objects.get()
    tokens = ResponseToken.objects.all()
    assert refused(tokens, consumed_at=entry.expires_at)
    assert refused(tokens, consumed_at=entry.created_at - timedelta(seconds=1))
    assert refused(tokens, expires_at=entry.created_at)
    assert not refused(tokens, consumed_at=entry.created_at)


def test_sitekeys_secrets_and_hosts_are_unique(site, secret, other_site):
    assert refused(Site.objects.filter(pk=other_site.pk), sitekey=site.sitekey)
    assert refused(Site.objects.filter(pk=other_site.pk), sitekey="")
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteSecret.objects.create(site=other_site, sha256=digest(secret))
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteHostname.objects.create(site=site, hostname="localhost")
    assert refused(SiteHostname.objects.filter(hostname="localhost"), hostname="LocalHost")


def test_there_is_one_demo_site(site, other_site):
    assert not refused(Site.objects.filter(pk=site.pk), is_demo=True)
    assert refused(Site.objects.filter(pk=other_site.pk), is_demo=True)


def test_a_secret_is_revoked_after_it_was_made(secret):
    assert refused(SiteSecret.objects.all(), revoked_at=timezone.now() - timedelta(days=1))


def test_a_clip_in_a_challenge_cannot_be_deleted(challenge):
    item = challenge.items.filter(kind="known").first()
    with pytest.raises(IntegrityError):
        item.play_clip.delete()


def test_a_site_has_a_known_mode_and_a_token_a_score(site, token):
    assert refused(Site.objects.all(), mode="other")
    assert refused(Site.objects.all(), difficulty="other")
    assert refused(ResponseToken.objects.all(), score=1.5)
    assert refused(ResponseToken.objects.all(), score=-0.1)
    assert refused(ResponseToken.objects.all(), idempotency_sha256=digest("key"))


def test_a_site_offers_something_and_a_challenge_is_passed_after_its_work(site, challenge):
    nothing = {"offers_audio": False, "offers_text": False, "offers_work": False}
    assert refused(Site.objects.all(), **nothing)
    challenges = Challenge.objects.filter(pk=challenge.pk)
    decided_at = timezone.now()
    assert refused(challenges, kind="other")
    assert refused(challenges, state="passed", decided_at=decided_at)
    assert not refused(challenges, state="passed", decided_at=decided_at, worked_at=decided_at)


def test_a_situation_has_a_text_and_an_emotion_and_no_clip(challenge):
    items = challenge.items.filter(kind="known")
    assert refused(items, scenario="It rains.")
    assert refused(items, kind="scenario", play_clip=None)
    assert refused(items, kind="scenario", play_clip=None, scenario="It rains.")
    written = {"kind": "scenario", "play_clip": None, "scenario": "It rains."}
    assert not refused(items, **written, scenario_emotion="sad")

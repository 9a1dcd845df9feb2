"""What makes attacks dear and lets people through: listening time, fresh clips, growing demands."""

import logging
from collections import Counter

import pytest

from captcha import services
from captcha.models import Challenge, ChallengeItem
from captcha.risk import difficulty_of
from synthesis.models import PlayClip

pytestmark = pytest.mark.django_db


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_an_answer_before_the_clip_was_heard_is_not_taken(visitor, pools, settings, clock):
    settings.CAPTCHA_LEAST_LISTENING = 0.6
    described = visitor.start().json()
    assert described["item"]["listen_s"] == 0.5  # 0.6 of 0.8 s, in tenths
    refused = visitor.answer(described["challenge"], 1, "happy")
    assert code(refused) == (409, "too_early")
    assert refused.headers["Retry-After"] == "1"
    item = ChallengeItem.objects.get(position=1)
    assert not item.is_answered
    clock.let_pass(0.47)
    assert code(visitor.answer(described["challenge"], 1, "happy")) == (409, "too_early")
    clock.let_pass(0.02)
    assert visitor.answer(described["challenge"], 1, "happy").status_code == 200


def test_known_and_dummy_clips_ask_for_the_same_patience(visitor, pools, settings, clock):
    settings.CAPTCHA_LEAST_LISTENING = 0.6
    settings.CAPTCHA_FREE_CHALLENGES = 100
    kinds = Counter()
    for _ in range(5):
        described = visitor.start().json()
        kinds[ChallengeItem.objects.get(challenge=described["challenge"], position=1).kind] += 1
        assert code(visitor.answer(described["challenge"], 1, "sad")) == (409, "too_early")
    assert sum(kinds.values()) == 5


def test_reading_asks_for_no_patience(visitor, pools, settings):
    settings.CAPTCHA_LEAST_LISTENING = 1.0
    described = visitor.start(kind="text").json()
    assert visitor.answer(described["challenge"], 1, "sad").status_code == 200


def test_a_network_never_hears_a_clip_twice(visitor, fill_play_pool, settings):
    settings.CAPTCHA_FREE_CHALLENGES = 100
    fill_play_pool(9)
    kinds = [visitor.start().json()["kind"] for _ in range(6)]
    assert kinds == ["audio"] * 4 + ["work"] * 2
    served = ChallengeItem.objects.values_list("play_clip_id", flat=True)
    assert max(Counter(served).values()) == 1


def test_clips_that_a_network_has_used_up_are_replaced(visitor, fill_play_pool, caplog, settings):
    settings.CAPTCHA_FREE_CHALLENGES = 100
    settings.PLAY_CLIP_MAX_SERVED = 3
    fill_play_pool(4)
    for _ in range(2):
        visitor.start()
    assert PlayClip.objects.ready().count() == 4
    with caplog.at_level(logging.ERROR):
        assert visitor.start().json()["kind"] == "work"
    assert "4 are replaced" in caplog.text
    assert PlayClip.objects.ready().count() == 0


def test_another_network_hears_the_same_clips_where_a_site_owner_allows_it(
    visitor_at, fill_play_pool, settings
):
    settings.PLAY_CLIP_MAX_SERVED = 3
    fill_play_pool(4)
    for address in ("192.0.2.1", "192.0.3.1", "192.0.4.1"):
        assert visitor_at(address).start().json()["kind"] == "audio"


def test_a_network_that_fails_a_lot_gets_a_harder_challenge(visitor, fill_play_pool):
    fill_play_pool(60)
    assert visitor.start().json()["item"]["of"] == 2
    for _ in range(6):
        visitor.solve(wrong={0, 1, 2})
    assert visitor.start().json()["item"]["of"] == 3
    assert Challenge.objects.first().difficulty == "strict"


def test_nothing_is_harder_than_strict(site):
    site.difficulty = "strict"
    assert difficulty_of(site, work_bits=20, kind="audio") == "strict"


def test_a_flooded_site_asks_everybody_for_more_work(visitor_at, site, pools, settings):
    settings.CAPTCHA_FREE_CHALLENGES_OF_SITE = 2
    bits = [visitor_at(f"192.0.{number}.1").start().json()["work"]["bits"] for number in range(5)]
    assert bits == [4, 4, 5, 5, 6]


def test_a_challenge_takes_so_many_calls(visitor, pools, settings):
    settings.CAPTCHA_ANSWER_RATE = "2/hour"
    challenge = visitor.start().json()["challenge"]
    for _ in range(2):
        visitor.answer(challenge, 1, "happy")
    refused = visitor.answer(challenge, 2, "happy")
    assert code(refused) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 0


def test_a_repeated_verification_ends_in_time(secret, token, settings):
    key = "0b3d7a10-4c55-4b2a-9a90-111111111111"
    settings.CAPTCHA_IDEMPOTENCY_S = 60
    first = services.verify(secret=secret, token=token, idempotency_key=key)
    assert services.verify(secret=secret, token=token, idempotency_key=key) == first
    settings.CAPTCHA_IDEMPOTENCY_S = 0
    later = services.verify(secret=secret, token=token, idempotency_key=key)
    assert later.error_codes == ("timeout-or-duplicate", "already-seen-response")

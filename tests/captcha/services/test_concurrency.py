"""What happens at once happens once. Real threads, each with a connection of its own."""

from collections import Counter

import pytest
from django.db.models import Sum
from django.test import Client

from captcha import services
from captcha.models import ChallengeItem, ResponseToken
from labeling.models import Vote
from synthesis.models import PlayClip
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_64_parallel_verifications_one_succeeds(site, secret, token):
    def verify(_: int) -> str:
        body = {"secret": secret, "response": token}
        answer = Client().post("/captcha/api/siteverify", body).json()
        return "success" if answer["success"] else answer["error-codes"][0]

    assert Counter(at_once(64, verify)) == {"success": 1, "timeout-or-duplicate": 63}


def test_parallel_answers_to_the_last_clip_count_once(visitor, fill_play_pool, fill_dummy_pool):
    fill_play_pool(14)
    fill_dummy_pool(1)
    challenge = visitor.start().json()["challenge"]
    items = list(ChallengeItem.objects.select_related("play_clip").order_by("position"))
    answers = [item.play_clip.emotion if item.play_clip else "sad" for item in items]
    for item, answer in zip(items[:-1], answers[:-1], strict=True):
        visitor.answer(challenge, item.position, answer)

    replies = at_once(16, lambda _: visitor.answer(challenge, 3, answers[-1]).json())
    assert {(reply["state"], reply["token"]) for reply in replies} == {
        ("passed", replies[0]["token"])
    }
    assert ResponseToken.objects.count() == 1
    assert Vote.objects.count() == 1
    assert sum(PlayClip.objects.values_list("times_right", flat=True)) == 2


def test_of_parallel_different_answers_to_one_clip_one_is_kept(visitor, fill_play_pool):
    fill_play_pool(14)
    challenge = visitor.start().json()["challenge"]
    answers = ["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised", "skip"]
    replies = at_once(8, lambda number: visitor.answer(challenge, 1, answers[number]).json())
    assert {reply["item"]["number"] for reply in replies} == {2}
    assert ChallengeItem.objects.exclude(answer="").count() == 1


def test_parallel_fetches_of_the_audio_stay_within_the_limit(visitor, fill_play_pool, settings):
    fill_play_pool(4)
    path = visitor.start().json()["item"]["audio"]
    statuses = at_once(12, lambda _: Client().get(path).status_code)
    assert Counter(statuses) == {200: settings.CAPTCHA_AUDIO_MAX_FETCHES, 404: 9}


def test_parallel_calls_make_one_demo_site(db):
    sites = at_once(8, lambda _: services.ensure_demo_site().pk)
    assert len(set(sites)) == 1


def test_many_visitors_at_once_all_come_to_their_end(visitor_at, fill_play_pool, fill_dummy_pool):
    fill_play_pool(70)
    fill_dummy_pool(16)  # enough that none is decided on the way

    def solve(number: int) -> str:
        return visitor_at(f"192.0.{number}.1").solve(wrong={0})["state"]

    assert Counter(at_once(16, solve)) == {"passed": 16}
    assert Vote.objects.count() == 16
    answered = PlayClip.objects.aggregate(Sum("times_right"), Sum("times_wrong"))
    assert answered == {"times_right__sum": 48, "times_wrong__sum": 16}

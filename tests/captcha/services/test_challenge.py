"""The flow of a challenge, through the interface that the widget uses."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from captcha.models import Challenge, ChallengeItem, ResponseToken, Site
from emotion.ml.labels import EMOTIONS
from labeling.models import Clip, Vote
from synthesis.models import PlayClip
from tests.captcha.conftest import solved

pytestmark = pytest.mark.django_db


def items_of(described: dict) -> list[ChallengeItem]:
    items = ChallengeItem.objects.filter(challenge=described["challenge"]).order_by("position")
    return list(items.select_related("play_clip"))


def right_answer(item: ChallengeItem) -> str:
    return item.play_clip.emotion if item.play_clip else "sad"


def test_a_challenge_starts_with_one_clip_of_three_and_ten_minutes(visitor, pools):
    response = visitor.start()
    assert response.status_code == 201
    described = response.json()
    assert described["state"] == "open"
    assert 590 <= described["expires_in"] <= 600
    assert described["answers"] == [*EMOTIONS, "skip"]
    assert (described["item"]["number"], described["item"]["of"]) == (1, 3)
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


def test_two_right_answers_pass_and_file_the_vote(visitor, pools):
    passed = visitor.solve(dummy="fearful")
    assert passed["state"] == "passed"
    assert 110 <= passed["expires_in"] <= 120
    vote = Vote.objects.get()
    assert (vote.emotion, str(vote.challenge_id)) == ("fearful", passed["challenge"])
    assert ResponseToken.objects.get().challenge_id == vote.challenge_id


@pytest.mark.parametrize("wrong", [{0}, {1}])
def test_after_one_wrong_answer_two_more_clips_must_be_right(visitor, pools, wrong):
    passed = visitor.solve(wrong=wrong)
    assert passed["state"] == "passed"
    items = items_of(passed)
    assert len(items) == 5
    assert [item.kind for item in items[3:]] == ["known", "known"]
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("wrong", [{0, 1}, {0, 2}, {1, 3}, {0, 2, 3}])
def test_too_many_wrong_answers_fail_and_file_no_vote(visitor, pools, wrong):
    failed = visitor.solve(wrong=wrong)
    assert failed["state"] == "failed"
    assert "token" not in failed
    assert not Vote.objects.exists()
    assert not ResponseToken.objects.exists()


def test_nothing_is_decided_before_a_round_is_complete(visitor, pools, settings):
    """Else a refusal after the second clip would tell that the dummy is the third."""
    settings.CAPTCHA_FREE_CHALLENGES = 100
    for _ in range(6):
        described = visitor.start().json()
        challenge = described["challenge"]
        for item in items_of(described)[:2]:
            described = visitor.answer(challenge, item.position, "skip").json()
            assert described["state"] == "open"
        assert visitor.answer(challenge, 3, "skip").json()["state"] == "failed"


def test_a_skipped_known_clip_counts_as_wrong(visitor, pools):
    described = visitor.start().json()
    challenge, skipped = described["challenge"], 0
    for item in items_of(described):
        answer = right_answer(item)
        if item.play_clip and not skipped:
            answer, skipped = "skip", item.position
        described = visitor.answer(challenge, item.position, answer).json()
    assert described["item"] == {**described["item"], "number": 4, "of": 4}


def test_a_skipped_dummy_files_no_vote_and_passes(visitor, pools):
    assert visitor.solve(dummy="skip")["state"] == "passed"
    assert not Vote.objects.exists()


def test_without_a_dummy_clip_a_challenge_has_the_known_ones(visitor, fill_play_pool):
    fill_play_pool(4)
    assert visitor.start().json()["item"]["of"] == 2
    assert visitor.solve()["state"] == "passed"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_dummy_stands_at_a_random_place_of_the_first_round(visitor, pools, place, monkeypatch):
    drawn = {3: place}  # one of exactly three places: before, between and after the known clips
    monkeypatch.setattr("captcha.services.items.secrets.randbelow", drawn.__getitem__)
    kinds = [item.kind for item in items_of(visitor.start().json())]
    assert kinds.index("dummy") == place


def test_known_and_dummy_items_are_described_in_the_same_form(visitor, pools):
    described = visitor.start().json()
    shapes = set()
    while described["state"] == "open":
        shapes.add((*described, *described["item"], len(described["item"]["audio"])))
        item = items_of(described)[described["item"]["number"] - 1]
        described = visitor.answer(described["challenge"], item.position, right_answer(item)).json()
    assert len(shapes) == 1


@pytest.mark.parametrize(("place", "kind"), [(0, "dummy"), (1, "known")])
def test_an_answer_to_a_dummy_costs_the_same_queries_as_one_to_a_known_clip(
    visitor, pools, place, kind, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr("captcha.services.items.secrets.randbelow", lambda _: place)
    described = visitor.start().json()
    assert items_of(described)[0].kind == kind
    # that the challenge exists; begin, two reads, two writes, commit
    with django_assert_num_queries(7):
        visitor.answer(described["challenge"], 1, "happy")


def test_answering_again_changes_nothing_and_says_the_same(visitor, pools):
    described = visitor.start().json()
    challenge = described["challenge"]
    first = visitor.answer(challenge, 1, "happy").json()
    again = visitor.answer(challenge, 1, "sad").json()
    assert again["item"] == first["item"]
    assert items_of(described)[0].answer == "happy"


def test_a_lost_last_answer_can_be_asked_for_again(visitor, pools):
    passed = visitor.solve()
    number = len(items_of(passed))
    again = visitor.answer(passed["challenge"], number, "happy")
    assert again.json()["token"] == passed["token"]
    assert Vote.objects.count() == 1
    assert ResponseToken.objects.count() == 1


def test_a_clip_whose_turn_has_not_come_cannot_be_answered(visitor, pools):
    challenge = visitor.start().json()["challenge"]
    response = visitor.answer(challenge, 2, "happy")
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "out_of_order"
    assert not ChallengeItem.objects.exclude(answer="").exists()


def test_a_clip_that_there_is_not_cannot_be_answered(visitor, pools):
    passed = visitor.solve()
    response = visitor.answer(passed["challenge"], 9, "happy")
    assert response.status_code == 409


def test_an_unknown_challenge_is_not_found(visitor, pools):
    response = visitor.answer(str(uuid.uuid4()), 1, "happy")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "challenge_not_found"


def test_an_answer_after_the_end_is_refused_and_not_noted(visitor, pools):
    challenge = visitor.start().json()["challenge"]
    ended = timezone.now() - timedelta(seconds=1)
    Challenge.objects.filter(pk=challenge).update(
        created_at=ended - timedelta(minutes=10), expires_at=ended
    )
    for _ in range(2):
        response = visitor.answer(challenge, 1, "happy")
        assert response.status_code == 410
        assert response.json()["error"]["code"] == "challenge_expired"
    assert Challenge.objects.get().state == "expired"
    assert not ChallengeItem.objects.exclude(answer="").exists()


def test_answers_count_in_the_statistics_of_the_clips(visitor, pools):
    visitor.solve(wrong={0})
    served = PlayClip.objects.filter(times_served=1)
    assert served.count() == 4
    assert sum(served.values_list("times_right", flat=True)) == 3
    assert sum(served.values_list("times_wrong", flat=True)) == 1
    assert Clip.objects.filter(times_served=1).count() == 1


def test_a_network_hears_no_clip_twice_while_there_are_others(visitor, pools):
    heard = [
        item.play_clip_id
        for _ in range(7)
        for item in items_of(visitor.start().json())
        if item.play_clip_id
    ]
    assert len(set(heard)) == 14


def test_a_network_that_has_heard_everything_still_gets_a_challenge(visitor, fill_play_pool):
    fill_play_pool(2)
    assert [visitor.start().status_code for _ in range(3)] == [201, 201, 201]


def test_an_empty_pool_asks_for_work_alone_and_logs_an_alarm(visitor, fill_play_pool, caplog):
    fill_play_pool(1)
    response = visitor.start()
    described = response.json()
    assert (response.status_code, described["kind"]) == (201, "work")
    assert "item" not in described
    levels = [record.levelname for record in caplog.records if record.name.startswith("captcha")]
    assert levels == ["ERROR"]
    assert PlayClip.objects.get().times_served == 0
    passed = visitor.prove(described["challenge"], solved(described["work"])).json()
    assert passed["state"] == "passed"
    assert ResponseToken.objects.get().score < 0.9


def test_a_pool_that_is_empty_in_the_second_round_asks_for_work_anew(visitor, pools):
    described = visitor.start().json()
    challenge, known = described["challenge"], 0
    for item in items_of(described):
        PlayClip.objects.update(state="retired")
        known += bool(item.play_clip)
        answer = "skip" if item.play_clip and known == 1 else right_answer(item)
        reply = visitor.answer(challenge, item.position, answer).json()
    assert (reply["state"], reply["kind"]) == ("open", "work")
    assert reply["work"]["salt"] != described["work"]["salt"]
    again = visitor.answer(challenge, 3, answer).json()
    assert again["work"] == reply["work"]
    assert visitor.prove(challenge, solved(reply["work"])).json()["state"] == "passed"
    assert not Vote.objects.exists()


def test_an_empty_pool_gives_no_second_guess(visitor, fill_play_pool):
    fill_play_pool(2)
    described = visitor.start().json()
    challenge = described["challenge"]
    first, second = items_of(described)
    visitor.answer(challenge, 1, "skip")
    visitor.answer(challenge, 1, right_answer(first))
    visitor.answer(challenge, 2, right_answer(second))
    for guess in [right_answer(first), right_answer(second), "skip"]:
        assert visitor.answer(challenge, 2, guess).json()["state"] == "open"
    assert Challenge.objects.get().state == Challenge.State.OPEN


def test_action_and_customer_data_are_kept(visitor, pools):
    visitor.start(action="login", cdata=" order 7 ")
    challenge = Challenge.objects.get()
    assert (challenge.action, challenge.cdata) == ("login", " order 7 ")


def test_only_keyed_hashes_of_the_address_are_stored(visitor, pools):
    visitor.start()
    challenge = Challenge.objects.get()
    assert len(challenge.voter) == len(challenge.network) == 64
    assert "192.0.2" not in challenge.voter + challenge.network


def test_a_strict_site_asks_three_clips(visitor, site, pools):
    site.difficulty = Site.Difficulty.STRICT
    site.save()
    assert visitor.start().json()["item"]["of"] == 4
    assert visitor.solve()["state"] == "passed"
    assert visitor.solve(wrong={0})["state"] == "passed"
    assert visitor.solve(wrong={0, 1})["state"] == "failed"


def test_clips_that_people_miss_count_less(visitor, fill_play_pool):
    fill_play_pool(4)
    PlayClip.objects.update(times_served=30, times_right=10, times_wrong=20)
    described = visitor.start().json()
    for item in items_of(described):
        reply = visitor.answer(described["challenge"], item.position, right_answer(item)).json()
    assert (reply["state"], reply["item"]["of"]) == ("open", 3)

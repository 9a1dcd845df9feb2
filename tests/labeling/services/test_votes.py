"""Clips out to listeners, and their votes in."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from emotion.ml.labels import EMOTIONS
from labeling import services
from labeling.agreement import Verdict
from labeling.models import Clip, ClipEvent, Promotion, Vote
from tests.labeling.conftest import WITH_DATABASE, bare_clip, undone
from tests.threads import at_once
from web.append_only import AppendOnlyError

pytestmark = pytest.mark.django_db


def test_four_voters_who_agree_promote_the_clip(clip, vote):
    outcomes = [vote(clip) for _ in range(4)]
    assert [outcome.promotion is None for outcome in outcomes] == [True, True, True, False]
    clip.refresh_from_db()
    assert (clip.state, clip.emotion) == ("promoted", "angry")
    promotion = Promotion.objects.active().get()
    assert promotion.vote_count == 4
    assert promotion.posterior["angry"] >= 0.9
    kinds = list(clip.events.values_list("kind", flat=True))
    assert kinds == [ClipEvent.Kind.ADDED, ClipEvent.Kind.PROMOTED]


def test_a_promotion_by_votes_names_its_rule_and_no_moderator(promoted):
    promotion = promoted().promotions.get()
    assert (promotion.decided_by, promotion.moderator) == ("votes", None)
    assert promotion.rule_version == services.promotion_rule().version
    assert sum(promotion.posterior.values()) == pytest.approx(1, abs=0.001)


def test_voters_who_disagree_send_the_clip_to_the_moderators(clip, vote):
    for emotion in ["angry", "happy"] * 5:
        vote(clip, emotion)
    clip.refresh_from_db()
    assert clip.state == Clip.State.CONFLICT
    assert Clip.objects.in_conflict().get() == clip


def test_the_log_keeps_what_the_votes_of_a_conflict_said(clip, vote):
    votes = ["angry", "happy"] * 5
    for emotion in votes:
        vote(clip, emotion)
    posterior = clip.events.get(kind="conflict").detail["posterior"]
    assert posterior == pytest.approx(services.promotion_rule().posterior(votes), abs=5e-5)


def test_a_second_vote_of_the_same_voter_changes_nothing(clip, vote):
    vote(clip, "sad", voter="v")
    again = vote(clip, "happy", voter="v")
    assert not again.created
    assert again.vote.emotion == "sad"
    assert Vote.objects.count() == 1


def test_the_same_voter_may_judge_another_clip(make_clip, vote):
    assert all(vote(make_clip(seed), voter="v").created for seed in range(3))


def test_a_second_vote_with_the_same_challenge_changes_nothing(make_clip, vote):
    challenge = uuid.uuid4()
    vote(make_clip(1), challenge_id=challenge)
    assert not vote(make_clip(2), challenge_id=challenge).created
    assert Vote.objects.count() == 1


def test_a_late_vote_is_kept_and_decides_nothing(clip, vote):
    for _ in range(4):
        vote(clip)
    late = vote(clip, "happy")
    assert late.vote.is_late
    assert Promotion.objects.get().emotion == "angry"


def test_late_votes_do_not_count_when_a_moderator_decides(promoted, vote, moderator):
    clip = promoted()
    for _ in range(5):
        vote(clip, "happy")
    promotion = services.decide_clip(
        clip_id=clip.pk, moderator=moderator, emotion="sad", revision=clip.revision
    )
    assert promotion.vote_count == 4
    assert promotion.posterior["angry"] >= 0.9


def test_an_unknown_clip_or_emotion_is_an_error(clip, vote):
    with pytest.raises(services.UnknownEmotion), transaction.atomic():
        vote(clip, "calm")
    clip.pk = uuid.uuid4()
    with pytest.raises(services.ClipNotFound), transaction.atomic():
        vote(clip)
    assert not Vote.objects.exists()


def test_votes_cannot_be_changed_or_deleted(clip, vote):
    stored = vote(clip).vote
    stored.emotion = "happy"
    for change in (
        stored.save,
        stored.delete,
        Vote.objects.all().delete,
        lambda: Vote.objects.update(emotion="happy"),
    ):
        with pytest.raises(AppendOnlyError):
            change()


@pytest.mark.concurrency
def test_the_database_itself_refuses_a_changed_vote(clip, vote):
    vote(clip)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute("UPDATE labeling_vote SET emotion = 'happy'")


def decided_by_rule(labels: list[str]) -> tuple[str, str, int]:
    """State, emotion and votes that counted, by the pure rule alone."""
    rule, counted = services.promotion_rule(), []
    for label in labels:
        counted.append(label)
        decision = rule.decide(counted)
        if decision.verdict is Verdict.PROMOTE:
            return "promoted", decision.emotion, len(counted)
        if decision.verdict is Verdict.CONFLICT:
            return "conflict", "", len(counted)
    return "open", "", len(labels)


# Few labels at a time, so that agreement and disagreement both come about.
LABELS = st.lists(st.sampled_from(EMOTIONS), min_size=1, max_size=3).flatmap(
    lambda heard: st.lists(st.sampled_from(heard), max_size=14)
)


@WITH_DATABASE
@given(labels=LABELS)
def test_votes_one_by_one_decide_exactly_as_the_rule_says(db, vote, labels):
    state, emotion, counted = decided_by_rule(labels)
    with undone():
        clip = bare_clip()
        outcomes = [vote(clip, label) for label in labels]
        clip.refresh_from_db()
        assert (clip.state, clip.emotion) == (state, emotion)
        assert clip.votes.counted().count() == counted
        assert [outcome.vote.is_late for outcome in outcomes] == [
            number >= counted for number in range(len(labels))
        ]
        deciding = [number for number, outcome in enumerate(outcomes, 1) if outcome.promotion]
        assert deciding == ([counted] if state == "promoted" else [])
        assert clip.revision == (state != "open")


@WITH_DATABASE
@given(labels=LABELS, voters=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_nobody_gains_weight_by_voting_again(db, vote, labels, voters):
    with undone():
        repeated, single = bare_clip(), bare_clip()
        heard: set[str] = set()
        for label, voter in zip(labels, map(str, voters), strict=False):
            vote(repeated, label, voter=voter)
            if voter not in heard:
                vote(single, label, voter=voter)
            heard.add(voter)
        repeated.refresh_from_db()
        single.refresh_from_db()
        assert (repeated.state, repeated.emotion) == (single.state, single.emotion)


def test_the_least_served_clip_is_drawn_and_never_one_the_voter_judged(make_clip, vote):
    first, second = make_clip(1), make_clip(2)
    assert {services.draw_dummy_clip(voter="v"), services.draw_dummy_clip(voter="v")} == {
        first,
        second,
    }
    vote(first, voter="v")
    assert services.draw_dummy_clip(voter="v") == second
    vote(second, voter="v")
    assert services.draw_dummy_clip(voter="v") is None


def test_servings_spread_evenly_whoever_listens(db):
    for _ in range(5):
        bare_clip()
    drawn = Counter(services.draw_dummy_clip(voter=str(number)).pk for number in range(23))
    assert sorted(drawn.values()) == [4, 4, 5, 5, 5]
    served = Clip.objects.values_list("pk", "times_served")
    assert dict(served) == dict(drawn)


def test_which_of_equals_is_drawn_cannot_be_foretold(db):
    clips = [bare_clip() for _ in range(4)]
    first = set()
    for number in range(60):
        Clip.objects.update(times_served=0)
        first.add(services.draw_dummy_clip(voter=str(number)).pk)
    assert first == {clip.pk for clip in clips}  # by chance in all but 1 of 8 million runs


@pytest.mark.parametrize("state", ["conflict", "promoted", "withdrawn"])
def test_what_is_decided_is_drawn_for_nobody(db, state):
    bare_clip(state=state, emotion="sad" if state == "promoted" else "")
    assert services.draw_dummy_clip(voter="v") is None


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_fifty_decisive_votes_at_once_give_one_promotion_and_fifty_votes(clip, vote):
    for _ in range(3):
        vote(clip)

    def decide(_):
        try:
            return vote(clip)
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(decide, range(50)))
    assert sum(outcome.promotion is not None for outcome in outcomes) == 1
    assert all(outcome.created for outcome in outcomes)
    assert Vote.objects.count() == 53
    assert Promotion.objects.count() == 1


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_one_voter_twenty_times_at_once_has_one_vote(clip, vote):
    def repeat(_):
        try:
            return vote(clip, voter="v")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(repeat, range(20)))
    assert sum(outcome.created for outcome in outcomes) == 1
    assert Vote.objects.count() == 1


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_one_challenge_on_ten_clips_at_once_is_one_vote(vote):
    clips = [bare_clip() for _ in range(10)]
    challenge = uuid.uuid4()
    outcomes = at_once(10, lambda number: vote(clips[number], challenge_id=challenge))
    # The others are told that it voted already, or, in the same instant, that nothing was written.
    kept = [outcome for outcome in outcomes if not isinstance(outcome, IntegrityError)]
    assert sum(outcome.created for outcome in kept) == 1
    assert {outcome.vote for outcome in kept} == {Vote.objects.get()}


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_every_serving_at_once_is_counted():
    for _ in range(3):
        bare_clip()
    at_once(12, lambda number: services.draw_dummy_clip(voter=str(number)))
    assert sum(Clip.objects.values_list("times_served", flat=True)) == 12

"""Questions over many clips, votes and promotions."""

import pytest
from django.utils import timezone

from labeling.models import Clip, Promotion, Vote
from tests.labeling.conftest import bare_clip

pytestmark = pytest.mark.django_db


@pytest.fixture
def one_of_each(db) -> dict[str, Clip]:
    """A clip in every state, by its name."""
    states = {"open": "", "conflict": "", "promoted": "sad", "withdrawn": ""}
    return {state: bare_clip(state=state, emotion=label) for state, label in states.items()}


def test_clips_are_found_by_their_state(one_of_each):
    assert list(Clip.objects.open()) == [one_of_each["open"]]
    assert list(Clip.objects.in_conflict()) == [one_of_each["conflict"]]
    assert list(Clip.objects.promoted()) == [one_of_each["promoted"]]


def test_promoted_clips_wait_for_their_move_until_it_is_done(one_of_each):
    assert list(Clip.objects.waiting_for_move()) == [one_of_each["promoted"]]
    Clip.objects.update(pool="learning")
    assert not Clip.objects.waiting_for_move().exists()


def test_a_voter_has_not_heard_what_others_judged(make_clip, vote):
    mine, theirs, nobodys = (make_clip(seed) for seed in range(3))
    vote(mine, voter="me")
    vote(mine, voter="you")
    vote(theirs, voter="you")
    assert set(Clip.objects.unheard_by("me")) == {theirs, nobodys}
    assert set(Clip.objects.unheard_by("somebody new")) == {mine, theirs, nobodys}


def test_late_votes_are_not_among_those_that_count(promoted, vote):
    clip = promoted()
    late = vote(clip, "happy").vote
    assert late not in Vote.objects.counted()
    assert Vote.objects.counted().count() == 4


def test_the_size_of_the_training_set_counts_active_promotions_by_emotion(db):
    for emotion, count, revoked in [("sad", 3, 1), ("happy", 1, 0), ("angry", 0, 2)]:
        for number in range(count + revoked):
            Promotion.objects.create(
                clip=bare_clip(),
                emotion=emotion,
                decided_by="votes",
                posterior={},
                vote_count=4,
                rule_version="r",
                revoked_at=timezone.now() if number >= count else None,
            )
    sizes = Promotion.objects.active_by_emotion()
    assert dict(sizes) == {"sad": 3, "happy": 1}
    assert sizes["angry"] == 0


def test_the_newest_clips_come_first_and_the_oldest_votes(make_clip, vote):
    first, second = make_clip(1), make_clip(2)
    assert list(Clip.objects.all()) == [second, first]
    votes = [vote(first, label).vote for label in ("sad", "happy")]
    assert list(first.votes.all()) == votes


@pytest.mark.parametrize("pool", ["dummy", "learning"])
def test_a_clip_is_read_from_the_pool_that_its_row_names(make_clip, pool):
    from django.core.files.storage import storages

    clip = make_clip()
    storages["learning"].save(clip.key, storages["dummy"].open(clip.key))
    storages[{"dummy": "learning", "learning": "dummy"}[pool]].delete(clip.key)
    clip.pool = pool
    assert clip.open_audio().size == 44 + 32_000

"""What is believed of clips and of their like, from answers."""

import pytest

from synthesis import services
from synthesis.models import PlayClip, Rendition
from synthesis.recognition import (
    is_clip_clear,
    is_rendition_clear,
    person_rate,
    rate_interval,
)


def test_without_answers_nine_of_ten_people_are_expected_to_be_right():
    assert person_rate(clip=(0, 0), rendition=(0, 0)) == 0.9


def test_answers_move_the_belief_towards_what_was_seen():
    assert person_rate(clip=(90, 10), rendition=(0, 0)) == pytest.approx(0.9)
    assert person_rate(clip=(0, 90), rendition=(0, 0)) == pytest.approx(0.09)
    assert person_rate(clip=(0, 0), rendition=(40, 60)) < 0.55


def test_answers_to_its_like_never_outweigh_many_of_its_own():
    likes = person_rate(clip=(60, 0), rendition=(100, 900))
    assert likes > person_rate(clip=(0, 0), rendition=(100, 900))
    assert likes > 0.65
    assert person_rate(clip=(0, 0), rendition=(10, 90)) == person_rate(
        clip=(0, 0), rendition=(1000, 9000)
    )


@pytest.mark.parametrize(
    ("right", "answers", "low", "high"),
    [(0, 0, 0.0, 1.0), (5, 10, 0.237, 0.763), (269, 300, 0.857, 0.926)],
)
def test_intervals_are_wilsons(right, answers, low, high):
    assert rate_interval(right, answers) == pytest.approx((low, high), abs=0.001)


def test_a_clip_is_given_up_at_its_first_wrong_answer_and_a_rendition_after_many():
    assert is_clip_clear(right=3, wrong=0, least=0.85)
    assert not is_clip_clear(right=0, wrong=1, least=0.85)
    assert is_rendition_clear(right=0, wrong=19, least=0.85)
    assert not is_rendition_clear(right=0, wrong=20, least=0.85)


def rates_of(clips):
    return services.person_rates(clips=clips, renditions=services.lock_renditions(clips=clips))


@pytest.mark.django_db
def test_rates_of_many_clips_take_one_query(add_play_clip, django_assert_num_queries):
    clips = [add_play_clip(emotion) for emotion in ("happy", "sad", "angry")]
    Rendition.objects.filter(emotion="sad").update(times_right=10, times_wrong=20)
    with django_assert_num_queries(1):
        rates = rates_of(clips)
    assert rates[clips[0].pk] == 0.9
    assert rates[clips[1].pk] < 0.6
    assert rates_of([]) == {}


@pytest.mark.django_db
def test_a_clip_of_an_unknown_rendition_has_the_usual_rate(add_play_clip):
    clip = add_play_clip()
    PlayClip.objects.update(speaker="")
    clip.refresh_from_db()
    assert rates_of([clip]) == {clip.pk: 0.9}

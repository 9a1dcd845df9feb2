"""What a moderator's form takes, and what it does."""

import pytest

from emotion.ml.labels import EMOTIONS
from labeling import services
from labeling.forms import DecisionForm
from tests.labeling.conftest import bare_clip

pytestmark = pytest.mark.django_db


def form(**data) -> DecisionForm:
    return DecisionForm({"decision": "promote", "emotion": "sad", "revision": 0, **data})


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_each_of_the_seven_emotions_can_be_chosen(emotion):
    assert form(emotion=emotion).is_valid()


def test_a_withdrawal_needs_no_emotion():
    assert form(decision="withdraw", emotion="").is_valid()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("emotion", ""),
        ("emotion", "calm"),
        ("emotion", "Sad"),
        ("decision", ""),
        ("decision", "delete"),
        ("revision", ""),
        ("revision", -1),
        ("revision", "1.5"),
        ("revision", "1; DROP TABLE"),
    ],
)
def test_the_field_that_cannot_be_used_is_named(field, value):
    assert set(form(**{field: value}).errors) == {field}


def test_a_promotion_without_an_emotion_says_what_to_do():
    assert form(emotion="").errors["emotion"] == ["Choose the emotion that you hear."]


def test_a_promotion_promotes_as_the_moderator_says(moderator):
    clip = bare_clip()
    filled = form(emotion="fearful")
    assert filled.is_valid()
    filled.apply(clip_id=clip.pk, moderator=moderator)
    clip.refresh_from_db()
    assert (clip.state, clip.emotion) == ("promoted", "fearful")
    assert clip.promotions.get().moderator == moderator


def test_a_withdrawal_withdraws_even_with_an_emotion_chosen(moderator):
    clip = bare_clip()
    filled = form(decision="withdraw")
    assert filled.is_valid()
    filled.apply(clip_id=clip.pk, moderator=moderator)
    clip.refresh_from_db()
    assert (clip.state, clip.emotion) == ("withdrawn", "")


@pytest.mark.parametrize("decision", ["promote", "withdraw"])
def test_the_revision_on_the_screen_is_the_one_that_counts(moderator, decision):
    clip = bare_clip(revision=3)
    filled = form(decision=decision, revision=2)
    assert filled.is_valid()
    with pytest.raises(services.StaleDecision):
        filled.apply(clip_id=clip.pk, moderator=moderator)
    clip.refresh_from_db()
    assert (clip.state, clip.revision) == ("open", 3)

"""Situations to read in place of clips."""

import random

import pytest

from captcha import scenarios
from captcha.keys import derive
from captcha.models import Challenge, ChallengeItem
from emotion.ml.labels import EMOTIONS
from labeling.models import Vote

LANGUAGES = scenarios.languages()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_writes_thousands_of_situations_of_every_emotion(language):
    rules = scenarios.grammar(language)
    assert sorted(rules.templates) == sorted(EMOTIONS)
    assert sum(rules.count(emotion) for emotion in EMOTIONS) > 10_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_gives_a_clean_sentence_that_fits_its_field(language):
    rules, rng = scenarios.grammar(language), random.Random(7)
    for emotion in EMOTIONS:
        for template in rules.templates[emotion]:
            one = scenarios.Grammar(language, rules.slots, {emotion: [template]})
            text = one.write(emotion, rng.choice).text
            assert not set("{}") & set(text)
            assert text[0] == text[0].upper()
            assert len(text) <= 300


def test_a_place_that_occurs_twice_gets_the_same_word():
    rules = scenarios.Grammar("en", {"person": ["Ada", "Ben"]}, {"sad": ["{person} and {person}"]})
    texts = {rules.write("sad", random.Random(seed).choice).text for seed in range(20)}
    assert texts == {"Ada and Ada", "Ben and Ben"}


@pytest.mark.parametrize(
    ("wish", "language"), [("de", "de"), ("DE_at", "de"), ("tlh", "en"), ("", "en"), ("../x", "en")]
)
def test_the_language_is_the_wished_one_or_english(wish, language):
    assert scenarios.language_for(wish) == language


def test_a_language_without_situations_is_named():
    with pytest.raises(KeyError, match="tlh"):
        scenarios.grammar("tlh")


def read(visitor, *, wrong: int = 0, **fields) -> dict:
    described = visitor.start(kind="text", **fields).json()
    while described["state"] == "open":
        number = described["item"]["number"]
        item = ChallengeItem.objects.get(challenge=described["challenge"], position=number)
        assert described["item"]["text"] == item.scenario
        answer = "skip" if number <= wrong else item.scenario_emotion
        described = visitor.answer(described["challenge"], number, answer).json()
    return described


@pytest.mark.django_db
def test_a_visitor_who_reads_needs_no_clip_and_files_no_vote(visitor):
    described = visitor.start(kind="text", language="de").json()
    assert described["kind"] == "text"
    assert set(described["item"]) == {"number", "of", "text", "language"}
    assert (described["item"]["of"], described["item"]["language"]) == (2, "de")
    assert read(visitor)["state"] == "passed"
    assert not Vote.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("wrong", "state"), [(1, "passed"), (2, "failed")])
def test_situations_are_judged_as_clips_are(visitor, wrong, state):
    assert read(visitor, wrong=wrong)["state"] == state


@pytest.mark.django_db
def test_a_situation_has_no_sound(visitor):
    challenge = visitor.start(kind="text").json()["challenge"]
    address = f"/captcha/audio/{derive('audio', challenge, 1)}"
    assert visitor.client.get(address).status_code == 404


@pytest.mark.django_db
def test_a_site_may_keep_reading_out(visitor, site):
    site.offers_text = False
    site.save()
    assert visitor.start(kind="text").status_code == 403
    assert not Challenge.objects.exists()

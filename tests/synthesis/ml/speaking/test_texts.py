import random
import re

import pytest

from synthesis.ml.errors import NoTextsError
from synthesis.ml.speaking.phonemes import Phonemizer, phoneme_table
from synthesis.ml.speaking.texts import catalogue, languages, random_sentence

# Words by which a listener could tell a mood without hearing it.
TELLING = {
    "en": r"happy|sad|angry|fear|afraid|wonderful|terrible|awful|love|hate|\bcry|laugh|horribl"
    r"|disgust|surpris|luck|sorry|danger|\b(dead|dies?|died|great|bad|good|wins?|won|lost)\b",
    "de": r"froh|glück|traurig|wütend|ärger|angst|furcht|wunderbar|schrecklich|lieb|hass|hasst"
    r"|wein|lach|ekel|überrasch|leider|gefahr|\b(tot|stirbt|schlecht|gut|gewinnt|verliert)\b",
    "ko": "기쁘|슬프|슬픔|화가 나|화난|무서|두려|행복|사랑|미워|울었"
    "|웃었|역겨|놀라|위험|죽었|이겼|졌습니다",
}


@pytest.fixture(params=languages())
def language(request):
    return request.param


def sentences(count: int, language: str = "en", seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [random_sentence(rng, language) for _ in range(count)]


def test_there_are_english_german_and_korean():
    assert languages() == ("de", "en", "ko")


def test_the_catalogue_holds_three_hundred_sentences_of_its_own(language):
    assert len(set(catalogue(language))) >= 300
    assert len(set(catalogue(language))) == len(catalogue(language))


def test_the_same_seed_gives_the_same_sentences(language):
    assert sentences(20, language, seed=5) == sentences(20, language, seed=5)
    assert sentences(20, language, seed=5) != sentences(20, language, seed=6)


def test_thousands_of_sentences_differ(language):
    assert len(set(sentences(6000, language))) > 3000


def test_sentences_are_short_and_well_formed(language):
    for sentence in [*sentences(1000, language), *catalogue(language)]:
        assert 2 <= len(sentence.split()) <= 20
        assert len(sentence) <= 110
        assert not sentence[0].islower()
        assert sentence.endswith(".")
        assert not re.search(r"  |[!?{}\[\]]|\.\.", sentence)


def test_no_sentence_tells_a_mood(language):
    telling = re.compile(TELLING[language], re.IGNORECASE)
    texts = [*sentences(3000, language), *catalogue(language)]
    assert [text for text in texts if telling.search(text)] == []


def test_a_region_speaks_its_language():
    assert catalogue("en-US") == catalogue("en")
    assert random_sentence(random.Random(1), "de-AT") == random_sentence(random.Random(1), "de")


@pytest.mark.parametrize("language", ["fr", "", "../en"])
def test_a_language_without_sentences_says_so(language):
    with pytest.raises(NoTextsError, match="de, en, ko"):
        random_sentence(random.Random(0), language)


def test_every_english_sentence_can_be_spoken():
    phonemizer = Phonemizer(phoneme_table())
    for sentence in [*sentences(300), *catalogue("en")]:
        assert len(phonemizer(sentence)) > 10

import random
import re

from synthesis.ml.phonemes import Phonemizer, phoneme_table
from synthesis.ml.texts import random_sentence

# Words by which a listener could tell a mood without hearing it.
TELLING = re.compile(
    r"happy|sad|angry|fear|afraid|wonderful|terrible|awful|love|hate|cry|laugh|horribl|disgust"
    r"|surpris|luck|sorry|danger|\b(dead|dies?|died|great|bad|good|wins?|won|lost)\b|[!?]",
    re.IGNORECASE,
)


def sentences(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [random_sentence(rng) for _ in range(count)]


def test_the_same_seed_gives_the_same_sentences():
    assert sentences(20, seed=5) == sentences(20, seed=5)
    assert sentences(20, seed=5) != sentences(20, seed=6)


def test_thousands_of_sentences_differ():
    assert len(set(sentences(6000))) > 3000


def test_sentences_are_short_and_well_formed():
    for sentence in sentences(1000):
        assert 5 <= len(sentence.split()) <= 20
        assert len(sentence) <= 100
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "  " not in sentence


def test_no_sentence_tells_a_mood():
    assert [s for s in sentences(3000) if TELLING.search(s)] == []


def test_every_sentence_can_be_spoken():
    phonemizer = Phonemizer(phoneme_table())
    for sentence in sentences(300):
        assert len(phonemizer(sentence)) > 10

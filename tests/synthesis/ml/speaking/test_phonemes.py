import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis.ml.errors import EmptyTextError, UnspeakableTextError
from synthesis.ml.speaking.phonemes import Phonemizer, phoneme_table


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    return Phonemizer(phoneme_table())


def ipa(phonemizer: Phonemizer, text: str) -> str:
    names = {character: phoneme for phoneme, character in phoneme_table().items()}
    return "".join(names.get(character, character) for character in phonemizer(text))


def test_every_phoneme_has_one_character_of_its_own():
    table = phoneme_table()
    assert len(set(table.values())) == len(table)
    assert all(len(character) == 1 for character in table.values())
    assert not set(table.values()) & set(" ,.")


def test_a_sentence_becomes_one_character_per_phoneme(phonemizer):
    assert ipa(phonemizer, "Dogs are sitting by the door.") == "dˈɑːɡz ɑːɹ sˈɪɾɪŋ baɪ ðə dˈɔːɹ."


def test_pauses_replace_the_space_between_words(phonemizer):
    assert ipa(phonemizer, "Yes, sir; go!") == "jˈɛs,sɜː,ɡˈoʊ."


def test_every_text_ends_in_exactly_one_full_stop(phonemizer):
    for text in ("Go", "Go.", "Go?!", "Go...", "Go,", "Go. \n"):
        assert ipa(phonemizer, text) == "ɡˈoʊ."


def test_numbers_and_abbreviations_are_read_without_a_pause(phonemizer):
    assert "," not in phonemizer("At 10:30 it was 3.5 degrees")[:-1]
    assert "." not in phonemizer("At 10:30 it was 3.5 degrees")[:-1]


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_blank_text_is_refused(phonemizer, text):
    with pytest.raises(EmptyTextError, match="at least one word"):
        phonemizer(text)


@pytest.mark.parametrize("text", ["...", "?!", " - ", "()"])
def test_a_text_without_sound_is_refused(phonemizer, text):
    with pytest.raises(UnspeakableTextError):
        phonemizer(text)


def test_foreign_script_and_symbols_are_spelled_or_refused_but_never_crash(phonemizer):
    for text in ("日本語", "Привет", "\U0001f600", "\x00", "a\x00b", "naïve façade"):
        try:
            spelling = phonemizer(text)
        except UnspeakableTextError:
            continue
        assert set(spelling) <= set(phoneme_table().values()) | set(" ,.")


def test_the_spelling_follows_the_given_table():
    table = phoneme_table()
    swapped = table | {"ɡ": table["oʊ"], "oʊ": table["ɡ"]}
    assert Phonemizer(swapped)("go")[0] == table["oʊ"]


def test_a_table_without_a_needed_phoneme_is_told():
    table = phoneme_table()
    del table["ɡ"]
    with pytest.raises(UnspeakableTextError, match="ɡ"):
        Phonemizer(table)("go")


@given(st.text(st.sampled_from(string.printable + "éüßñ\u2014\u2026"), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_spelled_in_the_voices_characters_or_refused(text):
    try:
        spelling = Phonemizer(phoneme_table())(text)
    except (EmptyTextError, UnspeakableTextError):
        return
    assert set(spelling) <= {*phoneme_table().values(), " ", ",", "."}
    assert spelling.endswith(".")
    assert not any(pair in spelling for pair in ("  ", " .", " ,", ",,", "..", ",."))


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_blank_text_is_refused(phonemizer, text):
    with pytest.raises(EmptyTextError, match="send at least one word"):
        phonemizer(text)


@pytest.mark.parametrize("text", ["...", "?!", "()"])
def test_marks_alone_have_nothing_to_pronounce(phonemizer, text):
    with pytest.raises(UnspeakableTextError, match="Nothing to pronounce"):
        phonemizer(text)


def test_a_voice_that_lacks_a_sound_says_which():
    table = {phoneme: sign for phoneme, sign in phoneme_table().items() if phoneme != "b"}
    with pytest.raises(UnspeakableTextError, match="no sound for the phoneme 'b'"):
        Phonemizer(table)("Bob.")


def test_a_voice_without_stressed_vowels_speaks_them_without_stress():
    table = {phoneme: sign for phoneme, sign in phoneme_table().items() if "ˈ" not in phoneme}
    assert Phonemizer(table)("Go.") == phoneme_table()["ɡ"] + phoneme_table()["oʊ"] + "."

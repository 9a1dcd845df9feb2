"""The reader, and speakers made of her."""

import numpy as np
import pytest

from synthesis.ml.making.speakers import Speaker, load_speakers
from synthesis.ml.recordings.world import READER_F0_HZ, analyse, trim


def test_a_further_speaker_is_lower_with_formants_moved(speak):
    reading = analyse(trim(speak()), READER_F0_HZ)
    lower = Speaker("low", formants=0.8, pitch=0.5, donors="men").reading(reading)
    np.testing.assert_allclose(lower.f0, 0.5 * reading.f0)
    frame = int(np.flatnonzero(reading.voiced)[20])
    before, after = reading.spectrum[frame, 20:150], lower.spectrum[frame, 16:120]
    # The strongest resonance moves to four fifths of its frequency.
    assert 16 + after.argmax() == pytest.approx(0.8 * (20 + before.argmax()), abs=3)


def test_the_reader_is_left_as_she_is(speak):
    reading = analyse(trim(speak()), READER_F0_HZ)
    assert load_speakers()[0].reading(reading) is reading


def test_the_reader_is_the_first_and_the_only_one_who_is_left_as_she_is():
    speakers = load_speakers()
    assert [speaker.is_reader for speaker in speakers] == [True, False, False, False]
    assert [speaker.name for speaker in speakers] == ["kathleen", "ada", "simon", "victor"]


def test_men_are_lower_than_women_and_are_lent_to_by_men():
    pitches = {speaker.name: speaker.pitch for speaker in load_speakers()}
    donors = {speaker.name: speaker.donors for speaker in load_speakers()}
    assert max(pitches["simon"], pitches["victor"]) < min(pitches["kathleen"], pitches["ada"])
    assert donors == {"kathleen": "women", "ada": "women", "simon": "men", "victor": "men"}


def test_a_speaker_with_a_factor_that_is_unknown_is_refused(tmp_path):
    path = tmp_path / "speakers.toml"
    path.write_text('[eve]\nformants = 1.0\npitch = 1.0\ndonors = "women"\nage = 30\n')
    with pytest.raises(TypeError, match="age"):
        load_speakers(path)


def test_moving_formants_leaves_unvoiced_frames_unvoiced(speak):
    reading = analyse(trim(speak()), READER_F0_HZ)
    moved = Speaker("low", formants=0.9, pitch=0.7, donors="men").reading(reading)
    np.testing.assert_array_equal(moved.voiced, reading.voiced)
    assert moved.aperiodicity.min() >= reading.aperiodicity.min()
    assert moved.aperiodicity.max() <= reading.aperiodicity.max()

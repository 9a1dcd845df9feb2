"""The figures of a voice: what is spoken, judged, compared and printed."""

import json
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from audio import encode_wav
from emotion.ml.labels import EMOTIONS
from synthesis.ml.rating import evaluate as command
from synthesis.ml.rating.evaluate import (
    Corpora,
    acted_prosody,
    as_markdown,
    evaluate,
    load_judges,
    order_of_emotions,
)
from synthesis.ml.rating.evaluation import Prosody
from synthesis.ml.rating.judge import functionals_of
from synthesis.ml.speaking.engine import SpeechEngine, Utterance
from synthesis.ml.speaking.voices import load_voice
from tests.synthesis.ml.conftest import RATE, syllables

SHIPPED = settings.VOICES_DIR / "kathleen"
VALUES = (100.0, 120.0, 140.0, 160.0, 180.0, 200.0, 220.0)  # of the seven emotions
CODES = {"01": "neutral", "03": "happy", "04": "sad", "05": "angry", "06": "fearful"} | {
    "07": "disgust",
    "08": "surprised",
}


def spoken(values: tuple[float, ...]) -> dict:
    return {
        "prosody": {
            emotion: {"f0_hz": value, "duration_s": value, "brightness_db": value}
            for emotion, value in zip(EMOTIONS, values, strict=True)
        }
    }


def acted(values: tuple[float, ...]) -> dict[str, Prosody]:
    return {
        emotion: Prosody(value, 1.0, value, value)
        for emotion, value in zip(EMOTIONS, values, strict=True)
    }


@pytest.mark.parametrize(
    ("theirs", "correlation"),
    [
        ((1, 2, 3, 4, 5, 6, 70), 1.0),
        ((7, 6, 5, 4, 3, 2, 1), -1.0),
        ((1, 3, 2, 4, 5, 6, 7), 1 - 6 * 2 / (7 * 48)),  # Spearman's formula, one swap
        ((1, 2.5, 2.5, 4, 5, 6, 7), (27.5 / 28) ** 0.5),  # a tie shares its ranks
    ],
    ids=["same", "reversed", "swapped", "tied"],
)
def test_the_order_of_emotions_counts_and_not_their_distances(theirs, correlation):
    order = order_of_emotions(spoken(VALUES), acted(theirs))
    assert list(order) == ["f0_hz", "duration_s", "brightness_db"]
    assert list(order.values()) == [pytest.approx(correlation, abs=1e-5)] * 3


def figures(judges: tuple[str, ...] = ("default",)) -> dict:
    """As `evaluate` gives them: all is right but every surprise, which is taken for happy."""
    counts = 4 * np.eye(7, dtype=int)
    counts[6] = [0, 0, 0, 4, 0, 0, 0]
    recalls = dict(zip(EMOTIONS, [1.0] * 6 + [0.0], strict=True))
    return {
        "speaker": "toy",
        "sentences": 4,
        "transcribed": 2,
        "prosody": {
            emotion: {
                "f0_hz": 201.4,
                "f0_range_semitones": 5.04,
                "duration_s": 1.234,
                "brightness_db": -7.06,
            }
            for emotion in EMOTIONS
        },
        "word_error_rate": dict.fromkeys(EMOTIONS, 0.256),
        "judges": {
            name: {"confusion": counts.tolist(), "recall": recalls, "uar": 6 / 7} for name in judges
        },
    }


def test_the_tables_of_the_card_hold_every_figure_once():
    table = as_markdown(figures(("strangers", "default")))
    assert "| angry | 201 | 5.0 | 1.23 | -7.1 | 0.26 | 1.00 | 1.00 |" in table
    assert "| surprised | 201 | 5.0 | 1.23 | -7.1 | 0.26 | 0.00 | 0.00 |" in table
    assert "4 sentences an emotion, 2 transcribed." in table
    assert "UAR (chance 0.14): strangers 0.86, default 0.86." in table
    assert table.count("| surprised | 0 | 0 | 0 | 4 | 0 | 0 | 0 |") == 2


def test_every_row_of_a_table_has_as_many_cells_as_its_head():
    lines = as_markdown(figures(("strangers", "natural", "default"))).splitlines()
    widths = {line.count("|") for line in lines if line.startswith("|")}
    assert widths == {6 + 3 + 1, 8 + 1}


def utterance(number: int, seed: int) -> np.ndarray:
    """What stands for the emotion of a number: a pitch and a pace of its own."""
    vowels = ((700, 1200), (300, 2300))
    return syllables(
        140.0 + 20 * number, syllable_s=0.2 - 0.01 * number, seed=seed, formants=vowels
    )


@pytest.fixture(scope="module")
def ravdess(tmp_path_factory) -> Path:
    """Two actors who lent nothing, one who chose; every emotion a pitch of its own."""
    folder = tmp_path_factory.mktemp("ravdess")
    for actor in (1, *range(11, 21)):
        for number, code in enumerate(CODES):
            name = f"03-01-{code}-02-01-01-{actor:02}"
            clip = utterance(number, seed=actor)
            (folder / f"{name}.wav").write_bytes(encode_wav(clip, RATE))
            (folder / f"{name}.flac").symlink_to(folder / f"{name}.wav")
    return folder


def test_actors_are_measured_emotion_by_emotion(ravdess):
    measured = acted_prosody(ravdess)
    for number, emotion in enumerate(CODES.values()):
        assert measured[emotion].f0_hz == pytest.approx(140 + 20 * number, rel=0.03)


def test_judges_hear_what_they_learnt_and_read_their_corpora_once(ravdess, tmp_path):
    cache = tmp_path / "natural.npz"
    judges = load_judges(Corpora(ravdess, None), cache)
    assert list(judges) == ["strangers", "natural", "default"]
    angry = Utterance(utterance(3, seed=15), RATE)
    assert judges["natural"]([angry]) == ["angry"]
    assert judges["default"]([angry])[0] in EMOTIONS
    again = load_judges(Corpora(Path("gone"), None), cache)
    assert again["strangers"]([angry]) == judges["strangers"]([angry])


def test_a_second_corpus_teaches_the_judges_only_where_it_is_given():
    one, two = Corpora(Path("r"), None), Corpora(Path("r"), Path("e"))
    assert one.named() == [("ravdess", Path("r"))]
    assert two.named() == [("ravdess", Path("r")), ("emodb", Path("e"))]


class Echo:
    """A recogniser that understands nothing; pocketsphinx takes seconds a clip."""

    def transcribe(self, waveform: np.ndarray) -> str:
        return ""


def test_a_speaker_says_every_sentence_in_every_emotion_and_is_heard_by_every_judge():
    heard: list[int] = []

    def deaf(clips):
        heard.append(len(clips))
        return ["sad"] * len(clips)

    engine = SpeechEngine(load_voice(SHIPPED))
    found = evaluate(engine, "victor", {"deaf": deaf}, Echo(), n_sentences=2, n_transcribed=1)
    assert heard == [2] * 7
    assert (found["speaker"], found["sentences"], found["transcribed"]) == ("victor", 2, 1)
    assert found["judges"]["deaf"]["recall"] == {e: float(e == "sad") for e in EMOTIONS}
    assert found["judges"]["deaf"]["uar"] == pytest.approx(1 / 7)
    assert found["word_error_rate"] == dict.fromkeys(EMOTIONS, 1.0)
    assert found["prosody"]["neutral"]["f0_hz"] < 160 < found["prosody"]["surprised"]["f0_hz"]
    json.dumps(found)


def test_the_command_prints_one_line_a_speaker(ravdess, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "Recognizer", Echo)
    arguments = ["--voice", SHIPPED, "--ravdess", ravdess, "--cache", tmp_path / "natural.npz"]
    few = ["--speaker", "ada", "--sentences", "1", "--transcribed", "9", "--json"]
    command.main([*map(str, arguments), *few])
    printed = json.loads(capsys.readouterr().out)
    assert (printed["speaker"], printed["transcribed"]) == ("ada", 1)
    assert set(printed["order"]) == {"f0_hz", "duration_s", "brightness_db"}


def test_a_section_of_the_card_ends_with_the_order_of_the_emotions():
    section = command._section(figures() | {"order": {"f0_hz": 0.714, "duration_s": -0.5}})
    assert section.startswith("### toy\n\n| emotion |")
    assert section.endswith("RAVDESS actors 11 to 20: f0_hz 0.71, duration_s -0.50.\n")


def test_functionals_of_a_clip_are_finite_and_as_many_for_any_length():
    short, long = functionals_of(syllables()), functionals_of(np.tile(syllables(), 3))
    assert short.shape == long.shape
    assert np.isfinite(short).all()
    assert np.isfinite(long).all()

"""The command that trains a vocoder, puts it beside Griffin-Lim, and keeps it if it is better."""

from pathlib import Path

import numpy as np
import pytest

from audio import encode_wav, rms_dbfs
from synthesis.ml.making import train_vocoder as command
from synthesis.ml.making.train_vocoder import VocoderFigures, measure, train_vocoder
from synthesis.ml.making.vocoder_training import VocoderConfig, load_recordings
from synthesis.ml.speaking.voices import Voice, load_voice
from tests.synthesis.ml.conftest import RATE, syllables
from tests.synthesis.ml.tiny_models import make


class Echo:
    """A recogniser that understands nothing; pocketsphinx takes seconds a clip."""

    def transcribe(self, waveform: np.ndarray) -> str:
        return ""


@pytest.fixture
def corpus(tmp_path) -> Path:
    folder = tmp_path / "reader"
    (folder / "wavs").mkdir(parents=True)
    (folder / "metadata.csv").write_text('file,seconds,text\na,1.0,"One."\nb,1.0,"Two."\n')
    for number, name in enumerate("ab"):
        clip = syllables(150.0 + 50 * number, syllable_s=0.4) * (0.1 + 0.4 * number)
        (folder / "wavs" / f"{name}.ogg").write_bytes(encode_wav(clip, RATE))
    return folder


@pytest.fixture
def voice(tmp_path) -> Voice:
    return make("fast_pitch", tmp_path / "voices" / "toy")


def run(corpus: Path, voice: Voice, *more: str) -> None:
    work = corpus.parent / "work"
    places = ["--kathleen", corpus, "--voice", voice.folder, "--work", work]
    command.main([*map(str, places), "--steps", "1", "--sentences", "1", *more])


def test_recordings_are_brought_to_the_level_of_training(corpus):
    for clip in load_recordings(corpus):
        assert rms_dbfs(clip) == pytest.approx(20 * np.log10(0.06), abs=0.1)


def test_a_training_goes_on_where_an_earlier_call_was_killed(corpus, tmp_path):
    config = VocoderConfig(steps=1, batch_size=1, segment_frames=34)
    first = train_vocoder(corpus, tmp_path / "work", config, show_progress=False)
    longer = VocoderConfig(steps=2, batch_size=1, segment_frames=34)
    second = train_vocoder(corpus, tmp_path / "work", longer, show_progress=False)
    assert (first.step, second.step) == (1, 2)


def test_a_voice_is_measured_over_all_its_speakers_and_emotions(voice, monkeypatch):
    monkeypatch.setattr(command, "Recognizer", Echo)
    figures = measure(voice, 1)
    assert figures.wer == 1.0
    assert figures.recall in (0.0, 0.5, 1.0)  # two emotions, a sentence each
    assert figures.real_time_factor > 0


@pytest.mark.parametrize(
    ("others", "more", "vocoder"),
    [
        (VocoderFigures(0.2, 0.9, 0.1), ["--keep"], "files"),
        (VocoderFigures(0.2, 0.9, 0.1), [], "griffin_lim"),
        (VocoderFigures(0.9, 0.9, 0.1), ["--keep"], "griffin_lim"),
    ],
    ids=["better, to be kept", "better, only tried", "worse"],
)
def test_a_vocoder_is_kept_where_it_is_better_and_wanted(
    corpus, voice, others, more, vocoder, monkeypatch, capsys
):
    figures = {"griffin_lim": VocoderFigures(0.4, 0.5, 0.03), "files": others}
    monkeypatch.setattr(command, "measure", lambda voice, sentences: figures[voice.vocoder])
    run(corpus, voice, *more)
    kept = load_voice(voice.folder)
    kept.verify()
    assert kept.vocoder == vocoder
    assert (voice.folder / "vocoder.pth").is_file() == (vocoder == "files")
    out = capsys.readouterr().out
    assert "griffin_lim                0.40    0.50             0.030" in out
    assert ("It measures better." in out) == others.is_better_than(figures["griffin_lim"])

"""The shipped voice speaks."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from audio import peak_dbfs, rms_dbfs
from emotion.ml.labels import EMOTIONS
from synthesis.ml.errors import (
    EmptyTextError,
    TextTooLongError,
    UnknownEmotionError,
    UnknownSpeakerError,
    UnspeakableTextError,
    VoiceError,
)
from synthesis.ml.rating.evaluation import Prosody, mean_prosody, measure
from synthesis.ml.speaking.engine import (
    LEVEL_DBFS,
    MAX_PEAK_DBFS,
    EngineShelf,
    SpeechEngine,
)
from synthesis.ml.speaking.prosody import Variation
from synthesis.ml.speaking.voices import load_voice

SHIPPED = settings.VOICES_DIR / "kathleen"
TEXTS = (
    "The baker left the keys by the window on Tuesday.",
    "My neighbour made the tea in the kitchen after lunch.",
    "The city train leaves at a quarter past four.",
)


@pytest.fixture(scope="module")
def engine() -> SpeechEngine:
    return SpeechEngine(load_voice(SHIPPED))


@pytest.fixture(scope="module")
def prosody(engine: SpeechEngine) -> dict[str, Prosody]:
    return {
        emotion: mean_prosody(measure(engine.speak(text, emotion, seed=1)) for text in TEXTS)
        for emotion in EMOTIONS
    }


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_emotion_is_spoken_at_one_level(engine, emotion):
    utterance = engine.speak(TEXTS[0], emotion)
    assert utterance.sampling_rate == 16_000
    assert utterance.waveform.dtype == np.float32
    assert 1.5 < len(utterance.waveform) / 16_000 < 6.0
    assert peak_dbfs(utterance.waveform) <= MAX_PEAK_DBFS + 0.01
    assert rms_dbfs(utterance.waveform) == pytest.approx(LEVEL_DBFS, abs=0.5)


def test_the_same_seed_repeats_an_utterance_exactly(engine):
    first, again = (engine.speak(TEXTS[0], "happy", seed=7).waveform for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_another_engine_speaks_the_same(engine):
    other = SpeechEngine(load_voice(SHIPPED))
    np.testing.assert_array_equal(
        engine.speak(TEXTS[0], "sad", seed=3).waveform,
        other.speak(TEXTS[0], "sad", seed=3).waveform,
    )


def test_another_seed_never_sounds_identical(engine):
    clips = [engine.speak(TEXTS[0], "neutral", seed=seed).waveform for seed in range(6)]
    assert len({clip.tobytes() for clip in clips}) == 6
    assert len({len(clip) for clip in clips}) > 3


def test_threads_do_not_mix_their_seeds(engine):
    def speak(seed: int) -> np.ndarray:
        return engine.speak(TEXTS[2], "angry", seed=seed).waveform

    alone = [speak(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(speak, range(6)))
    for expected, actual in zip(alone, together, strict=True):
        np.testing.assert_array_equal(expected, actual)


def test_pitch_follows_the_variation(engine):
    seeds = sorted(range(40), key=lambda seed: Variation.from_seed(seed).semitones)
    low, high = (
        measure(engine.speak(TEXTS[0], "neutral", seed=seed)).f0_hz
        for seed in (seeds[0], seeds[-1])
    )
    assert low < high


def test_excited_emotions_are_higher_than_neutral(prosody):
    for emotion in ("happy", "surprised", "fearful", "angry"):
        assert prosody[emotion].f0_hz > 1.2 * prosody["neutral"].f0_hz


def test_surprise_is_faster_than_neutral_and_disgust_slower(prosody):
    assert prosody["surprised"].duration_s < prosody["neutral"].duration_s
    assert prosody["disgust"].duration_s > 1.05 * prosody["neutral"].duration_s


def test_anger_has_the_bright_spectrum_of_a_loud_voice(prosody):
    assert prosody["angry"].brightness_db > prosody["neutral"].brightness_db + 3


def test_coquis_appended_silence_is_gone(engine):
    waveform = engine.speak(TEXTS[0], "neutral").waveform
    assert np.abs(waveform[-800:]).max() > 0


def test_an_unknown_emotion_is_refused(engine):
    with pytest.raises(UnknownEmotionError, match="bored"):
        engine.speak("Hello.", "bored")


def test_an_unknown_speaker_is_refused_with_those_there_are(engine):
    with pytest.raises(UnknownSpeakerError, match="'nobody'.*kathleen"):
        engine.speak("Hello.", "neutral", speaker="nobody")


def test_the_usual_speaker_is_the_first(engine):
    usual = engine.voice.usual_speaker
    np.testing.assert_array_equal(
        engine.speak(TEXTS[1], "sad").waveform,
        engine.speak(TEXTS[1], "sad", speaker=usual).waveform,
    )


def test_a_shelf_keeps_the_engines_used_last(tmp_path):
    for name in ("a", "b", "c"):
        shutil.copytree(SHIPPED, tmp_path / name)
    shelf = EngineShelf(lambda name: load_voice(tmp_path / name), capacity=2)
    first = shelf.engine("a")
    shelf.engine("b")
    assert shelf.engine("a") is first
    shelf.engine("c")
    assert shelf.loaded == ("a", "c")
    assert shelf.engine("a") is first


def test_a_shelf_refuses_an_empty_capacity():
    with pytest.raises(ValueError, match="give 1 or more"):
        EngineShelf(load_voice, capacity=0)


def test_a_blank_text_is_refused(engine):
    with pytest.raises(EmptyTextError):
        engine.speak("  ", "neutral")


def test_a_text_without_sound_is_refused(engine):
    with pytest.raises(UnspeakableTextError):
        engine.speak("...", "neutral")


def test_a_text_over_the_limit_is_refused_with_the_limit(engine):
    with pytest.raises(TextTooLongError, match="301 characters: send at most 300"):
        engine.speak("a" * 301, "neutral")
    with pytest.raises(TextTooLongError, match="at most 10"):
        SpeechEngine(engine.voice, max_characters=10).speak("Hello there you.", "neutral")


@pytest.mark.parametrize("text", ["A", "Oh.", "No, no, no.", "x" * 50, "Hello? Hello! " * 8])
def test_short_long_and_odd_texts_are_spoken(engine, text):
    waveform = engine.speak(text, "surprised").waveform
    assert np.isfinite(waveform).all()
    assert len(waveform) > 800


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "copy"))


def test_damaged_weights_are_a_voice_error(folder):
    data = (folder / "model.pth").read_bytes()
    (folder / "model.pth").write_bytes(data[: len(data) // 2])
    with pytest.raises(VoiceError, match="copy the folder anew"):
        SpeechEngine(load_voice(folder)).speak("Hello.", "neutral")


def test_a_damaged_configuration_is_a_voice_error(folder):
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(VoiceError, match="cannot be loaded"):
        SpeechEngine(load_voice(folder)).speak("Hello.", "neutral")


def test_a_manifest_that_names_an_absent_speaker_is_a_voice_error(folder):
    manifest = folder / "voice.toml"
    text = manifest.read_text(encoding="utf-8").replace(
        'sad = "kathleen_sad', 'sad = "kathleen_bored'
    )
    manifest.write_text(text, encoding="utf-8")
    with pytest.raises(VoiceError, match="kathleen_bored"):
        SpeechEngine(load_voice(folder)).speak("Hello.", "neutral")

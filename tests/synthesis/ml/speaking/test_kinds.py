"""A tiny model of every kind is built, saved, loaded by the product's code, and speaks."""

import numpy as np
import pytest

from synthesis.ml.errors import VoiceError
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.voices import KINDS, Voice, load_voice
from tests.synthesis.ml.tiny_models import BUILDERS, TEXT, make


def test_there_is_a_builder_for_every_kind():
    assert tuple(BUILDERS) == KINDS


@pytest.fixture(scope="module", params=KINDS)
def voice(request, tmp_path_factory) -> Voice:
    return make(request.param, tmp_path_factory.mktemp("voices") / request.param)


@pytest.fixture(scope="module")
def engine(voice: Voice) -> SpeechEngine:
    return SpeechEngine(load_voice(voice.folder))


def test_it_speaks(engine):
    utterance = engine.speak(TEXT, "happy")
    assert utterance.sampling_rate == engine.voice.sampling_rate
    assert utterance.waveform.dtype == np.float32
    assert len(utterance.waveform) > 0.05 * utterance.sampling_rate
    assert np.isfinite(utterance.waveform).all()
    assert np.abs(utterance.waveform).max() > 0.01


def test_the_same_seed_repeats_it_and_another_does_not(engine):
    first, again, other = (engine.speak(TEXT, "happy", seed=s).waveform for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert first.tobytes() != other.tobytes()


def test_emotions_sound_different(engine):
    happy, sad = (engine.speak(TEXT, emotion, seed=1).waveform for emotion in ("happy", "sad"))
    assert happy.tobytes() != sad.tobytes()


def test_speaking_leaves_the_callers_random_numbers_alone(engine):
    import torch

    torch.manual_seed(5)
    np.random.seed(5)
    expected = (torch.rand(1).item(), np.random.rand())
    torch.manual_seed(5)
    np.random.seed(5)
    engine.speak(TEXT, "sad")
    assert (torch.rand(1).item(), np.random.rand()) == expected


def test_a_manifest_of_another_kind_is_a_voice_error(voice):
    manifest = voice.folder / "voice.toml"
    original = manifest.read_text(encoding="utf-8")
    wrong = "vits" if voice.kind == "glow_tts" else "glow_tts"
    manifest.write_text(original.replace(f'"{voice.kind}"', f'"{wrong}"'), encoding="utf-8")
    try:
        with pytest.raises(VoiceError):
            SpeechEngine(load_voice(voice.folder)).speak(TEXT, "happy")
    finally:
        manifest.write_text(original, encoding="utf-8")


def test_a_missing_reference_clip_is_a_voice_error(tmp_path):
    voice = make("xtts", tmp_path / "xtts")
    (voice.folder / "sad.wav").unlink()
    with pytest.raises(VoiceError, match=r"sad\.wav"):
        SpeechEngine(voice).speak(TEXT, "happy")

from dataclasses import dataclass

import numpy as np
import pytest

from emotion.models import Emotion
from synthesis import services
from synthesis.models import Rendition, Voice


@dataclass(frozen=True)
class Sound:
    """An utterance of noise: what the pools store is any waveform with its rate."""

    waveform: np.ndarray
    sampling_rate: int = 16_000


def sound(seed: int, seconds: float = 1.0) -> Sound:
    noise = np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds))
    return Sound(noise.astype("f4"))


SPEAKERS = ("ann", "ben")


@pytest.fixture
def voice(db) -> Voice:
    """A voice of two speakers, each in seven emotions, that the play pool consists of."""
    voice = Voice.objects.create(name="noise", sha256="0" * 64, language="en", licence="CC0")
    for speaker in SPEAKERS:
        for emotion in Emotion.values:
            Rendition.objects.create(voice=voice, speaker=speaker, emotion=emotion)
    return voice


@pytest.fixture(autouse=True)
def pooled_voices(settings) -> None:
    settings.PLAY_VOICES = ["noise", "kathleen"]


@pytest.fixture
def add_play_clip(voice):
    seeds = iter(range(1_000_000))

    def add(emotion: str = "happy", speaker: str = "ann"):
        seed = next(seeds)
        return services.add_play_clip(
            utterance=sound(seed),
            voice=voice,
            emotion=emotion,
            text="Words.",
            seed=seed,
            speaker=speaker,
        )

    return add

from collections.abc import Callable

import numpy as np
import pytest

from emotion.ml.predictor import EmotionPredictor

RATE = 16_000


def speech_like(seconds: float, hz: float = 160.0, seed: int = 0) -> np.ndarray:
    """A buzz with syllables and moving pitch in a little noise, float32 (samples,)."""
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = hz * (1 + 0.15 * np.sin(2 * np.pi * 1.3 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 15))
    syllables = 0.08 * (1.1 + np.sin(2 * np.pi * 4 * time))
    noise = np.random.default_rng(seed).standard_normal(time.size) * 0.002
    return (syllables * buzz + noise).astype(np.float32)


@pytest.fixture(scope="session")
def voice() -> Callable[..., np.ndarray]:
    """Makes a waveform that the front end takes for speech."""
    return speech_like


@pytest.fixture(scope="session")
def predictor() -> EmotionPredictor:
    """The shipped weights."""
    return EmotionPredictor.load()

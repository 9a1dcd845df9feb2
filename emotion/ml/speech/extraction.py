"""From a waveform to all that the default model looks at."""

from typing import NamedTuple

from emotion.ml.speech.features import (
    FeatureConfig,
    FloatArray,
    log_mel,
    power_spectrogram,
    prepare,
)
from emotion.ml.speech.functionals import functionals


class Features(NamedTuple):
    """The two inputs of the default model for one clip."""

    log_mel: FloatArray
    """In dB, shape (frames, n_mels)."""
    functionals: FloatArray
    """Shape (features,)."""


def extract(waveform: FloatArray, config: FeatureConfig) -> Features:
    """Prepare a clip and compute both inputs of the default model.

    Args:
        waveform: Mono signal in [-1, 1], shape (samples,), at `config.sampling_rate`.
        config: The front end.

    Raises:
        EmotionError: If the clip is invalid, too short or silent.
    """
    return describe(prepare(waveform, config), config)


def describe(speech: FloatArray, config: FeatureConfig) -> Features:
    """Compute both inputs of the default model for a prepared clip, shape (samples,)."""
    power = power_spectrogram(speech, config)
    mel = log_mel(power, config)
    return Features(mel, functionals(speech, power, mel, config))

"""What can go wrong between a waveform and its emotion."""


class EmotionError(Exception):
    """Base of every error of this package; the message says what was received and what to do."""


class TooShortError(EmotionError):
    """The waveform is shorter than 0.1 s."""


class SilentError(EmotionError):
    """The waveform holds no sound that could be judged."""


class InvalidWaveformError(EmotionError):
    """The waveform is not one finite channel, or not at 16 000 Hz."""


class ModelError(EmotionError):
    """A folder of weights is missing, damaged or made by another version."""


class CorpusError(EmotionError):
    """A corpus is missing or is not laid out as its publishers lay it out."""


class TrainingError(EmotionError):
    """A training run cannot start or go on as it was asked to."""

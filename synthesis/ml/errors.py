"""What can go wrong when a voice is loaded or speaks."""


class SynthesisError(Exception):
    """Base of every refusal of this package; the message says what to do."""


class UnknownEmotionError(SynthesisError):
    """The voice has no speaker for the requested emotion."""


class UnknownVoiceError(SynthesisError):
    """There is no voice of that name."""


class UnknownSpeakerError(SynthesisError):
    """The voice has no such speaker."""


class EmptyTextError(SynthesisError):
    """There is no text to speak."""


class TextTooLongError(SynthesisError):
    """The text is longer than the limit."""


class UnspeakableTextError(SynthesisError):
    """The text has no sound in the voice's language."""


class NoTextsError(SynthesisError):
    """There are no sentences in the language."""


class VoiceError(SynthesisError):
    """A voice folder is missing, incomplete or contradictory."""


class InstallError(SynthesisError):
    """A voice cannot be installed."""


class CorpusError(SynthesisError):
    """A corpus on disk does not hold what training needs."""

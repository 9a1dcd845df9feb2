"""The errors of this package; `code` is stable and safe to show to API clients."""


class AudioError(Exception):
    """Audio that cannot be used; the message says what was received and what is allowed."""

    code = "audio_error"


class TooLargeError(AudioError):
    """More bytes than the limit."""

    code = "audio_too_large"


class TooLongError(AudioError):
    """Decodes to more seconds than the limit."""

    code = "audio_too_long"


class UndecodableError(AudioError):
    """Not a media file, or one that is damaged beyond decoding."""

    code = "audio_undecodable"


class NoAudioError(AudioError):
    """A media file without an audio stream."""

    code = "audio_missing"


class EmptyAudioError(AudioError):
    """No bytes, or a stream that decodes to no sample."""

    code = "audio_empty"


class NonFiniteError(AudioError):
    """Samples that are infinite or not a number."""

    code = "audio_not_finite"

"""How the API and the pages answer the errors of this app."""

from emotion.inference import BusyError
from emotion.ml.errors import EmotionError, ModelError, SilentError, TooShortError
from emotion.recordings import TooManyReferencesError
from web.problems import Rule, register


class FileMissingError(Exception):
    """The request carries no file where one belongs."""


RULES: dict[type[Exception], Rule] = {
    FileMissingError: Rule(400, "file_missing"),
    TooManyReferencesError: Rule(400, "too_many_references"),
    SilentError: Rule(422, "reference_silent"),
    TooShortError: Rule(422, "speech_too_short"),
    # Its own message names files of the server.
    ModelError: Rule(
        503,
        "model_unavailable",
        "No emotion model is loaded on this server: tell whoever runs it",
    ),
    EmotionError: Rule(422, "speech_unusable"),
    BusyError: Rule(503, "server_busy"),
}
register(RULES)

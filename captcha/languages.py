"""The languages of the widget and its demo page, and which of them a visitor gets.

All other pages are in English, so these are no `LANGUAGES` of the whole installation.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_noop
from django.utils.translation.trans_real import parse_accept_lang_header

from emotion.ml.labels import EMOTIONS

DEFAULT = "en"
# The names that the answers carry; listed here to be collected for translation.
_NAMES = {
    "angry": gettext_noop("Angry"),
    "disgust": gettext_noop("Disgusted"),
    "fearful": gettext_noop("Fearful"),
    "happy": gettext_noop("Happy"),
    "neutral": gettext_noop("Neutral"),
    "sad": gettext_noop("Sad"),
    "surprised": gettext_noop("Surprised"),
}
EMOTION_NAMES = [(emotion, _NAMES[emotion]) for emotion in EMOTIONS]

View = Callable[..., HttpResponse]


def language_names() -> list[tuple[str, str]]:
    """Return the languages with their own names, which every visitor can find."""
    return [
        (code, translation.get_language_info(code)["name_local"])
        for code in settings.CAPTCHA_LANGUAGES
    ]


def supported(wish: str) -> str:
    """Return the language that serves a wish such as de-AT or pt_BR, "" if none does."""
    parts = wish.lower().replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        code = "-".join(parts[:length])
        if code in settings.CAPTCHA_LANGUAGES:
            return code
    return ""


def language_of(request: HttpRequest) -> str:
    """Choose a visitor's language: the page's wish (`hl`), else the browser's, else English."""
    wish = supported(request.GET.get("hl", "")[:35])  # the longest registered tag has 35 characters
    if wish:
        return wish
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    return next((code for tag, _ in accepted if (code := supported(tag))), DEFAULT)


def keep_to(languages: Sequence[str]) -> None:
    """Switch to the first of these, unless the visitor's language is among them."""
    if translation.get_language() not in languages:
        translation.activate(languages[0])


def in_visitors_language(view: View) -> View:
    """Let a view that renders at once speak the visitor's language."""

    @wraps(view)
    def spoken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            response = view(request, *args, **kwargs)
            # A site may have switched to one of its own.
            response["Content-Language"] = translation.get_language() or language
        patch_vary_headers(response, ["Accept-Language"])
        return response

    return spoken

import logging
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from audio import AudioError
from captcha import services
from captcha.audio_items import render_item
from captcha.keys import derive
from captcha.models import ChallengeItem
from web.problems import Problem

logger = logging.getLogger(__name__)

GONE = Problem(
    HTTPStatus.NOT_FOUND,
    "audio_gone",
    "This address is unknown, used up, or its clip is not the one to answer now",
)
UNREADABLE = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "audio_unavailable", "The clip cannot be read")


@never_cache
@require_GET
def audio(request: HttpRequest, audio_token: str) -> HttpResponse:
    """Send the sound of the clip that a visitor is at; the address works a few times only."""
    item = services.take_audio(audio_token=audio_token)
    if item is None:
        return GONE.as_json()
    try:
        sound = _rendered(item)
    except (AudioError, OSError):
        logger.exception("The clip of %s cannot be read", item)
        return UNREADABLE.as_json()
    response = HttpResponse(sound, content_type="audio/wav")
    response["Content-Length"] = len(sound)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _rendered(item: ChallengeItem) -> bytes:
    with item.open_audio() as file:
        return render_item(file.read(), seed=derive("variation", item.challenge_id, item.position))

import logging
import secrets
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from emotion.ml.speech.predictor import EmotionPredictor
from labeling import services as labeling_services
from synthesis import services, voice_folders
from synthesis.ml.errors import SynthesisError
from synthesis.models import Refusal

if TYPE_CHECKING:
    from synthesis.ml.speaking.engine import EngineShelf

logger = logging.getLogger(__name__)

REQUESTS_EXPIRE_S = 300  # by then beat's task has spoken them

# Storage and database may be away for a while; what a task has done until then stays done.
RETRIES = {
    "autoretry_for": (Exception,),
    "retry_backoff": 5,
    "retry_backoff_max": 300,
    "max_retries": 5,
}


@shared_task(**RETRIES)
def fill_pools() -> None:
    """Speak what the pools lack, for at most `POOL_BATCH_S`, so that other tasks get through.

    Beat sends the next one soon after; a task that sent itself again would multiply with those.
    """
    _register_voices()
    deadline = time.monotonic() + settings.POOL_BATCH_S
    made = 0
    while time.monotonic() < deadline:
        # Whoever asked for a sentence waits for it. In turns, lest many of them empty the pool.
        spoken = services.speak_next(engine_of=_shelf().engine)
        need = services.next_need()
        if need is not None:
            made += _satisfy(need)
        elif spoken is None:
            break
    if made:
        logger.info("Pools: %d new clips", made)


def _register_voices() -> None:
    """Get to know new voices and new versions; a broken folder keeps no other voice away."""
    for name in voice_folders.names_in_use():
        try:
            services.register_voice(folder=voice_folders.find_voice(name))
        except SynthesisError as error:
            logger.warning("The voice %s is left out: %s", name, error)


def _satisfy(need: services.Need) -> bool:
    """Speak one clip; a voice that fails has to wait like one whose clip the gate refused."""
    try:
        clip = services.satisfy(
            need=need,
            engine=_shelf().engine(need.voice.name),
            judge=_judge(),
            seed=secrets.randbits(32),
        )
    except SynthesisError as error:
        services.count_refusal(need=need, reason=Refusal.Reason.UNSPEAKABLE)
        logger.warning("%s cannot speak: %s", need.voice, error)
        return False
    return clip is not None


@shared_task(**RETRIES)
def speak_requests() -> None:
    """Speak what was asked for, for at most `POOL_BATCH_S`; beat's task goes on with the rest."""
    deadline = time.monotonic() + settings.POOL_BATCH_S
    while time.monotonic() < deadline and services.speak_next(engine_of=_shelf().engine):
        pass


def wake_worker() -> None:
    """Let the worker speak what waits; without a broker, beat's next task does."""
    try:
        speak_requests.apply_async(expires=REQUESTS_EXPIRE_S, retry=False)
    except (OperationalError, OSError):
        logger.exception("The worker cannot be reached")


@shared_task(**RETRIES)
def tidy_pools() -> None:
    """Delete what retired clips, old requests and killed writers left behind."""
    removed = services.remove_orphaned_audio() + labeling_services.remove_orphaned_audio()
    deleted = services.delete_over()
    services.delete_old_speech()
    if removed or deleted:
        logger.info("Pools: %d orphaned files and %d retired clips deleted", removed, deleted)


@lru_cache(maxsize=1)
def _shelf() -> "EngineShelf":
    # Not at the top: web processes send these tasks, and never speak.
    from synthesis.ml.speaking.engine import EngineShelf

    return EngineShelf(voice_folders.find_voice, max_characters=settings.SPEECH_MAX_CHARACTERS)


@lru_cache(maxsize=1)
def _judge() -> EmotionPredictor:
    return EmotionPredictor.load()

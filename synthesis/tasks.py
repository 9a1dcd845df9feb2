import logging
import random
import secrets
import time
from functools import lru_cache

from celery import shared_task
from django.conf import settings

from emotion.ml.predictor import EmotionPredictor
from labeling import services as labeling_services
from synthesis import services
from synthesis.ml.engine import SpeechEngine
from synthesis.ml.texts import random_sentence
from synthesis.ml.voices import load_voice
from synthesis.models import Voice

logger = logging.getLogger(__name__)


@shared_task
def fill_pools() -> None:
    """Speak what the pools lack, for at most `POOL_BATCH_S`, so that other tasks get through.

    Beat sends the next one soon after; a task that sent itself again would multiply with those.
    """
    deadline = time.monotonic() + settings.POOL_BATCH_S
    made = 0
    while need := services.next_need():
        if time.monotonic() > deadline:
            break
        seed = secrets.randbits(32)
        text = random_sentence(random.Random(seed))
        clip = services.satisfy(
            need=need, engine=_engine(), judge=_judge(), voice=_voice(), text=text, seed=seed
        )
        made += clip is not None
    if made:
        logger.info("Pools: %d new clips", made)


@shared_task
def tidy_pools() -> None:
    """Delete what retired clips and killed writers left behind."""
    removed = services.remove_orphaned_audio() + labeling_services.remove_orphaned_audio()
    deleted = services.delete_retired()
    if removed or deleted:
        logger.info("Pools: %d orphaned files and %d retired clips deleted", removed, deleted)


@lru_cache(maxsize=1)
def _engine() -> SpeechEngine:
    return SpeechEngine(
        load_voice(settings.VOICES_DIR / settings.DEFAULT_VOICE),
        max_characters=settings.SPEECH_MAX_CHARACTERS,
    )


@lru_cache(maxsize=1)
def _judge() -> EmotionPredictor:
    return EmotionPredictor.load()


def _voice() -> Voice:
    return services.register_voice(folder=_engine().voice)

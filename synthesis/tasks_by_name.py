"""Tasks as web processes send them: by name, since what they import would speak."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

EXPIRES_S = 300


def speak_requests() -> None:
    """Wake the worker up; without a broker, beat's next task speaks what waits."""
    try:
        current_app.send_task("synthesis.tasks.speak_requests", expires=EXPIRES_S, retry=False)
    except (OperationalError, OSError):
        logger.exception("The worker cannot be reached")

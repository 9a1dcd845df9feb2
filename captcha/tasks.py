import logging

from celery import shared_task

from captcha import services

logger = logging.getLogger(__name__)


@shared_task
def purge_expired() -> None:
    """Delete what the CAPTCHA need not remember any longer."""
    expired, deleted = services.purge_expired()
    if expired or deleted:
        logger.info("Challenges: %d expired, %d deleted after retention", expired, deleted)

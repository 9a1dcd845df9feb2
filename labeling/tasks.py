from celery import shared_task

from labeling import services


@shared_task
def move_promoted_audio() -> None:
    """Let the files follow the promotions."""
    services.move_promoted_audio()

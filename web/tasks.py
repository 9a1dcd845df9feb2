from celery import shared_task

from web import services


@shared_task
def beat_heart() -> None:
    """Tell the database that a worker is alive."""
    services.record_heartbeat()

import os

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("inflect")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Beat waits a whole interval before it first sends a task; a fresh installation should not.
FIRST_TASKS = [
    "web.tasks.beat_heart",
    "synthesis.tasks.tidy_pools",
    "synthesis.tasks.fill_pools",
]


@worker_ready.connect
def start_at_once(**_: object) -> None:
    """Send the first tasks once a worker listens."""
    for name in FIRST_TASKS:
        app.send_task(name, expires=60)

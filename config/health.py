"""Whether this installation can do its work."""

import logging
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from emotion import inference
from emotion.ml.errors import EmotionError
from web.models import WorkerHeartbeat

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """`worker_seen_at` is None when no worker was ever heard of or nobody can tell."""

    database_answers: bool
    model: dict[str, str] | None
    worker_seen_at: datetime | None

    @property
    def worker_is_alive(self) -> bool:
        oldest = timezone.now() - timedelta(seconds=settings.WORKER_STALE_AFTER_S)
        return self.worker_seen_at is not None and self.worker_seen_at >= oldest

    @property
    def can_serve(self) -> bool:
        return self.database_answers and self.model is not None

    @property
    def status(self) -> str:
        if not self.can_serve:
            return "unavailable"
        return "ok" if self.worker_is_alive else "degraded"


def check_health() -> Health:
    """Ask the database and the model; the worker's state comes from its heartbeat."""
    database_answers, worker_seen_at = _ask_database()
    return Health(database_answers, _loaded_model(), worker_seen_at)


def _ask_database() -> tuple[bool, datetime | None]:
    try:
        newest = WorkerHeartbeat.objects.order_by("-seen_at").first()
    except DatabaseError:
        logger.exception("The database does not answer")
        return False, None
    return True, newest.seen_at if newest else None


def _loaded_model() -> dict[str, str] | None:
    try:
        model = inference.predictor()
    except (EmotionError, OSError):
        logger.exception("The emotion model cannot be loaded")
        return None
    return {"name": model.name, "version": model.version}


@cache
def installed_version() -> str:
    """The version of this installation, as `pyproject.toml` says."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])

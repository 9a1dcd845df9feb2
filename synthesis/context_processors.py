from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from synthesis.progress import pool_progress


def play_pool(request: HttpRequest) -> dict[str, object]:
    """Give templates `play_pool`, which is counted only where one looks at it."""
    return {"play_pool": SimpleLazyObject(pool_progress)}

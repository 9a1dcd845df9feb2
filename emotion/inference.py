"""Inference for web processes: one predictor a process, and bounded pools of threads.

Each pool takes `INFERENCE_THREADS` calls at once and lets a fixed number more wait; the next one is
refused at once, so that a crowd gets a clear answer instead of an ever longer wait.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from django.conf import settings

from emotion.ml.speech.predictor import EmotionPredictor

Result = TypeVar("Result")


class BusyError(Exception):
    """Every thread works and the queue is full."""

    wait_s = 1


class BoundedPool:
    """Threads with a queue that has an end; usable from threads and from the event loop."""

    def __init__(self, name: str, *, threads: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(threads + queue)

    def submit(self, function: Callable[..., Result], *arguments: object) -> "Future[Result]":
        """Start or queue a call.

        Raises:
            BusyError: If the queue is full.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("All inference threads are busy: try again in a moment")
        try:
            future = self._executor.submit(function, *arguments)
        except RuntimeError:  # the interpreter is shutting down
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        return future

    def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call in a thread of the pool and wait; for synchronous views.

        Raises:
            BusyError: If the queue is full.
        """
        return self.submit(function, *arguments).result()

    async def run_async(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call in a thread of the pool without holding up the event loop.

        Raises:
            BusyError: If the queue is full.
        """
        return await asyncio.wrap_future(self.submit(function, *arguments))


_once = threading.RLock()


def predictor() -> EmotionPredictor:
    """The shipped model, loaded at the first call of the process."""
    with _once:
        return _load_predictor()


def upload_pool() -> BoundedPool:
    """For whole recordings, which may take seconds."""
    with _once:
        return _pool("uploads", settings.INFERENCE_QUEUE)


def live_pool() -> BoundedPool:
    """For live sessions, which a long recording must not hold up.

    A session has one call at a time in it, so there is a place for each that may be open, and they
    take turns.
    """
    with _once:
        return _pool("live", settings.LIVE_MAX_SESSIONS)


@cache
def _load_predictor() -> EmotionPredictor:
    return EmotionPredictor.load()


@cache
def _pool(name: str, queue: int) -> BoundedPool:
    return BoundedPool(name, threads=settings.INFERENCE_THREADS, queue=queue)

"""Django under ASGI with threads and database connections that outlive a request.

Django's own handler makes a thread for each request, and hops between it and the event loop for
each middleware that is not asynchronous. All views here are synchronous: the whole of a request
runs in one thread of a pool, which keeps its database connection.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Threads for what surrounds a response; each serves many requests in turn.
ATTENDANTS = 4


class PooledHandler(ASGIHandler):
    """An ASGI application over `WEB_THREADS` threads; requests beyond wait for one, in order."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._idle: asyncio.LifoQueue[ThreadPoolExecutor] | None = None
        self._attendants = cycle(ThreadPoolExecutor(max_workers=1) for _ in range(ATTENDANTS))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # What is done before and after the response, such as reading a file that is sent.
        async with ThreadSensitiveContext(executor=next(self._attendants)):
            await self.handle(scope, receive, send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Wait for a thread only now: a client that sends its body slowly occupies none."""
        idle = self._threads()
        thread = await idle.get()
        try:
            async with ThreadSensitiveContext(executor=thread):
                return await sync_to_async(self._respond, thread_sensitive=True)(request)
        finally:
            idle.put_nowait(thread)

    def _respond(self, request: HttpRequest) -> HttpResponseBase:
        # Django's own call of this, at the start of a request, is in another thread.
        close_old_connections()
        return self.get_response(request)

    def _threads(self) -> "asyncio.LifoQueue[ThreadPoolExecutor]":
        """Made at the first request, within the event loop that serves; last in, first out, so that
        few threads with warm connections do the work of quiet hours."""
        if self._idle is None:
            self._idle = asyncio.LifoQueue()
            for _ in range(settings.WEB_THREADS):
                self._idle.put_nowait(ThreadPoolExecutor(max_workers=1))
        return self._idle

"""A bound on request bodies that acts while they arrive.

Django under ASGI writes a whole body to a temporary file before it looks at the request, however
large; an upload limit in a view comes too late for the disk.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from audio import TooLargeError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class _TooLarge(Exception):
    """The body is over the limit."""


class BodyLimit:
    """ASGI middleware that answers 413 as soon as a body is over `max_bytes`."""

    def __init__(self, application: Application, *, max_bytes: int) -> None:
        self._application = application
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        if _declared_bytes(scope) > self._max_bytes:
            return await self._refuse(scope, send)
        try:
            await self._application(scope, self._bounded(receive), send)
        except _TooLarge:  # Django reads the body before it answers, so nothing was sent yet
            await self._refuse(scope, send)

    def _bounded(self, receive: Receive) -> Receive:
        received = 0

        async def bounded_receive() -> MutableMapping[str, Any]:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise _TooLarge
            return message

        return bounded_receive

    async def _refuse(self, scope: Scope, send: Send) -> None:
        # Not at the top: it loads Django REST framework, which a start can do without.
        from web.problems import Problem

        message = f"The request is over {self._max_bytes} bytes: send a smaller file"
        problem = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TooLargeError.code, message)
        is_page = b"text/html" in _header(scope, b"accept")
        body = message if is_page else json.dumps(problem.body())
        headers = [
            (b"content-type", b"text/plain; charset=utf-8" if is_page else b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})


def _declared_bytes(scope: Scope) -> int:
    declared = _header(scope, b"content-length")
    return int(declared) if declared.isdigit() else 0


def _header(scope: Scope, name: bytes) -> bytes:
    return dict(scope["headers"]).get(name, b"")

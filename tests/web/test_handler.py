"""The ASGI handler: few threads, kept busy by responses alone."""

import asyncio
import threading

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

from web.handler import PooledHandler

names: list[str] = []


def view(request: HttpRequest) -> HttpResponse:
    names.append(threading.current_thread().name)
    return HttpResponse(request.body)


urlpatterns = [path("", view)]


@pytest.fixture
def handler(settings) -> PooledHandler:
    settings.ROOT_URLCONF = __name__
    settings.WEB_THREADS = 2
    settings.MIDDLEWARE = []
    names.clear()
    return PooledHandler()


async def call(handler: PooledHandler, *parts: bytes, wait: asyncio.Event | None = None) -> bytes:
    """Send a body in parts, the last of them after the event, and return the answer's."""
    sent, left = [], list(parts) or [b""]

    async def receive() -> dict:
        if not left:
            await asyncio.sleep(60)
        if len(left) == 1 and wait is not None:
            await wait.wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: dict) -> None:
        sent.append(message.get("body", b""))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await handler(scope, receive, send)
    return b"".join(sent)


async def test_requests_share_few_threads(handler):
    bodies = [str(number).encode() for number in range(20)]
    assert await asyncio.gather(*(call(handler, body) for body in bodies)) == bodies
    assert 1 <= len(set(names)) <= 2


async def test_a_quiet_server_uses_one_thread(handler):
    for _ in range(5):
        await call(handler, b"x")
    assert len(set(names)) == 1


async def test_slow_clients_occupy_no_thread(handler):
    wait = asyncio.Event()
    slow = [asyncio.create_task(call(handler, b"a", b"b", wait=wait)) for _ in range(5)]
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(call(handler, b"quick"), 5) == b"quick"
    wait.set()
    assert await asyncio.gather(*slow) == [b"ab"] * 5

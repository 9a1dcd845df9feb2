import json
from collections.abc import Iterable

import pytest

from web.body_limit import BodyLimit

LIMIT = 100


async def echo(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def answer(chunks: list[bytes], headers: Iterable[tuple[bytes, bytes]] = ()):
    """Return status, body and how many chunks were read."""
    left, sent = list(chunks), []

    async def receive():
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "headers": list(headers)}
    await BodyLimit(echo, max_bytes=LIMIT)(scope, receive, send)
    return sent[0]["status"], sent[1]["body"], len(chunks) - len(left)


async def test_a_body_within_the_limit_passes_unchanged():
    assert await answer([b"a" * 60, b"b" * 40]) == (200, b"a" * 60 + b"b" * 40, 2)


async def test_a_body_that_is_declared_too_large_is_not_read():
    status, body, read = await answer([b"a" * 101], [(b"content-length", b"101")])

    assert (status, read) == (413, 0)
    assert json.loads(body)["error"]["code"] == "audio_too_large"


async def test_reading_ends_where_the_limit_is():
    status, _, read = await answer([b"a" * 60] * 50)

    assert (status, read) == (413, 2)


async def test_a_browser_gets_words_instead_of_json():
    _, body, _ = await answer([b"a" * 101], [(b"accept", b"text/html,*/*")])

    assert body.decode().startswith("The request is over")


@pytest.mark.parametrize("declared", [b"-5", b"many", b""])
async def test_a_nonsensical_length_does_not_open_the_gate(declared):
    status, _, _ = await answer([b"a" * 60] * 3, [(b"content-length", declared)])

    assert status == 413


async def test_websockets_pass():
    seen = []

    async def application(scope, receive, send):
        seen.append(scope["type"])

    await BodyLimit(application, max_bytes=LIMIT)({"type": "websocket"}, None, None)

    assert seen == ["websocket"]

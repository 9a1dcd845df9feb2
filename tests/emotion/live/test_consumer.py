"""The websocket /ws/live; no test needs the database."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asgiref.testing import ApplicationCommunicator

from config.asgi import application
from emotion.live.consumer import LiveConsumer, open_sessions
from emotion.ml.labels import EMOTIONS

SECOND = 32_000
BLOCK = SECOND // 10


class Client(ApplicationCommunicator):
    """The other end of a websocket, as ASGI describes it."""

    def __init__(self, application=None, headers=()) -> None:
        scope = {"type": "websocket", "path": "/ws/live", "headers": list(headers)}
        super().__init__(application or LiveConsumer.as_asgi(), scope)

    async def connect(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        return (await self.receive_output(timeout=10))["type"] == "websocket.accept"

    async def disconnect(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1005})
        await self.wait(timeout=10)

    async def say(self, message: dict | str) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self.send_input({"type": "websocket.receive", "text": text})

    async def play(self, frame: bytes) -> None:
        await self.send_input({"type": "websocket.receive", "bytes": frame})

    async def next(self) -> dict:
        return json.loads((await self.receive_output(timeout=10))["text"])

    async def until(self, message_type: str) -> list[dict]:
        """Return the messages up to and including the first of a type."""
        messages = [await self.next()]
        while messages[-1]["type"] != message_type:
            messages.append(await self.next())
        return messages

    async def close_code(self) -> int:
        return (await self.receive_output(timeout=10))["code"]


@asynccontextmanager
async def connection() -> AsyncIterator[Client]:
    client = Client()
    assert await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()
        assert open_sessions.total() == 0


async def test_a_session_tells_what_it_takes():
    async with connection() as client:
        created = await client.next()

    assert created["type"] == "session.created"
    assert created["audio"] == {"encoding": "s16le", "sample_rate": 16_000, "channels": 1}
    assert created["measurement_timer_ms"] == 250
    assert created["emotions"] == list(EMOTIONS)
    assert created["model"].keys() == {"name", "version"}
    assert created["limits"]["max_message_bytes"] == 1024 * 1024


async def test_speech_in_real_time_gets_scores_while_it_goes_on(pcm):
    async with connection() as client:
        await client.next()
        for start in range(0, 3 * SECOND, BLOCK):
            await client.play(pcm[start : start + BLOCK])
            await asyncio.sleep(0.1)
        await client.say({"type": "session.close"})
        messages = await client.until("session.closed")
        assert await client.close_code() == 1000

    kinds = [message["type"] for message in messages]
    assert kinds[0] == "utterance.start"
    assert kinds[-2:] == ["utterance.end", "session.closed"]
    results = [message for message in messages if message["type"] == "measurement.result"]
    assert len(results) >= 5
    assert results[-1]["trigger"] == "speech_ended"
    assert all(tuple(result["scores"]) == EMOTIONS for result in results)
    closed = messages[-1]
    assert closed["reason"] == "client_request"
    assert closed["received"] == {"audio_duration_ms": 3000, "frames": 30}
    assert closed["produced"] == {"utterances": 1, "measurements": len(results)}


async def test_closing_measures_what_was_sent_before(pcm):
    async with connection() as client:
        await client.next()
        await client.play(pcm[: 2 * SECOND])
        await client.say({"type": "session.close"})
        kinds = [message["type"] for message in await client.until("session.closed")]

    assert "measurement.result" in kinds


@pytest.mark.parametrize("frame", [b"", b"x", bytes(BLOCK + 1), bytes(10 * SECOND + 2)])
async def test_a_bad_frame_is_told_and_the_session_goes_on(frame, pcm):
    async with connection() as client:
        await client.next()
        await client.play(frame)
        error = await client.next()
        await client.play(pcm[: 2 * SECOND])
        following = await client.until("utterance.start")

    assert (error["type"], error["code"]) == ("error", "invalid_audio_frame")
    assert error["retryable"] is True
    assert following


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "",
        "{",
        "[]",
        "null",
        '"session.close"',
        '{"type": "session.open"}',
        '{"type": ["session.close"]}',
        "[" * 4000,
        "x" * 10_000,
        json.dumps({"type": "session.close", "padding": "x" * 5000}),
    ],
)
async def test_text_that_means_nothing_is_told_and_the_session_goes_on(text):
    async with connection() as client:
        await client.next()
        await client.say(text)
        error = await client.next()
        await client.say({"type": "session.close"})
        closed = await client.next()

    assert (error["code"], error["retryable"]) == ("message_invalid", True)
    assert closed["reason"] == "client_request"


async def test_audio_faster_than_real_time_is_not_measured(pcm):
    async with connection() as client:
        await client.next()
        await client.play(bytes(2 * SECOND))
        await client.play(pcm)
        error = await client.next()
        await client.say({"type": "session.close"})
        closed = await client.next()

    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert closed["received"] == {"audio_duration_ms": 2000, "frames": 1}


async def test_an_enormous_message_ends_the_session():
    async with connection() as client:
        await client.next()
        await client.play(bytes(1024 * 1024 + 2))
        error, closed = await client.next(), await client.next()
        assert await client.close_code() == 1009

    assert (error["code"], error["retryable"]) == ("message_too_large", False)
    assert closed["reason"] == "error"


async def test_a_client_that_falls_silent_is_dropped(settings):
    settings.LIVE_IDLE_TIMEOUT_S = 0.2
    async with connection() as client:
        closed = (await client.until("session.closed"))[-1]
        assert await client.close_code() == 1000

    assert closed["reason"] == "idle_timeout"


async def test_a_session_ends_after_its_longest_time(settings):
    settings.LIVE_MAX_DURATION_S = 0.5
    async with connection() as client:
        await client.next()
        for _ in range(3):
            await client.play(bytes(BLOCK))
            await asyncio.sleep(0.1)
        closed = (await client.until("session.closed"))[-1]

    assert closed["reason"] == "max_duration"
    assert closed["received"]["frames"] == 3


async def test_one_session_too_many_is_sent_away(settings):
    settings.LIVE_MAX_SESSIONS = 1
    async with connection() as first:
        await first.next()
        second = Client()
        await second.connect()
        error, closed = await second.next(), await second.next()
        assert await second.close_code() == 1013
        await second.disconnect()
        assert open_sessions.total() == 1

    assert (error["code"], error["retryable"]) == ("too_many_sessions", True)
    assert closed["produced"] == {"utterances": 0, "measurements": 0}


async def test_one_caller_cannot_take_all_sessions(settings):
    settings.LIVE_MAX_SESSIONS, settings.LIVE_MAX_SESSIONS_PER_ADDRESS = 10, 1
    async with connection() as first:
        await first.next()
        second = Client()
        await second.connect()
        error = await second.next()
        await second.disconnect()

    assert error["code"] == "too_many_sessions"


async def test_a_busy_server_says_so(all_threads_busy):
    async with connection() as client:
        error = await client.next()
        await client.next()
        assert await client.close_code() == 1013

    assert (error["code"], error["retryable"]) == ("server_busy", True)


async def test_a_page_of_another_site_cannot_connect():
    headers = [(b"origin", b"https://elsewhere.example"), (b"host", b"localhost")]
    client = Client(application, headers)

    assert not await client.connect()


async def test_our_own_page_can_connect():
    headers = [(b"origin", b"http://localhost:8000"), (b"host", b"localhost:8000")]
    client = Client(application, headers)

    assert await client.connect()
    await client.disconnect()

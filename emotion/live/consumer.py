"""The websocket of live sessions; the protocol is described in docs/api.md."""

import asyncio
import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from audio.voice_activity import SAMPLING_RATE_HZ
from emotion import inference
from emotion.live.frames import MAX_FRAME_S, MAX_MESSAGE_BYTES, FrameError, FrameGate
from emotion.ml.errors import EmotionError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.streaming import Event, LiveConfig, LiveSession
from web.addresses import address_of_connection, network_of

logger = logging.getLogger(__name__)

# Longest wait for a client that does not read, and for one step of a session in the pool.
SEND_TIMEOUT_S = 5.0
LAG_TIMEOUT_S = 10.0
MAX_TEXT_CHARACTERS = 4096

# Of RFC 6455, section 7.4.1, and of the IANA registry.
NORMAL, TOO_BIG, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1009, 1011, 1013


# Of this process, by caller. Only the event loop's thread touches it.
open_sessions: Counter[str] = Counter()


class LiveConsumer(AsyncWebsocketConsumer):
    """One live session. Frames are only collected here; `_measure_loop` works them off.

    At most one call of a session is in the inference pool. What arrives meanwhile is taken together
    by the next call, so a slow server skips measurements and never queues them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._id = uuid.uuid4().hex
        self._is_counted = self._is_finishing = self._is_closed = False
        self._started_at = self._heard_at = time.monotonic()
        self._gate = FrameGate(now_s=self._started_at)
        self._pending = bytearray()
        self._arrived = asyncio.Event()
        self._session: LiveSession | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # also when the connection breaks while something is being sent
            if self._is_counted:
                _leave(self._network)
            for task in self._tasks:
                task.cancel()
            # The detector's megabytes must not wait for the collector of reference cycles.
            self._session = None
            self._tasks.clear()

    async def connect(self) -> None:
        await self.accept()
        self._network = network_of(address_of_connection(self.scope))
        if not _enter(self._network):
            message = "All live sessions are taken: end another one, or try again in a minute"
            return await self._fail("too_many_sessions", message, TRY_AGAIN_LATER, retryable=True)
        self._is_counted = True
        await self._open()

    async def _open(self) -> None:
        try:
            model = await inference.live_pool().run_async(inference.predictor)
        except inference.BusyError as error:
            return await self._fail("server_busy", str(error), TRY_AGAIN_LATER, retryable=True)
        except (EmotionError, OSError):
            logger.exception("The emotion model cannot be loaded")
            return await self._fail("internal_error", "No model is loaded", INTERNAL_ERROR)
        config = LiveConfig()
        session = LiveSession(
            lambda speech: model.predict(speech, SAMPLING_RATE_HZ, assume_speech=True), config
        )
        self._session = session
        await self._tell(self._greeting(config, {"name": model.name, "version": model.version}))
        self._tasks = [
            asyncio.create_task(self._measure_loop(session)),
            asyncio.create_task(self._watch_clock()),
        ]

    def _greeting(self, config: LiveConfig, model: dict[str, str]) -> dict[str, Any]:
        return {
            "type": "session.created",
            "session_id": self._id,
            "audio": {"encoding": "s16le", "sample_rate": SAMPLING_RATE_HZ, "channels": 1},
            "measurement_timer_ms": config.measure_every_ms,
            "window_ms": config.window_ms,
            "emotions": EMOTIONS,
            "model": model,
            "limits": {
                "max_message_bytes": MAX_MESSAGE_BYTES,
                "max_frame_s": MAX_FRAME_S,
                "max_duration_s": settings.LIVE_MAX_DURATION_S,
                "idle_timeout_s": settings.LIVE_IDLE_TIMEOUT_S,
            },
        }

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._session is None or self._is_closed or self._is_finishing:
            return
        self._heard_at = time.monotonic()
        if bytes_data is not None:
            await self._take_frame(bytes_data)
        else:
            await self._take_text(text_data or "")

    async def _take_frame(self, frame: bytes) -> None:
        try:
            self._gate.check(frame, now_s=self._heard_at)
        except FrameError as error:
            if error.ends_session:
                return await self._fail(error.code, str(error), TOO_BIG)
            return await self._tell_error(error.code, str(error), retryable=True)
        self._pending += frame
        self._arrived.set()

    async def _take_text(self, text: str) -> None:
        if len(text) <= MAX_TEXT_CHARACTERS and _message_type(text) == "session.close":
            self._is_finishing = True
            self._arrived.set()
            return
        message = 'Send PCM as binary frames, or {"type": "session.close"} as text'
        await self._tell_error("message_invalid", message, retryable=True)

    async def _measure_loop(self, session: LiveSession) -> None:
        try:
            await self._measure_until_finished(session)
        except (TimeoutError, inference.BusyError):
            message = "The server cannot keep up: try again later"
            await self._fail("server_busy", message, TRY_AGAIN_LATER, retryable=True)
        except Exception:
            logger.exception("Live session %s failed", self._id)
            await self._fail("internal_error", "The server failed", INTERNAL_ERROR)

    async def _measure_until_finished(self, session: LiveSession) -> None:
        while not self._is_finishing or self._pending:
            await self._arrived.wait()
            self._arrived.clear()
            pcm = bytes(self._pending)
            self._pending.clear()
            await self._advance(session.feed, pcm)
        await self._advance(session.finish)
        await self._close("client_request", NORMAL)

    async def _advance(self, step: Callable[..., list[Event]], *arguments: bytes) -> None:
        """Run one step of the session in the pool and tell its events."""
        async with asyncio.timeout(LAG_TIMEOUT_S):
            events = await inference.live_pool().run_async(step, *arguments)
        for event in events:
            await self._tell({"type": event.type, **asdict(event)})

    async def _watch_clock(self) -> None:
        while True:
            now = time.monotonic()
            idle_left_s = self._heard_at + settings.LIVE_IDLE_TIMEOUT_S - now
            session_left_s = self._started_at + settings.LIVE_MAX_DURATION_S - now
            if min(idle_left_s, session_left_s) <= 0:
                reason = "idle_timeout" if idle_left_s <= session_left_s else "max_duration"
                return await self._close(reason, NORMAL)
            await asyncio.sleep(min(idle_left_s, session_left_s))

    async def _tell(self, message: dict[str, Any]) -> None:
        if self._is_closed:
            return
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self.send(text_data=json.dumps(message))
        except TimeoutError:
            logger.info("Live session %s dropped: its client does not read", self._id)
            self._is_closed = True
            await self.close(TRY_AGAIN_LATER)

    async def _tell_error(self, code: str, message: str, *, retryable: bool) -> None:
        await self._tell(
            {"type": "error", "code": code, "message": message, "retryable": retryable}
        )

    async def _fail(
        self, code: str, message: str, close_code: int, *, retryable: bool = False
    ) -> None:
        await self._tell_error(code, message, retryable=retryable)
        await self._close("error", close_code)

    async def _close(self, reason: str, close_code: int) -> None:
        if self._is_closed:
            return
        await self._tell(
            {"type": "session.closed", "session_id": self._id, "reason": reason, **self._totals()}
        )
        self._is_closed = True
        await self.close(close_code)

    def _totals(self) -> dict[str, dict[str, int]]:
        session = self._session
        return {
            "received": {
                "audio_duration_ms": round(self._gate.duration_s * 1000),
                "frames": self._gate.frames,
            },
            "produced": {
                "utterances": session.utterances if session else 0,
                "measurements": session.measurements if session else 0,
            },
        }

    async def disconnect(self, code: int) -> None:
        self._is_closed = True


def _enter(network: str) -> bool:
    """Count a session, unless there are too many in all or of this caller."""
    is_full = open_sessions.total() >= settings.LIVE_MAX_SESSIONS
    if is_full or open_sessions[network] >= settings.LIVE_MAX_SESSIONS_PER_ADDRESS:
        return False
    open_sessions[network] += 1
    return True


def _leave(network: str) -> None:
    open_sessions[network] -= 1
    if not open_sessions[network]:
        del open_sessions[network]


def _message_type(text: str) -> object:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message.get("type") if isinstance(message, dict) else None

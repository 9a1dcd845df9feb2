"""Time challenges and verifications against one web process, at 1 to 64 connections.

    python -m benchmarks.captcha [--seconds 5]

Starts uvicorn with a database of its own: SQLite in a temporary folder, or what DATABASE_URL
names (PostgreSQL), which is migrated and filled. Each verification is of a fresh token and
succeeds; each challenge comes from another network. Clips are rows without a sound, at which the
start of a challenge does not look. The load comes from this machine too, from another process.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

CONNECTIONS = (1, 4, 16, 64)
MOST_TOKENS = 4000  # a step; minted beforehand
CLIPS = 6000  # in the play pool before each step
PROJECT = Path(__file__).resolve().parent.parent
HOSTNAME = "localhost"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def server(port: int) -> Iterator[None]:
    """One web process, until the block ends."""
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)]
    quiet = ["--log-level", "warning", "--no-access-log", "--lifespan", "off"]
    process = subprocess.Popen([*command, *quiet], cwd=PROJECT)
    try:
        wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the web process did not start")


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> dict:
    """Send a request on an open connection and return the JSON of its answer."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return json.loads(await reader.readexactly(length))


def request(path: str, body: dict, network: int = 0) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {HOSTNAME}\r\nContent-Type: application/json\r\n"
    head += f"X-Forwarded-For: 10.{network // 256 % 256}.{network % 256}.1\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


async def load(
    port: int,
    connections: int,
    seconds: float,
    requests: Iterator[bytes],
    is_good: Callable[[dict], bool],
) -> list[float]:
    """Return the durations of the calls in ms; every answer must be good."""
    durations: list[float] = []
    ends_at = time.monotonic() + seconds

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < ends_at and (sent := next(requests, None)):
            started = time.monotonic()
            answer = await ask(reader, writer, sent)
            durations.append(1000 * (time.monotonic() - started))
            if not is_good(answer):
                raise RuntimeError(f"refused: {answer}")
        writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    return durations


def report(name: str, connections: int, durations: list[float], elapsed_s: float) -> None:
    durations.sort()
    p95 = durations[int(0.95 * (len(durations) - 1))]
    rate = len(durations) / elapsed_s
    print(f"{name:24} {connections:3d} connections {rate:7.0f}/s   p95 {p95:7.1f} ms")


def timed(
    name: str, port: int, seconds: float, requests: Callable[[], Iterator[bytes]], is_good: Callable
) -> None:
    for connections in CONNECTIONS:
        prepared = requests()
        started = time.monotonic()
        durations = asyncio.run(load(port, connections, seconds, prepared, is_good))
        report(name, connections, durations, time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each step")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INFLECT_VAR"] = folder
        os.environ["INFLECT_CAPTCHA_CHALLENGE_RATE"] = "100000000/min"
        os.environ["INFLECT_TRUSTED_PROXIES"] = "127.0.0.1/32"
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        measure(seconds)


def measure(seconds: float) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from captcha import services

    call_command("migrate", verbosity=0)
    print(f"{connection.vendor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    options = {"offers_work": True, "hostnames": [HOSTNAME]}
    site = services.create_site(name="Benchmark", **options)
    secret = services.issue_secret(site=site)

    def verifications() -> Iterator[bytes]:
        with transaction.atomic():
            tokens = [services.mint_token(site=site) for _ in range(MOST_TOKENS)]
        return iter(
            [request("/captcha/api/siteverify", {"secret": secret, "response": t}) for t in tokens]
        )

    networks = count()

    def challenges(kind: str) -> Iterator[bytes]:
        if kind == "audio":
            fill_pool()
        body = {"sitekey": site.sitekey, "hostname": HOSTNAME, "kind": kind}
        return (request("/captcha/api/challenge", body, next(networks)) for _ in count())

    port = free_port()
    with server(port):
        timed("siteverify", port, seconds, verifications, lambda answer: answer["success"])
        for kind in ("audio", "text", "work"):
            timed(
                f"challenge ({kind})",
                port,
                seconds,
                lambda kind=kind: challenges(kind),
                lambda answer, kind=kind: answer.get("kind") == kind,
            )


def fill_pool() -> None:
    """Put fresh clips into the play pool, as many of each emotion, and one to label."""
    from uuid import uuid4

    from emotion.ml.labels import EMOTIONS
    from labeling.models import Clip
    from synthesis.models import PlayClip, Voice

    voice, _ = Voice.objects.get_or_create(
        sha256="0" * 64, defaults={"name": "benchmark", "language": "en", "licence": "CC0"}
    )
    PlayClip.objects.ready().update(state=PlayClip.State.RETIRED)
    PlayClip.objects.bulk_create(
        PlayClip(
            sha256=uuid4().hex * 2,
            key="none.wav",
            emotion=EMOTIONS[number % len(EMOTIONS)],
            voice=voice,
            text="The kettle is on the stove.",
            seed=number,
            duration_ms=2000,
            level_dbfs=-23.0,
        )
        for number in range(CLIPS)
    )
    if not Clip.objects.exists():
        Clip.objects.create(
            sha256="1" * 64,
            key="none.wav",
            duration_ms=2000,
            origin=Clip.Origin.SYNTHETIC,
            licence="CC0",
            consent="Nobody speaks",
        )


if __name__ == "__main__":
    main()

"""Put the handler of web processes beside Django's own and beside WSGI.

    pip install gunicorn        # for the row of WSGI; left out where it is missing
    python -m benchmarks.handlers [--seconds 3] [--rounds 3]

Each server runs the same project on SQLite with WEB_THREADS threads; the rounds take turns, and
each figure is the median of its rounds. The load is `siteverify` with a secret that nobody has: one
query, so that what surrounds a view is most of the work. CPU is that of the server's process alone,
which a busy machine hardly changes; the rate depends on who else works on it.
"""

import argparse
import asyncio
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

from benchmarks.captcha import PROJECT, free_port, load, request, wait_for

CONNECTIONS = (1, 16)
UVICORN = ["-m", "uvicorn", "--log-level", "warning", "--no-access-log", "--lifespan", "off"]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def djangos_own():
    """Django's handler in the place of ours; what uvicorn calls as a factory."""
    import django

    django.setup(set_prefix=False)
    from django.core.handlers.asgi import ASGIHandler

    return ASGIHandler()


def wsgi():
    """The WSGI application that gunicorn calls."""
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def commands(port: int) -> dict[str, list[str]]:
    from django.conf import settings

    address = ["--port", str(port)]
    found = {
        "PooledHandler": [*UVICORN, "config.asgi:application", *address],
        "ASGIHandler of Django": [
            *UVICORN,
            "--factory",
            "benchmarks.handlers:djangos_own",
            *address,
        ],
    }
    if importlib.util.find_spec("gunicorn"):
        threads = ["--worker-class", "gthread", "--threads", str(settings.WEB_THREADS)]
        bind = ["--bind", f"127.0.0.1:{port}", "--keep-alive", "60", "--log-level", "warning"]
        found["WSGI by gunicorn"] = [
            "-m",
            "gunicorn",
            *threads,
            *bind,
            "benchmarks.handlers:wsgi()",
        ]
    return found


@contextmanager
def serving(arguments: list[str], port: int) -> Iterator[int]:
    """Start a server; gives the number of its process."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=PROJECT)
    try:
        wait_for(port)
        time.sleep(1)  # gunicorn listens before its worker has started
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def cpu_s(pid: int) -> float:
    """Processor time of a process and of its children so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, stat[11:13])) / TICKS_PER_S + sum(cpu_s(int(child)) for child in children)


def measure(
    arguments: list[str], port: int, connections: int, seconds: float
) -> tuple[float, float]:
    """Return requests a second, and CPU milliseconds a request."""
    sent = request("/captcha/api/siteverify", {"secret": "x" * 64, "response": "y" * 64})
    with serving(arguments, port) as pid:
        asyncio.run(load(port, connections, 0.5, repeat(sent), lambda answer: True))  # warm up
        before, started = cpu_s(pid), time.monotonic()
        calls = asyncio.run(load(port, connections, seconds, repeat(sent), lambda answer: True))
        return (
            len(calls) / (time.monotonic() - started),
            1000 * (cpu_s(pid) - before) / len(calls),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"INFLECT_VAR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        for command in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=PROJECT, check=True)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for connections in CONNECTIONS:
            compare(connections, options.seconds, options.rounds)


def compare(connections: int, seconds: float, rounds: int) -> None:
    figures: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        port = free_port()
        for name, arguments in commands(port).items():
            figures.setdefault(name, []).append(measure(arguments, port, connections, seconds))
    for name, found in figures.items():
        rate, cpu = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"{name:24} {connections:3d} connections {rate:7.0f}/s {cpu:7.2f} CPU ms a request")


if __name__ == "__main__":
    main()

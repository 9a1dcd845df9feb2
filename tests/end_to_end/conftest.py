"""The whole product in processes of its own, as `make run` starts it, and a real browser."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.db import connections

from emotion.models import Emotion
from synthesis.models import PlayClip
from tests.conftest import CHROMIUM_FLAGS
from tests.processes import free_port

PROJECT_DIR = Path(__file__).resolve().parents[2]
LIVE = "live"  # the alias under which tests read the running product's database


@dataclass(frozen=True)
class Product:
    """A running installation."""

    address: str
    var: Path
    admin_password: str


def _environment(var: Path, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "INFLECT_VAR": str(var),
        # Visitors of the tests differ by the address that a proxy would report.
        "INFLECT_TRUSTED_PROXIES": "127.0.0.1",
        # One dummy clip, so that all votes meet on it.
        "INFLECT_DUMMY_POOL_TARGET": "1",
        "INFLECT_PLAY_POOL_TARGET": "1",
    }


def _health(address: str) -> dict:
    try:
        with urlopen(f"{address}/api/health", timeout=5) as response:
            return json.load(response)
    except OSError:
        return {}


def wait_for(condition, seconds: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(0.1)


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Product]:
    """`make run` in a process group of its own, ended as Ctrl-C in a terminal ends it."""
    var, port = tmp_path_factory.mktemp("product"), free_port()
    log = var / "log"
    with log.open("w") as output:
        make = subprocess.Popen(
            ["make", "run"],
            cwd=PROJECT_DIR,
            env=_environment(var, port),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _health(address).get("worker", {}).get("alive"), 120, log.read_text)
        yield Product(address, var, _printed_password(log))
    finally:
        os.killpg(make.pid, signal.SIGINT)
        wait_for(lambda: not _is_group_alive(make), 30, "an end of all processes by Ctrl-C")


def _printed_password(log: Path) -> str:
    return log.read_text().split("password:")[1].split()[0]


def _is_group_alive(leader: subprocess.Popen) -> bool:
    leader.poll()  # reaps the leader, which would count as alive otherwise
    try:
        os.killpg(leader.pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def product(running, django_db_blocker, monkeypatch) -> Iterator[Product]:
    """The running product, its pool filled, its database readable under the alias `live`."""
    # Playwright runs an event loop in this thread, which Django would take for asynchronous code.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    connections.databases[LIVE] = {
        **connections.databases["default"],
        "NAME": str(running.var / "inflect.sqlite3"),
    }
    with django_db_blocker.unblock():
        try:
            # Three minutes are what a visitor of a fresh installation may wait at most.
            wait_for(
                lambda: len(PlayClip.objects.using(LIVE).ready_by_emotion()) == len(Emotion),
                180,
                "play clips of all seven emotions",
            )
            yield running
        finally:
            connections[LIVE].close()
            del connections[LIVE]
            del connections.databases[LIVE]


# Of the module, not of the session: its event loop would make later tests' queries fail.
@pytest.fixture(scope="module")
def playwright() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as instance:
        yield instance


@pytest.fixture
def open_browser(playwright, chromium) -> Iterator:
    """Start browsers with more flags; console errors and CSP violations fail the test."""
    browsers, errors = [], []

    def note(message) -> None:
        # Chromium logs a refused form (422) as an error; it is what some tests are after.
        if message.type == "error" and "status of 422" not in message.text:
            errors.append(f"{message.text} {message.location.get('url')}")

    def watch(page) -> None:
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))

    def start(*flags: str, **context_options):
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*CHROMIUM_FLAGS, *flags]
        )
        browsers.append(browser)
        context = browser.new_context(**context_options)
        context.on("page", watch)
        return context.new_page()

    yield start
    for browser in browsers:
        browser.close()
    assert errors == []

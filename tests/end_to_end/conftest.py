"""The whole product in processes of its own, as `make run` starts it, and a real browser."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.db import connections

from emotion.models import Emotion
from synthesis.models import PlayClip
from tests.config.test_services import free_port
from tests.conftest import CHROMIUM_FLAGS

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
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT_DIR),
        "PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "INFLECT_VAR": str(var),
        # Visitors of the tests differ by the address that a proxy would report.
        "INFLECT_TRUSTED_PROXIES": "127.0.0.1",
        # One dummy clip, so that all votes meet on it.
        "INFLECT_DUMMY_POOL_TARGET": "1",
        "INFLECT_PLAY_POOL_TARGET": "3",
    }


def _health(address: str) -> dict:
    try:
        with urlopen(f"{address}/api/health", timeout=5) as response:
            return json.load(response)
    except OSError:
        return {}


def wait_for(condition, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.1)


@pytest.fixture(scope="session")
def running(tmp_path_factory) -> Iterator[Product]:
    var, port = tmp_path_factory.mktemp("product"), free_port()
    env = _environment(var, port)
    prepared = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=PROJECT_DIR, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    password = prepared.stdout.split("password:")[1].split()[0]
    product = Product(f"http://127.0.0.1:{port}", var, password)
    with (var / "log").open("w") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "honcho", "start"],
            cwd=PROJECT_DIR, env=env, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(
            lambda: _health(product.address).get("worker", {}).get("alive"), 90, "a live worker"
        )
        yield product
    finally:
        supervisor.send_signal(signal.SIGINT)
        try:
            supervisor.wait(20)
        finally:
            if supervisor.poll() is None:
                os.killpg(supervisor.pid, signal.SIGKILL)


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

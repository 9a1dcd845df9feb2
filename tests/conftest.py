"""Fixtures and markers that every test module may use."""

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import settings

from tests.clock import clock  # noqa: F401 - likewise
from tests.sounds import encode, pcm, speech  # noqa: F401 - fixtures of every test

# A property is right or wrong however busy the machine is.
settings.register_profile("inflect", deadline=None)
settings.load_profile("inflect")

PROJECT_DIR = Path(__file__).resolve().parent.parent
CORPORA_DIR = Path(
    os.environ.get("INFLECT_CORPORA", PROJECT_DIR.parent / "shared" / "data")
).resolve()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A browser that touches no network but the test's own server.
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

MISSING = {
    "corpora": (
        not CORPORA_DIR.is_dir(),
        f"no corpora at {CORPORA_DIR}: set INFLECT_CORPORA to their folder",
    ),
    "browser": (CHROMIUM is None, "no Chromium: install Debian's package chromium"),
    "postgresql": (
        not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        "no PostgreSQL: install Debian's package postgresql",
    ),
    "redis": (shutil.which("redis-server") is None, "no Redis: install Debian's redis-server"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker, (is_missing, reason) in MISSING.items():
            if is_missing and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of the speech corpora; tests that use it carry the marker `corpora`."""
    return CORPORA_DIR


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program; tests that use it carry the marker `browser`."""
    return str(CHROMIUM)


@pytest.fixture(autouse=True)
def pools_in_a_temporary_folder(tmp_path: Path, settings) -> None:
    """Every test writes its audio to a folder of its own and reads static files unhashed."""
    pools = {
        name: {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "pools" / name), "allow_overwrite": True},
        }
        for name in ("default", "play", "dummy", "learning", "speech")
    }
    settings.STORAGES = {
        **pools,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def still_counters(monkeypatch) -> None:
    """Limits count anew in every test, by a clock that stands still: no test begins in one minute
    and ends in the next."""
    from django.core.cache import cache

    cache.clear()
    started_at = time.time()
    monkeypatch.setattr("web.counters.now", lambda: started_at)

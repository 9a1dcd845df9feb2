import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from emotion import inference


@pytest.fixture
def fresh_pools() -> Iterator[None]:
    """Pools of threads that are made anew by the settings of the test."""
    inference._pool.cache_clear()
    yield
    inference._pool.cache_clear()


@pytest.fixture
def all_threads_busy(settings, fresh_pools: None) -> Iterator[None]:
    """Every thread works and every place in the queues is taken, until the test ends."""
    done = threading.Event()
    for pool in (inference.upload_pool(), inference.live_pool()):
        with suppress(inference.BusyError):
            while True:
                pool.submit(done.wait)
    yield
    done.set()

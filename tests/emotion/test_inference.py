import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from emotion import inference
from emotion.inference import BoundedPool, BusyError


def test_a_full_pool_refuses_at_once_and_recovers():
    pool, done = BoundedPool("test", threads=1, queue=1), threading.Event()
    waiting = [pool.submit(done.wait) for _ in range(2)]

    with pytest.raises(BusyError):
        pool.submit(done.wait)

    done.set()
    assert [future.result(timeout=5) for future in waiting] == [True, True]
    assert pool.run(lambda: "free again") == "free again"


def test_an_error_comes_back_to_the_caller_and_frees_its_place():
    pool = BoundedPool("test", threads=1, queue=0)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            pool.run(lambda: 1 // 0)


async def test_the_event_loop_goes_on_while_a_thread_works():
    pool, turns = BoundedPool("test", threads=1, queue=0), 0
    work = asyncio.create_task(pool.run_async(time.sleep, 0.2))
    while not work.done():
        turns += 1
        await asyncio.sleep(0.01)

    assert turns >= 5


async def test_a_cancelled_wait_frees_its_place():
    pool, done = BoundedPool("test", threads=1, queue=1), threading.Event()
    pool.submit(done.wait)
    waiting = asyncio.create_task(pool.run_async(done.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    done.set()
    assert await pool.run_async(lambda: "free") == "free"


def test_threads_that_ask_at_the_same_time_get_the_same_predictor():
    inference._load_predictor.cache_clear()

    with ThreadPoolExecutor(8) as threads:
        loaded = list(threads.map(lambda _: inference.predictor(), range(8)))

    assert len({id(each) for each in loaded}) == 1

"""Real threads that start together, each with a database connection of its own."""

from collections.abc import Callable
from threading import Barrier, Thread

from django.db import connection


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Run `work(0)` to `work(count - 1)` in threads that start together; return the results."""
    results: list[object] = [None] * count
    barrier = Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

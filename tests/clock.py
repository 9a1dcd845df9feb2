"""A clock that tests may hold still."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone


class Clock:
    """A clock that stands still until a test lets time pass."""

    def __init__(self) -> None:
        self.moment = timezone.now()

    def now(self) -> datetime:
        return self.moment

    def let_pass(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """What the whole process takes for the time, however slow the machine is."""
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock.now)
    return clock

"""Rates such as 60/min, written the same way in every setting."""

import re
from dataclasses import dataclass

_PERIODS_S = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3600),
    **dict.fromkeys(("d", "day"), 86_400),
}
_RATE = re.compile(rf"([1-9][0-9]*)/({'|'.join(_PERIODS_S)})")


@dataclass(frozen=True)
class Rate:
    """So many calls in each period of so many seconds."""

    calls: int
    period_s: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read a rate such as 60/min or 5/minute.

        Raises:
            ValueError: If it is written otherwise.
        """
        match = _RATE.fullmatch(text)
        if not match:
            raise ValueError(
                f"{text!r} is no rate: write calls/period, e.g. 60/min; "
                f"periods are {', '.join(_PERIODS_S)}"
            )
        return cls(calls=int(match[1]), period_s=_PERIODS_S[match[2]])

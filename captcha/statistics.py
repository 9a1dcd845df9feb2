"""How visitors fared, from the challenges that are still kept."""

from collections import Counter
from dataclasses import dataclass
from statistics import median, quantiles

from django.db.models import QuerySet

from captcha.models import Challenge
from labeling.statistics import rate_interval


@dataclass(frozen=True)
class Outcome:
    """Of the challenges of one kind.

    Attributes:
        passed, failed: Decided by answers or work.
        left: Ended without a decision: given up, or never begun.
        pass_rate: Of the decided ones, with its 95 % interval; None without any.
        median_s, p95_s: From the start to the pass; None where fewer than two passed.
    """

    kind: str
    passed: int
    failed: int
    left: int
    pass_rate: tuple[float, float, float] | None
    median_s: float | None
    p95_s: float | None


def outcomes(challenges: QuerySet[Challenge]) -> list[Outcome]:
    """Sum up challenges by kind. Bots are among them: nobody can tell for sure."""
    states = Counter(challenges.order_by().values_list("kind", "state"))
    return [_outcome(challenges, kind, states) for kind in Challenge.Kind.values]


def _outcome(
    challenges: QuerySet[Challenge], kind: str, states: Counter[tuple[str, str]]
) -> Outcome:
    passed, failed = states[kind, Challenge.State.PASSED], states[kind, Challenge.State.FAILED]
    times = [
        (decided - created).total_seconds()
        for created, decided in challenges.filter(kind=kind, state=Challenge.State.PASSED)
        .order_by()
        .values_list("created_at", "decided_at")
        if decided is not None  # which the database sees to
    ]
    total = passed + failed
    return Outcome(
        kind=kind,
        passed=passed,
        failed=failed,
        left=states[kind, Challenge.State.EXPIRED],
        pass_rate=(passed / total, *rate_interval(passed, total)) if total else None,
        median_s=median(times) if len(times) > 1 else None,
        p95_s=quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else None,
    )

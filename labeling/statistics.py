"""How sure a rate is, in pure Python."""

from math import sqrt

Z = 1.96  # of a two-sided 95 % interval


def rate_interval(right: int, answers: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson, 1927), which holds for few answers too.

    >>> [round(bound, 3) for bound in rate_interval(0, 10)]
    [0.0, 0.278]
    """
    if not answers:
        return 0.0, 1.0
    rate = right / answers
    centre = rate + Z**2 / (2 * answers)
    spread = Z * sqrt(rate * (1 - rate) / answers + Z**2 / (4 * answers**2))
    scale = 1 + Z**2 / answers
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)

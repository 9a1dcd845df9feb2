"""The verdict of stage 1: has this visitor recognised enough clips whose emotion is known?

Two known clips are asked. Both right: passed. Both wrong: failed. Exactly one right: two more are
asked, and both must be right.

With every answer right with probability p, independently, the visitor passes with probability
p^2 + 2 p (1 - p) p^2 (`pass_probability`):

    one of seven at random   p = 1/7   2.5 %
    a person on clear clips  p = 0.9   95.6 %
"""

from collections.abc import Sequence
from enum import StrEnum

ROUND_CLIPS = 2  # known clips asked at a time
MAX_CLIPS = 2 * ROUND_CLIPS


class Verdict(StrEnum):
    """What the answers so far say."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    MORE = "more"


def verdict(answers: Sequence[bool]) -> Verdict:
    """Judge the answers to the known clips, in the order in which they were given.

    Args:
        answers: True for each right answer; a skipped clip is a wrong one. Shape (0 to 4,).

    Returns:
        `MORE` as long as further known clips must be answered.

    Raises:
        ValueError: If there are more answers than the test can ask for.

    >>> verdict([True, False])
    <Verdict.MORE: 'more'>
    """
    if len(answers) > MAX_CLIPS:
        raise ValueError(f"{len(answers)} answers: the test asks for at most {MAX_CLIPS}")
    first, second = answers[:ROUND_CLIPS], answers[ROUND_CLIPS:]
    if len(first) < ROUND_CLIPS:
        return Verdict.MORE
    if not any(first):
        return Verdict.FAIL
    if all(first):
        return Verdict.PASS
    if not all(second):
        return Verdict.FAIL
    return Verdict.PASS if len(second) == ROUND_CLIPS else Verdict.MORE


def pass_probability(p_right: float) -> float:
    """Return how likely a visitor passes who is right on each clip with `p_right`.

    Raises:
        ValueError: If `p_right` is no probability.

    >>> round(pass_probability(1 / 7), 4), round(pass_probability(0.9), 4)
    (0.0254, 0.9558)
    """
    if not 0.0 <= p_right <= 1.0:
        raise ValueError(f"{p_right} is no probability: give a number from 0 to 1")
    both = p_right**2
    one_of_two = 2.0 * p_right * (1.0 - p_right)
    return both + one_of_two * both

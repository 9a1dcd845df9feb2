"""The verdict of stage 1: a person or a guesser? A sequential likelihood-ratio test.

Each known clip has two pass rates: how often people recognise it, and how often a guesser hits it.
Every answer adds the logarithm of how much likelier it is from a person than from a guesser (Wald,
"Sequential tests of statistical hypotheses", 1945). At an upper bound the visitor passes, at a
lower one he fails; between them a further clip is asked, up to a maximum, where a bound of its own
decides.

With clips that people recognise in nine cases of ten, and seven answers, the bounds of `STANDARD`
give the adaptive two plus two: both right passes, both wrong fails, exactly one right asks for up
to two more, which both must be right. How often a visitor passes who is right with probability p
(`pass_probability`, over all sequences of answers):

               p = 1/7   p = 0.5   p = 0.9   p = 0.95
    LENIENT    3.4 %     50.0 %    98.5 %    99.7 %
    STANDARD   2.5 %     37.5 %    95.6 %    98.8 %
    STRICT     0.4 %     21.9 %    92.6 %    98.0 %
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# Rates outside of this range would let a single answer decide.
LOWEST_RATE, HIGHEST_RATE = 0.5, 0.98
# What is believed of a clip that nothing is known of.
USUAL_PERSON_RATE = 0.9


class Verdict(StrEnum):
    """What the answers so far say."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    MORE = "more"


@dataclass(frozen=True)
class Rule:
    """The bounds of the test, in natural logarithms of the likelihood ratio.

    Attributes:
        min_clips, max_clips: Known clips before the first verdict, and at most.
        pass_at, fail_at: Where the test ends.
        pass_at_end: What must be reached when the last clip was answered.
    """

    min_clips: int
    max_clips: int
    pass_at: float
    fail_at: float
    pass_at_end: float


LENIENT = Rule(min_clips=2, max_clips=5, pass_at=3.3, fail_at=-4.0, pass_at_end=1.0)
STANDARD = Rule(min_clips=2, max_clips=4, pass_at=3.3, fail_at=-2.2, pass_at_end=2.0)
STRICT = Rule(min_clips=3, max_clips=5, pass_at=4.9, fail_at=-1.0, pass_at_end=3.0)
RULES = {"lenient": LENIENT, "standard": STANDARD, "strict": STRICT}


@dataclass(frozen=True)
class Answer:
    """One answer to a known clip.

    Attributes:
        is_right: A skipped clip is a wrong answer.
        person_rate: How often people are right on this clip, from 0 to 1.
        guesser_rate: How often a guesser is.
    """

    is_right: bool
    person_rate: float = USUAL_PERSON_RATE
    guesser_rate: float = 1 / 7

    @property
    def evidence(self) -> float:
        """How much likelier it is from a person than from a guesser, as a natural logarithm."""
        person = min(HIGHEST_RATE, max(LOWEST_RATE, self.person_rate))
        if self.is_right:
            return math.log(person / self.guesser_rate)
        return math.log((1.0 - person) / (1.0 - self.guesser_rate))


def verdict(answers: Sequence[Answer], rule: Rule = STANDARD) -> Verdict:
    """Judge the answers to the known clips, in the order in which they were given.

    Returns:
        `MORE` as long as further known clips must be answered.

    Raises:
        ValueError: If there are more answers than the test can ask for.

    >>> verdict([Answer(True), Answer(False)])
    <Verdict.MORE: 'more'>
    """
    if len(answers) > rule.max_clips:
        raise ValueError(f"{len(answers)} answers: the test asks for at most {rule.max_clips}")
    if len(answers) < rule.min_clips:
        return Verdict.MORE
    evidence = sum(answer.evidence for answer in answers)
    if evidence >= rule.pass_at:
        return Verdict.PASS
    if evidence <= rule.fail_at:
        return Verdict.FAIL
    if len(answers) < rule.max_clips:
        return Verdict.MORE
    return Verdict.PASS if evidence >= rule.pass_at_end else Verdict.FAIL


def pass_probability(
    p_right: float, rule: Rule = STANDARD, answers: tuple[Answer, ...] = ()
) -> float:
    """Return how likely a visitor passes who is right on each clip with `p_right`.

    All clips have the prior's rates here; every sequence of answers is counted.

    Raises:
        ValueError: If `p_right` is no probability.

    >>> round(pass_probability(1 / 7), 4), round(pass_probability(0.9), 4)
    (0.0254, 0.9558)
    """
    if not 0.0 <= p_right <= 1.0:
        raise ValueError(f"{p_right} is no probability: give a number from 0 to 1")
    result = verdict(answers, rule)
    if result is not Verdict.MORE:
        return float(result is Verdict.PASS)
    right = pass_probability(p_right, rule, (*answers, Answer(True)))
    wrong = pass_probability(p_right, rule, (*answers, Answer(False)))
    return p_right * right + (1.0 - p_right) * wrong

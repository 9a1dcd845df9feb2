import random
from itertools import product

import pytest

from captcha.scoring import (
    LENIENT,
    RULES,
    STANDARD,
    STRICT,
    Answer,
    Verdict,
    pass_probability,
    verdict,
)

R, W = Answer(True), Answer(False)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], Verdict.MORE),
        ([R], Verdict.MORE),
        ([W], Verdict.MORE),
        ([R, R], Verdict.PASS),
        ([W, W], Verdict.FAIL),
        ([R, W], Verdict.MORE),
        ([W, R], Verdict.MORE),
        ([R, W, R], Verdict.MORE),
        ([R, W, W], Verdict.FAIL),
        ([W, R, R, R], Verdict.PASS),
        ([R, W, R, W], Verdict.FAIL),
    ],
)
def test_by_default_the_verdict_is_the_adaptive_two_plus_two(answers, expected):
    assert verdict(answers) is expected


@pytest.mark.parametrize("rule", RULES.values())
def test_every_full_set_of_answers_is_decided(rule):
    for answers in product([R, W], repeat=rule.max_clips):
        assert verdict(answers, rule) is not Verdict.MORE


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.6, 0.75, 0.85, 0.95, 1.0])
def test_whatever_people_reach_on_the_clips_two_of_three_or_four_are_not_enough(rate):
    right, wrong = Answer(True, person_rate=rate), Answer(False, person_rate=rate)
    for answers in product([right, wrong], repeat=3):
        if sum(answer.is_right for answer in answers) < 3:
            assert verdict(answers) is not Verdict.PASS
    for answers in product([right, wrong], repeat=4):
        if sum(answer.is_right for answer in answers) < 3:
            assert verdict(answers) is not Verdict.PASS


def test_clips_that_people_often_miss_decide_later():
    hard = Answer(True, person_rate=0.55)
    assert verdict([hard, hard]) is Verdict.MORE
    assert verdict([hard, hard, hard]) is Verdict.PASS


def test_a_clip_that_guessers_hit_proves_less():
    known_to_bots = Answer(True, guesser_rate=0.8)
    assert verdict([known_to_bots, known_to_bots]) is Verdict.MORE
    assert verdict([known_to_bots] * 4) is Verdict.FAIL


def test_more_answers_than_the_test_asks_for_are_an_error():
    with pytest.raises(ValueError, match="at most 4"):
        verdict([R] * 5)


@pytest.mark.parametrize(
    ("rule", "guesser", "person"),
    [(LENIENT, 0.034, 0.985), (STANDARD, 0.0254, 0.9558), (STRICT, 0.004, 0.9258)],
)
def test_the_error_rates_are_those_that_are_documented(rule, guesser, person):
    assert pass_probability(1 / 7, rule) == pytest.approx(guesser, abs=5e-4)
    assert pass_probability(0.9, rule) == pytest.approx(person, abs=5e-4)


def simulated_pass_rate(p_right: float, rule, visitors: int = 20_000) -> float:
    rng = random.Random(20)

    def is_passed() -> bool:
        answers: list[Answer] = []
        while (said := verdict(answers, rule)) is Verdict.MORE:
            answers.append(Answer(rng.random() < p_right))
        return said is Verdict.PASS

    return sum(is_passed() for _ in range(visitors)) / visitors


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("p_right", [1 / 7, 0.5, 0.9])
def test_a_simulation_agrees_with_the_error_rates(rule, p_right):
    # Four standard deviations of 20 000 visitors are 0.014 at most.
    expected = pass_probability(p_right, rule)
    assert simulated_pass_rate(p_right, rule) == pytest.approx(expected, abs=0.015)

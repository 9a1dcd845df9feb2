from itertools import product

import pytest

from captcha.scoring import MAX_CLIPS, Verdict, pass_probability, verdict

R, W = True, False


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
        ([R, W, W, R], Verdict.FAIL),
    ],
)
def test_the_verdict_follows_from_the_answers(answers, expected):
    assert verdict(answers) is expected


def test_every_full_set_of_answers_is_decided():
    for answers in product([R, W], repeat=MAX_CLIPS):
        assert verdict(answers) is not Verdict.MORE


def test_more_answers_than_the_test_asks_for_are_an_error():
    with pytest.raises(ValueError, match="at most 4"):
        verdict([R] * 5)


def enumerated_pass_probability(p_right: float) -> float:
    """Sum over all ways in which a visitor's answers can go until the verdict."""

    def walk(answers: tuple[bool, ...], probability: float) -> float:
        said = verdict(answers)
        if said is not Verdict.MORE:
            return probability if said is Verdict.PASS else 0.0
        return walk((*answers, R), probability * p_right) + walk(
            (*answers, W), probability * (1 - p_right)
        )

    return walk((), 1.0)


@pytest.mark.parametrize("p_right", [0.0, 1 / 7, 1 / 6, 0.5, 0.9, 1.0])
def test_the_closed_form_agrees_with_counting_all_cases(p_right):
    assert pass_probability(p_right) == pytest.approx(enumerated_pass_probability(p_right))


def test_a_guesser_passes_one_time_in_forty_and_a_person_nineteen_in_twenty():
    assert pass_probability(1 / 7) == pytest.approx(61 / 2401)  # 7^2 + 2 * 6 of 7^4
    assert pass_probability(0.9) == pytest.approx(0.9558)


@pytest.mark.parametrize("p_right", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_an_error(p_right):
    with pytest.raises(ValueError, match="no probability"):
        pass_probability(p_right)

"""The interval of a rate, against closed forms and SciPy."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from labeling.statistics import Z, rate_interval

COUNTS = st.integers(1, 5000).flatmap(
    lambda answers: st.tuples(st.integers(0, answers), st.just(answers))
)


def test_nothing_is_known_without_an_answer():
    assert rate_interval(0, 0) == (0.0, 1.0)


@given(COUNTS)
def test_it_is_wilsons_interval_as_scipy_has_it(counts):
    right, answers = counts
    level = 2 * norm.cdf(Z) - 1
    expected = binomtest(right, answers).proportion_ci(level, method="wilson")
    assert rate_interval(right, answers) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_it_covers_ninety_five_of_a_hundred():
    assert 2 * norm.cdf(Z) - 1 == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("answers", [1, 4, 10, 100])
def test_without_a_mistake_it_ends_at_one_and_begins_where_the_closed_form_says(answers):
    low, high = rate_interval(answers, answers)
    assert (low, high) == pytest.approx((answers / (answers + Z**2), 1))
    assert rate_interval(0, answers) == pytest.approx((0, Z**2 / (answers + Z**2)), abs=1e-12)


@pytest.mark.parametrize("answers", [2, 10, 100])
def test_at_one_half_it_is_as_wide_as_the_closed_form_says(answers):
    low, high = rate_interval(answers // 2, answers)
    assert high - low == pytest.approx(Z / sqrt(answers + Z**2))
    assert (low + high) / 2 == pytest.approx(0.5)


@given(COUNTS)
def test_it_holds_the_rate_and_stays_between_nothing_and_all(counts):
    right, answers = counts
    low, high = rate_interval(right, answers)
    assert low - 1e-12 <= right / answers <= high + 1e-12
    assert 0 <= low < high <= 1


@given(COUNTS)
def test_wrong_answers_are_the_mirror_of_right_ones(counts):
    right, answers = counts
    low, high = rate_interval(right, answers)
    assert rate_interval(answers - right, answers) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(COUNTS, st.integers(2, 20))
def test_more_answers_of_the_same_rate_say_more(counts, times):
    right, answers = counts
    low, high = rate_interval(right, answers)
    narrower_low, narrower_high = rate_interval(right * times, answers * times)
    assert narrower_high - narrower_low < high - low

"""How k of n prints as a percentage."""

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soila_analysis.metrics.rounding import RULES, SET_RULES, SHARE_RULES, percent, percents

GOALS = [20, 13, 9, 10]
DECIMAL_ROUNDING = {
    "half-up": decimal.ROUND_HALF_UP,
    "half-even": decimal.ROUND_HALF_EVEN,
    "truncation": decimal.ROUND_DOWN,
    "ceiling": decimal.ROUND_CEILING,
}
parts = st.lists(st.integers(0, 60), min_size=1, max_size=8).filter(any)


@pytest.mark.parametrize("rule", ["largest-remainder", "pie"])
def test_the_published_goal_shares_come_out_of_the_set_rules(rule):
    assert percents(GOALS, rule) == [39, 25, 17, 19]


@pytest.mark.parametrize(
    ("rule", "printed"),
    [
        ("half-up", [38, 25, 17, 19]),
        ("half-even", [38, 25, 17, 19]),
        ("truncation", [38, 25, 17, 19]),
        ("ceiling", [39, 25, 18, 20]),
    ],
)
def test_rules_for_single_shares_miss_the_published_goal_shares(rule, printed):
    assert percents(GOALS, rule) == printed


@pytest.mark.parametrize(
    ("rule", "printed"), [("half-up", 63), ("half-even", 62), ("truncation", 62), ("ceiling", 63)]
)
def test_a_tie_goes_where_the_rule_says(rule, printed):
    assert percent(5, 8, rule) == printed


def test_half_even_goes_up_from_an_odd_number():
    assert percent(3, 8, "half-even") == 38


def test_decimals_change_the_unit():
    assert percent(47, 52, decimals=2) == 9038


def test_a_tie_stays_a_tie_where_floats_lose_it():
    n = 2 * 10**40
    assert percent(10**38 + 1, n, "ceiling") == 1
    assert percent(10**38, n, "half-up") == 1
    assert percent(10**38, n, "half-even") == 0
    assert percent(10**38 - 1, n, "half-up") == 0


@given(
    st.sampled_from(sorted(SHARE_RULES)),
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(0, 2),
)
def test_single_shares_agree_with_the_decimal_module(rule, share, decimals):
    k, n = share
    with decimal.localcontext(prec=60):
        exact = Decimal(100 * k) / n
        expected = exact.quantize(Decimal(1).scaleb(-decimals), DECIMAL_ROUNDING[rule])
    assert percent(k, n, rule, decimals) == int(expected.scaleb(decimals))


@given(st.sampled_from(sorted(SET_RULES)), parts, st.integers(0, 1))
def test_set_rules_sum_to_a_hundred_per_cent(rule, ks, decimals):
    assert sum(percents(ks, rule, decimals)) == 100 * 10**decimals


@given(parts)
def test_largest_remainder_is_off_by_less_than_one_and_keeps_the_order_of_shares(ks):
    printed = percents(ks, "largest-remainder")
    for k, p in zip(ks, printed, strict=True):
        assert abs(p - Fraction(100 * k, sum(ks))) < 1
        assert all(p >= q for j, q in zip(ks, printed, strict=True) if k > j)


@given(parts)
def test_the_pie_rule_changes_only_the_largest_slice(ks):
    largest = ks.index(max(ks))
    differing = [
        i
        for i, (pie, own) in enumerate(
            zip(percents(ks, "pie"), percents(ks, "half-up"), strict=True)
        )
        if pie != own
    ]
    assert differing in ([], [largest])


def test_equal_remainders_go_to_the_larger_share():
    assert percents([1, 3, 1, 3], "largest-remainder") == [12, 38, 12, 38]


def test_equal_shares_are_settled_by_position():
    assert percents([1, 1, 1], "largest-remainder") == [34, 33, 33]
    assert percents([1, 1, 1], "pie") == [34, 33, 33]


def test_the_residual_of_a_pie_may_be_negative():
    assert percents([5, 1, 1, 1], "half-up") == [63, 13, 13, 13]
    assert percents([5, 1, 1, 1], "pie") == [61, 13, 13, 13]


def test_there_are_six_rules():
    assert RULES == (
        "half-up",
        "half-even",
        "truncation",
        "ceiling",
        "largest-remainder",
        "pie",
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: percent(0, 0), "a percentage needs a base of at least 1, got n = 0"),
        (lambda: percent(3, 2), "k must lie between 0 and n = 2, got k = 3"),
        (lambda: percent(-1, 2), "k must lie between 0 and n = 2, got k = -1"),
        (lambda: percent(1, 2, decimals=-1), "decimals must not be negative, got -1"),
        (
            lambda: percent(1, 2, "pie"),
            "rule 'pie' rounds a whole set of shares: give all of them to `percents`",
        ),
        (
            lambda: percents([1], "up"),
            "unknown rule 'up': choose one of half-up, half-even, truncation, ceiling, "
            "largest-remainder, pie",
        ),
        (lambda: percents([1, -1]), "counts must not be negative, got [1, -1]"),
        (lambda: percents([0, 0]), "percentages need a base of at least 1, got counts [0, 0]"),
        (lambda: percents([], "pie"), "percentages need a base of at least 1, got counts []"),
    ],
)
def test_an_error_says_what_is_wrong(call, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the whole message is compared)
        call()
    assert str(error.value) == message

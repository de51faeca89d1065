"""What printed percentages imply about the counts behind them."""

import decimal
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import chain, combinations, combinations_with_replacement, permutations

import pytest
from grim.mean_tester import consistency_check
from hypothesis import given, settings
from hypothesis import strategies as st

from soila_analysis.metrics.rounding import RULES, SHARE_RULES, percents
from soila_analysis.review.grim import compositions, fitting_bases, grim, numerators
from soila_analysis.review.published import SOILA_2024, Published
from soila_analysis.review.readings import (
    READINGS,
    answer,
    automatic_axis,
    readings,
    solutions,
)

EIGHT = ["91", "89", "89", "87", "53", "62", "73", "73"]
GOAL_ORDER = ("60", "38", "67", "50")
CHART_ORDER = ("50", "67", "38", "60")


# --- Single percentages ---------------------------------------------------------------------------


@pytest.mark.parametrize("share", ["91", "89", "53"])
def test_three_published_shares_are_impossible_of_52(share):
    assert numerators(share, 52) == []


def test_the_counts_of_45_are_the_published_ones():
    assert [numerators(share, 45) for share in EIGHT] == [
        [41], [40], [40], [39], [24], [28], [33], [33],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "bases"),
    [("half-up", [45, 55]), ("half-even", [45, 55]), ("truncation", [56]), ("ceiling", [44])],
)
def test_single_bases_up_to_60_that_fit_all_eight_shares(rule, bases):
    assert fitting_bases(EIGHT, range(1, 61), rule) == bases


def test_printed_decimals_count():
    assert numerators("62.5", 8) == numerators("62,5", 8) == numerators("62.50", 8) == [5]
    assert numerators("63", 8) == [5]
    assert numerators("63.0", 8) == []


@given(
    st.sampled_from(sorted(SHARE_RULES)), st.integers(0, 100), st.integers(1, 250), st.booleans()
)
def test_verdicts_agree_with_the_grim_package(rule, value, n, with_decimal):
    rounding = {
        "half-up": decimal.ROUND_HALF_UP,
        "half-even": decimal.ROUND_HALF_EVEN,
        "truncation": decimal.ROUND_DOWN,
        "ceiling": decimal.ROUND_CEILING,
    }[rule]
    mean = f"{value / 100:.3f}" if with_decimal else f"{value / 100:.2f}"
    printed = f"{value}.0" if with_decimal else f"{value}"
    assert bool(numerators(printed, n, rule)) == consistency_check(mean, str(n), rounding)


@given(
    st.sampled_from(sorted(SHARE_RULES)),
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
)
def test_a_count_is_among_the_numerators_of_what_it_prints(rule, share):
    k, n = share
    (printed, _) = percents([k, n - k], rule)
    assert k in numerators(str(printed), n, rule)


# --- Shares of a whole ----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_the_goal_shares_of_52_are_one_division_under_the_set_rules_only(rule):
    expected = [(20, 13, 9, 10)] if rule in ("largest-remainder", "pie") else []
    assert compositions(["39", "25", "17", "19"], 52, rule) == expected


@settings(max_examples=60)
@given(st.sampled_from(RULES), st.lists(st.integers(0, 7), min_size=1, max_size=4).filter(any))
def test_compositions_are_all_divisions_that_print_so(rule, parts):
    n, printed = sum(parts), percents(parts, rule)
    naive = [
        division for division in divisions(n, len(parts)) if percents(division, rule) == printed
    ]
    assert compositions([str(share) for share in printed], n, rule) == naive


def test_compositions_of_a_large_whole_are_all_there():
    assert compositions(["50", "50"], 1000, "half-up") == [(k, 1000 - k) for k in range(496, 505)]


@settings(max_examples=40)
@given(st.sampled_from(RULES), st.lists(st.integers(0, 400), min_size=1, max_size=3).filter(any))
def test_a_large_whole_has_its_division_among_the_compositions(rule, parts):
    printed = [str(share) for share in percents(parts, rule)]
    assert tuple(parts) in compositions(printed, sum(parts), rule)


def test_a_pie_may_leave_a_large_residual_to_its_largest_slice():
    assert (194, 1, 1, 1, 1, 1, 1) in compositions(["94", *["1"] * 6], 200, "pie")


def divisions(n, parts):
    """All ways to write n as an ordered sum, in lexicographic order."""
    if parts == 1:
        return [(n,)]
    return [(first, *rest) for first in range(n + 1) for rest in divisions(n - first, parts - 1)]


def test_grim_tells_the_counts_that_fit_and_the_shares_that_do_not():
    table = grim(["91", "89", "87", "53"], [45, 52], ["half-up", "truncation"])
    assert table.to_dict("split")["data"] == [
        [45, "half-up", True, "41 40 39 24", ""],
        [45, "truncation", False, "41 - - 24", "89 87"],
        [52, "half-up", False, "- - 45 -", "91 89 53"],
        [52, "truncation", False, "- - - 28", "91 89 87"],
    ]
    assert list(table.columns) == ["n", "rule", "fits", "k", "misfits"]


def test_grim_gives_a_range_where_several_counts_print_alike():
    assert grim(["91"], [300], ["half-up"])["k"].tolist() == ["272-274"]


def test_grim_takes_set_rules_for_parts_of_a_whole():
    table = grim(["39", "25", "17", "19"], [52], RULES)
    assert table.loc[table["fits"], "rule"].tolist() == ["largest-remainder", "pie"]
    assert table.loc[table["fits"], "k"].tolist() == ["20 13 9 10"] * 2


# --- The readings of the review of 2024 -----------------------------------------------------------


PUBLISHED_COUNTS = {
    # reading: solutions with labels in goal order, chart order, any order; the same within axis 8
    "H0": ((0, 0, 0), (0, 0, 0)),
    "H1": ((32, 32, 768), (1, 1, 24)),
    "H2": ((2, 2, 10), (0, 0, 0)),
    "H3": ((1, 0, 2), (0, 0, 0)),
    "H3b": ((1, 0, 3), (0, 0, 0)),
    "H5": ((0, 0, 0), (0, 0, 0)),
    "H6": ((11, 6, 55), (0, 1, 5)),
    "truncation": ((0, 0, 0), (0, 0, 0)),
}


@pytest.mark.parametrize("reading", PUBLISHED_COUNTS)
def test_solutions_of_a_reading_are_counted(reading):
    found = answer(reading).solutions
    orders = ("goal_order", "chart_order", "any_order")
    counts = tuple(tuple(found[o + axis] for o in orders) for axis in ("", "_within_axis"))
    assert counts == PUBLISHED_COUNTS[reading]


def test_every_reading_but_unclear_codes_has_its_counts_tested():
    assert set(READINGS) - set(PUBLISHED_COUNTS) == {"H4"}


def test_unclear_codes_are_18_at_least_20_in_chart_order_24_within_the_axis():
    unclear = answer("H4").unclear
    assert (unclear["goal_order"], unclear["any_order"]) == (18, 18)
    assert (unclear["chart_order"], unclear["any_order_within_axis"]) == (20, 24)


def test_only_solutions_with_the_fewest_unclear_codes_are_counted():
    in_goal_order = [s.unclear for s in solutions("H4") if s.labels == GOAL_ORDER]
    assert in_goal_order.count(18) == answer("H4").solutions["goal_order"] == 1
    assert len(in_goal_order) > 1


@pytest.mark.parametrize(
    ("reading", "conflicts"),
    [
        ("H0", ["91", "89", "89", "53", "axis"]),
        ("H1", ["goals"]),
        ("H2", ["axis"]),
        ("H3", ["axis"]),
        ("H3b", ["axis"]),
        ("H4", ["axis"]),
        ("H5", ["53"]),
        ("H6", []),
        ("truncation", ["67"]),
    ],
)
def test_a_reading_names_what_it_contradicts(reading, conflicts):
    found = answer(reading).conflicts
    assert [k if k in ("axis", "goals") else printed for k, printed in found.items()] == conflicts


def test_the_single_base_within_the_axis_is_45():
    fitting = [s for s in solutions("H1") if max(s.counts) <= SOILA_2024.axis]
    assert {sum(s.bases) for s in fitting} == {45}


def test_the_literal_reading_holds_the_published_candidates():
    found = {(s.labels, s.bases, s.counts) for s in solutions("H2")}
    assert (CHART_ORDER, (18, 9, 8, 10), (9, 6, 3, 6)) in found
    assert (GOAL_ORDER, (15, 13, 9, 8), (9, 5, 6, 4)) in found


def test_the_memberships_reading_leaves_two_solutions():
    assert [(s.labels, s.counts) for s in solutions("H3")] == [
        (GOAL_ORDER, (12, 5, 6, 5)),
        (("50", "38", "67", "60"), (10, 5, 6, 6)),
    ]


def test_the_mixed_reading_has_one_solution_for_which_the_axis_is_automatic():
    found = [s for s in solutions("H6") if automatic_axis(s.counts) == 8]
    assert [(s.bases, s.counts) for s in found] == [((14, 13, 9, 10), (7, 5, 6, 6))]
    counted = answer("H6").solutions
    orders = ("goal_order", "chart_order", "any_order")
    assert [counted[order + "_automatic_axis"] for order in orders] == [0, 0, 1]


def test_the_chart_order_of_the_mixed_reading_ends_at_the_axis_with_one_model_in_two_goals():
    (found,) = [s for s in solutions("H6") if s.labels == CHART_ORDER and max(s.counts) <= 8]
    assert (found.bases, found.counts) == ((16, 12, 8, 10), (8, 8, 3, 6))


@pytest.mark.parametrize("reading", ["H2", "H3", "H6"])
def test_readings_of_45_models_identify_the_shares(reading):
    identified = answer(reading).identified
    assert [identified[feature] for feature in SOILA_2024.shares] == [
        "41/45", "40/45", "40/45", "39/45", "24/45", "28/45", "33/45", "33/45",
    ]  # fmt: skip


def test_only_the_memberships_reading_identifies_the_leading_goal():
    assert answer("H3").identified["leading"] == "goal 3"
    assert answer("H3").identified["goal 2"] == "5/13"
    assert answer("H3").identified["goal 1"] == "?/20"
    assert "leading" not in answer("H2").identified
    assert "leading" not in answer("H6").identified


def test_half_even_leaves_the_readings_as_they_are():
    assert answer("H3", rule="half-even").solutions == answer("H3").solutions


def test_the_table_has_a_row_for_each_reading():
    table = readings().set_index("reading")
    assert table.index.tolist() == list(READINGS)
    assert table["feasible"].to_dict() == {
        reading: reading not in ("H0", "H5", "truncation") for reading in READINGS
    }
    assert table.loc["H4", ["unclear", "unclear_within_axis"]].tolist() == [18, 24]
    assert table.loc["H1", "conflicts"] == "goals 39 25 17 19"
    assert table.loc["H3", "any_order"] == 2


def test_other_figures_may_be_given():
    complete = replace(
        SOILA_2024,
        n=8,
        goals=("50", "50"),
        most_common={},
        rarest={"ecosystem-anchoring": "50"},
        labels=("75", "25"),
        axis=3,
    )
    found = answer("H0", complete)
    assert found.feasible
    assert found.conflicts == {}
    assert found.identified == {"ecosystem-anchoring": "4/8", "goal 1": "?/4", "goal 2": "?/4"}


def test_values_that_fit_one_by_one_but_not_together_conflict_as_a_sum():
    added = Published(8, ("50", "50"), {}, {"x": "75"}, "x", ("75", "25"), axis=8)
    assert answer("H0", added).conflicts == {"x": "75"}


def test_shares_without_a_common_base_conflict_as_shares():
    apart = Published(8, ("50", "50"), {"y": "20"}, {"x": "50"}, "x", ("50", "50"), axis=8)
    # 20 % needs 5 models and 50 % an even number
    assert answer("H2", apart).conflicts == {"shares": "20 50"}


def test_a_solution_counts_once_when_two_sets_of_goal_sizes_hold_it():
    vague = Published(220, ("50", "50"), {}, {"x": "50"}, "x", ("50", "50"), axis=9, n_max=220)
    assert len(vague.goal_sizes) > 1
    found = solutions("H2", replace(vague, rarest={"x": "50.00"}, labels=("50.00", "50.00")))
    assert found
    assert len(found) == len(set(found))


def test_goal_shares_that_no_rule_prints_conflict():
    odd = replace(SOILA_2024, goals=("40", "25", "17", "19"))
    assert answer("H2", odd).conflicts == {"goals": "40 25 17 19"}


# --- The enumeration against a naive one over data sets -------------------------------------------
# Every small data set is written down model by model and printed; what a reading finds must be
# exactly the counts of those data sets that print alike. Nothing is shared with the library.


def printed_share(k, n):
    return str((Fraction(100 * k, n) + Fraction(1, 2)).__floor__())


@cache
def data_sets(goals, models, several):
    """(bases, counts, n, k, sizes) of all data sets: models with goals and a code or none."""
    subsets = chain.from_iterable(
        combinations(range(goals), size) for size in range(1, goals + 1 if several else 2)
    )
    states = [(subset, code) for subset in subsets for code in (None, 0, 1)]
    found = set()
    for data in combinations_with_replacement(states, models):
        sizes, bases, counts = Counter(), Counter(), Counter()
        for subset, code in data:
            sizes.update(subset)
            bases.update(subset if code is not None else ())
            counts.update(subset if code else ())
        coded = [code for _, code in data if code is not None]
        row = (tuple(counter[goal] for goal in range(goals)) for counter in (bases, counts, sizes))
        found.add((*row, len(coded), sum(coded)))
    return found


def naive_solutions(reading, published):
    """What the reading means, said of whole data sets."""
    (size_of_goals,) = published.goal_sizes
    goals, n = len(size_of_goals), published.n
    several = reading in ("H3", "H6")
    sizes_of_data = {"H1": range(1, published.n_max + 1), "H3": range(1, n), "H6": range(1, n)}
    found = set()
    for models in sizes_of_data.get(reading, [n]):
        for bases, counts, sizes, coded, k in data_sets(goals, models, several):
            agrees = {
                "H0": sizes == size_of_goals and coded == n,
                "H1": coded == models,
                "H2": sizes == size_of_goals and coded < n,
                "H3": sizes == size_of_goals and coded == models,
                "H4": sizes == size_of_goals,
                # the uncoded memberships are whatever remains of the printed sizes
                "H6": coded == models and all(map(int.__le__, sizes, size_of_goals)),
            }[reading]
            if not (agrees and coded and all(bases)):
                continue
            labels = tuple(map(printed_share, counts, bases))
            if printed_share(k, coded) == published.overall and labels in set(
                permutations(published.labels)
            ):
                found.add((labels, bases, counts, k, coded))
    return found


@st.composite
def small_reviews(draw):
    """Printed figures of a made-up review: some reading may explain them, or none."""
    sizes = draw(st.sampled_from([(1, 1), (2, 1), (2, 2), (3, 2), (1, 3), (2, 1, 1), (1, 2, 2)]))
    bases = draw(st.tuples(*(st.integers(1, size) for size in sizes)) | st.just(sizes))
    counts = [draw(st.integers(0, base)) for base in bases]
    coded = draw(st.integers(max(bases), sum(bases)) | st.just(sum(bases)))
    with_feature = draw(st.integers(max(counts), min(sum(counts), coded)))
    return Published(
        n=sum(sizes),
        goals=tuple(printed_share(size, sum(sizes)) for size in sizes),
        most_common={},
        rarest={"x": printed_share(with_feature, coded)},
        broken_down="x",
        labels=tuple(map(printed_share, counts, bases)),
        axis=sum(sizes),
        n_max=5,
    )


@pytest.mark.parametrize("reading", ["H0", "H1", "H2", "H3", "H4", "H6"])
@settings(max_examples=40, deadline=None)
@given(published=small_reviews())
def test_the_enumeration_finds_all_data_sets_that_print_so(reading, published):
    found = solutions(reading, published)
    rows = [(s.labels, s.bases, s.counts, s.k, s.share_bases[0]) for s in found]
    assert len(rows) == len(set(rows))
    assert set(rows) == naive_solutions(reading, published)


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: numerators("ninety", 45),
            "'ninety' is not a percentage: write it as 62, 62.5 or 62,5",
        ),
        (
            lambda: numerators("101", 45),
            "'101' is more than 100 per cent: give shares of a whole",
        ),
        (lambda: numerators("50", 0), "a percentage needs a base of at least 1, got n = 0"),
        (
            lambda: numerators("50", 2, "pie"),
            "rule 'pie' rounds a whole set of shares: give all of them to `percents`",
        ),
        (
            lambda: compositions(["50", "50.0"], 2, "pie"),
            "give all parts with equally many decimals, got 50, 50.0",
        ),
        (
            lambda: compositions(["50", "50"], 0, "pie"),
            "a percentage needs a base of at least 1, got n = 0",
        ),
        (
            lambda: answer("H9"),
            "unknown reading 'H9': choose one of H0, H1, H2, H3, H3b, H4, H5, H6, truncation",
        ),
        (
            lambda: answer("H2", rule="pie"),
            "rule 'pie' does not round single shares: choose one of half-up, half-even, "
            "truncation, ceiling",
        ),
        (
            lambda: replace(SOILA_2024, goals=("39.0", "25", "17", "19")),
            "goal shares need equally many decimals",
        ),
        (
            lambda: Published(61, ("50", "5o"), {"a": "120"}, {}, "b", ("50",), axis=8),
            "'5o' is not a percentage: write it as 62, 62.5 or 62,5\n"
            "'120' is more than 100 per cent: give shares of a whole\n"
            "2 goals need as many labels, got 1\n"
            "the share of 'b' over all goals is missing\n"
            "n must lie between 1 and n_max = 60, got 61",
        ),
    ],
)
def test_an_error_says_what_is_wrong(call, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the whole message is compared)
        call()
    assert str(error.value) == message

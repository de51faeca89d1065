"""Groups of models against the others: differences, tests over all groups, adjustments."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import MonteCarloMethod, chi2_contingency, fisher_exact
from scipy.stats.contingency import association
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from soila_analysis import metrics

GOALS = ["g1", "g2", "g3"]


def coded(rows, features=("f1", "f2", "f3")):
    """Models m0, m1 ... from rows of 1, 0 and ? codes."""
    names = {"1": "present", "0": "absent", "?": "unclear", ".": "not-assessed"}
    index = pd.Index([f"m{i}" for i in range(len(rows))], name="model_id")
    return pd.DataFrame([[names[c] for c in row] for row in rows], index, features[: len(rows[0])])


def served(goals):
    pairs = [(f"m{i}", goal) for i, each in enumerate(goals) for goal in each.split()]
    return pd.DataFrame(pairs, columns=["model_id", "goal_id"])


def two_groups(k, n, other_k, other_n):
    """One feature in two groups of models with these counts."""
    rows = ["1"] * k + ["0"] * (n - k) + ["1"] * other_k + ["0"] * (other_n - other_k)
    return coded(rows), served(["g1"] * n + ["g2"] * other_n)


def drawn(seed, models=40, several=False):
    rng = np.random.default_rng(seed)
    status = coded(["".join(rng.choice(list("11100?"), 3)) for _ in range(models)])
    goals = [rng.choice(GOALS, 1 + (several and rng.random() < 0.4), False) for _ in range(models)]
    return status, served([" ".join(sorted(each)) for each in goals])


# A group against the others


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
    ],
)
def test_intervals_are_those_that_newcombe_published(counts, low, high):
    """Newcombe 1998, Statistics in Medicine 17, table II, method 10."""
    row = metrics.contrasts(*two_groups(*counts)).iloc[0]
    assert [row["low"], row["high"]] == pytest.approx([low, high], abs=6e-5)
    assert row["difference"] == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])


def test_a_group_is_compared_with_the_models_outside_it_though_some_have_several():
    status = coded(["1", "1", "0", "?", "1", "0"])
    groups = served(["g1 g2", "g1", "g2", "g2", "g3", "g3"])
    table = metrics.contrasts(status, groups)
    counts = table[["k", "n", "other_k", "other_n"]].to_numpy().tolist()
    assert counts == [[2, 2, 1, 3], [1, 2, 2, 3], [1, 2, 2, 3]]


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=5, deadline=None)
def test_rows_agree_with_scipy_and_statsmodels(seed, several):
    table = metrics.contrasts(*drawn(seed, several=several), draws=9)
    for row in table.itertuples():
        cells = [[row.k, row.n - row.k], [row.other_k, row.other_n - row.other_k]]
        assert row.p == pytest.approx(fisher_exact(cells).pvalue)
        ends = confint_proportions_2indep(
            row.k, row.n, row.other_k, row.other_n, method="newcomb", compare="diff"
        )
        assert (row.low, row.high) == pytest.approx(ends)
    for column, method in (("p_holm", "holm"), ("p_bh", "fdr_bh")):
        assert table[column].tolist() == pytest.approx(multipletests(table["p"], method=method)[1])
        single = table.drop_duplicates("feature_id")
        expected = multipletests(single["p_feature"], method=method)[1]
        assert single[f"p_feature_{column[2:]}"].tolist() == pytest.approx(expected)


def test_models_in_no_group_are_left_out():
    status, groups = drawn(1)
    fewer = groups[groups["model_id"] > "m2"]
    inside = status.loc[fewer["model_id"].unique()]
    pd.testing.assert_frame_equal(
        metrics.contrasts(status, fewer, draws=99), metrics.contrasts(inside, fewer, draws=99)
    )


def test_two_groups_that_mirror_each_other_are_tested_once():
    status, groups = drawn(2)
    groups["goal_id"] = np.where(groups["goal_id"] == "g3", "g3", "g1")
    table = metrics.contrasts(status, groups, GOALS)
    first, empty, last = (table[table["goal_id"] == goal].reset_index() for goal in GOALS)
    assert first["p_holm"].tolist() == pytest.approx(multipletests(first["p"], method="holm")[1])
    for column in ("p", "p_holm", "p_bh"):
        assert first[column].tolist() == pytest.approx(last[column].tolist())
    assert first["difference"].equals(-last["difference"])
    assert empty[["difference", "low", "high", "p", "p_holm", "p_bh"]].isna().all(axis=None)


def test_what_cannot_differ_is_not_tested():
    """All have f1, none has f2, and f3 was assessed in one goal alone."""
    table = metrics.contrasts(coded(["101", "100", "10?", "10."]), served(["g1", "g1", "g2", "g2"]))
    by_feature = table.groupby("feature_id")
    tests = ["p", "p_holm", "p_bh", "p_feature", "p_feature_holm", "p_feature_bh", "cramers_v"]
    assert table[tests].isna().all(axis=None)
    assert (table["test"] == "").all()
    assert by_feature["difference"].count().tolist() == [2, 2, 0]
    assert by_feature["low"].count().tolist() == [2, 2, 0]


def test_without_models_or_with_one_group_nothing_is_told():
    none = metrics.contrasts(coded(["10"]).iloc[:0], served([]), GOALS)
    one = metrics.contrasts(coded(["10", "01"]), served(["g1", "g1"]), GOALS)
    for table in (none, one):
        assert len(table) == 6
        assert table[["difference", "p", "p_feature", "cramers_v"]].isna().all(axis=None)


# All groups at once


@pytest.mark.parametrize("seed", range(3))
def test_the_exact_test_adds_up_all_tables_that_are_no_likelier(seed):
    rng = np.random.default_rng(seed)
    rows, goals = rng.choice(["1", "0"], 9), rng.choice(GOALS, 9)
    rows[:2], goals[:2] = ["1", "0"], GOALS[:2]
    status, groups = coded(list(rows)), served(list(goals))
    row = metrics.contrasts(status, groups).iloc[0]
    ways = {}
    for one in product([0, 1], repeat=9):
        if sum(one) == (rows == "1").sum():
            table = tuple(sum(x for x, g in zip(one, goals, strict=True) if g == h) for h in GOALS)
            ways[table] = ways.get(table, 0) + 1
    found = tuple(((rows == "1") & (goals == goal)).sum() for goal in GOALS)
    least = sum(n for n in ways.values() if n <= ways[found])
    assert row["p_feature"] == pytest.approx(least / sum(ways.values()))
    assert row["test"] == "exact"


def test_with_two_groups_the_exact_test_is_fishers():
    table = metrics.contrasts(*two_groups(9, 12, 4, 13))
    assert table["p_feature"].tolist() == pytest.approx(table["p"].tolist())
    assert table["p"].iloc[0] == pytest.approx(fisher_exact([[9, 3], [4, 9]]).pvalue)


def test_too_many_tables_are_sampled_as_scipy_does():
    """A 6 x 2 table of 30 to 80 models a group, which has 10^10 tables; p is about 0.04."""
    k, n = [20, 31, 24, 30, 44, 58], [30, 40, 50, 60, 70, 80]
    rows = "".join("1" * a + "0" * (b - a) for a, b in zip(k, n, strict=True))
    groups = served(np.repeat(list("abcdef"), n))
    row = metrics.contrasts(coded(list(rows)), groups, draws=20_000).iloc[0]
    cells = np.column_stack([k, np.subtract(n, k)])
    sampled = MonteCarloMethod(n_resamples=20_000, rng=np.random.default_rng(1))
    expected = fisher_exact(cells, method=sampled).pvalue
    assert row["test"] == "monte-carlo"
    assert row["p_feature"] == pytest.approx(expected, abs=4 * (2 * expected / 20_000) ** 0.5)


def explained(x, members):
    """R squared of a regression on memberships."""
    design = np.column_stack([np.ones(len(x)), members])
    residuals = x - design @ np.linalg.lstsq(design, x, rcond=None)[0]
    return 1 - residuals.var() / x.var()


def test_whole_memberships_are_permuted_where_models_have_several_goals():
    """Against all 5,040 orders of seven models."""
    goals = ["g1 g2", "g1", "g2 g3", "g3", "g1 g3", "g2", "g2"]
    x = np.array([1, 1, 0, 0, 1, 0, 1])
    row = metrics.contrasts(coded(list(map(str, x))), served(goals), draws=40_000).iloc[0]
    members = np.array([[goal in one for goal in GOALS] for one in goals], dtype=float)
    every = np.array([explained(x, members[list(order)]) for order in permutations(range(7))])
    found = explained(x, members)
    expected = (every >= found - 1e-9).mean()
    assert row["test"] == "permutation"
    assert row["p_feature"] == pytest.approx(expected, abs=4 * (expected / 40_000) ** 0.5)
    assert every.mean() == pytest.approx(3 / 6)  # rank/(n - 1), which V takes off
    assert row["cramers_v"] == pytest.approx((max(found - 3 / 6, 0) / (1 - 1 / 6)) ** 0.5)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_v_is_bergsmas_where_each_model_has_one_goal(seed):
    status, groups = drawn(seed)
    for row in (
        metrics.contrasts(status, groups, GOALS, draws=9).drop_duplicates("feature_id").itertuples()
    ):
        goal = groups.set_index("model_id").loc[status.index, "goal_id"]
        cells = pd.crosstab(goal, status[row.feature_id])[["present", "absent"]]
        cells = cells[cells.sum(axis=1) > 0].to_numpy()
        n, r = cells.sum(), len(cells)
        phi = association(cells, method="cramer") ** 2
        assert phi == pytest.approx(chi2_contingency(cells, correction=False).statistic / n)
        corrected = max(0, phi - (r - 1) / (n - 1))
        least = min(r - (r - 1) ** 2 / (n - 1) - 1, 2 - 1 / (n - 1) - 1)
        assert row.cramers_v == pytest.approx((corrected / least) ** 0.5)


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=10, deadline=None)
def test_the_order_of_models_and_memberships_does_not_matter(seed, several):
    status, groups = drawn(seed, several=several)
    other = metrics.contrasts(status.iloc[::-1], groups.sample(frac=1, random_state=1), draws=99)
    pd.testing.assert_frame_equal(metrics.contrasts(status, groups, draws=99), other)


def test_seeds_repeat_permutations():
    status, groups = drawn(5, several=True)
    one, same, other = (
        metrics.contrasts(status, groups, draws=99, seed=seed)["p_feature"] for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one.equals(other)


@pytest.mark.parametrize("several", [False, True])
def test_features_spread_without_regard_to_goals_rarely_survive(several):
    """As benchmarks/contrasts.py finds: in fewer than 5 % of data sets is anything found."""
    wrong = 0
    for seed in range(40):
        table = metrics.contrasts(*drawn(seed, 60, several), draws=99)
        wrong += bool((table["p_holm"] < 0.05).any())
    assert wrong <= 6  # of 40 at 5 %, more than six in one of 100 runs

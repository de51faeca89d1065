"""Ranks of several features at once: what they hold, and how they are found."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from soila_analysis import metrics


def coded(present):
    """Statuses from an array of true and false."""
    columns = [f"f{i}" for i in range(np.shape(present)[1])]
    return pd.DataFrame(np.where(present, "present", "absent"), columns=columns)


def ends(table):
    return table[["rank_low", "rank_high"]].to_numpy().tolist()


def alike(seed, shares, models):
    """Models whose features go together."""
    rng = np.random.default_rng(seed)
    drawn = 0.4 * rng.random((models, 1)) + 0.6 * rng.random((models, len(shares)))
    return coded(drawn < shares)


ORACLE = {
    1: "15-16 15-16 14-14 12-13 11-13 10-12 9-11 8-10 7-9 6-8 6-7 4-5 3-5 3-4 1-2 1-2",
    2: "15-16 14-16 13-15 12-14 12-13 10-11 9-11 9-10 7-8 6-8 5-7 4-6 3-5 3-4 1-2 1-2",
    3: "15-16 15-16 13-14 13-14 11-12 10-12 9-11 8-10 7-9 6-8 5-7 5-6 3-4 3-4 1-2 1-2",
}
"""`SimultaneousRanking` of the Python package multiple-inference 1.2.0, from the shares and their
covariance, for data drawn with these seeds."""


@pytest.mark.parametrize("seed", ORACLE)
def test_sets_are_those_of_another_implementation(seed):
    table = metrics.rank_sets(alike(seed, np.linspace(0.35, 0.6, 16), 3000))
    assert [f"{low}-{high}" for low, high in ends(table)] == ORACLE[seed].split()


@pytest.mark.parametrize(("only", "apart"), [(3, False), (4, False), (5, True), (9, True)])
def test_two_features_are_told_apart_as_by_mcnemars_test(only, apart):
    """One is present alone in `only` models, the other in none, and half a model is taken off."""
    table = metrics.rank_sets(coded([[1, 1]] * 10 + [[1, 0]] * only + [[0, 0]] * 5))
    assert ((only - 0.5) / only**0.5 > norm.ppf(0.975)) == apart
    assert ends(table) == ([[1, 1], [2, 2]] if apart else [[1, 2], [1, 2]])


def test_steps_go_on_among_the_pairs_that_are_left():
    """The first two differ by z = 2.46: too little for 2.54 of six pairs, enough for what is left.

    They are far from the others, which are alike.
    """
    rows = [[1, 1, 0, 0]] * 20 + [[1, 0, 0, 0]] * 7 + [[1, 1, 1, 0]] * 3 + [[1, 1, 0, 1]] * 3
    assert ends(metrics.rank_sets(coded(rows))) == [[1, 1], [2, 2], [3, 4], [3, 4]]
    near = [[1, 1, 1, 1]] * 20 + [[1, 0, 1, 1]] * 7 + [[1, 1, 1, 0]] * 3 + [[1, 1, 0, 1]] * 3
    assert ends(metrics.rank_sets(coded(near)))[:2] == [[1, 4], [1, 4]]


def test_equal_features_share_their_set_at_any_share():
    rows = [[1, 1, 0, 0, i % 2] for i in range(24)]
    assert ends(metrics.rank_sets(coded(rows))) == [[1, 2], [1, 2], [4, 5], [4, 5], [3, 3]]


def test_a_feature_that_nobody_assessed_has_no_set_and_takes_no_rank():
    status = coded([[1, 0, 0]] * 20).assign(f1="not-assessed")
    table = metrics.rank_sets(status)
    assert table["rank_low"].tolist() == [1, pd.NA, 2]
    assert table["rank_high"].tolist() == [1, pd.NA, 2]


def test_no_models_leave_all_ranks_missing():
    table = metrics.rank_sets(coded(np.zeros((0, 3), dtype=bool)))
    assert table[["rank_low", "rank_high"]].isna().all(axis=None)


def test_codes_that_are_missing_make_sets_wider_and_not_wrong():
    status = alike(1, np.linspace(0.2, 0.8, 8), 300)
    holes = np.random.default_rng(1).random(status.shape) < 0.3
    full, fewer = metrics.rank_sets(status), metrics.rank_sets(status.mask(holes, "unclear"))
    width = [(one["rank_high"] - one["rank_low"]).mean() for one in (full, fewer)]
    assert width[0] < width[1]
    assert fewer["rank_low"].le(np.arange(8, 0, -1)).all()
    assert fewer["rank_high"].ge(np.arange(8, 0, -1)).all()


def test_features_assessed_on_other_models_are_compared_as_independent():
    """20/30 against 8/30: the z of two independent shares, pooled, is 3.1."""
    status = coded(np.zeros((60, 2), dtype=bool))
    status.iloc[:20, 0], status.iloc[30:, 0] = "present", "not-assessed"
    status.iloc[30:38, 1], status.iloc[:30, 1] = "present", "not-assessed"
    z = (12 / 30) / (28 / 60 * 32 / 60 * 2 / 30) ** 0.5
    for confidence, apart in ((2 * norm.cdf(z) - 1 - 1e-3, True), (1 - 1e-4, False)):
        table = metrics.rank_sets(status, confidence=confidence, replicates=20_000)
        assert ends(table) == ([[1, 1], [2, 2]] if apart else [[1, 2], [1, 2]])


@given(st.integers(0, 10_000), st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=25, deadline=None)
def test_sets_hold_the_ranks_of_the_data_and_ties_whatever_the_order(seed, confidence):
    rng = np.random.default_rng(seed)
    status = coded(rng.random((30, 6)) < rng.random(6))
    table = metrics.rank_sets(status, confidence=confidence, replicates=500)
    share = status.eq("present").mean()
    assert (table["rank_low"] <= rankdata(-share, method="min")).all()
    assert (table["rank_high"] >= rankdata(-share, method="max")).all()
    turned = metrics.rank_sets(status.iloc[::-1], confidence=confidence, replicates=500)
    pd.testing.assert_frame_equal(table, turned)


def test_more_confidence_and_fewer_models_make_no_set_smaller():
    status = alike(2, np.linspace(0.2, 0.8, 8), 100)
    low, high = (metrics.rank_sets(status, confidence=c) for c in (0.8, 0.99))
    assert (high["rank_low"] <= low["rank_low"]).all()
    assert (high["rank_high"] >= low["rank_high"]).all()


def test_all_sets_hold_at_once_where_single_ranges_do_not():
    """As benchmarks/contrasts.py measures: 24 models, sixteen features, eight truly tied."""
    true = np.r_[np.full(8, 0.75), np.linspace(0.1, 0.95, 8)]
    best, worst = rankdata(-true, method="min"), rankdata(-true, method="max")
    rng, held, single = np.random.default_rng(1), 0, 0
    for _ in range(40):
        status = coded(rng.random((24, 16)) < true)
        sets, ranges = metrics.rank_sets(status), metrics.rank_ranges(status, replicates=200)
        held += ((sets["rank_low"] <= best) & (worst <= sets["rank_high"])).all()
        single += ((ranges["rank_low"] <= best) & (best <= ranges["rank_high"])).all()
    assert held >= 36  # of 40 at 95 %, fewer in one of 100 runs
    assert single < 30


@pytest.mark.parametrize("models", [1, 2, 5])
def test_few_models_that_are_all_alike_settle_no_rank(models):
    status = pd.DataFrame([["present"] * 8 + ["absent"] * 8] * models).rename(columns=str)
    ranks = metrics.rank_sets(status)
    assert (ranks["rank_low"] == 1).all()
    assert (ranks["rank_high"] == 16).all()


def test_many_models_that_are_all_alike_tell_common_features_from_rare_ones():
    status = pd.DataFrame([["present"] * 8 + ["absent"] * 8] * 52).rename(columns=str)
    assert metrics.rank_sets(status)["rank_low"].tolist() == [1] * 8 + [9] * 8

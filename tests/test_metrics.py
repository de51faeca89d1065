import csv
import runpy
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, fisher_exact
from statsmodels.stats.multitest import multipletests

from soila_analysis import metrics
from soila_analysis.metrics import ranking
from soila_analysis.metrics.ranking import leading_goal

ROOT = Path(__file__).parents[1]
COUNTS_AS = {"1": "present", "0.5": "present", "0": "absent", "?": "unclear"}
COUNTS_AS["-"] = "not-applicable"
ECOSYSTEM_BY_GOAL = {
    "literal": [(9, 18), (6, 9), (3, 8), (6, 10)],
    "memberships": [(12, 20), (5, 13), (6, 9), (5, 10)],
}


def frame(rows, features=("f1", "f2", "f3"), prefix="m"):
    index = pd.Index([f"{prefix}{i}" for i in range(len(rows))], name="model_id", dtype="str")
    return pd.DataFrame(rows, index=index, columns=list(features)[: len(rows[0]) if rows else 3])


def goals_of(goals, prefix="m"):
    pairs = [(f"{prefix}{i}", goal) for i, served in enumerate(goals) for goal in served]
    return pd.DataFrame(pairs, columns=["model_id", "goal_id"], dtype="str")


def counted(present, absent, unclear=0, not_applicable=0, disagreed=0, not_assessed=0):
    values = (present, absent, unclear, not_applicable, disagreed, not_assessed)
    return pd.DataFrame({s: [v] for s, v in zip(metrics.STATUSES, values, strict=True)})


@st.composite
def coded(draw):
    """Models with any statuses, each with one goal or several."""
    size = draw(st.integers(0, 12))
    status = draw(
        st.lists(
            st.lists(st.sampled_from(metrics.STATUSES), min_size=3, max_size=3),
            min_size=size,
            max_size=size,
        )
    )
    served = st.sets(st.sampled_from(["g1", "g2", "g3"]), min_size=1)
    goals = draw(st.lists(served, min_size=size, max_size=size))
    return frame(status), goals_of([sorted(s) for s in goals])


# What the review published


def test_the_models_of_the_four_goals_are_20_13_9_10_of_52(review):
    table = metrics.goal_distribution(review.memberships, review.taxonomy.goal_ids)
    assert table["goal_id"].tolist() == ["goal-1", "goal-2", "goal-3", "goal-4"]
    assert table["k"].tolist() == [20, 13, 9, 10]
    assert table["n"].tolist() == [52] * 4
    assert table["percent"].tolist() == [38, 25, 17, 19]
    assert table["models"].tolist() == [{"literal": 52, "memberships": 45}[review.info.reading]] * 4


def test_goals_of_equal_size_have_equal_percentages():
    """10 of 35 was 29 % and 28 % where the labels were made to sum to 100."""
    goals = [["g1"]] * 10 + [["g2"]] * 10 + [["g3"]] * 15
    table = metrics.goal_distribution(goals_of(goals), ["g1", "g2", "g3"])
    assert table["percent"].tolist() == [29, 29, 43]


def test_the_most_common_and_the_rarest_features_have_the_published_counts(review):
    table = metrics.feature_shares(review.status).set_index("feature_id")
    common = ["target-group-needs", "societal-goal", "social-means", "societal-solution"]
    rare = ["ecosystem-anchoring", "new-working-idea", "sustainability", "new-interactions"]
    assert (table["n"] == 45).all()
    assert table.loc[common, "k"].tolist() == [41, 40, 40, 39]
    assert table.loc[common, "percent"].tolist() == [91, 89, 89, 87]
    assert table.loc[common, "rank"].tolist() == [1, 2, 2, 4]
    assert table.loc[rare, "k"].tolist() == [24, 28, 33, 33]
    assert table.loc[rare, "percent"].tolist() == [53, 62, 73, 73]
    assert table.loc[rare, "rank"].tolist() == [16, 15, 13, 13]
    assert table.drop([*common, *rare])["k"].between(34, 38).all()


def test_ecosystem_anchoring_by_goal_has_the_counts_of_the_reading(review):
    table = metrics.feature_by_goal(
        review.status,
        review.memberships,
        review.taxonomy.goal_ids,
        "ecosystem-anchoring",
    )
    expected = ECOSYSTEM_BY_GOAL[review.info.reading]
    assert list(zip(table["k"], table["n"], strict=True)) == expected
    order = {"literal": [50, 67, 38, 60], "memberships": [60, 38, 67, 50]}
    assert table["percent"].tolist() == order[review.info.reading]


def test_the_first_goal_alone_has_most_features_per_model(review):
    table = metrics.features_per_model(
        review.status, review.memberships, review.taxonomy.goal_ids
    ).drop_duplicates("goal_id")
    means = table.set_index("goal_id")["mean"]
    assert means.idxmax() == "goal-1"
    assert means["goal-1"] > means.drop("goal-1").max()


def test_seven_models_are_not_assessed_under_the_literal_reading_and_none_under_the_other(shipped):
    for name, missing in (("literal", 7), ("memberships", 0)):
        table = metrics.feature_shares(shipped[name].status)
        assert table["not_assessed"].tolist() == [missing] * 16


# Counting


def naive(folder, by_goal):
    """Count with the standard library alone: codes agree by what they count as, or not."""

    def rows(name):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    codes = {}
    for row in rows("codings"):
        codes.setdefault((row["model_id"], row["feature_id"]), set()).add(COUNTS_AS[row["code"]])
    features = {feature for _, feature in codes}
    units = [("", row["model_id"]) for row in rows("models")]
    if by_goal:
        units = [(row["goal_id"], row["model_id"]) for row in rows("memberships")]
    counts = Counter()
    for goal, model in units:
        for feature in features:
            found = sorted(codes.get((model, feature), {"not-assessed"}))
            counts[goal, feature, found[0] if len(found) == 1 else "disagreement"] += 1
    return counts


@pytest.mark.parametrize("by_goal", [False, True], ids=["over all models", "by goal"])
@pytest.mark.parametrize("name", ["literal", "memberships", "own"])
def test_a_tally_is_what_a_naive_count_of_the_files_gives(name, by_goal, shipped, folders):
    data = shipped[name]
    table = metrics.tally(data.status, data.memberships if by_goal else None)
    long = table.assign(goal_id=table.get("goal_id", "")).melt(
        id_vars=["goal_id", "feature_id"], value_vars=list(metrics.STATUSES)
    )
    keys = zip(long["goal_id"], long["feature_id"], long["variable"], strict=True)
    counted = {key: value for key, value in zip(keys, long["value"], strict=True) if value}
    assert counted == naive(folders[name], by_goal)


@settings(max_examples=50, deadline=None)
@given(coded())
def test_every_model_is_counted_once_for_each_feature(data):
    status, _ = data
    counts = metrics.tally(status)
    assert (counts[list(metrics.STATUSES)].sum(axis=1) == len(status)).all()


@settings(max_examples=50, deadline=None)
@given(coded())
def test_with_one_goal_each_the_counts_by_goal_add_up_to_the_counts_over_all(data):
    status, memberships = data
    single = memberships.drop_duplicates("model_id")
    columns = list(metrics.STATUSES)
    by_goal = metrics.tally(status, single).groupby("feature_id")[columns].sum()
    overall = metrics.tally(status).set_index("feature_id")[columns]
    if len(status):
        pd.testing.assert_frame_equal(by_goal, overall.loc[by_goal.index], check_names=False)


def test_a_model_with_two_goals_counts_in_both_and_once_over_all():
    status, memberships = frame([["present"]]), goals_of([["g1", "g2"]])
    by_goal = metrics.feature_shares_by_goal(status, memberships, ["g1", "g2"])
    assert by_goal["n"].tolist() == [1, 1]
    assert metrics.feature_shares(status)["n"].tolist() == [1]
    assert metrics.goal_distribution(memberships, ["g1", "g2"])["n"].tolist() == [2, 2]


@settings(max_examples=6, deadline=None)
@given(coded(), st.randoms(use_true_random=False))
def test_the_order_of_the_models_changes_nothing(data, random):
    status, memberships = data
    order = list(range(len(status)))
    random.shuffle(order)
    mixed, pairs = status.iloc[order], memberships.sample(frac=1, random_state=1)
    goals = ["g1", "g2", "g3"]
    for one, other in (
        (metrics.feature_shares(status), metrics.feature_shares(mixed)),
        (
            metrics.evidence_map(status, memberships, goals),
            metrics.evidence_map(mixed, pairs, goals),
        ),
        (
            metrics.features_per_model(status, memberships, goals),
            metrics.features_per_model(mixed, pairs, goals),
        ),
    ):
        pd.testing.assert_frame_equal(one, other)


def test_the_map_is_all_features_in_all_goals_and_then_each_feature_over_all_models(review):
    status, goals = review.status, review.taxonomy.goal_ids
    table = metrics.evidence_map(status, review.memberships, goals)
    cells, margin = table[table["goal_id"] != ""], table[table["goal_id"] == ""]
    assert len(cells) == 16 * 4
    assert cells["feature_id"].unique().tolist() == list(review.taxonomy.feature_ids)
    assert cells["goal_id"].head(4).tolist() == list(goals)
    overall = metrics.feature_shares(status)
    assert margin["feature_id"].tolist() == overall["feature_id"].tolist()
    assert margin["k"].tolist() == overall["k"].tolist()


# Shares and intervals


@pytest.mark.parametrize(
    ("method", "low", "high"), [("wilson", 0.794, 0.958), ("clopper-pearson", 0.790, 0.968)]
)
def test_the_interval_of_47_of_52_is_the_published_one(method, low, high):
    row = metrics.shares(counted(47, 5), interval=method).iloc[0]
    assert (round(row["low"], 3), round(row["high"], 3)) == (low, high)


def test_the_jeffreys_interval_is_that_of_its_beta_distribution():
    row = metrics.shares(counted(47, 5), interval="jeffreys", confidence=0.9).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(beta.ppf([0.05, 0.95], 47.5, 5.5))


def test_a_higher_confidence_gives_a_wider_interval():
    wide, narrow = (metrics.shares(counted(7, 3), confidence=c).iloc[0] for c in (0.99, 0.9))
    assert wide["low"] < narrow["low"] < 0.7 < narrow["high"] < wide["high"]


def test_without_intervals_the_shares_stay():
    row = metrics.shares(counted(1, 1), interval="none").iloc[0]
    assert row["share"] == 0.5
    assert row[["low", "high"]].isna().all()
    assert row["interval"] == "none"


def test_codes_left_open_are_outside_n_and_inside_the_bounds():
    row = metrics.shares(counted(6, 2, 1, 5, disagreed=4, not_assessed=3)).iloc[0]
    assert (row["k"], row["n"], row["share"], row["percent"]) == (6, 8, 0.75, 75)
    counts = row[["unclear", "not_applicable", "disagreed", "not_assessed"]]
    assert counts.tolist() == [1, 5, 4, 3]
    assert (row["share_min"], row["share_max"]) == (6 / 16, 14 / 16)


def test_where_nothing_is_assessed_there_is_no_share_but_there_are_bounds():
    row = metrics.shares(counted(0, 0, unclear=2)).iloc[0]
    assert (row["k"], row["n"]) == (0, 0)
    assert row[["share", "low", "high", "percent"]].isna().all()
    assert (row["share_min"], row["share_max"]) == (0, 1)


def test_where_nothing_could_be_assessed_there_are_no_bounds_either():
    row = metrics.shares(counted(0, 0, not_applicable=2)).iloc[0]
    assert row[["share", "share_min", "share_max"]].isna().all()


def test_a_goal_without_models_has_a_row_with_no_share():
    table = metrics.feature_by_goal(frame([["present"]]), goals_of([["g1"]]), ["g1", "g2"], "f1")
    assert table["n"].tolist() == [1, 0]
    assert table["percent"].isna().tolist() == [False, True]


@settings(max_examples=50, deadline=None)
@given(coded(), st.sampled_from(["wilson", "jeffreys", "clopper-pearson"]))
def test_a_share_lies_between_its_bounds_and_inside_its_interval(data, method):
    table = metrics.shares(metrics.tally(data[0]), interval=method).dropna(subset=["share"])
    assert (table["share_min"] <= table["share"]).all()
    assert (table["share"] <= table["share_max"]).all()
    assert table["low"].ge(0).all()
    assert table["high"].le(1).all()
    if method != "jeffreys":  # at k = 0 or n, Jeffreys leaves its own share out
        assert (table["low"] <= table["share"] + 1e-12).all()
        assert (table["share"] <= table["high"] + 1e-12).all()


# Several coders


def test_the_interval_of_none_begins_at_zero():
    ends = [metrics.shares(counted(0, n))["low"].iloc[0] for n in range(1, 60)]
    assert set(ends) == {0}  # not 5.6e-17, for which pandas would write every share so


def test_no_confident_number_comes_of_disagreement():
    """Six coders' real codes: 0 of 33 models by unanimity, and nine models in dispute."""
    row = metrics.shares(counted(0, 33, disagreed=9)).iloc[0]
    assert (row["share"], row["share_min"], row["share_max"]) == (0, 0, 9 / 42)
    assert row["low"] == pytest.approx(0)
    assert row["high"] == pytest.approx(metrics.shares(counted(9, 33)).iloc[0]["high"])
    assert row["interval"] == "wilson-widened"


def test_a_code_that_the_majority_overruled_counts_in_k_and_widens_bounds_and_interval():
    majority = frame([["present"], ["present"], ["absent"], ["disagreement"]])
    contested = frame([["present"], ["disagreement"], ["absent"], ["disagreement"]])
    row = metrics.feature_shares(majority, contested=contested).iloc[0]
    assert (row["k"], row["n"], row["disagreed"], row["overruled"]) == (2, 3, 1, 1)
    assert (row["share_min"], row["share_max"]) == (1 / 4, 3 / 4)
    ends = metrics.shares(pd.concat([counted(1, 3), counted(3, 1)]))
    assert (row["low"], row["high"]) == (ends["low"].iloc[0], ends["high"].iloc[1])


@settings(max_examples=50, deadline=None)
@given(coded(), st.sampled_from(["wilson", "jeffreys", "clopper-pearson"]), st.data())
def test_a_widened_interval_holds_that_of_every_way_to_settle_the_disagreement(data, method, more):
    counts = metrics.tally(data[0])
    present = [more.draw(st.integers(0, n)) for n in counts["disagreement"]]
    settled = counts.assign(disagreement=0, present=counts["present"] + present)
    settled["absent"] += counts["disagreement"] - present
    wide = metrics.shares(counts, interval=method)
    known = wide["n"] > 0
    one = metrics.shares(settled[["feature_id", *metrics.STATUSES]], interval=method)
    assert (wide["low"] <= one["low"] + 1e-12)[known].all()
    assert (one["high"] <= wide["high"] + 1e-12)[known].all()


def test_each_coders_own_shares_stand_beside_those_of_all(shipped):
    data = shipped["own"]
    table = metrics.with_coders(metrics.feature_shares(data.status), data.apart)
    tidy = data.tidy("en").groupby(["coder_id", "feature_id"])["present"]
    for coder in "AB":
        own = table.set_index("feature_id")
        expected = tidy.agg(["sum", "count", "mean"]).loc[coder].loc[own.index]
        found = own[[f"k:{coder}", f"n:{coder}", f"share:{coder}"]]
        assert found.to_numpy() == pytest.approx(expected.to_numpy())


def test_own_shares_by_group_are_those_of_the_groups_models_and_one_coder_has_none():
    apart = {
        "A": frame([["present"], ["present"]], ["f1"]),
        "B": frame([["absent"], ["unclear"]], ["f1"]),
    }
    groups = goals_of([["g1", "g2"], ["g2"]])
    status = frame([["disagreement"], ["disagreement"]], ["f1"])
    table = metrics.shares_by(status, groups)
    own = metrics.with_coders(table, apart, groups)
    assert own[["k:A", "n:A", "k:B", "n:B"]].to_numpy().tolist() == [[1, 1, 0, 1], [2, 2, 0, 1]]
    assert metrics.with_coders(table, {"A": apart["A"]}, groups).equals(table)


@pytest.fixture(scope="module")
def benchmark():
    file = Path(__file__).parents[1] / "benchmarks" / "consensus.py"
    return runpy.run_path(str(file))


@pytest.mark.parametrize(
    ("coders", "share", "sensitivity", "covered"),
    [(2, 0.15, 0.7, 0.79), (3, 0.15, 0.7, 0.67), (6, 0.11, 0.55, 0.16)],
)
def test_the_interval_of_a_unanimous_share_does_not_cover(
    benchmark, coders, share, sensitivity, covered
):
    found = benchmark["row"](coders, share, (sensitivity, 0.97), 52)
    assert found["unanimous"] == pytest.approx(covered, abs=0.03)
    assert found["widened"] > 0.95


@pytest.mark.parametrize("coders", [2, 3, 6])
def test_a_widened_interval_covers_if_some_coder_is_right_and_says_so_because_else_it_may_not(
    benchmark, coders
):
    found = benchmark["row"](coders, 0.9, (0.55, 0.9), 52)
    assert found["some coder right"] > 0.95
    assert (found["widened"] > 0.95) == (coders == 6)


# Ranks and means


def test_tied_features_share_the_best_rank_and_the_unassessed_get_none():
    table = pd.DataFrame({"share": [0.5, 0.9, 0.5, np.nan, 0.1]})
    ranks = metrics.ranked(table)
    assert ranks["rank"].tolist() == [2, 1, 2, pd.NA, 4]
    assert ranks["tied"].tolist() == [2, 1, 2, pd.NA, 1]


def test_rank_ranges_enclose_the_ranks_and_keep_to_the_features(review):
    table = metrics.feature_shares(review.status)
    assert (table["rank_low"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_high"]).all()
    assert table["rank_low"].ge(1).all()
    assert table["rank_high"].le(16).all()


def test_rank_ranges_depend_on_the_models_and_the_seed_not_on_the_order():
    rng = np.random.default_rng(0)
    features = [f"f{i}" for i in range(8)]
    status = frame(rng.choice(["present", "absent"], (15, 8)).tolist(), features)
    one, other = (metrics.rank_ranges(status, replicates=40, seed=seed) for seed in (1, 2))
    for same in (status, status.iloc[::-1]):
        pd.testing.assert_frame_equal(metrics.rank_ranges(same, replicates=40, seed=1), one)
    assert not one.equals(other)


def test_when_all_models_are_alike_no_rank_moves():
    table = metrics.rank_ranges(frame([["present", "absent", "absent"]] * 5), replicates=30)
    assert table[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [2, 2], [2, 2]]


def test_sums_of_many_models_give_the_ranks_that_models_give(monkeypatch):
    """Drawn one by one or by their moments; the last feature equals the first, and ties with it."""
    rng = np.random.default_rng(3)
    rows = np.where(rng.random((400, 6)) < [0.3, 0.5, 0.55, 0.7, 0.72, 0.9], "present", "absent")
    rows[rng.random(rows.shape) < 0.1] = "unclear"
    features = [f"f{i}" for i in range(7)]
    status = frame(np.column_stack([rows, rows[:, 0]]).tolist(), features)
    goals = ["g1", "g2"]
    served = goals_of([[goals[i % 2]] for i in range(400)])
    one = metrics.rank_ranges(status)
    lead = metrics.features_per_model(status, served, goals)
    monkeypatch.setattr(ranking, "DRAWN", 399)
    many = metrics.rank_ranges(status)
    again = metrics.features_per_model(status, served, goals)
    ends = ["rank_low", "rank_high"]
    assert (many[ends] - one[ends]).abs().to_numpy().max() <= 1
    assert many.iloc[0, 1:].tolist() == many.iloc[6, 1:].tolist()
    assert again["leads"].to_numpy() == pytest.approx(lead["leads"].to_numpy(), abs=0.03)


def test_a_large_table_is_drawn_by_its_sums_and_not_by_its_models(monkeypatch):
    monkeypatch.setattr(ranking, "_sums_of_few", None)
    status = frame([["present", "absent", "present"], ["absent"] * 3] * 2600)
    table = metrics.rank_ranges(status)
    assert table[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [3, 3], [1, 1]]


def test_what_was_not_assessed_in_a_model_does_not_count_as_absent():
    """Shares of assessed codes of 84 and 78 % once gave means of 3.7 and 9.6 of 16 features."""
    features = [f"f{i}" for i in range(16)]
    few = ["present"] * 4 + ["absent"] + ["unclear"] * 11
    most = ["present"] * 10 + ["absent"] * 3 + ["disagreement"] * 3
    status = frame([few, few, most, most], features)
    memberships = goals_of([["g1"], ["g1"], ["g2"], ["g2"]])
    table = metrics.features_per_model(status, memberships, ["g1", "g2"])
    assert table["mean"].tolist() == [16 * 4 / 5, 16 * 10 / 13]
    assert table["median"].tolist() == [16 * 4 / 5, 16 * 10 / 13]
    assert table[["features", "assessed"]].to_numpy().tolist() == [[4, 5], [10, 13]]
    assert table[["mean_min", "mean_max"]].to_numpy().tolist() == [[4, 15], [10, 13]]


def test_disagreement_that_a_majority_settled_leaves_a_mean_open_too():
    status = frame([["present", "absent", "absent"]] * 2)
    contested = frame([["disagreement", "disagreement", "absent"]] * 2)
    memberships = goals_of([["g1"], ["g1"]])
    table = metrics.features_per_model(status, memberships, ["g1"], contested=contested)
    assert table[["mean", "mean_min", "mean_max"]].iloc[0].tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("first", "second", "models", "leads"),
    [
        ("ppp", "aaa", 3, True),
        ("ppp", "aaa", 2, False),  # too few models
        ("pa-", "aa-", 9, True),
        ("pau", "aaa", 9, True),
        ("pau", "aau", 9, False),  # the bounds meet
        ("pad", "aad", 9, False),
        ("pp-", "p-a", 9, True),
        ("paa", "paa", 9, False),  # a tie
    ],
)
def test_a_goal_is_the_leader_only_beyond_bounds_ties_and_a_handful_of_models(
    first, second, models, leads
):
    names = {"p": "present", "a": "absent", "u": "unclear", "d": "disagreement"}
    names["-"] = "not-applicable"
    rows = [[names[code] for code in codes] for codes in (first, second) for _ in range(models)]
    memberships = goals_of([["g1"]] * models + [["g2"]] * models)
    table = metrics.features_per_model(frame(rows), memberships, ["g1", "g2"])
    assert table["leader"].tolist() == [leads, False]


def test_a_goal_that_leads_by_chance_or_alone_is_no_leader():
    """Three models of six, then four, against three of two to five features."""
    codes = [["present"] * k + ["absent"] * (6 - k) for k in (6, 3, 4, 2, 5, 4)]
    status = frame(codes, [f"f{i}" for i in range(6)])
    table = metrics.features_per_model(status, goals_of([["g1"]] * 3 + [["g2"]] * 3), ["g1", "g2"])
    goals = table.drop_duplicates("goal_id")
    assert (goals["mean_min"] == goals["mean"]).all()
    assert goals["mean"].iloc[0] > goals["mean"].iloc[1]
    assert 0.5 < goals["leads"].iloc[0] < 0.95
    assert not goals["leader"].any()
    alone = metrics.features_per_model(status, goals_of([["g1"]] * 6), ["g1", "g2"])
    assert not alone["leader"].any()


@settings(max_examples=50, deadline=None)
@given(coded(), st.randoms(use_true_random=False))
def test_the_bounds_of_a_mean_hold_that_of_every_way_to_fill_in_open_codes(data, random):
    status, memberships = data
    goals = ["g1", "g2", "g3"]
    open_ = status.isin(["unclear", "disagreement"]) | status.eq("not-assessed").where(
        status.ne("not-assessed").any(axis=1), False
    )
    filled = status.mask(open_, status.map(lambda _: random.choice(["present", "absent"])))
    wide = metrics.features_per_model(status, memberships, goals).drop_duplicates("goal_id")
    mean = metrics.features_per_model(filled, memberships, goals).drop_duplicates("goal_id")["mean"]
    known = mean.notna().to_numpy()
    assert (wide["mean_min"].to_numpy() <= mean.to_numpy() + 1e-9)[known].all()
    assert (mean.to_numpy() <= wide["mean_max"].to_numpy() + 1e-9)[known].all()


def test_the_ranks_that_bounds_allow_are_counted_from_both_ends():
    status = frame(
        [["present", "present", "unclear"], ["present", "absent", "absent"]] * 2
        + [["not-assessed"] * 3]
    )
    table = metrics.feature_shares(status)
    assert table["share"].tolist() == [1, 0.5, 0]
    assert table["rank_min"].tolist() == [1, 2, 2]
    assert table["rank_max"].tolist() == [1, 3, 3]


def test_means_and_medians_are_over_the_coded_models_of_a_goal():
    status = frame(
        [
            ["present", "present", "present"],
            ["present", "absent", "unclear"],
            ["not-assessed", "not-assessed", "unclear"],
            ["absent", "absent", "absent"],
        ]
    )
    memberships = goals_of([["g1"], ["g1", "g2"], ["g1"], ["g3"]])
    table = metrics.features_per_model(status, memberships, ["g1", "g2", "g3", "g4"])
    goals = table.drop_duplicates("goal_id").set_index("goal_id")
    assert goals["n"].to_dict() == {"g1": 2, "g2": 1, "g3": 1, "g4": 0}
    assert goals["total"].to_dict() == {"g1": 4, "g2": 1, "g3": 0, "g4": 0}
    assert goals["mean"].head(3).tolist() == [3 * 4 / 5, 3 * 1 / 2, 0]
    assert goals["median"].head(3).tolist() == [(3 + 1.5) / 2, 1.5, 0]
    assert goals["not_coded"].to_dict() == {"g1": 1, "g2": 0, "g3": 0, "g4": 0}
    assert (goals["features_max"] == 3).all()
    assert goals.loc["g4", ["mean", "median", "share"]].isna().all()
    assert table["features"].tolist() == [1, 3, 1, 0, pd.NA]
    assert table["k"].tolist() == [1, 1, 1, 1, 0]


def test_where_no_model_is_coded_every_goal_has_an_empty_row():
    status, memberships = frame([["not-assessed"] * 3]), goals_of([["g1"]])
    table = metrics.features_per_model(status, memberships, ["g1", "g2"])
    assert table[["k", "n", "not_coded"]].to_numpy().tolist() == [[0, 0, 1], [0, 0, 0]]
    assert table[["mean", "median", "leads"]].isna().all(axis=None)


@settings(max_examples=20, deadline=None)
@given(coded())
def test_the_models_of_a_goal_are_spread_over_its_numbers_of_features(data):
    status, memberships = data
    table = metrics.features_per_model(status, memberships, ["g1", "g2", "g3"])
    for _, rows in table.groupby("goal_id"):
        assert rows["k"].sum() == rows["n"].iloc[0]
        assert (rows["k"] * rows["features"].fillna(0)).sum() == rows["total"].iloc[0]


def test_a_goal_that_always_has_the_highest_mean_always_leads():
    counts = pd.DataFrame(
        [(f"m{i}", goal, features) for i in range(20) for goal, features in (("a", 9), ("b", 2))],
        columns=["model_id", "goal_id", "features"],
    )
    assert leading_goal(counts, replicates=50)["leads"].tolist() == [1, 0]


def test_goals_that_lead_together_lead_for_none():
    counts = pd.DataFrame(
        [(f"m{i}", goal, 5) for i in range(4) for goal in ("a", "b")],
        columns=["model_id", "goal_id", "features"],
    )
    assert leading_goal(counts, replicates=20)["leads"].tolist() == [0, 0]


# Choices


def test_the_rarest_feature_is_the_first_of_those_with_the_lowest_share():
    status = frame([["present", "absent", "absent"], ["present", "present", "present"]])
    assert metrics.chosen_feature(status, "rarest") == "f2"
    assert metrics.chosen_feature(status, "f3") == "f3"


def test_the_commonest_feature_is_the_first_of_those_with_the_highest_share():
    status = frame([["absent", "present", "present"], ["present", "present", "present"]])
    assert metrics.chosen_feature(status, "commonest") == "f2"


def test_an_unknown_feature_is_refused_with_those_there_are():
    allowed = "rarest, commonest, f1, f2, f3"
    with pytest.raises(ValueError, match=rf'^no feature "F1"; allowed: {allowed}$'):
        metrics.chosen_feature(frame([["present"] * 3]), "F1")


def test_an_unknown_interval_is_refused_with_those_there_are():
    message = r'^no interval "wald"; allowed: wilson, jeffreys, clopper-pearson, none$'
    with pytest.raises(ValueError, match=message):
        metrics.feature_shares(frame([["present"]]), interval="wald")


def test_a_distribution_of_nothing_is_refused():
    message = r"^percentages need a base of at least 1, got counts \[0\]$"
    with pytest.raises(ValueError, match=message):
        metrics.goal_distribution(goals_of([]), ["g1"])


# Gaps


def map_of(counts, sizes):
    """A map of features (rows) by goals: how many of each goal's models have the feature."""
    rows = [
        (f"f{i}", goal, k, n)
        for i, row in enumerate(counts)
        for goal, k, n in [*zip("ghij", row, sizes, strict=False), ("", sum(row), sum(sizes))]
    ]
    return pd.DataFrame(rows, columns=["feature_id", "goal_id", "k", "n"])


@pytest.mark.parametrize(
    ("k", "n", "present", "whole", "tail", "gap"),
    [
        (1, 6, 6, 12, 37 / 924, "fewer"),  # 1 + 6 * 6 of comb(12, 6) draws
        (1, 4, 8, 12, 33 / 495, ""),  # 1 + 8 * 4 of comb(12, 4)
        (0, 4, 8, 12, 1 / 495, "none"),
        (0, 1, 99, 100, 1 / 100, ""),  # 0.99 expected: none is no surprise
        (0, 6, 3, 12, 84 / 924, ""),  # in no model, which is likely enough
        (0, 0, 3, 12, 1, "no-models"),
    ],
)
def test_a_gap_is_a_cell_of_at_most_5_percent_probability(k, n, present, whole, tail, gap):
    rows = [("f", "g", k, n), ("f", "", present, whole)]
    found = metrics.gaps(pd.DataFrame(rows, columns=["feature_id", "goal_id", "k", "n"]))
    assert found["tail"].tolist() == pytest.approx([tail])
    assert found["gap"].tolist() == [gap]


@given(st.data())
def test_gaps_are_those_of_fisher_and_of_benjamini_and_hochberg(data):
    """Both from other libraries: scipy's exact test, and the adjustment of statsmodels."""
    sizes = data.draw(st.lists(st.integers(1, 30), min_size=2, max_size=4))
    row = st.tuples(*(st.integers(0, size) for size in sizes))
    counts = data.draw(st.lists(row, min_size=1, max_size=6))
    found = metrics.gaps(map_of(counts, sizes))
    tails = []
    for row in counts:
        for k, n in zip(row, sizes, strict=True):
            others, without = sum(row) - k, sum(sizes) - n - sum(row) + k
            tails.append(fisher_exact([[k, n - k], [others, without]], "less").pvalue)
    assert found["tail"].tolist() == pytest.approx(tails)
    adjusted = multipletests(tails, method="fdr_bh")[1]
    assert found["adjusted"].tolist() == pytest.approx(adjusted.tolist())
    clear = (found["adjusted"] <= 0.05) & ((found["k"] > 0) | (found["expected"] >= 1))
    assert (found["gap"] != "").tolist() == clear.tolist()


def test_of_the_same_map_twice_as_many_cells_make_a_gap_less_likely():
    """1/13 where 5 are expected has a tail of 0.008: a gap among 4 cells, and none among 32."""
    lone = [(10, 1, 4, 5)]
    even = [(10, 6, 5, 5)] * 7
    assert metrics.gaps(map_of(lone, (20, 13, 9, 10)))["gap"].tolist() == ["", "fewer", "", ""]
    assert set(metrics.gaps(map_of(lone + even, (20, 13, 9, 10)))["gap"]) == {""}


def test_a_map_without_structure_rarely_shows_a_gap():
    """Before, 76 % of such maps had at least one cell marked."""
    draw = runpy.run_path(str(ROOT / "benchmarks/gaps.py"))["marked"]
    rng = np.random.default_rng(1)
    maps = np.array([draw((20, 13, 9, 10), "common", "independent", rng) for _ in range(300)])
    before, _, now = (maps > 0).mean(axis=0)
    assert before > 0.7
    assert now <= 0.05


def test_a_map_of_what_nobody_has_assessed_has_no_expectation():
    cells = pd.DataFrame({"feature_id": ["f", "f"], "goal_id": ["g", ""], "k": 0, "n": 0})
    found = metrics.gaps(cells.assign(not_assessed=3))
    assert found["gap"].tolist() == ["not-assessed"]
    assert found[["expected", "adjusted"]].isna().all(axis=None)


# Frames of another kind

NEEDED = {
    "status": "status must be a DataFrame of models x features, a status a cell; take data.status",
    "memberships": "memberships must be a DataFrame of the columns model_id, goal_id; "
    "take data.memberships",
}
CODINGS = "the columns model_id, feature_id, coder_id, code, note"


def calls(status, memberships):
    """Each public metric of statuses or memberships, by its name, with other arguments sensible."""
    goals = ["goal-1"]
    return {
        "tally": lambda: metrics.tally(status),
        "feature_shares": lambda: metrics.feature_shares(status),
        "rank_ranges": lambda: metrics.rank_ranges(status),
        "chosen_feature": lambda: metrics.chosen_feature(status, "rarest"),
        "shares_by": lambda: metrics.shares_by(status, memberships),
        "feature_shares_by_goal": lambda: metrics.feature_shares_by_goal(
            status, memberships, goals
        ),
        "feature_by_goal": lambda: metrics.feature_by_goal(
            status, memberships, goals, "participation"
        ),
        "evidence_map": lambda: metrics.evidence_map(status, memberships, goals),
        "features_per_model": lambda: metrics.features_per_model(status, memberships, goals),
        "signed_differences": lambda: metrics.signed_differences(status, status),
        "share_changes": lambda: metrics.share_changes(status, status),
        "goal_distribution": lambda: metrics.goal_distribution(memberships, goals),
    }


OF_MEMBERSHIPS = ("goal_distribution",)
OF_STATUS = [name for name in calls(None, None) if name not in OF_MEMBERSHIPS]


@pytest.mark.parametrize("metric", OF_STATUS)
def test_rejects_codings_for_statuses(metric, review):
    with pytest.raises(ValueError, match=r"take data\.status; got " + CODINGS):
        calls(review.codings, review.memberships)[metric]()


@pytest.mark.parametrize("metric", OF_STATUS)
def test_rejects_a_data_set_for_statuses(metric, review):
    with pytest.raises(TypeError, match=r"take data\.status; got a Dataset"):
        calls(review, review.memberships)[metric]()


@pytest.mark.parametrize("metric", OF_MEMBERSHIPS)
def test_rejects_statuses_for_memberships(metric, review):
    with pytest.raises(ValueError, match=r"take data\.memberships; got the columns sustain"):
        calls(review.status, review.status)[metric]()


def test_reports_all_wrong_frames_at_once(review):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message below
        metrics.feature_shares_by_goal(review.codings, review.models, ["goal-1"])
    assert str(caught.value).splitlines() == [
        f"{NEEDED['status']}; got {CODINGS}",
        f"{NEEDED['memberships']}; got the columns model_id, name",
    ]


def test_reports_each_unknown_status_with_its_first_cell():
    status = frame([["present", "absent", "1"], ["yes", "1", np.nan]])
    allowed = "allowed: present, absent, unclear, not-applicable, disagreement, not-assessed"
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message below
        metrics.feature_shares(status)
    assert str(caught.value).splitlines() == [
        f'status: "1" in row m0, column f3; {allowed}',
        f'status: "yes" in row m1, column f1; {allowed}',
        f'status: "nan" in row m1, column f3; {allowed}',
    ]


@pytest.mark.parametrize(
    ("call", "take"),
    [
        (
            lambda data: metrics.shares(data.status),
            r"counts .* take metrics\.tally\(data\.status\)",
        ),
        (lambda data: metrics.gaps(data.status), r"cells .* take metrics\.evidence_map\("),
        (
            lambda data: metrics.agreement_by_feature(data.status, COUNTS_AS, ["f1"]),
            r"codings .* take data\.codings",
        ),
        (
            lambda data: metrics.agreement_by_coders(data.status, COUNTS_AS, ["f1"]),
            r"codings .* take data\.codings",
        ),
        (
            lambda data: metrics.disagreement(data.status, COUNTS_AS, ["f1"]),
            r"codings .* take data\.codings",
        ),
        (lambda data: metrics.shares_by(data.status, data.codings), r"groups .* take data\.member"),
        (lambda data: metrics.tally(data.status, data.status), r"groups .* take data\.memberships"),
    ],
)
def test_rejects_statuses_for_counts_cells_and_codings(call, take, review):
    with pytest.raises(ValueError, match=take):
        call(review)


# Groups of models


def test_shares_by_region_are_those_of_each_region_alone():
    status = frame([["present"], ["absent"], ["present"], ["unclear"]])
    regions = pd.DataFrame({"model_id": status.index, "region": ["b", "a", "b", ""]})
    table = metrics.shares_by(status, regions)
    assert table[["feature_id", "region", "k", "n", "unclear"]].to_numpy().tolist() == [
        ["f1", "", 0, 0, 1],
        ["f1", "a", 0, 1, 0],
        ["f1", "b", 2, 2, 0],
    ]


def test_shares_by_keeps_the_order_of_the_values_and_adds_empty_ones():
    status = frame([["present", "absent"], ["absent", "absent"]])
    years = pd.DataFrame({"model_id": ["m0", "m1"], "year": ["2022", "2023"]})
    table = metrics.shares_by(status, years, ["2024", "2022"], interval="none")
    assert table[["feature_id", "year", "k", "n"]].to_numpy().tolist() == [
        ["f1", "2024", 0, 0],
        ["f1", "2022", 1, 1],
        ["f2", "2024", 0, 0],
        ["f2", "2022", 0, 1],
    ]


def test_no_metric_changes_what_it_is_given(review):
    status, memberships = review.status, review.memberships.copy()
    before = status.copy()
    metrics.evidence_map(status, memberships, review.taxonomy.goal_ids)
    metrics.feature_shares(status)
    metrics.features_per_model(status, memberships, review.taxonomy.goal_ids)
    pd.testing.assert_frame_equal(status, before)
    pd.testing.assert_frame_equal(memberships, review.memberships)

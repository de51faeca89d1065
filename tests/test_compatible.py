"""Samples and bounds over all data sets that are compatible with the publication.

Exactness is shown on a small publication, of which all data sets can be listed.
"""

from collections import Counter
from functools import cache
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from soila_analysis import metrics, taxonomy
from soila_analysis.review import compatible, reconstruction
from soila_analysis.review.compatible import bounds, ranges, sample, tables
from soila_analysis.review.reconstruction import READINGS, Constraints, constraints

FEATURES, GOALS = taxonomy.load().feature_ids, taxonomy.load().goal_ids
ECOSYSTEM, INTERACTIONS = "ecosystem-anchoring", "new-interactions"


@pytest.fixture(scope="module", params=READINGS)
def draws(request):
    return sample(request.param, 200)


# --- A small publication, of which all data sets can be listed ------------------------------------


def small(unclear):
    """Five coded models in seven memberships, three features; a may be unclear for one model."""
    return Constraints(
        reading="memberships",
        models=5,
        coded={"g1": 4, "g2": 2, "g3": 1},
        uncoded={"g1": 0, "g2": 1, "g3": 0},
        present={"a": range(1, 4), "b": range(4, 5), "e": range(2, 3)},
        assessed={"a": 5 - unclear, "b": 5, "e": 5},
        broken_down="e",
        assessed_by_goal={"g1": 4, "g2": 2, "g3": 1},
        present_by_goal={"g1": 2, "g2": 1, "g3": 0},
        leading="g1",
    )


def columns(k, n, models=5):
    """All codes of one feature: 1 present, 0 absent, ? unclear."""
    codes = product("10?", repeat=models)
    return [c for c in codes if c.count("1") == k and c.count("?") == models - n]


@cache
def listed(unclear):
    """All data sets in which the first two models have e: (models x goals, models x features)."""
    fixed, found = small(unclear), []
    each = [goals for goals in product([True, False], repeat=3) if sum(goals) in (1, 2)]
    for member in map(np.array, product(each, repeat=5)):
        if member.sum(0).tolist() == [4, 2, 1] and member[:2].sum(0).tolist() == [2, 1, 0]:
            for k in fixed.present["a"]:
                for codes in product(columns(k, 5 - unclear), columns(4, 5), ["11000"]):
                    present = np.array([[code == "1" for code in column] for column in codes]).T
                    first, *others = (member.T.astype(int) @ present).sum(axis=1) / [4, 2, 1]
                    if first > max(others):
                        found.append((member, present))
    return found


def described(member, present):
    """Counts that tell data sets apart, whatever the order of the models."""
    rows = zip(member.tolist(), present.tolist(), strict=True)
    return tuple(sorted((*goals, *features) for goals, features in rows))


@pytest.fixture(params=[0, 1], ids=["all clear", "one unclear"])
def publication(request, monkeypatch):
    fixed = small(request.param)
    monkeypatch.setattr(compatible, "constraints", lambda reading: fixed)
    return SimpleNamespace(fixed=fixed, listed=listed(request.param))


def test_matrices_are_drawn_uniformly_from_all_compatible_ones(publication):
    expected = Counter(described(*data) for data in publication.listed)
    drawn = sample("memberships", 20_000, prior="matrices")
    found = Counter(map(described, drawn.member[:, :5], drawn.present[:, :5]))
    assert found.keys() <= expected.keys()
    share = np.array(list(expected.values())) / expected.total()
    assert chisquare([found[key] for key in expected], share * len(drawn)).pvalue > 0.001


def test_counts_are_drawn_uniformly_but_for_the_leading_goal(publication):
    accepted = Counter(present[:, 0].sum() for _, present in publication.listed)
    proposed = {k: len(columns(k, publication.fixed.assessed["a"])) for k in accepted}
    expected = np.array([accepted[k] / proposed[k] for k in accepted])
    drawn = Counter(tables(sample("memberships", 20_000)).features[:, 0].tolist())
    share = expected / expected.sum()
    assert chisquare([drawn[k] for k in accepted], share * drawn.total()).pvalue > 0.001


METRICS = {
    "a feature": (lambda d: d.present("a"), lambda m, p: p[:, 0].sum()),
    "a feature in a goal": (lambda d: d.present("a", "g2"), lambda m, p: p[m[:, 1], 0].sum()),
    "features": (lambda d: d.features(), lambda m, p: p.sum()),
    "features of a goal": (lambda d: d.features("g1"), lambda m, p: p[m[:, 0]].sum()),
}


@pytest.mark.parametrize("metric", METRICS)
def test_bounds_are_the_least_and_greatest_over_all_data_sets(publication, metric):
    symbolic, counted = METRICS[metric]
    values = [counted(*data) for data in publication.listed]
    assert bounds(symbolic, "memberships") == (min(values), max(values))


def test_a_number_is_implied_where_only_one_value_is_possible(publication, monkeypatch):
    monkeypatch.setattr(compatible, "RANGED", ("memberships",))
    table = ranges(draws=50).set_index(["measure", "feature_id", "goal_id"])
    assert table.loc[("feature-share", "b", ""), "basis"] == "implied"
    assert table.loc[("feature-share", "a", ""), "basis"] == "bounded"
    assert table.loc[("feature-share-by-goal", "e", "g1"), "basis"] == "published"


# --- Samples under the readings -------------------------------------------------------------------


def test_every_draw_has_the_published_counts(draws):
    fixed, counted = constraints(draws.reading), tables(draws)
    assert (counted.goal_sizes == [20, 13, 9, 10]).all()
    assert (counted.coded == list(fixed.coded.values())).all()
    assert (counted.features_assessed == list(fixed.assessed.values())).all()
    for column, counts in enumerate(fixed.present.values()):
        assert set(counted.features[:, column]) == set(counts)
    ecosystem = FEATURES.index(ECOSYSTEM)
    assert (counted.by_goal[:, ecosystem] == list(fixed.present_by_goal.values())).all()
    assert (counted.by_goal_assessed[:, ecosystem] == list(fixed.assessed_by_goal.values())).all()


def test_in_every_draw_goal_1_strictly_has_most_features_per_model(draws):
    counted = tables(draws)
    others = counted.totals[:, 1:] * counted.coded[:, :1]
    assert (counted.totals[:, :1] * counted.coded[:, 1:] > others).all()


def test_every_model_of_a_draw_serves_one_goal_or_two(draws):
    goals = draws.member.sum(axis=2)
    several = {"literal": 0, "memberships": 7, "mixed": 1, "unclear": 0}[draws.reading]
    assert set(np.unique(goals)) <= {1, 2}
    assert ((goals == 2).sum(axis=1) == several).all()


def test_draws_come_as_the_frames_that_metrics_take(draws):
    counted = tables(draws)
    assert len(draws) == len(counted.features) == 200
    for i, (status, memberships) in zip(range(3), draws, strict=False):
        sizes = metrics.goal_distribution(memberships, GOALS)["k"]
        assert sizes.tolist() == counted.goal_sizes[i].tolist()
        everywhere = metrics.shares(metrics.tally(status))
        assert everywhere["k"].tolist() == counted.features[i].tolist()
        assert everywhere["n"].tolist() == counted.features_assessed[i].tolist()
        by_goal = metrics.feature_shares_by_goal(status, memberships, GOALS)
        assert by_goal["k"].tolist() == counted.by_goal[i].ravel().tolist()
        assert by_goal["n"].tolist() == counted.by_goal_assessed[i].ravel().tolist()
        profile = metrics.features_per_model(status, memberships, GOALS)
        means = profile.groupby("goal_id", sort=False)[["total", "n"]].first()
        np.testing.assert_allclose(means["total"] / means["n"], counted.means[i])


def test_what_was_not_coded_is_told_from_what_is_unclear():
    literal, _ = next(iter(sample("literal", 1)))
    assert Counter(literal.to_numpy().ravel())["not-assessed"] == 7 * 16
    unclear, _ = next(iter(sample("unclear", 1)))
    assert Counter(unclear.to_numpy().ravel())["unclear"] == 18


def test_equal_seeds_give_equal_draws_and_fewer_are_the_first_of_more():
    few, many, other = sample("mixed", 50), sample("mixed", 1_500), sample("mixed", 50, seed=2)
    assert np.array_equal(few.present, many.present[:50])
    assert np.array_equal(few.member, many.member[:50])
    assert not np.array_equal(few.present, other.present)
    assert few.proposed < many.proposed


def test_under_memberships_the_lead_and_the_acceptance_are_the_known_ones():
    drawn = sample("memberships", 4_000)
    means = tables(drawn).means
    lead = means[:, 0] - means[:, 1:].max(axis=1)
    assert drawn.acceptance == pytest.approx(0.24, abs=0.01)
    assert np.quantile(lead, [0.025, 0.975]) == pytest.approx([0.01, 0.80], abs=0.03)


@pytest.mark.parametrize(("prior", "median"), [("counts", 12.58), ("matrices", 12.29)])
def test_the_two_priors_differ_in_the_mean_number_of_features(prior, median):
    features = tables(sample("memberships", 2_000, prior=prior)).features
    assert np.median(features.sum(axis=1)) / 45 == pytest.approx(median, abs=0.03)


# --- Bounds under the readings --------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["literal", "memberships", "mixed"])
def test_unpublished_counts_and_the_mean_are_bounded_as_known(reading):
    assert bounds(lambda data: data.present("participation"), reading) == (34, 38)
    low, high = bounds(lambda data: data.features(), reading)
    assert (round(low / 45, 2), round(high / 45, 2)) == (12.22, 12.93)


def test_draws_lie_within_the_bounds(draws):
    networked = draws.present[..., FEATURES.index("networked")].sum(axis=1)
    low, high = bounds(lambda data: data.present("networked"), draws.reading)
    assert low <= networked.min() <= networked.max() <= high


# --- Ranges ---------------------------------------------------------------------------------------


def test_the_shipped_ranges_are_what_the_defaults_give(tmp_path):
    ranges().to_csv(tmp_path / "ranges.csv", index=False, float_format="%g", lineterminator="\n")
    assert (tmp_path / "ranges.csv").read_bytes() == compatible.RANGES.read_bytes()


def test_ranges_are_read_back_as_numbers_and_lie_within_their_bounds():
    table = compatible.load_ranges()
    assert len(table) == 3 * (16 + 64 + 5)
    assert not table.duplicated(["reading", "measure", "feature_id", "goal_id"]).any()
    assert (table["bound_low"] <= table["low"]).all()
    assert (table["low"] <= table["high"]).all()
    assert (table["high"] <= table["bound_high"]).all()
    counts = table[table["measure"] != "mean-features"]
    assert (counts["bound_high"] <= counts["n"]).all()


def test_only_what_was_printed_is_called_published():
    table = compatible.load_ranges()
    published = table[table["basis"] == "published"]
    assert published.groupby("reading").size().eq(8 + 4).all()
    assert (published["bound_low"] == published["bound_high"]).all()
    by_goal = published[published["goal_id"] != ""]
    assert set(by_goal["feature_id"]) == {ECOSYSTEM}
    cells = by_goal[by_goal["reading"] == "literal"]
    assert cells[["low", "n"]].to_numpy().tolist() == [[9, 18], [6, 9], [3, 8], [6, 10]]


def test_features_of_which_the_same_is_known_have_the_same_ranges():
    table = compatible.load_ranges()
    columns = ["reading", "goal_id", "low", "high", "bound_low", "bound_high"]
    rows = {f: part[columns].reset_index(drop=True) for f, part in table.groupby("feature_id")}
    for pair in (("participation", "networked"), ("sustainability", INTERACTIONS)):
        pd.testing.assert_frame_equal(*(rows[feature] for feature in pair))


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: sample("liberal", 1),
            'no reading "liberal"; allowed: literal, memberships, mixed, unclear',
        ),
        (
            lambda: sample("literal", 1, prior="flat"),
            'no prior "flat"; allowed: counts, matrices',
        ),
        (lambda: sample("literal", 0), "draws must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_asked_is_said(call, message):
    with pytest.raises(ValueError, match=r"\w") as error:
        call()
    assert str(error.value) == message


def test_a_bound_that_is_not_proven_is_not_given(monkeypatch):
    monkeypatch.setattr(reconstruction, "DETERMINISTIC_TIME", 0.0)
    with pytest.raises(RuntimeError, match="no proven optimum: CP-SAT ended UNKNOWN"):
        bounds(lambda data: data.features("goal-1"), "memberships")

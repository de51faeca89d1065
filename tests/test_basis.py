"""Where a number stands is told truly, row by row."""

import pandas as pd
import pytest

from soila_analysis import metrics
from soila_analysis.dataset import Dataset
from soila_analysis.review import basis, compatible

CELL = ("feature-share", "feature-share-by-goal")


def counted(data: Dataset) -> pd.DataFrame:
    return metrics.evidence_map(data.status, data.memberships, data.taxonomy.goal_ids)


def evidence_map(data: Dataset) -> pd.DataFrame:
    return basis.mark(counted(data), data, *CELL)


def test_a_reconstruction_knows_only_what_was_published(review: Dataset) -> None:
    table = evidence_map(review)
    published = table[table["basis"] == "published"]
    assert set(table["basis"]) == {"published", "bounded"}
    assert (published["goal_id"] == "").sum() == 8
    assert set(published.loc[published["goal_id"] != "", "feature_id"]) == {"ecosystem-anchoring"}


def test_every_number_of_a_reconstruction_lies_within_its_own_range(review: Dataset) -> None:
    table = evidence_map(review)
    assert (counted(review)["k"].between(table["bound_low"], table["bound_high"])).all()
    bounded = table[table["basis"] == "bounded"]
    for low, high in (("low", "high"), ("low_once", "high_once")):
        assert (bounded["bound_low"] <= bounded[low] * bounded["n"] + 1e-9).all()
        assert (bounded[high] * bounded["n"] <= bounded["bound_high"] + 1e-9).all()
    assert set(bounded["interval"]) == {"compatible"}


def test_a_number_that_was_not_published_is_in_no_table_of_a_reconstruction(
    review: Dataset,
) -> None:
    table = evidence_map(review)
    bounded = table["basis"] == "bounded"
    points = ["k", "share", "percent", "share_min", "share_max"]
    assert table.loc[bounded, points].isna().all(axis=None)
    assert table.loc[~bounded, points].notna().all(axis=None)
    known = counted(review).loc[~bounded, ["k", "percent"]]
    assert table.loc[~bounded, ["k", "percent"]].astype(int).equals(known.astype(int))


def test_how_far_ranks_move_among_made_up_models_is_not_told(review: Dataset) -> None:
    shares = metrics.feature_shares(review.status)
    table = basis.mark(shares, review, "feature-share")
    assert table[["rank_low", "rank_high"]].isna().all(axis=None)
    assert table.loc[table["basis"] == "published", "rank"].tolist() == [13, 1, 4, 13, 15, 2, 2, 16]


def test_counting_each_data_set_once_gives_other_ranges_of_the_mean() -> None:
    ranges = compatible.load_ranges().query("measure == 'mean-features' and goal_id == ''")
    for row in ranges.query("reading != 'mixed'").itertuples():
        assert [round(v, 2) for v in (row.low, row.high)] == [12.4, 12.76]
        assert [round(v, 2) for v in (row.low_once, row.high_once)] == [12.22, 12.38]


def test_means_get_their_ranges_in_columns_of_their_own(review: Dataset) -> None:
    status = review.status
    profile = metrics.features_per_model(status, review.memberships, review.taxonomy.goal_ids)
    table = basis.mark(profile, review, "mean-features").set_index("goal_id")
    assert set(table["basis"]) == {"bounded"}
    means = profile.drop_duplicates("goal_id").set_index("goal_id")["mean"]
    assert means.between(table["mean_bound_low"], table["mean_bound_high"]).all()
    made_up = ["k", "share", "low", "high", "features", "total", "mean", "median", "leads"]
    assert table[made_up].isna().all(axis=None)
    assert table.index[table["published_first"]].tolist() == ["goal-1"]


def test_the_rival_reading_is_told_where_it_takes_a_label_to_be_another_goals(
    shipped: dict[str, Dataset],
) -> None:
    shares = {}
    for reading in ("literal", "memberships"):
        data = shipped[reading]
        status = data.status
        goals = data.taxonomy.goal_ids
        table = metrics.feature_by_goal(status, data.memberships, goals, "ecosystem-anchoring")
        shares[reading] = basis.mark(table, data, "feature-share-by-goal")
    own, rival = shares["literal"], shares["memberships"]
    assert own["other_share"].tolist() == pytest.approx(rival["share"].tolist())
    assert rival["other_share"].tolist() == pytest.approx(own["share"].tolist())
    assert set(own["other_reading"]) == {"memberships"}


def test_observed_data_carry_neither_ranges_nor_rivals(review: Dataset) -> None:
    info = review.info.model_copy(update={"kind": "observed", "reading": None})
    data = Dataset("x", info, review.models, review.memberships, review.codings)
    table = evidence_map(data)
    assert set(table["basis"]) == {"observed"}
    assert set(table["reading"]) == {""}
    assert not {"bound_low", "other_share"} & set(table)


def test_a_changed_code_makes_a_published_number_an_unknown_one(review: Dataset) -> None:
    codings = review.codings.copy()
    row = codings.query("feature_id == 'participation' and code == '0'").index[0]
    published = codings.query("feature_id == 'social-means' and code == '0'").index[0]
    codings.loc[[row, published], "code"] = "1"
    data = Dataset(review.name, review.info, review.models, review.memberships, codings)
    table = evidence_map(data).set_index(["feature_id", "goal_id"])
    ends = ["basis", "bound_low", "bound_high"]
    assert table.loc[("social-means", ""), ends].tolist() == ["bounded", 0, 45]
    assert table.loc[("participation", ""), ends].tolist() == ["bounded", 34, 38]


def test_a_table_of_the_publication_alone_says_so() -> None:
    table = basis.of_publication(pd.DataFrame({"n": [45]}))
    assert table.iloc[0].to_dict() == {
        "n": 45,
        "basis": "published",
        "kind": "publication",
        "reading": "",
    }


def test_every_reading_that_ranges_are_shipped_for_has_the_same_rows() -> None:
    ranges = compatible.load_ranges()
    rows = ranges.groupby("reading").apply(
        lambda r: set(zip(r["measure"], r["feature_id"], r["goal_id"], strict=True))
    )
    assert len({frozenset(r) for r in rows}) == 1

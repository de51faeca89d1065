"""Where a number stands is told truly, row by row."""

import pandas as pd
import pytest

from soila_analysis import metrics
from soila_analysis.dataset import Dataset
from soila_analysis.review import basis, compatible

CELL = ("feature-share", "feature-share-by-goal")


def evidence_map(data: Dataset) -> pd.DataFrame:
    cells = metrics.evidence_map(data.status, data.memberships, data.taxonomy.goal_ids)
    return basis.mark(cells, data, *CELL)


def test_a_reconstruction_knows_only_what_was_published(review: Dataset) -> None:
    table = evidence_map(review)
    published = table[table["basis"] == "published"]
    assert set(table["basis"]) == {"published", "bounded"}
    assert (published["goal_id"] == "").sum() == 8
    assert set(published.loc[published["goal_id"] != "", "feature_id"]) == {"ecosystem-anchoring"}


def test_every_number_of_a_reconstruction_lies_within_its_own_range(review: Dataset) -> None:
    table = evidence_map(review)
    assert (table["k"].between(table["bound_low"], table["bound_high"])).all()
    bounded = table[table["basis"] == "bounded"]
    assert (bounded["bound_low"] <= bounded["low"] * bounded["n"] + 1e-9).all()
    assert (bounded["high"] * bounded["n"] <= bounded["bound_high"] + 1e-9).all()
    assert set(bounded["interval"]) == {"compatible"}


def test_means_get_their_ranges_in_columns_of_their_own(review: Dataset) -> None:
    status = review.status
    profile = metrics.features_per_model(status, review.memberships, review.taxonomy.goal_ids)
    table = basis.mark(profile, review, "mean-features").drop_duplicates("goal_id")
    assert set(table["basis"]) == {"bounded"}
    assert table["mean"].between(table["mean_bound_low"], table["mean_bound_high"]).all()


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


def test_a_changed_code_makes_a_published_number_a_reconstructed_one(review: Dataset) -> None:
    codings = review.codings.copy()
    row = codings.query("feature_id == 'participation' and code == '0'").index[0]
    published = codings.query("feature_id == 'social-means' and code == '0'").index[0]
    codings.loc[[row, published], "code"] = "1"
    data = Dataset(review.name, review.info, review.models, review.memberships, codings)
    table = evidence_map(data).set_index(["feature_id", "goal_id"])
    assert table.loc[("social-means", ""), "basis"] == "reconstructed"
    assert table.loc[("participation", ""), "basis"] == "bounded"


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

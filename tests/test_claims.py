from dataclasses import replace

import pandas as pd
import pytest

from soila_analysis.language import LANGUAGES, messages
from soila_analysis.review import claims

PERCENTAGES = ["goal-share", "feature-share", "feature-share-by-goal"]
AXIS = "ecosystem-axis"


def recoded(dataset, feature, goal, before, after):
    """A copy in which one model of a goal has another code for a feature."""
    members = dataset.memberships.loc[dataset.memberships["goal_id"] == goal, "model_id"]
    codings = dataset.codings.copy()
    at = codings.index[
        codings["feature_id"].eq(feature)
        & codings["model_id"].isin(members)
        & codings["code"].eq(before)
    ]
    codings.loc[at[0], "code"] = after
    return replace(dataset, codings=codings)


def differing(dataset):
    table = claims.check(dataset)
    differs = table[table["verdict"] == "differs"].set_index("claim_id")
    return differs["difference"].to_dict()


def observed(dataset):
    info = dataset.info.model_copy(update={"kind": "observed", "reading": None})
    return replace(dataset, info=info)


def claim(**values):
    return pd.DataFrame([dict.fromkeys(claims.COLUMNS, "") | {"status": "printed"} | values])


# What the review printed


def test_the_review_printed_sixteen_percentages_and_five_other_claims():
    table = claims.load()
    assert list(table.columns) == list(claims.COLUMNS)
    assert table["measure"].isin(PERCENTAGES).sum() == 16
    assert table.loc[~table["measure"].isin(PERCENTAGES), "claim_id"].tolist() == [
        "memberships",
        "most-common",
        "rarest",
        AXIS,
        "most-features",
    ]
    assert set(table["status"]) == {"printed", "order-uncertain", "weak"}


def test_every_claim_is_told_in_three_languages_with_its_number():
    table = claims.load()
    for lang in LANGUAGES:
        assert (table[f"text_{lang}"] != "").all()
        for row in table[table["unit"] == "percent"].itertuples():
            assert messages(lang).percent(row.printed) in getattr(row, f"text_{lang}")


def test_all_sixteen_percentages_and_the_statement_are_reproduced(review):
    table = claims.check(review).set_index("claim_id")
    percentages = table[table["measure"].isin(PERCENTAGES)]
    assert percentages["recomputed"].tolist() == percentages["printed"].tolist()
    assert (percentages["difference"] == 0).all()
    assert table.loc["most-features", ["recomputed", "verdict"]].tolist() == [
        "goal-1",
        "reproduced",
    ]


def test_the_axis_is_the_only_conflict_and_a_weak_one(review):
    table = claims.check(review).set_index("claim_id")
    conflicts = table[table["verdict"] != "reproduced"]
    assert conflicts.index.tolist() == [AXIS]
    assert conflicts["status"].tolist() == ["weak"]
    beyond = {"literal": 1, "memberships": 4}[review.info.reading]
    assert differing(review) == {AXIS: beyond}


def test_an_axis_that_is_longer_than_its_longest_bar_is_no_conflict(review):
    longer = claim(
        claim_id="c",
        measure="axis-maximum",
        feature_id="ecosystem-anchoring",
        printed="14",
        unit="models",
    )
    assert claims.check(review, longer)["verdict"].tolist() == ["reproduced"]


def test_the_labels_of_the_chart_go_to_the_goals_in_the_order_of_the_reading(review):
    table = claims.check(review).set_index("claim_id")
    labels = table[table["status"] == "order-uncertain"]
    order = {"literal": [4, 3, 2, 1], "memberships": [1, 2, 3, 4]}[review.info.reading]
    assert labels["goal_id"].tolist() == [f"goal-{i}" for i in order]
    assert labels["printed"].tolist() == ["60", "38", "67", "50"]


# A changed code


def test_one_code_less_changes_the_one_share_that_it_is_part_of(shipped):
    changed = recoded(shipped["literal"], "target-group-needs", "goal-1", "1", "0")
    assert differing(changed) == {"share-target-group-needs": -2, AXIS: 1}


def test_one_code_more_changes_the_share_over_all_and_the_one_in_its_goal(shipped):
    changed = recoded(shipped["literal"], "ecosystem-anchoring", "goal-3", "0", "1")
    assert differing(changed) == {
        "share-ecosystem-anchoring": 3,
        "ecosystem-label-2": 12,
        AXIS: 1,
    }


def test_one_code_that_is_unclear_leaves_the_base(shipped):
    changed = recoded(shipped["literal"], "new-working-idea", "goal-1", "0", "?")
    table = claims.check(changed).set_index("claim_id")
    row = table.loc["share-new-working-idea"]
    assert (row["k"], row["n"], row["difference"]) == (28, 44, 2)


def test_a_goal_more_changes_the_counts_of_memberships(shipped):
    data = shipped["literal"]
    model = data.memberships.query("goal_id == 'goal-1'")["model_id"].iloc[0]
    pair = pd.DataFrame({"model_id": [model], "goal_id": ["goal-2"]})
    changed = replace(data, memberships=pd.concat([data.memberships, pair]))
    differs = differing(changed)
    assert differs["memberships"] == 1
    assert differs["goal-share-1"] == -1
    assert "goal-share-3" not in differs


def test_a_list_names_its_features_in_any_order_of_ties(shipped):
    named = "social-means;target-group-needs"
    table = claims.check(
        shipped["literal"], claim(claim_id="c", measure="most-common", printed=named)
    )
    assert table["recomputed"].tolist() == ["target-group-needs;social-means"]
    tied = "sustainability;new-interactions"
    for printed in (tied, ";".join(reversed(tied.split(";")))):
        listed = f"ecosystem-anchoring;new-working-idea;{printed}"
        row = claim(claim_id="c", measure="rarest", printed=listed)
        assert claims.check(shipped["literal"], row)["verdict"].tolist() == ["reproduced"]


# Other data, other claims


@pytest.mark.parametrize("name", ["literal", "memberships"])
def test_for_observed_data_the_order_of_labels_that_fits_better_is_taken(name, shipped):
    table = claims.check(observed(shipped[name]))
    pd.testing.assert_frame_equal(table, claims.check(shipped[name]))


def test_claims_about_what_a_data_set_does_not_have_are_not_computable(shipped):
    table = claims.check(shipped["own"]).set_index("claim_id")
    assert set(table.drop("memberships")["verdict"]) == {"not computable"}
    assert table.drop("memberships")[["recomputed", "difference", "k", "n"]].isna().all(axis=None)
    assert table.loc["memberships", ["recomputed", "difference"]].tolist() == ["24", -28]


def test_a_share_of_nothing_is_not_computable(shipped):
    data = shipped["literal"]
    empty = replace(data, codings=data.codings.query("feature_id != 'sustainability'"))
    table = claims.check(empty).set_index("claim_id")
    assert table.loc["share-sustainability", "verdict"] == "not computable"


def test_another_file_of_claims_can_be_checked(tmp_path, shipped):
    file = tmp_path / "later.csv"
    rows = [
        claim(
            claim_id=f"share-{printed}",
            measure="feature-share",
            feature_id="ecosystem-anchoring",
            printed=printed,
            unit="percent",
            rounding=rule,
        )
        for printed, rule in (("53", "half-up"), ("54", "half-up"), ("54", "ceiling"))
    ]
    rows[2]["claim_id"] = "share-ceiling"
    pd.concat(rows).to_csv(file, index=False)
    table = claims.check(shipped["literal"], claims.load(file))
    assert table["verdict"].tolist() == ["reproduced", "differs", "reproduced"]
    assert table["difference"].tolist() == [0, -1, 0]


def test_a_file_without_a_column_is_refused(tmp_path):
    file = tmp_path / "claims.csv"
    claims.load().drop(columns=["printed", "status"]).to_csv(file, index=False)
    message = r"^claims\.csv: missing column printed; missing column status$"
    with pytest.raises(ValueError, match=message):
        claims.load(file)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "No columns to parse from file"),
        (
            b"a,b\n1,2\n1,2,3\n",
            "Error tokenizing data. C error: Expected 2 fields in line 3, saw 3",
        ),
        (
            b"a\n\xc4\n",
            "'utf-8' codec can't decode byte 0xc4 in position 0: unexpected end of data",
        ),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_name(tmp_path, content, reason):
    file = tmp_path / "later.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="later") as raised:
        claims.load(file)
    assert str(raised.value) == f"later.csv: cannot be read as CSV in UTF-8: {reason}"


def test_all_that_is_wrong_with_a_file_is_said_at_once(tmp_path):
    file = tmp_path / "later.csv"
    table = claims.load().head(4)
    table.loc[1, "measure"] = "goalshare"
    table.loc[2, "rounding"] = "up"
    table.loc[3, ["claim_id", "printed"]] = ["memberships", "17 %"]
    table.to_csv(file, index=False)
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared
        claims.load(file)
    assert str(raised.value) == (
        'later.csv: claim_id "memberships" is given twice; '
        'line 3: measure "goalshare", allowed: memberships, goal-share, feature-share, '
        "feature-share-by-goal, most-common, rarest, leading-goal, axis-maximum; "
        'line 4: rounding "up", allowed: half-up, half-even, truncation, ceiling, '
        "largest-remainder, pie; "
        'line 5: printed "17 %" is not a whole number'
    )


# Sentences


@pytest.mark.parametrize(
    ("claim_id", "sentence"),
    [
        ("goal-share-1", "reproduced     goal-share-1                 printed 39  20/52"),
        (
            "ecosystem-label-1",
            "reproduced     ecosystem-label-1            printed 60  6/10  [order-uncertain]",
        ),
        (
            AXIS,
            "differs        ecosystem-axis               printed 8  recomputed 9 (+1)  [weak]",
        ),
        ("most-features", "reproduced     most-features                printed goal-1"),
    ],
)
def test_a_sentence_says_what_became_of_a_claim(claim_id, sentence, shipped):
    table = claims.check(shipped["literal"])
    row = next(table[table["claim_id"] == claim_id].itertuples())
    assert claims.sentence(row) == sentence

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import metrics, taxonomy
from soila_analysis.dataset import schema
from soila_analysis.dataset.schema import MEASURES, faults
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.metrics import rounding
from soila_analysis.review import claims

ROOT = Path(__file__).parents[1]
REVIEW_IDS = {"feature_id": taxonomy.load().feature_ids, "goal_id": taxonomy.load().goal_ids}

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
    assert set(table.columns) == set(claims.COLUMNS)
    assert faults("claims", table, REVIEW_IDS) == []
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
    percent = table["measure"].map(MEASURES) == "percent"
    for lang in LANGUAGES:
        assert (table[f"text_{lang}"] != "").all()
        for row in table[percent].itertuples():
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
    table = claims.check(shipped["own"], claims.load()).set_index("claim_id")
    assert set(table.drop("memberships")["verdict"]) == {"not computable"}
    assert table.drop("memberships")[["recomputed", "difference", "k", "n"]].isna().all(axis=None)
    assert table.loc["memberships", ["recomputed", "difference"]].tolist() == ["24", -28]


def test_a_share_of_nothing_is_not_computable(shipped):
    data = shipped["literal"]
    empty = replace(data, codings=data.codings.query("feature_id != 'sustainability'"))
    table = claims.check(empty).set_index("claim_id")
    assert table.loc["share-sustainability", "verdict"] == "not computable"


def test_a_claim_is_recomputed_under_its_own_rule_of_rounding(shipped):
    about = {"measure": "feature-share", "feature_id": "ecosystem-anchoring"}
    rules = [("53", "half-up"), ("54", "half-up"), ("54", "ceiling")]
    rows = [claim(claim_id=f"{p} {r}", printed=p, rounding=r, **about) for p, r in rules]
    table = claims.check(shipped["literal"], pd.concat(rows))
    assert table["verdict"].tolist() == ["reproduced", "differs", "reproduced"]
    assert table["difference"].tolist() == [0, -1, 0]


# Whose claims they are


def test_the_review_s_claims_belong_only_to_data_sets_that_say_so(shipped):
    assert claims.of(shipped["literal"]) is claims.load()
    assert claims.of(shipped["example"]).empty
    review = shipped["literal"]
    later = replace(review, info=review.info.model_copy(update={"claims": None}))
    assert claims.check(later).empty


def test_a_round_brings_claims_of_its_own(shipped):
    table = claims.check(shipped["own"])
    assert table["claim_id"].tolist() == ["share-low-threshold", "share-outreach", "rarest"]
    assert table["verdict"].tolist() == ["reproduced", "differs", "reproduced"]
    assert table["recomputed"].tolist() == ["94", "27", "evaluated;cost-known"]


def test_claims_of_its_own_are_told_in_its_words_in_each_language(shipped):
    for lang, told in (
        ("fi", "Kokeiluista 25\u00a0% tekee etsivää työtä."),
        ("en", "25% of the trials do outreach work."),
    ):
        table = soila.table("claims", shipped["own"], lang)
        assert table["claim"].tolist()[1].replace(" %", "\u00a0%") == told


def test_the_measures_roundings_and_units_of_the_schema_are_those_that_can_be_recomputed():
    assert set(MEASURES) == set(claims.RECOMPUTED)
    assert schema.ROUNDINGS == rounding.RULES


@pytest.fixture
def folder(folders, tmp_path):
    """A copy of the round that brings claims of its own."""
    return Path(copytree(folders["own"], tmp_path / "round"))


def test_all_that_is_wrong_with_a_claims_file_is_said_at_once(folder):
    text = (folder / "claims.csv").read_text(encoding="utf-8")
    for right, wrong in (
        ("feature-share,outreach,,25", "feature-shares,outreach,,25"),
        ("low-threshold,,94,half-up", "low-treshold,,94 %,up"),
        ("rarest,rarest", "share-outreach,rarest"),
    ):
        text = text.replace(right, wrong)
    (folder / "claims.csv").write_text(text, encoding="utf-8")
    told = [str(problem) for problem in datasets.validate(folder)]
    measures = ", ".join(MEASURES)
    assert told == [
        'claims.csv:2, column feature_id: found "low-treshold", allowed low-threshold, '
        "peer-support, outreach, multi-agency, youth-led, digital, evaluated, cost-known; "
        'did you mean "low-threshold"?',
        'claims.csv:2, column printed: found "94 %", allowed a whole number',
        'claims.csv:2, column rounding: found "up", allowed half-up, half-even, truncation, '
        "ceiling, largest-remainder, pie",
        f'claims.csv:3, column measure: found "feature-shares", allowed {measures}; '
        'did you mean "feature-share"?',
        'claims.csv:4, column claim_id: found "share-outreach"; already on line 3',
    ]


def test_a_claims_file_that_nobody_asks_for_is_said_not_to_be_read(folder):
    about = (folder / "dataset.toml").read_text(encoding="utf-8")
    silent = about.replace('claims = "claims.csv"\n', "")
    (folder / "dataset.toml").write_text(silent, encoding="utf-8")
    assert [str(problem) for problem in datasets.validate(folder)] == [
        'claims.csv: not read; write claims = "claims.csv" in dataset.toml'
    ]


def test_a_claims_file_that_is_missing_is_named(folder):
    (folder / "claims.csv").unlink()
    assert [str(problem) for problem in datasets.validate(folder)] == [
        'dataset.toml:6, key claims: found "claims.csv"; there is no such file'
    ]


def test_claims_that_are_not_known_are_refused_with_those_that_are(folder):
    about = (folder / "dataset.toml").read_text(encoding="utf-8")
    other = about.replace('claims = "claims.csv"', 'claims = "review-2025"')
    (folder / "dataset.toml").write_text(other, encoding="utf-8")
    (folder / "claims.csv").unlink()
    assert [str(problem) for problem in datasets.validate(folder)] == [
        'dataset.toml:6, key claims: found "review-2025", allowed review-2024, claims.csv; '
        'did you mean "review-2024"?'
    ]


def test_claims_survive_saving(folder, shipped, tmp_path):
    datasets.save(shipped["own"], tmp_path / "saved")
    assert datasets.load(tmp_path / "saved") == shipped["own"]


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


@pytest.mark.parametrize("name", ["review-2024", "review-2024-memberships", "example-two-coders"])
def test_recomputes_claims_without_drawing_models_anew(name, monkeypatch):
    data = soila.load(ROOT / "data" / name)
    goals = data.taxonomy.goal_ids
    profile = metrics.features_per_model(data.status, data.memberships, goals)
    monkeypatch.setattr("numpy.random.default_rng", None)
    found = claims.quantities(data)
    assert found.means.to_dict() == profile.groupby("goal_id")["mean"].first().to_dict()
    counts = data.status.eq("present").sum(), data.status.isin(["present", "absent"]).sum()
    assert found.shares["k"].to_dict() == counts[0].to_dict()
    assert found.shares["n"].to_dict() == counts[1].to_dict()

"""The fewest codes that change a finding are found, and no fewer do."""

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soila_analysis import figures
from soila_analysis.dataset import Dataset
from soila_analysis.metrics import rounding
from soila_analysis.review import claims
from soila_analysis.review.compatible import PRIORS, sample
from soila_analysis.review.fragility import _overtaking, fragility, holds, table

FLIP = {"1": "0", "0": "1"}


def flipped(data: Dataset, rows: list[int]) -> Dataset:
    codings = data.codings.copy()
    codings.loc[rows, "code"] = codings.loc[rows, "code"].map(FLIP)
    return Dataset(data.name, data.info, data.models, data.memberships, codings)


def small(*, several_goals: bool) -> Dataset:
    """Six models, two goals, two of the features: small enough to try everything."""
    from soila_analysis import dataset as datasets

    base = datasets.load("data/review-2024")
    models = [f"m{i}" for i in range(6)]
    goals = ["goal-1"] * 3 + ["goal-2"] * 3
    member = list(zip(models, goals, strict=True)) + ([("m0", "goal-2")] if several_goals else [])
    features = base.taxonomy.feature_ids[:2]
    present = {("m0", features[0]), ("m0", features[1]), ("m1", features[0]), ("m4", features[1])}
    present |= {("m2", features[0])}
    rows = [(m, f, "a", "1" if (m, f) in present else "0", "") for m in models for f in features]
    return Dataset(
        "small",
        base.info.model_copy(update={"kind": "observed", "reading": None}),
        pd.DataFrame({"model_id": models, "name": models}),
        pd.DataFrame(member, columns=["model_id", "goal_id"]),
        pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code", "note"]),
    )


@pytest.mark.parametrize("several_goals", [False, True])
def test_the_leading_goals_index_is_the_least_number_of_flips_by_exhaustion(
    several_goals: bool,
) -> None:
    data = small(several_goals=several_goals)
    lead = claims.load().query("measure == 'leading-goal'")
    assert claims.check(data, lead)["verdict"].item() == "reproduced"
    found = fragility(data, lead)["codes"].item()
    for size in range(1, found + 1):
        turned = any(
            claims.check(flipped(data, list(rows)), lead)["verdict"].item() == "differs"
            for rows in combinations(data.codings.index, size)
        )
        assert turned == (size == found)


GOALS = ("goal-1", "goal-2", "goal-3")
SHOWN = {"features": 3, "models": 6}


def drawn(seed: int) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """Models that serve one goal or two, coded at random for three features."""
    rng, base = np.random.default_rng(seed), small(several_goals=False)
    features = base.taxonomy.feature_ids[: SHOWN["features"]]
    codes = rng.random((SHOWN["models"], len(features))) < 0.6
    member = np.eye(3, dtype=bool)[np.arange(SHOWN["models"]) % 3]
    member |= np.eye(3, dtype=bool)[rng.integers(3, size=SHOWN["models"])]
    models = base.models["model_id"]
    pairs = [(models[i], GOALS[j]) for i, j in zip(*member.nonzero(), strict=True)]
    rows = [
        (models[i], f, "a", str(int(codes[i, j])), "")
        for i in range(len(models))
        for j, f in enumerate(features)
    ]
    codings = pd.DataFrame(rows, columns=base.codings.columns)
    members = pd.DataFrame(pairs, columns=base.memberships.columns)
    return Dataset("drawn", base.info, base.models, members, codings), codes, member


def holds_in(codes: np.ndarray, member: np.ndarray, measure: str, named: list[int]) -> bool:
    """Whether a claim is reproduced, by its definition."""
    if measure == "leading-goal":
        totals, sizes = member.T @ codes.sum(axis=1), member.sum(axis=0)
        means = [Fraction(int(a), int(b)) for a, b in zip(totals, sizes, strict=True)]
        return [i for i, mean in enumerate(means) if mean == max(means)] == named
    if measure == "axis-maximum":
        return bool((member.T @ codes[:, 0].astype(int)).max() <= named[0])
    k = codes.sum(axis=0) * (1 if measure == "most-common" else -1)
    others = [k[i] for i in range(len(k)) if i not in named]
    order = [*k[named], max(others, default=-99)]
    return all(a >= b for a, b in pairwise(order))


CLAIMS = [
    *(("most-common", named) for named in ([0], [2, 1], [1, 0, 2])),
    *(("rarest", named) for named in ([1], [0, 2])),
    *(("leading-goal", named) for named in ([0], [1], [2], [0, 2])),
    *(("axis-maximum", [end]) for end in (0, 1, 2)),
]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("measure", "named"), CLAIMS)
def test_the_index_is_the_least_number_of_codes_by_exhaustion(
    measure: str, named: list[int], seed: int
) -> None:
    """Of claims that hold and of claims that differ, with models in two goals."""
    data, codes, member = drawn(seed)
    ids = GOALS if measure == "leading-goal" else data.taxonomy.feature_ids
    printed = str(named[0]) if measure == "axis-maximum" else ";".join(ids[i] for i in named)
    claim = claims.load().query("measure == @measure").head(1)
    claim = claim.assign(printed=printed, feature_id=data.taxonomy.feature_ids[0])
    (row,) = fragility(data, claim).itertuples()
    before = holds_in(codes, member, measure, named)
    assert (row.verdict == "reproduced") == before
    for size in range(1, 5):
        for chosen in combinations(range(codes.size), size):
            turned = codes.copy()
            turned.flat[list(chosen)] ^= True
            if holds_in(turned, member, measure, named) != before:
                assert row.codes == size
                return
    assert pd.isna(row.codes) or row.codes > size


def test_one_code_changes_every_printed_percentage_of_so_few_models(review: Dataset) -> None:
    table = fragility(review).query("measure.str.startswith('feature-share')", engine="python")
    assert set(table["codes"]) == {1}
    assert len(table) == 12


def test_numbers_that_no_code_enters_have_no_index(review: Dataset) -> None:
    table = fragility(review).set_index("claim_id")
    assert table.loc[["memberships", "goal-share-1"], "codes"].isna().all()


def test_the_axis_needs_as_many_codes_as_bars_reach_beyond_it(
    shipped: dict[str, Dataset],
) -> None:
    for reading, beyond in (("literal", 1), ("memberships", 4)):
        table = fragility(shipped[reading]).set_index("claim_id")
        assert table.loc["ecosystem-axis", "codes"] == beyond


@given(st.integers(1, 12), st.integers(1, 12), st.data())
@settings(max_examples=60, deadline=None)
def test_overtaking_takes_the_fewest_changes_of_two_counts(n: int, m: int, data: st.DataObject):
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    ahead, behind = pd.Series({"k": a, "n": n}), pd.Series({"k": b, "n": m})
    possible = [
        abs(a - x) + abs(b - y) for x in range(n + 1) for y in range(m + 1) if y * n > x * m
    ]
    assert _overtaking(ahead, behind) == min(possible)


def test_a_percentage_needs_exactly_the_distance_to_another_rounding() -> None:
    assert [rounding.percent(k, 400) for k in (200, 201, 202)] == [50, 50, 51]


def test_what_the_readings_dispute_holds_in_half_of_the_compatible_data(review: Dataset) -> None:
    checked = claims.check(review)
    share = holds(checked, draws=200).set_axis(checked["claim_id"])
    assert share["share-social-means"] == 1
    assert share[[f"ecosystem-label-{i}" for i in range(1, 5)]].tolist() == [0.5] * 4
    assert share["ecosystem-axis"] == 0
    assert 0.1 < share["most-features"] < 0.35


def test_no_finding_calls_firm_what_holds_in_few_of_the_compatible_data_sets(tables) -> None:
    shown = tables["literal", "en", "fragility"]
    words = figures.texts("fragility", shown, "en")
    lead = shown.loc[shown["measure"] == "leading-goal", "claim"].item()
    about = [finding for finding in words.findings if lead in finding]
    assert about == [f"True in only some of the compatible data sets (20%): {lead}"]
    axis = shown.loc[shown["measure"] == "axis-maximum", "claim"].item()
    assert f"True in none of the compatible data sets: {axis}" in words.findings
    assert "all unpublished counts taken to be equally likely" in words.notes


def test_what_takes_most_codes_says_how_often_it_is_true(tables) -> None:
    shown = tables["literal", "en", "fragility"]
    lead = shown["measure"] == "leading-goal"
    known = shown.assign(codes=shown["codes"].mask(lead, 3))  # as of data that were observed
    found = figures.texts("fragility", known, "en").findings[1]
    assert found.startswith("Most codes must change for this one (3; true in 20% of the compatible")


def test_the_made_up_codes_of_a_leading_goal_give_no_index(review: Dataset) -> None:
    counted = table(review).set_index("measure")["codes"]
    assert pd.isna(counted["leading-goal"])
    assert fragility(review).set_index("measure").loc["leading-goal", "codes"] > 0


@pytest.mark.parametrize("reading", ["literal", "memberships"])
def test_both_priors_say_as_often_that_the_goal_leads(reading: str) -> None:
    one, other = (sample(reading, 1_000, prior=prior).acceptance for prior in PRIORS)
    assert one == pytest.approx(other, abs=0.03)

"""Agreement: published examples, other packages as oracles, properties, and what is undefined."""

import re
from itertools import product
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import beta
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from soila_analysis import dataset as datasets
from soila_analysis import metrics
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.metrics import agreement as module
from soila_analysis.metrics.agreement import coefficients

# Krippendorff (2011), 12 units by 4 observers; Gwet's data of 4 raters are the same.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
# Fleiss (1971), 30 patients by 6 psychiatrists: how many chose depression, personality disorder,
# schizophrenia, neurosis, other. Gwet's 15 x 5 example are the first half.
DIAGNOSES = [
    *("00060", "03003", "01401", "00006", "03030", "20400", "00402", "20310", "20040", "00006"),
    *("10050", "11040", "03300", "10050", "02031", "00501", "30012", "51000", "02040", "10203"),
    *("00006", "01050", "02013", "20040", "10041", "05010", "40002", "02040", "10500", "00006"),
]
# Gwet, two abstractors of 100 pregnancies: ectopic, abnormal and normal intrauterine.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]


def of_counts(rows):
    """Raters x units from how many raters chose each category; who chose what is arbitrary."""
    units = [np.repeat(np.arange(len(row)), list(map(int, row))) for row in rows]
    return np.array(units).T


def of_square(table):
    """Two raters x units from their cross table."""
    pairs = [pair for pair in np.ndindex(3, 3) for _ in range(table[pair[0]][pair[1]])]
    return np.array(pairs).T


def values(codes, **options):
    table = coefficients(codes, replicates=0, **options).set_index("coefficient")
    return table["value"].to_dict()


def reasons(codes, **options):
    table = coefficients(codes, replicates=0, **options).set_index("coefficient")
    return table["reason"].to_dict()


# Printed values


def test_alpha_of_krippendorffs_example_is_904_of_1216():
    assert values(OBSERVERS)["alpha"] == pytest.approx(904 / 1216, abs=1e-15)


def test_fleiss_kappa_of_the_diagnoses_is_4302445():
    assert round(values(of_counts(DIAGNOSES))["fleiss"], 7) == 0.4302445


def test_gwets_example_with_missing_codes_is_as_printed():
    found = {c: round(v, 5) for c, v in values(OBSERVERS).items()}
    assert found["ac1"] == 0.77544
    assert found["fleiss"] == 0.76117
    assert found["alpha"] == 0.74342
    assert found["percent-agreement"] == 0.81818


def test_gwets_example_of_five_categories_is_as_printed():
    found = {c: round(v, 5) for c, v in values(of_counts(DIAGNOSES[:15])).items()}
    assert found["ac1"] == 0.44480
    assert found["fleiss"] == 0.41393
    assert found["brennan-prediger"] == 0.43889
    assert found["alpha"] == 0.42044


def test_gwets_example_of_two_abstractors_is_as_printed():
    found = {c: round(v, 5) for c, v in values(of_square(ABSTRACTORS)).items()}
    assert found["cohen"] == 0.79641
    assert found["ac1"] == 0.84933
    assert found["alpha"] == 0.79726


def test_prevalence_bias_and_pabak_are_those_of_byrt():
    codes = np.array(
        [[0] * 40 + [0] * 9 + [1] * 6 + [1] * 45, [0] * 40 + [1] * 9 + [0] * 6 + [1] * 45]
    )
    found = values(codes)
    assert found["prevalence"] == pytest.approx((40 - 45) / 100)
    assert found["bias"] == pytest.approx((9 - 6) / 100)
    assert found["brennan-prediger"] == pytest.approx(2 * 0.85 - 1)


# Other packages


def tables(coders=(2, 5), units=(1, 30), codes=(0, 3), missing=True):
    """Tables of coders x units, some codes missing."""
    code = st.sampled_from([*map(float, range(*codes)), *([np.nan] if missing else [])])
    shape = st.tuples(st.integers(*coders), st.integers(*units))
    return shape.flatmap(lambda size: arrays(float, size, elements=code))


def paired_codes(codes):
    return codes[:, (~np.isnan(codes)).sum(axis=0) >= 2]


@given(tables(codes=(0, 4)))
def test_alpha_is_that_of_the_krippendorff_package(codes):
    paired = paired_codes(codes)
    if len(np.unique(paired[~np.isnan(paired)])) < 2:
        assert np.isnan(values(codes)["alpha"])
        return
    theirs = krippendorff.alpha(codes, level_of_measurement="nominal")
    assert values(codes)["alpha"] == pytest.approx(theirs, abs=1e-12)


@given(tables(missing=False, units=(2, 30)))
def test_fleiss_kappa_is_that_of_statsmodels(codes):
    known = np.unique(codes)
    if len(known) > 1:
        counts = np.array([(codes == c).sum(axis=0) for c in known]).T
        assert values(codes)["fleiss"] == pytest.approx(fleiss_kappa(counts), abs=1e-12)


@given(tables(coders=(2, 2)))
def test_cohens_kappa_is_that_of_statsmodels_on_the_units_of_both(codes):
    both = codes[:, ~np.isnan(codes).any(axis=0)]
    if len(np.unique(both)) > 1:
        square = np.zeros((3, 3))
        np.add.at(square, tuple(both.astype(int)), 1)
        theirs = cohens_kappa(square, return_results=False)
        assert values(codes, categories=[0, 1, 2])["cohen"] == pytest.approx(theirs, abs=1e-12)


# Properties


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_units_and_coders_and_the_names_of_codes_do_not_matter(codes, random):
    found = values(codes, categories=[0, 1, 2])
    units, coders = list(range(codes.shape[1])), list(range(len(codes)))
    random.shuffle(units)
    random.shuffle(coders)
    moved = codes[:, units][coders]
    names = np.array(["b", "c", "a", None], dtype=object)
    renamed = names[np.where(np.isnan(moved), 3, moved).astype(int)]
    again = values(renamed, categories=["a", "b", "c"])
    assert again == pytest.approx(found, abs=1e-12, nan_ok=True)
    assert reasons(renamed, categories=["a", "b", "c"]) == reasons(codes, categories=[0, 1, 2])


@given(arrays(int, st.integers(1, 20), elements=st.integers(0, 2)), st.integers(2, 6))
def test_coders_who_agree_on_everything_have_1_where_it_is_defined(codes, coders):
    found = values(np.tile(codes, (coders, 1)), categories=[0, 1, 2])
    chance = [found[c] for c in ("alpha", "ac1", "brennan-prediger", "fleiss")]
    assert found["percent-agreement"] == 1
    assert all(np.isnan(v) or v == pytest.approx(1) for v in chance)


@given(tables())
def test_a_value_is_missing_only_with_a_reason(codes):
    for row in coefficients(codes, [0, 1, 2], replicates=20).itertuples():
        assert not np.isnan(row.value) or row.reason
        assert np.isnan(row.low) == np.isnan(row.high)
        if not np.isnan(row.low):
            assert row.low <= row.value <= row.high <= 1 + 1e-9


@given(tables(coders=(3, 3)))
def test_a_unit_with_one_code_counts_in_the_prevalence_of_ac1_and_not_in_alpha(codes):
    single = np.array([[0.0], [np.nan], [np.nan]])
    more = np.hstack([codes, single])
    before, after = values(codes, categories=[0, 1, 2]), values(more, categories=[0, 1, 2])
    for same in ("alpha", "percent-agreement", "brennan-prediger"):
        assert after[same] == pytest.approx(before[same], nan_ok=True)


def test_a_single_code_moves_ac1_towards_its_category():
    codes = [[0, 1, 0, 1], [0, 1, 1, 1]]
    more = [[0, 1, 0, 1, 1], [0, 1, 1, 1, None]]
    assert values(more)["ac1"] != values(codes)["ac1"]
    assert values(more)["alpha"] == values(codes)["alpha"]


@given(tables(coders=(9, 9), units=(2, 6), codes=(0, 20)))
def test_patterns_too_many_to_number_give_the_same_values(codes):
    found = values(codes)["alpha"]
    if not np.isnan(found):
        assert found == pytest.approx(krippendorff.alpha(codes, level_of_measurement="nominal"))


# What is undefined


def test_one_coder_alone_has_no_agreement():
    assert set(reasons([[0, 1, 0]]).values()) == {"one-coder"}
    assert all(np.isnan(v) for v in values([[0, 1, 0]]).values())


def test_coders_who_share_no_unit_have_no_agreement():
    assert set(reasons([[0, None], [None, 1]]).values()) == {"no-pairs"}


def test_without_variation_alpha_and_kappa_are_undefined_and_the_rest_says_so():
    codes, known = [[0, 0, 0], [0, 0, 0]], [0, 1]
    found, why = values(codes, categories=known), reasons(codes, categories=known)
    for undefined in ("alpha", "cohen", "fleiss"):
        assert np.isnan(found[undefined])
        assert why[undefined] == "no-variation"
    for hollow in ("ac1", "brennan-prediger"):
        assert (found[hollow], why[hollow]) == (1, "no-variation")
    assert (found["percent-agreement"], why["percent-agreement"]) == (1, "")


def test_cohens_kappa_and_bias_are_of_two_coders_and_prevalence_is_of_two_codes():
    why = reasons([[0, 1, 2], [0, 1, 1], [0, 2, 1]])
    assert (why["cohen"], why["bias"], why["prevalence"]) == (
        "not-two-coders",
        "not-two-coders",
        "not-two-codes",
    )


def test_what_cannot_be_asked_for_is_refused_with_what_can():
    message = "^codes must be a table of coders x units, got 1 dimensions$"
    with pytest.raises(ValueError, match=message):
        coefficients([0, 1])
    with pytest.raises(ValueError, match=r"^each category must be named once, got \[1, 1\]$"):
        coefficients([[0], [1]], [1, 1])


# The intervals

# How often two coders gave the pairs of codes 00, 01, 10 and 11.
SQUARES = [(40, 4, 2, 6), (20, 6, 6, 20), (52, 0, 0, 0), (47, 0, 0, 5)]


def of_pairs(counts):
    return np.repeat([[0, 0, 1, 1], [0, 1, 0, 1]], counts, axis=1)


def intervals(codes, **options):
    return coefficients(codes, [0, 1], **options).set_index("coefficient")[["value", "low", "high"]]


@pytest.mark.parametrize("counts", SQUARES)
def test_the_interval_of_two_coders_percentage_is_that_of_a_share_with_a_uniform_prior(counts):
    equal, differ = counts[0] + counts[3], counts[1] + counts[2]
    row = intervals(of_pairs(counts)).loc["percent-agreement"]
    low, high = beta.ppf([0.025, 0.975], equal + 1, differ + 1)
    assert row["low"] == pytest.approx(low, abs=0.005)
    assert row["high"] == pytest.approx(max(high, row["value"]), abs=0.005)


@pytest.mark.parametrize("counts", [square for square in SQUARES if any(square[1:])])
def test_two_coders_interval_of_alpha_comes_from_all_four_pairs_of_codes(counts):
    """The definition, written out: Dirichlet with 1/2 for each pair, unseen ones too."""
    drawn = np.random.default_rng(5).dirichlet(np.array(counts) + 0.5, size=40_000)
    first = drawn[:, 0] + (drawn[:, 1] + drawn[:, 2]) / 2
    expected = 1 - (drawn[:, 1] + drawn[:, 2]) / (2 * first * (1 - first))
    row = intervals(of_pairs(counts)).loc["alpha"]
    assert row["low"] == pytest.approx(np.quantile(expected, 0.025), abs=0.025)
    assert row["high"] == pytest.approx(max(np.quantile(expected, 0.975), row["value"]), abs=0.025)


@given(st.integers(2, 6), st.integers(5, 60), st.integers(1, 4))
def test_full_agreement_leaves_room_for_disagreement(coders, units, rare):
    codes = np.tile([0] * units + [1] * rare, (coders, 1))
    found = intervals(codes, replicates=400)
    for name in ("percent-agreement", "alpha", "ac1", "brennan-prediger", "fleiss"):
        assert found.loc[name, "value"] == pytest.approx(1)
        assert found.loc[name, "high"] == pytest.approx(1)
        assert found.loc[name, "low"] < 0.99


@pytest.mark.parametrize(("prevalence", "alpha"), [(0.5, 0.95), (0.9, 0.8), (0.9, 0.95)])
def test_95_percent_intervals_of_52_units_hold_the_true_alpha(prevalence, alpha):
    """As benchmarks/agreement_coverage.py finds; resampling the units held it in .72 .80 .37."""
    same = alpha * prevalence + (1 - alpha) * prevalence**2
    pairs = [same, prevalence - same, prevalence - same, 1 - 2 * prevalence + same]
    samples = np.random.default_rng(3).multinomial(52, pairs, size=200)
    found = [intervals(of_pairs(s), replicates=300).loc["alpha"] for s in samples]
    held = [row["low"] <= alpha <= row["high"] for row in found if not np.isnan(row["low"])]
    assert np.mean(held) >= 0.89


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentence_on_coverage_says_what_the_benchmark_measured(lang):
    """For alpha, by features and pooled: the ends of its table's columns, by number of models."""
    measured = {}
    for line in Path("benchmarks/README.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\| [24] \| (\d+) \| [236] \| [\d.]+ \| (.+?) \| [\d.]+-", line):
            measured.setdefault(found[1], []).extend(map(float, found[2].split(" | ")))
    assert [len(found) for found in measured.values()] == [12 * 7] * 2
    said = messages(lang)("agreement.coverage")
    for found in measured.values():
        assert f"{100 * min(found):.0f}–{100 * max(found):.0f}" in said
    assert all(models in said for models in measured)


@pytest.mark.parametrize("coders", [2, 3, 6])
def test_confidence_widens_the_interval(coders):
    codes = np.random.default_rng(2).integers(2, size=(coders, 30))
    wide, narrow = (intervals(codes, confidence=c).loc["alpha"] for c in (0.99, 0.8))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_equal_seeds_give_equal_intervals_in_pieces_of_any_size(monkeypatch):
    first = coefficients(OBSERVERS, seed=3)
    pd.testing.assert_frame_equal(first, coefficients(OBSERVERS, seed=3))
    assert not first.equals(coefficients(OBSERVERS, seed=4))
    monkeypatch.setattr(module, "CHUNK", 1000)
    again = coefficients(OBSERVERS, seed=3)
    assert again["value"].equals(first["value"])
    assert (again["low"] - first["low"]).abs().max() < 0.05


def test_one_unit_has_no_interval():
    assert coefficients([[0], [1]])[["low", "high"]].isna().all(axis=None)


# Data sets


@pytest.fixture(scope="module")
def example():
    return datasets.load("data/example-two-coders")


def measured(measure, data, **options):
    return measure(data.codings, data.taxonomy.counts_as, data.taxonomy.feature_ids, **options)


def test_agreement_has_a_row_for_each_feature_and_coefficient_and_for_all_together(example):
    table = measured(metrics.agreement_by_feature, example, replicates=0)
    assert table["feature_id"].unique().tolist() == [*example.taxonomy.feature_ids, ""]
    assert len(table) == 17 * 8


def test_open_codes_are_missing_ones_or_codes_of_their_own(example):
    decided = measured(metrics.agreement_by_feature, example, replicates=0)
    every = measured(metrics.agreement_by_feature, example, replicates=0, compared="all")
    pooled = [t[t["feature_id"] == ""].iloc[0] for t in (decided, every)]
    assert [row["n"] for row in pooled] == [332, 348]
    assert pooled[0]["k"] == 213 + 74
    assert pooled[1]["k"] == 213 + 74 + 5


def test_pooled_intervals_resample_whole_models():
    """Codes that are the same for all features of a model give as wide an interval as one."""
    rows = [
        (f"m{m}", f, coder, str(int((m + (coder == "B" and m % 4 == 0)) % 2)))
        for m, f, coder in product(range(20), "fgh", "AB")
    ]
    codings = pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code"])
    table = metrics.agreement_by_feature(codings, {"1": "present", "0": "absent"}, ["f", "g", "h"])
    chosen = table[table["coefficient"] == "percent-agreement"].set_index("feature_id")
    assert chosen.loc["", ["low", "high"]].tolist() == pytest.approx(
        chosen.loc["f", ["low", "high"]].tolist(), abs=0.051
    )
    assert chosen.loc["", "models"] == 20
    assert chosen.loc["", "n"] == 60


def test_pooled_fleiss_kappa_of_three_coders_is_that_of_statsmodels():
    """Thirds, which no rounding to few decimals keeps."""
    cells = list(product(range(12), "fgh"))
    present = [(5 * m + 3 * "fgh".index(f) + m * m) % 4 for m, f in cells]
    rows = [
        (f"m{m}", f, coder, str(int(i < k)))
        for (m, f), k in zip(cells, present, strict=True)
        for i, coder in enumerate("ABC")
    ]
    codings = pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code"])
    table = metrics.agreement_by_feature(
        codings, {"1": "present", "0": "absent"}, ["f", "g", "h"], replicates=0
    )
    pooled = table[table["feature_id"] == ""].set_index("coefficient")
    expected = fleiss_kappa([[k, 3 - k] for k in present])
    assert pooled.loc["fleiss", "value"] == pytest.approx(expected, abs=1e-9)


def test_the_values_of_a_data_set_are_those_of_its_raw_codes(example):
    keys = ["coder_id", "feature_id", "model_id"]
    wide = example.codings.set_index(keys)["code"].unstack([1, 2])  # noqa: PD010 - text
    table = measured(metrics.agreement_by_feature, example, replicates=0).set_index("feature_id")
    for feature in (*example.taxonomy.feature_ids, ""):
        codes = wide[feature] if feature else wide
        raw = values(codes.to_numpy(dtype=object), categories=["1", "0"])
        found = table.loc[feature].set_index("coefficient")["value"].to_dict()
        assert found == pytest.approx(raw, nan_ok=True)


def test_the_outcomes_are_the_2_x_2_table_and_what_is_open(example):
    table = measured(metrics.disagreement, example)
    pooled = table[table["feature_id"] == ""].set_index(["outcome", "coder_id"])
    assert pooled["k"].to_dict() == {
        ("all-present", ""): 213,
        ("only", "assessor"): 8,
        ("only", "developer"): 37,
        ("all-absent", ""): 74,
        ("open", ""): 16,
    }
    assert (table.groupby("feature_id")["k"].sum() == table.groupby("feature_id")["n"].max()).all()
    assert pooled["single"].unique().tolist() == [20]
    assert pooled["decided"].unique().tolist() == [332]
    single = table[table["feature_id"] != ""].groupby(["outcome", "coder_id"])["k"].sum()
    assert single.sort_index().equals(pooled["k"].sort_index())


def test_of_more_coders_than_two_the_disagreements_are_split():
    rows = [("m1", "f", c, code) for c, code in zip("ABC", "110", strict=True)]
    rows += [("m2", "f", c, code) for c, code in zip("ABC", "11?", strict=True)]
    rows += [("m3", "f", "A", "?"), ("m3", "f", "B", "?"), ("m4", "f", "C", "1")]
    codings = pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code"])
    counts_as = {"1": "present", "0": "absent", "?": "unclear"}
    table = metrics.disagreement(codings, counts_as, ["f"]).head(4).set_index("outcome")
    assert table["k"].to_dict() == {"all-present": 1, "split": 1, "all-absent": 0, "open": 1}
    assert table["n"].unique().tolist() == [3]
    assert table["single"].unique().tolist() == [1]


def test_each_pair_of_coders_has_its_agreement_and_each_coder_its_share():
    rows = [
        (f"m{m}", "f", coder, code)
        for coder, codes in {"A": "1100", "B": "1110", "C": "00"}.items()
        for m, code in enumerate(codes)
    ]
    codings = pd.DataFrame(rows, columns=["model_id", "feature_id", "coder_id", "code"])
    table = metrics.agreement_by_coders(codings, {"1": "present", "0": "absent"}, ["f"])
    own = table[table["coefficient"] == "present"].set_index("coder_id")
    assert own["k"].to_dict() == {"A": 2, "B": 3, "C": 0}
    percent = table[table["coefficient"] == "percent-agreement"]
    pairs = percent.set_index(["coder_id", "other_id"])
    assert pairs["value"].to_dict() == {("A", "B"): 0.75, ("A", "C"): 0, ("B", "C"): 0}
    assert pairs["n"].to_dict() == {("A", "B"): 4, ("A", "C"): 2, ("B", "C"): 2}


def test_a_data_set_of_one_coder_says_so_for_every_feature(shipped):
    table = measured(metrics.agreement_by_feature, shipped["literal"])
    assert set(table["reason"]) == {"one-coder"}
    assert table["value"].isna().all()
    by_coders = measured(metrics.agreement_by_coders, shipped["literal"])
    assert by_coders["coder_id"].tolist() == ["reconstruction"]


def test_unknown_codes_features_and_choices_are_refused(example):
    codings = pd.DataFrame(
        [("m", "f", "A", "1")], columns=["model_id", "feature_id", "coder_id", "code"]
    )
    with pytest.raises(ValueError, match=r'^no code "1"; allowed: yes, no$'):
        metrics.agreement_by_feature(codings, {"yes": "present", "no": "absent"}, ["f"])
    with pytest.raises(ValueError, match=r'^no feature "f"; allowed: g$'):
        metrics.agreement_by_feature(codings, {"1": "present"}, ["g"])
    with pytest.raises(ValueError, match=r'^no choice "some"; allowed: decided, all$'):
        measured(metrics.agreement_by_feature, example, compared="some")


def test_sums_of_very_many_models_are_drawn_as_the_models_would_be(monkeypatch):
    rng = np.random.default_rng(5)
    true = rng.random((3000, 4)) < 0.6
    codes = np.where(rng.random((3, *true.shape)) < 0.85, true, ~true)
    rows = [
        (f"M{m:04d}", f"f{f}", f"c{c}", str(int(codes[c, m, f])))
        for c, m, f in np.ndindex(codes.shape)
    ]
    columns = ["model_id", "feature_id", "coder_id", "code"]
    asked = (
        pd.DataFrame(rows, columns=columns),
        {"1": "present", "0": "absent"},
        ["f0", "f1", "f2", "f3"],
    )
    one_by_one = metrics.agreement_by_feature(*asked, replicates=4000).query("feature_id == ''")
    monkeypatch.setattr(module, "DRAWN", 100)
    at_once = metrics.agreement_by_feature(*asked, replicates=4000).query("feature_id == ''")
    assert np.allclose(at_once["value"], one_by_one["value"], atol=1e-12, equal_nan=True)
    width = (one_by_one["high"] - one_by_one["low"]).max()
    for end in ("low", "high"):
        assert (at_once[end] - one_by_one[end]).abs().max() < 0.1 * width


def test_a_cube_agrees_as_its_table_does(shipped):
    data = shipped["example"]
    further = data.taxonomy.counts_as, data.taxonomy.feature_ids
    for metric in (metrics.agreement_by_feature, metrics.agreement_by_coders, metrics.disagreement):
        assert metric(data.cube, *further).equals(metric(data.codings, *further))

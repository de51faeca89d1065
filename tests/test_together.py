"""Which features go together: counts, tests, intervals, profiles, clusters, and how it is drawn."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from scipy.stats import norm

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics
from soila_analysis.figures import together as figure
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.metrics import together as module

STATUSES = metrics.STATUSES


def statuses(rows):
    return pd.DataFrame([[STATUSES[one] for one in row] for row in rows])


def of_cells(both, first, second, neither):
    """Models of two features, by how many have which."""
    rows = [(0, 0)] * both + [(0, 1)] * first + [(1, 0)] * second + [(1, 1)] * neither
    return statuses(rows)


def p_by_enumeration(both, first, second, neither):
    """Fisher's exact p, two-sided: tables with the same sums that are no likelier, exactly."""
    n, a, b = both + first + second + neither, both + first, both + second
    ways = {
        k: math.comb(a, k) * math.comb(n - a, b - k)
        for k in range(max(0, a + b - n), min(a, b) + 1)
    }
    return float(Fraction(sum(w for w in ways.values() if w <= ways[both]), math.comb(n, b)))


@pytest.fixture(scope="module")
def clustered():
    """Two clusters of features that nearly always go together, and two features by themselves."""
    rng = np.random.default_rng(3)
    ones = np.repeat(rng.random((80, 2)) < 0.5, 3, axis=1)
    flipped = rng.random(ones.shape) < 0.05
    alone = rng.random((80, 2)) < 0.5
    has = np.hstack([ones ^ flipped, alone])[:, [0, 3, 6, 1, 4, 7, 2, 5]]
    return pd.DataFrame(np.where(has, "present", "absent"), columns=list("aDxbEycF"))


@pytest.fixture(scope="module")
def round_(folders):
    return datasets.load(folders["regional"])


# Pairs


@given(st.lists(st.lists(st.integers(0, 5), min_size=4, max_size=4), min_size=1, max_size=25))
@settings(max_examples=40)
def test_the_counts_are_those_of_the_models_in_which_both_were_assessed(rows):
    table = metrics.feature_pairs(statuses(rows))
    assert len(table) == 6
    for row in table.itertuples():
        pairs = [(r[row.feature_id], r[row.other_feature_id]) for r in rows]
        pairs = [pair for pair in pairs if max(pair) <= 1]
        counts = (
            len(pairs),
            pairs.count((0, 0)),
            sum(a == 0 for a, _ in pairs),
            sum(b == 0 for _, b in pairs),
        )
        assert (row.n, row.k, row.first, row.second) == counts
        if pairs:
            assert row.expected == pytest.approx(row.first * row.second / row.n)
            assert row.difference == pytest.approx(row.k - row.expected)


@given(st.tuples(*[st.integers(0, 12)] * 4).filter(any))
@settings(max_examples=60)
def test_p_is_that_of_fishers_exact_test_by_enumeration(cells):
    row = metrics.feature_pairs(of_cells(*cells)).iloc[0]
    both, first, second, _ = cells
    sums = (both + first, both + second)
    if all(0 < one < sum(cells) for one in sums):
        assert row["p"] == pytest.approx(p_by_enumeration(*cells), rel=1e-9)
        assert row["adjusted"] == row["p"]
    else:
        assert math.isnan(row["p"])
        assert row["found"] == ""


def test_p_of_fishers_convictions_of_twins():
    """R 4.4, `fisher.test(Convictions)`: two-sided p = 0.0005367 (Fisher 1962)."""
    row = metrics.feature_pairs(of_cells(10, 3, 2, 15)).iloc[0]
    assert row["p"] == pytest.approx(0.0005367, abs=5e-8)
    assert (row["k"], row["expected"], row["found"]) == (10, 5.2, "more")
    assert metrics.feature_pairs(of_cells(3, 10, 15, 2)).iloc[0]["found"] == "fewer"


def test_the_rate_of_false_pairs_is_held_over_all_pairs_that_can_be_tested(clustered):
    wide = clustered.assign(every="present", none="absent")
    table = metrics.feature_pairs(wide)
    tested = table.dropna(subset=["p"])
    assert len(table) == 45
    assert len(tested) == 28
    ordered = tested.sort_values("p")
    steps = ordered["p"].to_numpy() * len(tested) / np.arange(1, len(tested) + 1)
    expected = np.minimum.accumulate(steps[::-1])[::-1]
    assert ordered["adjusted"].to_numpy() == pytest.approx(expected)
    assert (ordered["found"] != "").to_numpy().tolist() == (expected <= 0.05).tolist()


def test_the_intervals_of_found_pairs_are_as_wide_as_their_selection_asks(clustered):
    table = metrics.feature_pairs(clustered)
    found = table["found"] != ""
    assert found.sum() == 6
    assert table.loc[found, "confidence"].to_numpy() == pytest.approx(1 - 0.05 * 6 / 28)
    assert set(table.loc[~found, "confidence"]) == {0.95}
    plain = metrics.feature_pairs(clustered, level=0)
    assert (plain.loc[found, "low"] > table.loc[found, "low"]).all()


@given(st.tuples(*[st.integers(0, 15)] * 4).filter(any))
@settings(max_examples=60)
def test_an_interval_holds_its_ratio(cells):
    row = metrics.feature_pairs(of_cells(*cells)).iloc[0]
    if row["expected"] > 0:
        assert row["low"] <= row["ratio"] <= row["high"]
        assert row["ratio"] == pytest.approx(row["k"] / row["expected"])
    else:
        assert row[["ratio", "low", "high"]].isna().all()


def test_of_many_models_the_interval_is_that_of_the_logarithm_and_its_standard_error():
    cells = np.array([2000, 1000, 900, 1500])
    row = metrics.feature_pairs(of_cells(*cells), level=0).iloc[0]
    both, n = cells[0], cells.sum()
    variance = 1 / both - 1 / cells[:2].sum() - 1 / cells[[0, 2]].sum() + (2 * row["ratio"] - 1) / n
    half = norm.isf(0.025) * math.sqrt(variance)
    assert math.log(row["high"] / row["ratio"]) == pytest.approx(half, rel=0.05)
    assert math.log(row["ratio"] / row["low"]) == pytest.approx(half, rel=0.05)


def test_models_with_equal_profiles_are_added_up(clustered):
    small, large = (
        metrics.feature_pairs(clustered),
        metrics.feature_pairs(pd.concat([clustered] * 30, ignore_index=True)),
    )
    counts = ["k", "n", "first", "second"]
    assert (large[counts] == 30 * small[counts]).all(axis=None)


def test_equal_seeds_give_equal_tables(clustered):
    pd.testing.assert_frame_equal(
        metrics.feature_pairs(clustered), metrics.feature_pairs(clustered)
    )
    again = [metrics.feature_clusters(clustered, resamples=20) for _ in range(2)]
    pd.testing.assert_frame_equal(*again)


# Profiles


@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=1, max_size=30))
@settings(max_examples=40)
def test_profiles_are_those_of_the_models_assessed_on_every_feature(rows):
    table = metrics.commonest_profiles(statuses(rows).rename(columns=str), most=99)
    whole = [tuple(row) for row in rows if max(row) <= 1]
    assert table["k"].sum() == len(whole)
    assert len(table) == len(set(whole))
    for row in table.itertuples():
        had = {int(one) for one in row.features.split("; ") if one}
        assert row.k == whole.count(tuple(0 if i in had else 1 for i in range(3)))
        assert (row.size, row.n, row.profiles) == (len(had), len(whole), len(set(whole)))
    assert table["k"].is_monotonic_decreasing


# Clusters


def silhouette(distance, label):
    """Rousseeuw's definition, feature by feature."""
    found = []
    for i, own in enumerate(label):
        others = [j for j, one in enumerate(label) if one == own and j != i]
        if not others:
            found.append(0.0)
            continue
        within = np.mean([distance[i, j] for j in others])
        beyond = min(
            np.mean([distance[i, j] for j, one in enumerate(label) if one == other])
            for other in set(label) - {own}
        )
        found.append((beyond - within) / max(within, beyond))
    return np.mean(found)


def test_the_silhouette_is_rousseeuws():
    rng = np.random.default_rng(5)
    points = rng.random((9, 2))
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    for _ in range(20):
        label = pd.factorize(rng.integers(0, 4, 9))[0].astype(np.int32) + 1
        if len(set(label)) > 1:
            expected = silhouette(distance, label.tolist())
            assert module._silhouette(distance, label) == pytest.approx(expected)


@given(
    st.lists(st.integers(1, 4), min_size=5, max_size=5),
    st.lists(st.integers(1, 4), min_size=5, max_size=5),
)
def test_similarity_of_clusters_is_jaccards(ones, others):
    def sets(labels):
        return [{i for i, one in enumerate(labels) if one == c} for c in sorted(set(labels))]

    found = module._similar(
        *(module._parts(np.array(one, dtype=np.int32)) for one in (ones, others))
    )
    for (i, a), (j, b) in itertools.product(enumerate(sets(ones)), enumerate(sets(others))):
        assert found[i, j] == pytest.approx(len(a & b) / len(a | b))


def test_correlations_are_those_of_the_codes(clustered):
    near = module._near(module._counted(clustered))
    expected = np.corrcoef((clustered == "present").to_numpy(float), rowvar=False)
    assert near == pytest.approx(expected)


def test_features_that_go_together_are_a_stable_cluster_and_stand_side_by_side(clustered):
    table = metrics.feature_clusters(clustered)
    stable = table[table["stable"]]
    assert {frozenset(rows["feature_id"]) for _, rows in stable.groupby("cluster")} == {
        frozenset("abc"),
        frozenset("DEF"),
    }
    order = "".join(table["feature_id"])
    assert any(part in order for part in map("".join, itertools.permutations("abc")))
    assert (stable["stability"] > 0.95).all()
    assert sorted(order) == sorted(clustered.columns)


@pytest.mark.parametrize(("models", "any_stable"), [(3, False), (23, False), (24, True)])
def test_of_fewer_models_than_were_tried_no_cluster_is_called_stable(clustered, models, any_stable):
    assert metrics.feature_clusters(clustered[:models])["stable"].any() == any_stable


def test_combinations_of_features_are_told_only_where_some_model_was_assessed_on_all(round_):
    table = soila.table("together", round_, "en").assign(complete=0, profiles=0, commonest=0)
    told = figures.texts("together", table, "en").findings
    assert not any("combinations" in one for one in told)


def test_a_feature_that_is_alone_or_does_not_vary_is_in_no_cluster(clustered):
    table = metrics.feature_clusters(clustered.assign(every="present")).set_index("feature_id")
    assert table.index[-1] == "every"
    assert table.loc["every", "cluster"] == 0
    assert table.loc[table["cluster"] == 0, "stability"].isna().all()
    numbered = table.loc[table["cluster"] > 0, "cluster"]
    assert numbered.drop_duplicates().tolist() == list(range(1, numbered.max() + 1))


def test_of_two_features_there_are_no_clusters(clustered):
    table = metrics.feature_clusters(clustered[["a", "b"]])
    assert table["cluster"].tolist() == [0, 0]


def test_blocks_of_many_models_vary_as_the_models_do(monkeypatch):
    """The spread of resampled counts hardly depends on how many models make a block."""
    status = of_cells(300, 200, 100, 400).sample(frac=1, random_state=1)
    spread = []
    for blocks in (1000, 100):
        monkeypatch.setattr(module, "BLOCKS", blocks)
        drawn = [one.both[0, 1] for one in module._resampled(status, 2000, 1)]
        spread.append(np.std(drawn))
    assert spread[0] == pytest.approx(math.sqrt(1000 * 0.3 * 0.7), rel=0.06)
    assert spread[1] == pytest.approx(spread[0], rel=0.2)


# The figure


@pytest.mark.parametrize("lang", LANGUAGES)
def test_found_pairs_are_filled_and_listed_with_ratio_and_counts(round_, lang):
    table = soila.table("together", round_, lang)
    found = table[table["found"] != ""]
    assert 0 < len(found) < 16
    drawn = soila.plot("together", round_, lang)
    filled = [
        p for a in drawn.axes for p in a.patches if to_hex(p.get_facecolor()) == figure.BLUE.lower()
    ]
    assert len(filled) == len(found) + 1  # and the key
    printed = " ".join(text.get_text() for text in drawn.texts)
    t = messages(lang)
    for row in found.itertuples():
        assert f"{t.number(row.k)} / {t.number(row.expected, 1)}" in printed
        assert t.number(row.ratio, 2) in printed


def test_every_pair_has_a_cell_with_its_difference(round_):
    table = soila.table("together", round_, "en")
    values, points = figure._values(table, messages("en"))
    assert not points
    assert len(values) == len(table) == 120
    said = {"+": 1, "−": -1}
    for row in table.itertuples():
        text = values[row.feature_id, row.other_feature_id]
        number = said.get(text[0], 1) * int(text.lstrip("+−"))
        assert number == math.copysign(math.floor(abs(row.difference) + 0.5), row.difference)


def test_of_40_features_20_are_shown_and_the_words_say_so():
    from conftest import made_up

    data = made_up(models=60, features=40, coders="A")
    table = soila.table("together", data, "en")
    words = figures.texts("together", table, "en")
    assert "Shown are 20 of 40 features" in words.notes
    shown = figure._shown(table)
    assert len(shown) == 20
    clearest = table.sort_values("p").iloc[0]
    assert {clearest["feature_id"], clearest["other_feature_id"]} <= set(shown)


def test_of_very_many_models_differences_are_per_100(clustered):
    from conftest import made_up

    data = made_up(models=40, features=8, goals=1, coders="A")
    table = soila.table("together", data, "en")
    large = table.assign(
        k=table["k"] * 10_000, n=table["n"] * 10_000, difference=table["difference"] * 10_000
    )
    values, points = figure._values(large, messages("en"))
    assert points
    assert "per 100 models" in figures.texts("together", large, "en").subtitle
    shares = {abs(int(text.lstrip("+−"))) for text in values.values() if text != "–"}
    assert max(shares) <= 25


def test_the_title_counts_what_was_found():
    from conftest import made_up

    table = soila.table("together", made_up(models=30, features=5, goals=1, coders="A"), "en")
    for kinds, title in (
        (
            ["more", "fewer", ""],
            "with more models in common than chance explains: 2/10; with fewer: 1/10",
        ),
        (["more", "", ""], "with more models in common than chance explains: 2/10"),
        (["fewer", "", ""], "with fewer models in common than chance explains: 2/10"),
        (["", "", ""], "Which features go together"),
    ):
        told = table.assign(found=[kinds[0]] * 2 + [kinds[1]] + [kinds[2]] * 7, p=0.5)
        assert figures.texts("together", told, "en").title.endswith(title)


def test_stable_clusters_are_named_and_others_are_not(round_):
    table = soila.table("together", round_, "en")
    assert any("No cluster" in one for one in figures.texts("together", table, "en").findings)
    some = {"participation", "co-creation", "networked"}
    inside = table["feature_id"].isin(some) & table["other_feature_id"].isin(some)
    told = table.assign(stable=inside, cluster=inside.astype(int), stability=0.875)
    (said,) = (one for one in figures.texts("together", told, "en").findings if "0.75" in one)
    assert said.startswith("Stable clusters of features")
    assert said.endswith(" (0.88).")
    names = round_.taxonomy.labels("en")
    assert all((names[one] in said) == (one in some) for one in round_.taxonomy.feature_ids)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_of_a_reconstruction_nothing_is_said_of_pairs(review, lang):
    """The joint distribution of its features is made up."""
    table = soila.table("together", review, lang)
    assert table[["ratio", "expected", "p", "difference", "low", "high"]].isna().all(axis=None)
    assert (table[["n", "profiles", "complete", "commonest"]] == 0).all(axis=None)
    words = figures.texts("together", table, lang)
    assert words.alt == messages(lang)("together.none-reconstructed") == words.description
    with pytest.raises(ValueError, match=r"^together: "):
        soila.plot("together", review, lang)


def test_where_nothing_varies_one_sentence_says_so(tables):
    for name in ("equal", "single"):
        table = tables[name, "en", "together"]
        words = figures.texts("together", table, "en")
        assert words.alt.startswith("No pair of features can be tested: ")

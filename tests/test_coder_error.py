"""Coder error: oracles, brute force, what cannot be identified, planning, and what figures say."""

from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.stats import norm

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics
from soila_analysis.metrics import latent_class
from soila_analysis.metrics.coder_error import rogan_gladen, share_bounds

ROOT = Path(__file__).parents[1]
COUNTS_AS = {"1": "present", "0": "absent", "?": "unclear"}


class Cube(NamedTuple):
    """Codes as a data set has them: positions in `COUNTS_AS`, -1 for none."""

    codes: np.ndarray
    coders: tuple
    models: tuple


def cube(rows, times):
    """Codes of one feature: each row what the coders say ("1", "0" or " "), as often as said."""
    patterns = [row for row, n in zip(rows, times, strict=True) for _ in range(n)]
    codes = np.array([["10?".find(c) for c in row] for row in patterns], dtype=np.int8).T
    models = tuple(f"M{i}" for i in range(len(patterns)))
    return Cube(codes[:, :, np.newaxis], tuple("ABCDEF"[: len(codes)]), models)


def decided(block, truth):
    """Decisions on the models, in their order; a space is none."""
    rows = [(m, "f", c) for m, c in zip(block.models, truth, strict=True) if c != " "]
    return pd.DataFrame(rows, columns=["model_id", "feature_id", "code"])


def observed(block, *features, decisions=None, references=()):
    return metrics.observed(block, COUNTS_AS, features or ("f",), decisions, references)


def corrected(block, decisions=None, references=(), **options):
    told = observed(block, decisions=decisions, references=references)
    return metrics.corrected_shares(told, **options).iloc[0]


THREE = ("111", "110", "101", "011", "100", "010", "001", "000"), (21, 6, 5, 3, 4, 2, 3, 16)


def without_some(block):
    """Take away C's code of every third model and B's of every fifth."""
    codes = block.codes.copy()
    codes[2, ::3], codes[1, ::5] = -1, -1
    return block._replace(codes=codes)


# Oracles


# crowd-kit 1.4.2, DawidSkene(n_iter=20000, tol=1e-15), of `THREE`, then `without_some`.
CROWD_KIT = {
    "all": (0.616532, (0.881606, 0.820461, 0.783650), (0.852760, 0.928304, 0.869120)),
    "some": (0.639085, (0.860718, 0.813052, 0.779787), (0.861663, 1.000000, 0.889469)),
}


@pytest.mark.parametrize("name", CROWD_KIT)
def test_dawid_skene_without_a_prior_is_that_of_crowd_kit(name):
    block = cube(*THREE) if name == "all" else without_some(cube(*THREE))
    found = latent_class.dawid_skene(latent_class.evidence(block.codes), prior=(1, 1))
    share, sensitivity, specificity = CROWD_KIT[name]
    assert found.share[0] == pytest.approx(share, abs=2e-5)
    assert found.sensitivity[0] == pytest.approx(sensitivity, abs=2e-5)
    assert found.specificity[0] == pytest.approx(specificity, abs=2e-5)


def lang_reiczigel(k, n, found, there, missed, lacking):
    """The interval as asht 1.0.1 for R has it (prevSeSp), written anew from its equations."""
    z = norm.ppf(0.975)
    n_, se_n, sp_n = n + z * z, there + 2, lacking + 2
    ap, se, sp = (k + z * z / 2) / n_, (found + 1) / se_n, (missed + 1) / sp_n
    p = (ap + sp - 1) / (se + sp - 1)
    d = 2 * z * z * (p * se * (1 - se) / se_n - (1 - p) * sp * (1 - sp) / sp_n)
    v = ap * (1 - ap) / n_ + p * p * se * (1 - se) / se_n + (1 - p) ** 2 * sp * (1 - sp) / sp_n
    half = z * v**0.5 / (se + sp - 1)
    return max(0, p + d - half), min(1, p + d + half)


@pytest.mark.parametrize(
    "counts", [(30, 100, 45, 50, 40, 50), (47, 52, 18, 20, 5, 6), (3, 24, 5, 5, 17, 19)]
)
def test_the_interval_of_rogan_and_gladen_is_lang_and_reiczigels(counts):
    k, n, found, there, missed, lacking = counts
    share, low, high = rogan_gladen((k, n), (found, there), (missed, lacking))
    assert (low, high) == pytest.approx(lang_reiczigel(*counts), abs=1e-12)
    estimate = (k / n + missed / lacking - 1) / (found / there + missed / lacking - 1)
    assert share == pytest.approx(min(max(estimate, 0), 1))


def test_the_brucellosis_example_of_epir_is_corrected_as_printed():
    """23 of 150 cows positive, sensitivity 96 %, specificity 89 %: 5.1 cases in 100 cows."""
    share, _, _ = rogan_gladen((23, 150), (96, 100), (89, 100))
    assert round(100 * float(share), 1) == 5.1


def test_what_does_no_better_than_chance_corrects_nothing():
    assert np.isnan(rogan_gladen((5, 10), (5, 10), (5, 10))).all()
    assert np.isnan(rogan_gladen((5, 10), (0, 0), (5, 10))).all()


def by_grid(cells, points=41):
    """Quantiles of the share, by summing over a grid of share, sensitivity and specificity.

    The cells are the models of one coder: found and not, undecided; then decided ones, present
    found and not, absent found and not.
    """
    grid = (np.arange(points) + 0.5) / points
    p, se, sp = np.meshgrid(grid, grid, grid, indexing="ij")
    found = p * se + (1 - p) * (1 - sp)
    ways = [found, 1 - found, p * se, p * (1 - se), (1 - p) * (1 - sp), (1 - p) * sp]
    logs = sum(n * np.log(way) for n, way in zip(cells, ways, strict=True))
    logs = logs - 0.5 * np.log(p * (1 - p)) + np.log(se) + np.log(sp)
    mass = np.exp(logs - logs.max()).sum(axis=(1, 2))
    return np.interp([0.025, 0.5, 0.975], np.cumsum(mass) / mass.sum(), grid + 0.5 / points)


@pytest.mark.parametrize("cells", [(20, 15, 6, 1, 1, 6), (5, 40, 4, 2, 0, 9), (30, 2, 12, 1, 1, 3)])
def test_the_posterior_is_that_of_a_sum_over_a_grid(cells):
    block = cube(["1", "0", "1", "0", "1", "0"], cells)
    truth = "".join(c * n for c, n in zip("  1100", cells, strict=True))
    row = corrected(block, decisions=decided(block, truth), draws=16_000)
    ours = [row["corrected_low"], row["corrected"], row["corrected_high"]]
    assert row["identified_by"] == "anchor"
    assert ours == pytest.approx(by_grid(cells), abs=0.02)


# What is identified, and what not


def test_two_coders_without_an_anchor_get_bounds_and_no_share():
    row = corrected(cube(["11", "10", "01", "00"], [35, 5, 5, 5]))
    assert row["reason"] == "not-identified"
    assert row[["corrected", "corrected_low", "sampling_low", "dawid_skene"]].isna().all()
    assert row["possible_low"] < 0.6 < 0.9143 < row["possible_high"]


def test_decisions_on_the_disagreements_of_two_coders_are_enough():
    block = cube(["11", "10", "01", "00"], [25, 6, 6, 15])
    truth = " " * 25 + "110110" + "011111" + " " * 15
    row = corrected(block, decisions=decided(block, truth))
    assert (row["identified_by"], row["reason"], row["anchored"]) == ("anchor", "", 12)
    assert row["corrected_low"] < row["sampling_low"] < row["corrected"] < row["sampling_high"]


def test_a_few_decisions_of_many_disagreements_are_not_enough():
    block = cube(["11", "10", "00"], [25, 12, 15])
    few = decided(block, " " * 25 + "1101" + " " * 23)
    assert corrected(block, decisions=few)["reason"] == "not-identified"


def test_three_coders_need_no_anchor():
    row = corrected(cube(*THREE))
    assert (row["identified_by"], row["tripled"]) == ("three-coders", 60)
    assert row["dawid_skene"] == pytest.approx(0.6165, abs=0.02)
    assert row["possible_low"] != row["possible_low"]


def test_one_coder_alone_tells_nothing():
    assert corrected(cube(["1", "0"], [10, 10]))["reason"] == "one-coder"
    assert corrected(cube([" ", "?"], [10, 10]))["reason"] == "not-coded"


def test_the_codes_of_a_reference_are_an_anchor():
    rows, times = ("11", "10", "01", "00", "1 ", "0 "), (9, 2, 1, 8, 15, 15)
    block = cube(rows, times)
    truth = [row[1] for row, n in zip(rows, times, strict=True) for _ in range(n)]
    told = corrected(block, references=("B",))
    alone = block._replace(codes=block.codes[:1], coders=("A",))
    same = corrected(alone, decisions=decided(alone, truth))
    assert told["identified_by"] == "anchor"
    assert told.equals(same)
    errors = metrics.coder_errors(observed(block, references=("B",)))
    assert errors["coder_id"].tolist() == ["A"]


def test_errors_are_counted_only_where_whole_models_were_decided():
    block = cube(["1", "0", "1", "0", "1", "0"], [20, 15, 9, 1, 2, 8])
    whole = decided(block, " " * 35 + "1" * 10 + "0" * 10)
    row = metrics.coder_errors(observed(block, decisions=whole)).iloc[0]
    assert row[["sensitivity_k", "sensitivity_n"]].tolist() == [9, 10]
    assert row[["specificity_k", "specificity_n"]].tolist() == [8, 10]
    expected = rogan_gladen((31, 55), (9, 10), (8, 10))
    assert row[["rogan_gladen", "rogan_gladen_low", "rogan_gladen_high"]].tolist() == list(expected)
    two = Cube(np.repeat(block.codes, 2, axis=2), block.coders, block.models)
    part = metrics.coder_errors(observed(two, "f", "g", decisions=whole))
    assert part[["sensitivity_n", "rogan_gladen"]].isna().all(axis=None)


def test_coders_who_are_better_than_chance_name_the_classes():
    """The mirror image fits the codes as well: share and errors are turned around."""
    turned = cube([row.translate(str.maketrans("01", "10")) for row in THREE[0]], THREE[1])
    one, other = (
        latent_class.dawid_skene(latent_class.evidence(b.codes)) for b in (cube(*THREE), turned)
    )
    assert other.share == pytest.approx(1 - one.share, abs=1e-6)
    assert other.sensitivity == pytest.approx(one.specificity, abs=1e-6)
    drawn = latent_class.posterior(latent_class.evidence(turned.codes), 400, 1)
    assert ((drawn.sensitivity + drawn.specificity).mean(axis=2) >= 1).all()


def test_equal_seeds_give_equal_numbers():
    block = cube(*THREE)
    assert corrected(block, seed=3).equals(corrected(block, seed=3))
    assert not corrected(block, seed=3).equals(corrected(block, seed=4))


# Bounds


def test_the_bounds_of_two_coders_are_those_of_the_formula():
    """Without a least value, from 1 - (1 - p1)(1 - p2)/P00 to p1 p2/P11."""
    low, high = share_bounds(0.7, 0.8, 0.8, least=0)
    assert low == pytest.approx(1 - 0.2 * 0.2 / 0.1, abs=0.005)
    assert high == pytest.approx(0.8 * 0.8 / 0.7, abs=0.005)


chance = st.floats(0.5, 1)


@given(st.floats(0.02, 0.98), chance, chance, chance, chance)
def test_bounds_hold_the_share_that_made_the_frequencies(share, se1, sp1, se2, sp2):
    both = share * se1 * se2 + (1 - share) * (1 - sp1) * (1 - sp2)
    first, second = (share * se + (1 - share) * (1 - sp) for se, sp in ((se1, sp1), (se2, sp2)))
    low, high = share_bounds(both, first, second)
    assert low - 0.0051 <= share <= high + 0.0051


def test_bounds_are_sharp():
    """At either end there are errors that give the same frequencies."""
    both, first, second = 0.55, 0.7, 0.65
    tried = np.linspace(0.5, 1, 201)
    low, high = share_bounds(both, first, second)
    for share in (low + 0.005, high - 0.005):
        se1, se2 = np.meshgrid(tried, tried)
        sp1, sp2 = (
            1 - (own - share * se) / (1 - share) for own, se in ((first, se1), (second, se2))
        )
        fits = np.all([sp1 >= 0.5, sp1 <= 1, sp2 >= 0.5, sp2 <= 1], axis=0)
        made = share * se1 * se2 + (1 - share) * (1 - sp1) * (1 - sp2)
        assert made[fits].min() - 0.002 <= both <= made[fits].max() + 0.002


# Properties


@settings(max_examples=10)
@given(st.lists(st.integers(0, 12), min_size=8, max_size=8), st.integers(0, 9))
def test_intervals_lie_between_0_and_1_and_hold_their_parts(times, open_ones):
    block = cube([*THREE[0], "???"], [*times, open_ones + 1])
    row = corrected(block, draws=200)
    if row["reason"] == "":
        ends = row[["corrected_low", "sampling_low", "sampling_high", "corrected_high"]].tolist()
        assert ends == sorted(ends)
        assert 0 <= ends[0] <= row["corrected"] <= ends[-1] <= 1
    elif row["reason"] != "not-coded":
        assert 0 <= row["possible_low"] <= row["possible_high"] <= 1


def test_intervals_hold_the_true_share_in_simulations():
    """A small part of benchmarks/coder_error.py: 40 features of 60 models and three coders."""
    rng = np.random.default_rng(5)
    there = rng.random((60, 40)) < 0.6
    said = (rng.random((3, 60, 40)) < np.where(there, 0.85, 0.9)) == there
    block = Cube(np.where(said, 0, 1).astype(np.int8), ("A", "B", "C"), tuple(range(60)))
    features = [str(i) for i in range(40)]
    table = metrics.corrected_shares(observed(block, *features), draws=1600)
    held = (table["corrected_low"] <= 0.6) & (table["corrected_high"] >= 0.6)
    assert held.mean() >= 0.9
    errors = metrics.coder_errors(observed(block, *features), draws=1600)
    assert (errors["sensitivity_low"].le(0.85) & errors["sensitivity_high"].ge(0.85)).mean() >= 0.9


# Planning


def test_more_models_coded_twice_narrow_the_interval():
    block = cube(["11", "10", "01", "00"], [60, 8, 8, 44])
    truth = " " * 60 + "1" * 4 + "0" * 4 + "1" * 4 + "0" * 4 + " " * 44
    told = observed(block, decisions=decided(block, truth))
    plans = [metrics.double_coding(told, width=width).iloc[0] for width in (0.1, 0.25, 0.4)]
    assert [plan["reason"] for plan in plans] == ["not-reachable", "", ""]
    assert pd.isna(plans[0]["needed"])
    assert 120 >= plans[1]["needed"] > plans[2]["needed"] > 0
    assert plans[0]["width_one"] > 0.4 > 0.25 > plans[0]["width_all"] > 0.1


def test_a_width_is_between_0_and_1():
    with pytest.raises(ValueError, match=r"^width must be between 0 and 1, got 2$"):
        metrics.double_coding(observed(cube(*THREE)), width=2)


def test_disputed_models_come_before_agreed_ones():
    block = cube(["11", "10", "00", "1 "], [10, 2, 10, 2])
    truth = " " * 10 + "1 " + " " * 12
    listed = metrics.next_models(observed(block, decisions=decided(block, truth)), most=3)
    assert listed["model_id"].tolist()[0] == "M11"
    assert listed["reason"].tolist()[0] == "disputed"
    assert "M10" not in listed["model_id"].tolist()
    assert set(listed["reason"][1:]) == {"one-coder"}


def test_the_command_plans(call):
    folder = "tests/fixtures/two-coders-own-taxonomy"
    told = call("plan-double-coding", folder, "--width", "0.5")
    assert told.exit_code == 0
    heads, *rows = (line.split() for line in told.output.splitlines())
    assert heads[:2] == ["feature_id", "width"]
    assert [row[0] for row in rows] == list(datasets.load(ROOT / folder).taxonomy.feature_ids)
    listed = call("plan-double-coding", folder, "--models", "3").output
    assert len(listed.splitlines()) == 4
    refused = call("plan-double-coding", "data/review-2024")
    assert refused.exit_code == 1
    assert "is a reconstruction: nobody coded its models" in refused.output


# The figure


@pytest.fixture(scope="module")
def rounds():
    """Tables of the made-up rounds: two persons and a language model, and two persons alone."""
    folders = {year: ROOT / "data" / f"example-rounds-{year}" for year in (2025, 2029)}
    return {y: soila.table("coder-error", datasets.load(f), "en") for y, f in folders.items()}


@pytest.mark.parametrize("year", [2025, 2029])
def test_the_figure_has_dots_where_errors_are_known_and_hatching_where_not(rounds, year):
    table = rounds[year]
    drawn = figures.draw("coder-error", table, "en")
    keyed = [mark for _, marks in drawn.key for mark in marks]
    artists = [a for axes in drawn.axes for a in axes.get_children() if a not in keyed]
    dots = [a for a in artists if getattr(a, "get_markeredgecolor", str)() == "white"]
    boxes = [a for a in artists if isinstance(a, Rectangle) and a.get_hatch()]
    known = table[table["reason"] == ""]
    shares = sorted(float(dot.get_xdata()[0]) for dot in dots)
    assert shares == pytest.approx(sorted(100 * known["corrected"]))
    bounds = table.loc[table["reason"] == "not-identified", "possible_low"]
    assert sorted(b.get_x() for b in boxes) == pytest.approx(sorted(100 * bounds))
    assert len(known) + len(bounds) == 16


def test_the_title_says_what_the_data_support(rounds):
    words = {year: figures.texts("coder-error", table, "en") for year, table in rounds.items()}
    assert words[2025].title == "Coder error cannot be known in 13 of 16 features"
    assert "moves the percentage by 5 points or more in 1 of 16" in words[2029].title
    assert "from 51% to 60%" in words[2029].description


@pytest.mark.parametrize(("coders", "advice"), [("AB", "A third coder"), ("ABC", "Three coders")])
def test_where_no_error_is_known_the_figure_says_what_would_tell_it(coders, advice):
    import conftest

    data = conftest.made_up(models=3, goals=1, features=3, coders=coders)
    words = figures.texts("coder-error", soila.table("coder-error", data, "en"), "en")
    assert words.findings[0] == "These data do not tell how the coders err."
    assert words.findings[-1].startswith(advice)


def test_a_reconstruction_has_no_coder_error(shipped):
    table = soila.table("coder-error", shipped["literal"], "en")
    assert not [c for c in table if c.startswith(("corrected", "possible", "sampling", "dawid"))]
    said = "coder-error: Nobody coded these models: the codes are a reconstruction, so there is"
    with pytest.raises(ValueError, match=f"^{said} no coder error to correct for.$"):
        soila.plot("coder-error", shipped["literal"], lang="en")


@pytest.mark.parametrize(("models", "coders"), [*product((1, 6), ("A", "AB", "ABC"))])
def test_small_data_are_drawn_or_told(models, coders):
    import conftest

    data = conftest.made_up(models=models, goals=2, features=3, coders=coders)
    table = soila.table("coder-error", data, "sv")
    if figures.spec("coder-error").shows(table, "redesigned"):
        assert isinstance(figures.draw("coder-error", table, "sv"), Figure)
    else:
        words = figures.texts("coder-error", table, "sv")
        assert words.findings == (
            "Ingen modell har koder av två kodare och inget har beslutats, så kodningsfelen kan "
            "inte skattas.",
        )


def test_a_goal_without_models_has_nothing_to_draw_and_says_so():
    import conftest

    none = datasets.select(conftest.made_up(coders="AB"), goal="goal-2")
    words = figures.texts("coder-error", soila.table("coder-error", none, "en"), "en")
    assert words.findings[0].endswith(
        "No model has codes of two coders and nothing has been decided, so coder error cannot be "
        "estimated."
    )

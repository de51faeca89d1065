"""Codings side by side: two coders of one round, any number of rounds."""

import math
import re
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pandas as pd
import pytest
import test_figures as shown
from conftest import made_up
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from scipy.stats import binomtest, multinomial
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics
from soila_analysis.build import archive, plan
from soila_analysis.figures.palette import BLUE, GREY, PLUM
from soila_analysis.figures.time_panels import series
from soila_analysis.language import messages
from soila_analysis.rounds import comparison

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "example-two-coders"
ROUNDS = ROOT / "data" / "example-rounds-2029"
NOTEBOOK = ROOT / "notebooks" / "15_change-over-rounds.ipynb"
STATUSES = [*metrics.STATUSES]


def frame(**columns):
    return pd.DataFrame(columns, index=[f"M{i}" for i in range(len(next(iter(columns.values()))))])


def counted(k, n, feature="f"):
    """A round of n models, k of which have the one feature."""
    return frame(**{feature: ["present"] * k + ["absent"] * (n - k)})


@pytest.fixture(scope="module")
def example():
    return datasets.load(EXAMPLE)


# Two coders


def test_only_models_that_both_coders_assessed_are_compared():
    one = frame(f=["present", "present", "absent", "unclear", "present", "present"])
    two = frame(f=["present", "absent", "present", "present", "not-assessed", "absent"])
    (row,) = metrics.signed_differences(one, two).to_dict("records")
    assert (row["n"], row["k_first"], row["k_second"]) == (4, 3, 2)
    assert (row["only_first"], row["only_second"], row["difference"]) == (2, 1, 0.25)


def of_square(both, only_first, only_second, neither):
    """Two coders of models with the four counts of their 2 x 2 table."""
    sizes = [both, only_first, only_second, neither]
    one, two = (np.repeat(codes, sizes) for codes in (list("1100"), list("1010")))
    return (frame(f=np.where(codes == "1", "present", "absent")) for codes in (one, two))


def test_the_test_is_mcnemars_exact_one_and_the_interval_agresti_and_mins():
    (row,) = metrics.signed_differences(*of_square(2, 7, 1, 2)).to_dict("records")
    assert row["p"] == row["p_holm"] == pytest.approx(mcnemar([[2, 7], [1, 2]]).pvalue)
    b, c, n = 7.5, 1.5, 14
    reach = 1.959964 * math.sqrt(b + c - (b - c) ** 2 / n) / n
    assert row["low"] == pytest.approx((b - c) / n - reach)
    assert row["high"] == pytest.approx((b - c) / n + reach)


CHANCES = [(0.1, 0.1), (0.2, 0.05), (0.1, 0.0), (0.25, 0.25), (0.02, 0.02)]


@pytest.mark.parametrize("n", [24, 52])
@pytest.mark.parametrize("chance", CHANCES)
def test_95_percent_intervals_of_signed_differences_hold_the_true_one(n, chance):
    """Exactly, over all tables that are likely; the interval before held it in .51 to .85."""
    b, c = (cells.ravel() for cells in np.indices((n + 1, n + 1)))
    weight = multinomial.pmf(np.column_stack([b, c, n - b - c]), n, [*chance, 1 - sum(chance)])
    b, c, weight = (x[weight > 1e-4] for x in (b, c, weight))
    model = np.arange(n)[:, np.newaxis]
    found = metrics.signed_differences(
        *(pd.DataFrame(np.where(x, "present", "absent")) for x in (model < b, n - 1 - model < c))
    )
    true = chance[0] - chance[1]
    held = (found["low"] <= true + 1e-12) & (true - 1e-12 <= found["high"])
    assert weight[held].sum() >= 0.89


def test_where_coders_never_differ_the_interval_is_around_zero_and_nothing_is_tested(example):
    one, two = (example.consensus(f"coder:{c}") for c in ("developer", "assessor"))
    table = metrics.signed_differences(one, two).set_index("feature_id")
    row = table.loc["societal-goal"]
    assert (row["n"], row["difference"]) == (22, 0)
    assert row["low"] == -row["high"] < 0
    assert row[["p", "p_holm"]].isna().all()
    assert table["p_holm"].count() == 15
    assert (table["difference"] > 0).sum() == 13


def test_features_that_nobody_assessed_have_no_difference():
    nothing = frame(f=["unclear", "not-assessed"])
    (row,) = metrics.signed_differences(nothing, nothing).to_dict("records")
    assert row["n"] == 0
    assert all(np.isnan(row[name]) for name in ("difference", "low", "high", "p"))


codes = st.lists(st.sampled_from(STATUSES), min_size=8, max_size=8)


@settings(max_examples=15, deadline=None)
@given(codes, codes)
def test_exchanging_the_coders_turns_every_sign(one, two):
    a, b = frame(f=one), frame(f=two)
    (forth,), (back,) = (
        metrics.signed_differences(*pair).fillna(9).to_dict("records") for pair in ((a, b), (b, a))
    )
    assert forth["difference"] == (9 if back["difference"] == 9 else -back["difference"])
    assert forth["low"] == pytest.approx(9 if back["high"] == 9 else -back["high"])
    assert forth["p"] == pytest.approx(back["p"])
    assert forth["low"] - 1e-9 <= forth["difference"] <= forth["high"] + 1e-9


def test_the_command_names_the_columns_by_the_coders(call):
    lines = call("differences", EXAMPLE, "developer", "assessor").output.splitlines()
    assert lines[0].split()[:6] == [
        *("feature_id", "n", "k_developer", "k_assessor", "only_developer", "only_assessor")
    ]
    assert len(lines) == 17
    unknown = call("differences", EXAMPLE, "developer", "B")
    assert unknown.stderr == 'Error: no coder "B"; allowed: assessor, developer\n'


# Two rounds

NEWCOMBE = [  # Newcombe (1998), table II, method 10
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0)),
]


@pytest.mark.parametrize(("later", "earlier", "interval"), NEWCOMBE)
def test_the_interval_of_a_change_is_the_published_one(later, earlier, interval):
    (row,) = metrics.share_changes(counted(*earlier), counted(*later)).to_dict("records")
    assert (row["low"], row["high"]) == pytest.approx(interval, abs=0.0002)
    assert row["difference"] == pytest.approx(later[0] / later[1] - earlier[0] / earlier[1])
    assert row["interval"] == "newcombe"


def test_models_of_both_rounds_are_compared_code_by_code():
    before = frame(f=["present", "present", "absent", "absent", "unclear"])
    now = frame(f=["present", "absent", "present", "present", "present", "absent"])
    (row,) = metrics.share_changes(before, now).to_dict("records")
    assert (row["paired"], row["gained"], row["lost"]) == (4, 2, 1)
    assert (row["k1"], row["n1"], row["k2"], row["n2"]) == (2, 4, 4, 6)


def test_models_that_recur_are_tested_in_pairs():
    """As the two codings of one round are, feature by feature, and over whole models."""
    before = frame(f=["present"] * 12 + ["absent"] * 4, g=["present", "absent"] * 8)
    now = frame(f=["present"] * 3 + ["absent"] * 13, g=["absent", *["absent", "present"] * 7, "x"])
    now.loc["M15", "g"] = "unclear"
    (f, g) = metrics.share_changes(before, now).to_dict("records")
    assert (f["gained"], f["lost"], f["paired_difference"]) == (0, 9, -9 / 16)
    assert f["p"] == pytest.approx(mcnemar([[3, 9], [0, 4]]).pvalue)
    pair = metrics.signed_differences(now, before).to_dict("records")
    for row, same in zip((f, g), pair, strict=True):
        assert [row[f"paired_{end}"] for end in ("low", "high")] == [same["low"], same["high"]]
        assert row["p_holm"] == same["p_holm"]
    score = {"present": 1, "absent": 0}
    both = before.isin(score.keys()) & now.isin(score.keys())
    net = (now.replace(score).where(both, 0) - before.replace(score).where(both, 0)).sum(axis=1)
    more, fewer = (net > 0).sum(), (net < 0).sum()
    assert (f["models_more"], f["models_fewer"]) == (more, fewer)
    assert f["p_models"] == pytest.approx(binomtest(int(more), int(more + fewer)).pvalue)


def test_a_feature_of_one_round_only_has_no_change():
    table = metrics.share_changes(counted(1, 2, "old"), counted(1, 2, "new"))
    assert table["feature_id"].tolist() == ["new", "old"]
    assert table["n1"].isna().tolist() == [True, False]
    assert table[["difference", "low", "high", "paired"]].isna().all(axis=None)


def test_a_feature_that_one_round_did_not_assess_has_no_change():
    (row,) = metrics.share_changes(frame(f=["unclear"]), counted(1, 2)).to_dict("records")
    assert (row["k1"], row["n1"]) == (0, 0)
    assert np.isnan(row["difference"])
    assert np.isnan(row["low"])


# What else is different


def told(earlier, later):
    table = comparison.compare([earlier, later])
    assert set(table.loc[table["ordinal"] == 1, "changed"]) == {""}
    return table.loc[table["ordinal"] == 2, "changed"].iloc[0].split()


def about(data, **keys):
    return replace(data, info=data.info.model_copy(update=keys))


def test_a_round_compared_with_itself_has_no_caveat_and_no_change(example):
    table = comparison.compare([example, example])
    assert told(example, example) == []
    assert (table["difference"] == 0).all()
    assert (table["gained"] + table["lost"]).sum() == 0
    assert set(table["models_both"]) == {24}


def test_rounds_of_one_name_are_told_apart_by_their_folders(example, shipped):
    pair = [shipped["own"], example]
    assert set(comparison.compare(pair)["round"]) == {data.name for data in pair}
    assert comparison.source_of(pair, "en").startswith(
        "two-coders-own-taxonomy: Made up for the tests; no row describes a real trial. "
        "example-two-coders: Made-up data"
    )
    same = comparison.compare([example, example])
    assert "example-two-coders (2)" in set(same["round"])


def test_each_thing_that_is_different_is_told(example, shipped):
    assert told(example, about(example, kind="observed")) == ["kind"]
    assert told(shipped["literal"], shipped["memberships"]) == ["reading"]
    assert told(example, about(example, consensus="majority")) == ["rule"]
    assert told(example, renamed(example)) == ["coders"]
    assert {"version", "features", "scale"} <= set(told(example, shipped["own"]))
    assert told(example, redefined(example)) == ["version", "definitions"]
    codes = pd.DataFrame(
        [(c.code, "present", *["x"] * 3) for c in example.taxonomy.codes],
        columns=["code", "counts_as", "label_fi", "label_sv", "label_en"],
    )
    assert told(example, replace(example, codes=codes)) == ["scale"]


def renamed(data):
    """The same codes by somebody else."""
    return replace(data, codings=data.codings.replace({"coder_id": {"assessor": "Liisa"}}))


def redefined(data, *features):
    """The same codes under other definitions, of all features or of some."""
    words = dict.fromkeys(
        features or data.taxonomy.feature_ids, ("Toisin.", "Annat.", "Otherwise.")
    )
    langs = ("fi", "sv", "en")
    table = pd.DataFrame(
        [
            (f.id, *(f.label[x] for x in langs), *words.get(f.id, [f.definition[x] for x in langs]))
            for f in data.taxonomy.features
        ],
        columns=["feature_id"]
        + [f"{name}_{lang}" for name in ("label", "definition") for lang in langs],
    )
    return about(replace(data, features=table), taxonomy="2026.1", round="2026")


def versions(data, *features, recode="yes"):
    """The same codes under a version that changed some features, or (none named) all."""
    rows = [
        ("2024.1", "2024", "", "Eka", "Första", "First", "no"),
        *(("2025.1", "2025", one, "Uusi", "Ny", "New", recode) for one in features or [""]),
    ]
    columns = ["version", "date", "feature_id", "change_fi", "change_sv", "change_en", "recode"]
    return about(replace(data, changes=pd.DataFrame(rows, columns=columns)), taxonomy="2025.1")


def test_codes_under_old_definitions_are_told(example):
    old = example.codings.assign(taxonomy_version="2024.1")
    later = versions(replace(example, codings=old), recode="yes")
    assert told(example, later) == ["version", "definitions", "outdated"]
    assert told(example, versions(example, recode="no")) == ["version"]


def test_a_change_is_not_told_where_a_reconstruction_only_bounds_a_share(example, shipped):
    table = comparison.compare([shipped["literal"], example])
    bounded = table.loc[table["basis"] == "bounded", "feature_id"]
    assert len(bounded) == 8
    known = table.drop_duplicates("feature_id").set_index("feature_id")
    changes = known[["difference", "difference_low", "difference_high"]]
    assert changes.loc[bounded].isna().all(axis=None)
    assert changes.drop(index=bounded).notna().all(axis=None)


def test_made_up_models_of_a_reconstruction_are_not_paired(shipped):
    rounds = [shipped["literal"], shipped["memberships"]]
    assert comparison.compare(rounds)[comparison.OF_MODELS].isna().all(axis=None)
    assert comparison.cells(rounds).empty


# Any number of rounds


@pytest.fixture(scope="module")
def three():
    return datasets.rounds(datasets.load(ROUNDS))


def test_the_rounds_of_a_data_set_are_found_from_the_last_one(three):
    assert [data.info.round for data in three] == ["2025", "2027", "2029"]
    assert datasets.rounds(three[0]) == three[:1]
    (first, last) = datasets.rounds(three[2], "../example-rounds-2025")
    assert (first, last) == (three[0], three[2])


def test_of_a_part_of_the_models_the_same_part_of_each_round_is_compared(three):
    part = datasets.select(three[2], "region=pirkanmaa", "goal-1")
    for data in datasets.rounds(part):
        assert set(data.models["region"]) == {"pirkanmaa"}
        served = data.memberships.query("goal_id == 'goal-1'")["model_id"]
        assert set(data.models["model_id"]) == set(served)


def test_what_was_not_read_from_a_folder_is_given_its_earlier_rounds(three):
    made = replace(three[2], origin=None)
    with pytest.raises(ValueError, match="not read from a folder; give the earlier rounds"):
        datasets.rounds(made)
    assert datasets.rounds(made, three[:2]) == three


def test_each_share_is_that_of_its_round(three):
    table = comparison.compare(three)
    for ordinal, data in enumerate(three, start=1):
        shares = metrics.shares(metrics.tally(data.status, contested=data.contested))
        rows = table[table["ordinal"] == ordinal].set_index("feature_id")
        for name in ("k", "n", "low", "high"):
            expected = shares.set_index("feature_id")[name]
            assert rows[name].astype(float).to_dict() == pytest.approx(expected.to_dict())


def test_the_change_of_the_same_models_is_that_of_the_first_and_last_round(three):
    """McNemar's exact test by statsmodels, adjusted over all features by Holm."""
    table = comparison.compare(three).drop_duplicates("feature_id").set_index("feature_id")
    expected = {}
    for feature, row in table.iterrows():
        pair = [d.status[feature] for d in three if d.info.round in (row["since"], row["until"])]
        then, now = pair[0], pair[-1]
        both = then.index.intersection(now.index)
        assessed = [m for m in both if {then[m], now[m]} <= {"present", "absent"}]
        square = [
            [sum(then[m] == a and now[m] == b for m in assessed) for b in ("present", "absent")]
            for a in ("present", "absent")
        ]
        assert row["paired"] == len(assessed)
        assert (row["lost"], row["gained"]) == (square[0][1], square[1][0])
        if row["lost"] + row["gained"]:
            expected[feature] = mcnemar(square, exact=True).pvalue
    assert table["p"].dropna().to_dict() == pytest.approx(expected)
    holm = multipletests([*expected.values()], method="holm")[1]
    assert table["p_holm"].dropna().tolist() == pytest.approx(holm.tolist())
    assert table.index[table["p_holm"] < 0.05].tolist() == ["networked"]


def test_a_changed_definition_parts_the_rounds_and_the_longest_part_is_compared(three):
    table = comparison.compare(three)
    rows = table[table["feature_id"] == "scalability-quality"]
    assert rows["segment"].tolist() == [1, 2, 2]
    assert rows[["since", "until"]].drop_duplicates().to_numpy().tolist() == [["2027", "2029"]]
    others = table[table["feature_id"] != "scalability-quality"]
    assert set(others["segment"]) == {1}
    assert others[["since", "until"]].drop_duplicates().to_numpy().tolist() == [["2025", "2029"]]


def test_of_two_rounds_with_another_definition_nothing_is_compared(example):
    later = redefined(example, "participation")
    table = comparison.compare([example, later]).set_index("feature_id")
    row = table.loc["participation"].iloc[0]
    assert row["since"] == row["until"] == "2026"
    assert row[["difference", "paired", "gained", "p"]].isna().all()
    assert table.loc["co-creation", "difference"].tolist() == [0, 0]


def test_a_change_that_asks_for_recoding_parts_the_rounds_though_the_words_are_the_same(example):
    table = comparison.compare([example, versions(example, "networked")])
    parted = table.loc[table["segment"] == 2, "feature_id"]
    assert parted.tolist() == ["networked"]


def test_a_feature_that_some_rounds_do_not_have_has_rows_of_the_others(example, shipped):
    table = comparison.compare([example, shipped["own"], example])
    assert set(table.groupby("feature_id").size()) == {1, 2}
    assert set(table.loc[table["ordinal"] != 2, "feature_id"]) == {*example.taxonomy.feature_ids}


turns = st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=2, max_size=4)


@settings(max_examples=10, deadline=None)
@given(turns)
def test_paired_changes_depend_on_the_first_and_last_round_only(turned):
    """And counts of gained and lost are the net change of the models in both."""
    rounds = [made_up_round(str(2020 + i), has) for i, has in enumerate(turned)]
    table = comparison.compare(rounds)
    ends = comparison.compare([rounds[0], rounds[-1]])
    kept = ["paired", "gained", "lost", "p", "difference"]
    (row,), (same,) = (t[kept].drop_duplicates().to_dict("records") for t in (table, ends))
    assert row == pytest.approx(same, nan_ok=True)
    net = sum(turned[-1]) - sum(turned[0])
    assert row["gained"] - row["lost"] == net
    assert row["difference"] == pytest.approx(net / 6)


def made_up_round(name, has):
    """A round of some models, which have the one feature or not."""
    data = made_up(models=len(has), goals=1, features=1, coders="A", round=name)
    return replace(data, codings=data.codings.assign(code=["1" if one else "0" for one in has]))


# Cells of the evidence map


def test_cells_are_compared_over_the_models_of_their_goal(three):
    cells = comparison.cells(three)
    assert set(cells["goal_id"]) == {f"goal-{i}" for i in range(1, 5)}
    assert cells["difference"].abs().is_monotonic_decreasing
    row = cells.set_index(["goal_id", "feature_id"]).loc[("goal-1", "networked")]
    then, now = (
        data.status.loc[data.memberships.query("goal_id == 'goal-1'")["model_id"], "networked"]
        for data in (three[0], three[2])
    )
    for side, status in (("1", then), ("2", now)):
        assert row[f"k{side}"] == (status == "present").sum()
        assert row[f"n{side}"] == status.isin(["present", "absent"]).sum()
    both = then.index.intersection(now.index)
    assert row["gained"] == ((then[both] == "absent") & (now[both] == "present")).sum()


# The figure


def labelled(rounds, lang):
    table = comparison.compare(rounds)
    names = comparison.taxonomy_of(rounds)
    return figures.label(table, names, lang, comparison.source_of(rounds, lang))


@pytest.fixture(scope="module", params=["fi", "sv", "en"])
def drawn(request, three):
    table = labelled(three, request.param)
    return shown.Drawn("change-over-rounds", "redesigned", request.param, table)


def test_the_figure_is_readable(drawn):
    shown.test_nothing_is_drawn_outside_the_page([drawn])
    shown.test_no_two_texts_overlap_or_touch([drawn])
    shown.test_no_mark_runs_into_a_text([drawn])
    shown.test_no_rule_runs_through_a_text([drawn])
    shown.test_every_mark_is_in_the_key_as_it_is_drawn([drawn])


def panels(drawn):
    """The panels of a figure by their features, in the order in which they are drawn."""
    features = [one.first.feature_id for one in series(drawn.table)]
    return dict(zip(features, drawn.axes(), strict=True))


def points(axes):
    """Where the shares stand, and whether they are filled."""
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    at = [(float(d.get_xdata()[0]), float(d.get_ydata()[0])) for d in dots]
    return sorted(at), {to_hex(dot.get_markerfacecolor()) for dot in dots}


def test_each_share_stands_at_its_round_filled_where_the_change_survives(drawn):
    for feature, axes in panels(drawn).items():
        rows = drawn.table[drawn.table["feature_id"] == feature]
        at, faces = points(axes)
        assert [x for x, _ in at] == rows["ordinal"].tolist()
        assert [y for _, y in at] == pytest.approx((100 * rows["share"]).tolist())
        assert faces == {BLUE.lower() if feature == "networked" else "#ffffff"}
    assert next(iter(panels(drawn))) == "networked"


def test_the_line_breaks_where_the_definition_changed(drawn):
    for feature, axes in panels(drawn).items():
        runs = [x for x in axes.lines if x.get_color() in (BLUE, GREY) and x.get_marker() == "None"]
        breaks = [x for x in axes.lines if x.get_color() == PLUM]
        if feature == "scalability-quality":
            assert [list(run.get_xdata()) for run in runs] == [[2, 3]]
            assert [list(one.get_xdata()) for one in breaks] == [[1.5, 1.5]]
        else:
            assert [list(run.get_xdata()) for run in runs] == [[1, 2, 3]]
            assert breaks == []


def test_the_bands_are_the_intervals(drawn):
    for feature, axes in panels(drawn).items():
        rows = drawn.table[drawn.table["feature_id"] == feature]
        heights = {round(y, 6) for band in axes.patches for _, y in band.get_xy()}
        assert heights == {round(100 * end, 6) for end in [*rows["low"], *rows["high"]]}


def test_the_first_and_last_share_and_the_change_are_printed(drawn):
    printed = [text.get_text() for text in drawn.figure.texts]
    space = "" if drawn.lang == "en" else "\u00a0"
    for _, rows in drawn.table.groupby("feature_id"):
        for row in (rows.iloc[0], rows.iloc[-1]):
            assert f"{row['k']}/{row['n']}" in printed
            assert f"{row['percent']}{space}%" in printed
        assert f"+{row['gained']} −{row['lost']} / {row['paired']}" in printed
    assert "2027–2029" in printed


def test_the_title_names_what_changed_in_the_same_models(drawn):
    quoted = messages(drawn.lang)("common.quoted", name="{}").split("{}")
    name = drawn.table.set_index("feature_id")["feature"]["networked"].iloc[0]
    assert drawn.words.title.endswith(name.join(quoted))
    assert "2025" in drawn.words.subtitle
    assert "40" in drawn.words.subtitle


def test_what_else_changed_is_marked_on_the_axis_and_said_of_its_round(example):
    later = about(renamed(example), consensus="majority", round="2026")
    d = shown.Drawn("change-over-rounds", "redesigned", "en", labelled([example, later], "en"))
    shown.test_every_mark_is_in_the_key_as_it_is_drawn([d])
    for axes in d.axes():
        marks = [x for x in axes.lines if x.get_marker() in ("^", "D")]
        assert [round(float(x.get_xdata()[0])) for x in marks] == [2, 2]
        assert {float(x.get_ydata()[0]) for x in marks} == {0}
    assert "2026: the coders are not the same (+ Liisa, − assessor); dis" in d.words.notes


def test_many_rounds_with_long_names_have_numbers_and_fit(example):
    names = [f"spring and autumn of {2020 + i}" for i in range(12)]
    rounds = [about(example, round=name) for name in names]
    d = shown.Drawn("change-over-rounds", "redesigned", "fi", labelled(rounds, "fi"))
    test_the_figure_is_readable(d)
    assert "12 = spring and autumn of 2031" in d.words.notes


def test_a_round_without_an_earlier_one_says_so_in_one_sentence(three):
    table = labelled(three[:1], "en")
    words = figures.texts("change-over-rounds", table, "en")
    said = "The data set names no earlier round, so there is no change to show."
    assert words.findings == (said,)
    assert words.description == words.alt == said
    with pytest.raises(ValueError, match=said):
        figures.draw("change-over-rounds", table, "en")


def test_findings_name_only_changes_whose_interval_leaves_zero_out():
    """Of other models in each round; those of the same are tested in pairs."""

    def findings(before, now):
        rounds = [made_up_round(name, has) for name, has in (("2024", before), ("2025", now))]
        rounds[1] = replace(
            rounds[1],
            **{
                name: table.assign(model_id="N" + table["model_id"])
                for name, table in rounds[1].tables()
                if "model_id" in table
            },
        )
        return figures.texts("change-over-rounds", labelled(rounds, "en"), "en").findings

    few, half, many = ([1] * k + [0] * (40 - k) for k in (2, 20, 30))
    assert findings(few, many)[0] == "More common than before: Peer support 1."
    assert findings(many, few)[0] == "Less common than before: Peer support 1."
    chance = "For no single feature can the change be distinguished from chance."
    assert findings(half, [*half[1:], 1])[0] == chance


@pytest.fixture(scope="module")
def lost(example):
    """The example a year later, where 21 codes of as many cells were lost and none gained."""
    given = example.status.eq("present").to_numpy().nonzero()
    cells = [*zip(*given, strict=True)][::9][:21]
    models, features = example.status.index, example.status.columns
    moved = {(models[i], features[j]) for i, j in cells}
    codings = example.codings.copy()
    keys = zip(codings["model_id"], codings["feature_id"], strict=True)
    codings.loc[[key in moved for key in keys], "code"] = "0"
    return replace(about(example, round="2026"), codings=codings)


def test_21_lost_and_0_gained_do_not_read_as_chance(example, lost):
    table = labelled([example, lost], "en")
    words = figures.texts("change-over-rounds", table, "en")
    once = table.drop_duplicates("feature_id")
    assert (once["gained"].sum(), once["lost"].sum()) == (0, 21)
    fewer = table["models_fewer"].iloc[0]
    assert words.findings[0] == (
        "Models in both the first and the last round with more features than before: 0, "
        f"with fewer: {fewer} (exact sign test over the models, p < 0.001)."
    )
    assert words.findings[0] in words.alt
    assert any("21/" in said and "gained 0, lost 21" in said for said in words.findings)


def test_caveats_and_kinds_stand_on_the_figure(tables):
    words = figures.texts("change-over-rounds", tables["literal", "en", "change-over-rounds"], "en")
    assert words.badge == (
        "2025: SYNTHETIC EXAMPLE DATA / "
        "2024: RECONSTRUCTION, NOT THE REVIEW'S OWN DATA · reading A: one goal per model"
    )
    assert re.search(
        r"something other than the models\. 2024: the data sets are of different kinds; "
        r"the coders are not the same \(.*\); disagreements .* by different rules\.",
        words.notes,
    )
    assert "Where a percentage was not published" in words.notes
    readings = tables["memberships", "en", "change-over-rounds"]
    said = figures.texts("change-over-rounds", readings, "en")
    assert len(said.findings) == 1


# The command and the runs


@pytest.fixture
def held(tmp_path, monkeypatch):
    """The three rounds in a folder of their own, and a place for what is made of them."""
    for year in ("2025", "2027", "2029"):
        copytree(ROOT / "data" / f"example-rounds-{year}", tmp_path / f"round-{year}")
        about = tmp_path / f"round-{year}" / "dataset.toml"
        about.write_text(about.read_text("utf-8").replace("../example-rounds", "../round"), "utf-8")
    monkeypatch.setattr("soila_analysis.figures.save.FORMATS", ("svg",))
    return tmp_path


def test_a_run_reads_the_earlier_rounds_and_is_current_as_long_as_these_are(held, monkeypatch):
    monkeypatch.chdir(ROOT)
    job = plan.planned(NOTEBOOK, {"dataset": str(held / "round-2029"), "lang": "en"}, held / "out")
    read = plan.inputs(job)["data file"]
    assert {name.rpartition("/")[0] for name in read} == {"", "../round-2027", "../round-2025"}
    models = held / "round-2025" / "models.csv"
    models.write_text(models.read_text("utf-8").replace("Esimerkkimalli 1,", "Toinen,"), "utf-8")
    again = plan.inputs(job)["data file"]
    assert {name for name in read if read[name] != again[name]} == {"../round-2025/models.csv"}
    other = ROOT / "notebooks" / "03_feature-shares.ipynb"
    alone = plan.planned(other, {"dataset": str(held / "round-2029")}, held / "out")
    assert "codings.csv" in plan.inputs(alone)["data file"]
    assert not any(name.startswith("..") for name in plan.inputs(alone)["data file"])


def test_a_comparison_carries_records_and_is_verified_until_a_round_changes(held, call):
    rounds = [held / f"round-{year}" for year in ("2025", "2029")]
    place = held / "out"
    result = call("compare", *rounds, "-l", "sv", "-o", place)
    figure = place / "sv" / "figures" / "change-over-rounds-redesigned.svg"
    assert result.output.splitlines()[-1] == str(figure)
    verified = call("verify", figure, "-d", rounds[1])
    assert verified.exit_code == 0
    assert f"{figure}: current" in verified.output
    models = rounds[0] / "models.csv"
    models.write_text(models.read_text("utf-8").replace("Esimerkkimalli 1,", "Toinen,"), "utf-8")
    verified = call("verify", figure, "-d", rounds[1])
    assert verified.exit_code == 1
    assert "data file ../round-2025/models.csv" in verified.output
    assert "-p earlier=../round-2025" in verified.output


def test_an_archive_has_the_earlier_rounds_beside_the_data_set(held, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = archive.members(held / "out", held / "round-2029")
    assert {"data/round-2025/codings.csv", "data/round-2027/dataset.toml"} <= {*names}


def test_a_folder_that_is_no_round_is_refused(call, tmp_path):
    assert "no such data set folder" in call("compare", EXAMPLE, tmp_path / "missing").stderr


def test_one_round_is_not_compared(call):
    assert "name two or more rounds, the oldest first" in call("compare", EXAMPLE).stderr

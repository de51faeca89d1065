"""Two codings side by side: two coders of one round, two rounds of coding."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, multinomial
from statsmodels.stats.contingency_tables import mcnemar

from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics
from soila_analysis.language import messages
from soila_analysis.rounds import comparison

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "example-two-coders"
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
    return comparison.compare(earlier, later)["caveats"].iloc[0].split()


def about(data, **keys):
    return replace(data, info=data.info.model_copy(update=keys))


def test_a_round_compared_with_itself_has_no_caveat_and_no_change(example):
    table = comparison.compare(example, example)
    assert told(example, example) == []
    assert (table["difference"] == 0).all()
    assert (table["gained"] + table["lost"]).sum() == 0
    assert set(table["models_both"]) == {24}


def test_rounds_of_one_name_are_told_apart_by_their_folders(example, shipped):
    table = comparison.compare(shipped["own"], example)
    assert set(table["round1"]) == {"two-coders-own-taxonomy"}
    assert comparison.source_of(shipped["own"], example, "en").startswith(
        "two-coders-own-taxonomy: Made up for the tests; no row describes a real trial. "
        "example-two-coders: Made-up data"
    )
    same = comparison.compare(example, example)
    assert set(same["round2"]) == {"example-two-coders (2)"}


def test_each_thing_that_is_different_is_told(example, shipped):
    assert told(example, about(example, kind="observed")) == ["kind"]
    assert told(shipped["literal"], shipped["memberships"]) == ["reading"]
    assert told(example, about(example, consensus="majority")) == ["rule"]
    others = example.codings.replace({"coder_id": {"assessor": "Liisa"}})
    assert told(example, replace(example, codings=others)) == ["coders"]
    assert {"version", "features", "scale"} <= set(told(example, shipped["own"]))
    features = pd.DataFrame(
        [
            (f.id, *(f.label[x] for x in ("fi", "sv", "en")), "Toisin.", "Annat.", "Otherwise.")
            for f in example.taxonomy.features
        ],
        columns=["feature_id"]
        + [f"{name}_{lang}" for name in ("label", "definition") for lang in ("fi", "sv", "en")],
    )
    renewed = about(replace(example, features=features), taxonomy="2026.1")
    assert told(example, renewed) == ["version", "definitions"]
    codes = pd.DataFrame(
        [(c.code, "present", *["x"] * 3) for c in example.taxonomy.codes],
        columns=["code", "counts_as", "label_fi", "label_sv", "label_en"],
    )
    assert told(example, replace(example, codes=codes)) == ["scale"]


def test_codes_under_old_definitions_are_told(example):
    rows = [
        ("2024.1", "2024", "", "Eka", "Första", "First", "no"),
        ("2025.1", "2025", "", "Uusi", "Ny", "New", "yes"),
    ]
    changes = pd.DataFrame(
        rows,
        columns=["version", "date", "feature_id", "change_fi", "change_sv", "change_en", "recode"],
    )
    old = example.codings.assign(taxonomy_version="2024.1")
    later = about(replace(example, codings=old, changes=changes), taxonomy="2025.1")
    assert told(example, later) == ["version", "outdated"]


def test_a_change_is_not_told_where_a_reconstruction_only_bounds_a_share(example, shipped):
    table = comparison.compare(shipped["literal"], example).set_index("feature_id")
    bounded = table["basis1"] == "bounded"
    assert bounded.sum() == 8
    assert table.loc[bounded, ["difference", "low", "high"]].isna().all(axis=None)
    assert table.loc[~bounded, ["difference", "low", "high"]].notna().all(axis=None)


# The figure


@pytest.fixture(params=["fi", "sv", "en"])
def drawn(request, tables):
    table = tables["own", request.param, "rounds"]
    return table, figures.texts("rounds", table, request.param), request.param


def test_the_figure_shows_both_shares_of_each_feature_on_one_line(drawn):
    table, _, lang = drawn
    (axes,) = [one for one in figures.draw("rounds", table, lang).axes if one.axison]
    rows = table.sort_values(["difference", "feature"], ascending=[False, True])
    marks = {
        marker: [float(x.get_xdata()[0]) for x in axes.lines if x.get_marker() == marker]
        for marker in "so"
    }
    for marker, side in (("s", "1"), ("o", "2")):
        expected = rows[f"share{side}"].dropna() * 100
        assert marks[marker] == pytest.approx(expected.tolist())


def test_every_share_count_and_change_is_printed(drawn):
    table, _, lang = drawn
    printed = [text.get_text() for text in figures.draw("rounds", table, lang).texts]
    space = "" if lang == "en" else "\u00a0"
    for row in table.itertuples():
        for k, n, percent in ((row.k1, row.n1, row.percent1), (row.k2, row.n2, row.percent2)):
            assert f"{k}/{n}" in printed
            assert f"{percent}{space}%" in printed
        change = math.floor(abs(100 * row.paired_difference) + 0.5)  # all models recur
        sign = "+" if row.paired_difference > 0 else "−"
        assert (f"{sign}{change}" if change else "0") in printed


def test_findings_name_only_changes_whose_interval_leaves_zero_out(example):
    def findings(before, now):
        table = metrics.share_changes(before, now.add_prefix("N", axis=0))
        plain = comparison.compare(example, example).iloc[: len(table)]
        told = plain.drop(columns=table.columns).assign(**table, basis1="observed")
        told = told.assign(basis2="observed", source="x", feature=table["feature_id"])
        return figures.texts("rounds", told, "en").findings

    assert findings(counted(2, 40), counted(30, 40))[0] == "More common than before: f."
    assert findings(counted(30, 40), counted(2, 40))[0] == "Less common than before: f."
    chance = "For no single feature can the change be distinguished from chance."
    assert findings(counted(20, 40), counted(21, 40))[0] == chance
    assert (
        findings(frame(f=["unclear"]), counted(1, 2))[0]
        == "The change is not known for any feature."
    )


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


def labelled(earlier, later, lang):
    table = comparison.compare(earlier, later)
    return figures.label(table, comparison.taxonomy_of(earlier, later), lang, "Source")


def test_21_lost_and_0_gained_do_not_read_as_chance(example, lost):
    table = labelled(example, lost, "en")
    words = figures.texts("rounds", table, "en")
    assert (table["gained"].sum(), table["lost"].sum()) == (0, 21)
    fewer = table["models_fewer"].iloc[0]
    assert words.findings[0] == (
        f"Of the models in both rounds, 0 have more features than before and {fewer} have fewer "
        "(exact sign test over the models, p < 0.001)."
    )
    assert words.findings[0] in words.alt
    assert any("21/" in said and "gained 0, lost 21" in said for said in words.findings)


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_the_change_of_models_in_both_rounds_stands_beside_its_counts(example, lost, lang):
    """Alone where all models recur; else beside that of all models."""
    table = labelled(example, lost, lang)
    printed = [text.get_text() for text in figures.draw("rounds", table, lang).texts]
    for row in table.itertuples():
        assert f"+{row.gained} −{row.lost} / {row.paired}" in printed
    assert not any(" … " in text for text in printed)
    assert "Newcombe" not in figures.texts("rounds", table, lang).notes
    more = table.assign(models1=table["models1"] + 1)
    printed = [text.get_text() for text in figures.draw("rounds", more, lang).texts]
    assert sum(" … " in text for text in printed) == len(table)
    said = figures.texts("rounds", more, lang).notes
    assert "Newcombe" in said
    assert messages(lang)("rounds.dependent") in said


def test_made_up_models_of_a_reconstruction_are_not_paired(shipped):
    table = comparison.compare(shipped["literal"], shipped["memberships"])
    assert table[comparison.OF_MODELS].isna().all(axis=None)


def test_caveats_kinds_and_dependence_stand_on_the_figure(tables):
    words = figures.texts("rounds", tables["literal", "en", "rounds"], "en")
    assert words.badge == (
        "2025: SYNTHETIC EXAMPLE DATA / "
        "2024: RECONSTRUCTION, NOT THE REVIEW'S OWN DATA · reading A: one goal per model"
    )
    assert re.search(
        r"something other than the models: the data sets are of different kinds; "
        r"the coders are not the same; disagreements .* by different rules\.",
        words.notes,
    )
    assert "Where a percentage was not published" in words.notes
    readings = figures.texts("rounds", tables["memberships", "en", "rounds"], "en")
    assert "independent" not in readings.notes  # no row there is a model
    assert len(readings.findings) == 1
    own = figures.texts("rounds", tables["own", "en", "rounds"], "en")
    assert any("codes of the same models" in finding for finding in own.findings)
    assert "independent" not in own.notes  # all models recur


# The command


def test_a_comparison_is_written_with_its_table_and_texts(call, tmp_path):
    result = call("compare", "data/review-2024", EXAMPLE, "-l", "sv", "-o", tmp_path)
    assert result.output == f"{tmp_path}/sv/figures/rounds-redesigned.svg\n"
    written = {file.relative_to(tmp_path / "sv").as_posix() for file in tmp_path.rglob("*.*")}
    assert written == {
        "tables/rounds.csv",
        "tables/rounds.json",
        *(f"figures/rounds-redesigned.{end}" for end in ("svg", "png", "pdf", "json")),
    }


def test_a_folder_that_is_no_round_is_refused(call, tmp_path):
    assert "no such data set folder" in call("compare", EXAMPLE, tmp_path / "missing").stderr

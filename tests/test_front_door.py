"""What a researcher types: `load`, `tidy`, `shares`, `table`, `plot`, `publish`, `explore`."""

import json
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
import seaborn as sns
from lxml import html
from matplotlib.figure import Figure

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, front_door

NAMES = ["ask", "explore", "load", "plot", "publish", "shares", "shown", "table", "tidy"]


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_front_door_offers_its_names():
    assert [name for name in dir(soila) if not name.startswith("_")] == NAMES
    assert all(callable(getattr(soila, name)) for name in NAMES)
    assert soila.plot is front_door.plot
    with pytest.raises(AttributeError, match="has no attribute 'plots'"):
        _ = soila.plots


def test_import_loads_nothing_else():
    loaded = "import sys, soila_analysis; print(*[m for m in sys.modules if '_analysis.' in m])"
    assert python(loaded) == []
    assert python(f"{loaded}; print('pandas' in sys.modules)") == ["False"]


def test_the_first_plot_needs_no_other_wing():
    wings = python(
        "import sys, soila_analysis as soila\n"
        "soila.plot('feature-shares', soila.load('data/review-2024'))\n"
        "print(*{m.split('.')[1] for m in sys.modules if m.startswith('soila_analysis.')})\n"
        "print(*{'jinja2', 'ortools', 'rocrate', 'typst', 'xlsxwriter'} & set(sys.modules))"
    )
    assert set(wings) == {
        *("dataset", "figures", "files", "front_door", "language", "metrics", "review", "taxonomy"),
    }


# A data set


def test_a_data_set_says_what_it_is_and_how_to_go_on(shipped):
    shown = html.fromstring(shipped["literal"]._repr_html_())
    said = {dt.text: dt.getnext().text_content() for dt in shown.iter("dt")}
    assert said["Kind"] == "reconstructed, reading literal"
    assert said["Models"] == "52, coded for 16 features"
    assert said["Not assessed"] == "112 of 832 cells; 7 models wholly"
    assert "Disagreement" not in said
    assert "soila.plot" in shown.find("pre").text
    assert "data.tidy" in html.fromstring(shipped["own"]._repr_html_()).find("pre").text


def test_a_data_set_of_several_coders_says_in_how_many_cells_they_disagree(shipped):
    shown = html.fromstring(shipped["own"]._repr_html_())
    said = {dt.text: dt.getnext().text_content() for dt in shown.iter("dt")}
    assert len(datasets.disagreements(shipped["own"])) == 17
    assert said["Disagreement"] == "17 of 160 cells, by the rule unanimous"


def test_a_data_set_escapes_what_it_shows(shipped):
    models = shipped["own"].models.assign(**{"<b>": "x"})
    assert "&lt;b&gt;" in replace(shipped["own"], models=models)._repr_html_()


@pytest.mark.parametrize("name", ["literal", "memberships", "own", "example"])
@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_tidy_has_one_row_a_code_with_labels_and_goals(shipped, name, lang):
    data = shipped[name]
    tidy = soila.tidy(data, lang)
    keys = ["model_id", "feature_id", "coder_id"]
    assert tidy[keys].equals(data.codings[keys])
    assert set(tidy["feature"]) <= set(data.taxonomy.labels(lang).values())
    goals = data.memberships.groupby("model_id")["goal_id"].agg(set)
    assert [set(g.split("; ")) for g in tidy["goal_id"]] == goals[tidy["model_id"]].tolist()
    assert set(data.models) <= set(tidy)


def test_tidy_means_are_the_shares_of_assessed_codes(shipped):
    info = shipped["literal"].info.model_copy(update={"kind": "observed", "reading": None})
    data = replace(shipped["literal"], info=info)
    means = data.tidy().groupby("feature_id")["present"].mean()
    shares = soila.shares(data).set_index("feature_id")["share"]
    pd.testing.assert_series_equal(means, shares.sort_index(), check_names=False)


def test_seaborn_takes_tidy_as_it_is(shipped):
    axes = sns.barplot(shipped["literal"].tidy("en"), x="present", y="feature", errorbar=None)
    assert (
        axes.get_yticklabels()[0].get_text()
        == "Social, economic and ecological sustainability of the solution"
    )
    assert axes.patches[0].get_width() == pytest.approx(33 / 45)


# Shares


def test_shares_count_models_by_any_column(shipped):
    data = shipped["own"]
    table = soila.shares(data, by="region", lang="en")
    region = data.models.set_index("model_id")["region"]
    for row in table.itertuples():
        status = data.status.loc[region[region == row.region].index, row.feature_id]
        assert (row.k, row.n) == (
            (status == "present").sum(),
            status.isin(["present", "absent"]).sum(),
        )
    assert list(table["region"].unique()) == sorted(region.unique())
    columns = ["feature", "region", "k", "n", "share", "low", "high", "percent", "basis"]
    assert list(table)[:9] == columns


def test_shares_by_goal_are_those_of_the_evidence_map(shipped):
    data = shipped["literal"]
    cells = soila.table("evidence-map", data).query("goal_id != ''")
    columns = ["feature_id", "goal_id", "k", "n", "basis", "bound_low", "bound_high"]
    found = soila.shares(data, by="goal")[columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, cells[columns].reset_index(drop=True))


def test_shares_of_a_reconstruction_say_so_in_every_group(shipped):
    data = shipped["literal"]
    models = data.models.assign(region=["north", "south"] * 26)
    table = soila.shares(replace(data, models=models), by="region")
    assert set(table["basis"]) == {"bounded"}
    assert table["k"].isna().all()
    assert set(table["bound_low"]) == {0}
    assert table["bound_high"].equals(table["n"].astype(float).rename("bound_high"))


def test_shares_by_an_unknown_column_name_those_there_are(shipped):
    message = '^models.csv has no column "county"; allowed: goal, region, year$'
    with pytest.raises(ValueError, match=message) as told:
        soila.shares(shipped["own"], by="county")
    assert told.value._render_traceback_() == [str(told.value)]  # what a notebook shows


# Tables to be read


def test_any_frame_is_shown_with_names_for_ids_and_rounded(shipped):
    data = shipped["own"]
    frame = pd.DataFrame(
        {
            "model_id": data.models["model_id"][:2],
            "feature_id": ["peer-support", ""],
            "goal_id": "support",
            "low": [0.26471, float("nan")],
            "mean": [12.3333, 12.0],
            "whole": [3.0, float("nan")],
            "empty": "",
        }
    )
    shown = soila.shown(frame, data, "sv")
    assert shown.index.tolist() == data.models["name"][:2].tolist()
    assert list(shown) == ["feature", "goal", "low", "mean", "whole"]
    names = data.taxonomy.labels("sv")
    assert shown.iloc[0].tolist() == [names["peer-support"], names["support"], "0,265", "12,3", "3"]
    assert shown.iloc[1].tolist() == ["", names["support"], "", "12,0", ""]


def test_a_shown_table_is_never_cut(shipped):
    table = soila.table("taxonomy", shipped["literal"], "en")
    page = html.fromstring(soila.shown(table)._repr_html_())
    cells = [cell.text for cell in page.iter("td", "th")]
    assert set(table["definition"]) <= set(cells)
    assert cells[0] == "Feature"
    assert len(page.xpath("//thead/tr")) == 1
    assert all("nowrap" in cell.get("style") for cell in page.xpath("//tbody//*[text()='slides']"))
    heads = page.xpath("//tbody//th[string-length() > 19]/@style")
    assert {"text-align: left; min-width: 9em"} == set(heads)
    many = pd.DataFrame({"model": [str(n) for n in range(1000)], "k": "1"})
    assert "1000 rows" in soila.shown(many, shipped["literal"])._repr_html_()


def test_of_a_very_long_table_the_ends_are_written_and_all_rows_are_counted(shipped):
    many = pd.DataFrame({"model": [f"m{n}" for n in range(70_000)], "k": "1"})
    shown = soila.shown(many, shipped["literal"])
    assert [shown.index[0], shown.index[199], shown.index[200]] == ["m0", "m199", "m69800"]
    assert "70000 rows" in shown._repr_html_()


def test_a_frame_without_its_data_set_says_what_to_type(shipped):
    with pytest.raises(ValueError, match=r"soila\.shown\(frame, data, lang\)$"):
        soila.shown(soila.shares(shipped["own"]))


# Figures


AGREEMENT = ("agreement", "agreement-by-coders", "disagreement")
WITHOUT_CLAIMS = (
    ("example", "claims"),
    ("example", "fragility"),
    ("example", "share-bases"),
    ("own", "share-bases"),  # which are about the review alone
)


@pytest.mark.parametrize("figure", [f for f in figures.SPECS if f != "change-over-rounds"])
@pytest.mark.parametrize("name", ["literal", "example", "own"])
def test_every_figure_is_plotted_by_its_name_or_says_why_not(shipped, figure, name):
    if name == "literal" and figure in (*AGREEMENT, "coder-error"):
        with pytest.raises(ValueError, match=f"^{figure}: .*(two|No).* coder"):
            soila.plot(figure, shipped[name], lang="en")
    elif name == "literal" and figure in ("contrasts", "ranks", "together"):
        with pytest.raises(ValueError, match=f"^{figure}: .* published"):
            soila.plot(figure, shipped[name], lang="en")
    elif figure == "regions":
        with pytest.raises(ValueError, match=f"^{figure}: .* (made up|no place)"):
            soila.plot(figure, shipped[name], lang="en")
    elif figure == "model-people":
        with pytest.raises(ValueError, match=f"^{figure}: No language model has coded"):
            soila.plot(figure, shipped[name], lang="en")
    elif (name, figure) in WITHOUT_CLAIMS:
        with pytest.raises(ValueError, match=f"^{figure}: The data set is not of any publication"):
            soila.plot(figure, shipped[name], lang="en")
    else:
        assert isinstance(soila.plot(figure, shipped[name], lang="en"), Figure)


def test_a_notebook_shows_a_plot(shipped):
    png, size = soila.plot("taxonomy", shipped["literal"])._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 605}


def test_rounds_are_plotted_side_by_side(shipped):
    drawn = soila.plot(
        "change-over-rounds", shipped["example"], lang="en", earlier=[shipped["literal"]]
    )
    assert isinstance(drawn, Figure)


def test_an_option_of_a_figure_is_honoured(shipped):
    table = soila.table("feature-by-goal", shipped["literal"], "en", feature="participation")
    assert set(table["feature_id"]) == {"participation"}


def test_unknown_names_and_options_say_which_there_are(shipped):
    data = shipped["own"]
    with pytest.raises(ValueError, match=r'^no figure "pie"; allowed: taxonomy, models-by-goal,'):
        soila.plot("pie", data)
    message = '^feature-by-goal has no option "goal"; allowed: feature, interval$'
    with pytest.raises(ValueError, match=message):
        soila.plot("feature-by-goal", data, goal="x")
    with pytest.raises(ValueError, match=r'^evidence-map has no option "x"; allowed: none$'):
        soila.table("evidence-map", data, x=1)


def test_a_table_of_a_part_says_which_models(shipped):
    data = shipped["own"]
    part = datasets.select(data, "region=Kainuu", "support")
    table = soila.table("feature-shares", part, "en")
    assert set(table["goal_id"]) == {"support"}
    assert table["selection"].iloc[0] == "Selected models: Support; region=Kainuu (0/20)."


def test_publish_saves_the_figure_under_its_name(shipped, tmp_path):
    table = soila.table("feature-shares", shipped["literal"], "sv")
    shown = soila.publish(table.sort_values("share"), "both", folder=tmp_path, stem="mine")
    texts = json.loads((tmp_path / "figures/mine-as-published.json").read_text(encoding="utf-8"))
    named = {"figure": "feature-shares", "variant": "as-published", "table": "mine.csv"}
    assert texts.items() >= (named | {"lang": "sv"}).items()
    beside = json.loads((tmp_path / "tables/mine.json").read_text(encoding="utf-8"))
    assert beside == {"figure": "feature-shares", "lang": "sv", "table": "mine.csv"}
    assert len(html.fromstring(shown._repr_html_()).findall(".//img")) == 2


def test_only_the_review_is_drawn_as_published(shipped, tmp_path):
    table = soila.table("feature-shares", shipped["own"], "en")
    soila.publish(table, "both", folder=tmp_path)
    drawn = sorted(file.name for file in (tmp_path / "figures").glob("*.svg"))
    assert drawn == ["feature-shares-redesigned.svg"]
    named = "two-coders-own-taxonomy has no variant"
    message = f'^feature-shares of {named} "as-published"; allowed: redesigned'
    with pytest.raises(ValueError, match=message):
        soila.publish(table, "as-published", folder=tmp_path)
    with pytest.raises(ValueError, match=message):
        soila.plot("feature-shares", shipped["own"], variant="as-published")


def test_publish_takes_only_tables_of_figures(shipped, tmp_path):
    message = r"^publish takes a table of a figure: soila\.table\(figure, data, lang\)$"
    with pytest.raises(ValueError, match=message):
        soila.publish(soila.shares(shipped["own"]), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []

"""The map of regions: a tile each, where it stands, what is printed in it, and when it is none."""

from dataclasses import replace

import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, taxonomy
from soila_analysis.figures import regions
from soila_analysis.figures.palette import HEAT
from soila_analysis.language import LANGUAGES


@pytest.fixture(scope="module")
def round_(folders):
    return datasets.load(folders["regional"])


def tiles(figure):
    """The tiles of a figure, by the row and column in which they stand."""
    canvas = figure.axes[-1]
    boxes = [p for p in canvas.patches if isinstance(p, Rectangle) and p.get_height() > 1]
    lefts = sorted({round(box.get_x(), 3) for box in boxes})
    tops = sorted({round(box.get_y(), 3) for box in boxes})
    return {
        (tops.index(round(b.get_y(), 3)) + 1, lefts.index(round(b.get_x(), 3)) + 1): b
        for b in boxes
    }


# The regions


def test_there_are_21_counties_and_helsinki_and_aland():
    known = taxonomy.regions()
    assert sum(region.county for region in known) == 21
    assert [region.id for region in known if not region.county] == ["helsinki", "aland"]
    names = [region.label[lang].casefold() for region in known for lang in LANGUAGES]
    told = {(name, i // len(LANGUAGES)) for i, name in enumerate(names)}
    assert len({name for name, _ in told}) == len(told)  # no name is that of two regions


def test_each_tile_has_a_place_of_its_own_beside_another():
    places = {(region.row, region.column) for region in taxonomy.regions()}
    assert len(places) == 23
    for row, column in places:
        beside = {(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)}
        assert places & beside


def test_the_north_is_above_and_the_east_to_the_right():
    at = {region.id: (region.row, region.column) for region in taxonomy.regions()}
    assert at["lapland"][0] < at["kainuu"][0] < at["north-savo"][0] < at["helsinki"][0]
    assert at["ostrobothnia"][1] < at["central-finland"][1] < at["north-karelia"][1]


# What is counted and drawn


def test_the_counts_are_those_of_the_models_of_the_region(round_):
    table = soila.table("regions", round_, "en", feature="participation").set_index("region_id")
    for region in ("pirkanmaa", "west-uusimaa", "lapland", "kainuu"):
        ids = round_.models.query("region == @region")["model_id"]
        status = round_.status.loc[ids, "participation"]
        row = table.loc[region]
        assert row["models"] == len(ids)
        assert (row["k"], row["n"]) == (
            status.eq("present").sum(),
            status.isin(["present", "absent"]).sum(),
        )
    placed = round_.models.query("region != ''")["model_id"]
    assert table["all_k"].iloc[0] == round_.status.loc[placed, "participation"].eq("present").sum()
    assert table["ungrouped"].iloc[0] == (round_.models["region"] == "").sum()


def test_a_tile_has_the_colour_of_its_share_and_of_few_models_none(round_):
    table = soila.table("regions", round_, "fi")
    drawn = tiles(soila.plot("regions", round_, "fi"))
    assert len(drawn) == 23
    for row in table.itertuples():
        face = to_hex(drawn[row.row, row.column].get_facecolor())
        if not row.n:
            assert face == regions.EMPTY["facecolor"]
        elif row.n < 5:
            assert face == "#ffffff"
        else:
            assert face == HEAT[sum(row.percent >= edge for edge in (25, 50, 75))].lower()


def test_of_few_models_no_percentage_is_printed(round_):
    table = soila.table("regions", round_, "en")
    printed = " ".join(t.get_text() for t in soila.plot("regions", round_, "en").texts)
    assert (table["n"].between(1, 4)).any()
    for row in table.itertuples():
        assert f"{row.k}/{row.n}" in printed or not row.n
    enough = table[table["n"] >= 5]
    words = figures.texts("regions", table, "en")
    assert words.description.count("%)") == len(enough) + 1 + sum(
        f.count("%)") for f in words.findings
    )


def test_numbers_of_models_add_up_to_those_with_a_region(round_):
    table = soila.table("regions", round_, "sv", feature="models")
    assert table["k"].tolist() == table["models"].tolist()
    assert table["k"].sum() == table["placed"].iloc[0] == (round_.models["region"] != "").sum()
    shades = {to_hex(box.get_facecolor()) for box in tiles(regions_of(round_)).values()}
    assert shades <= {regions.EMPTY["facecolor"], *(shade.lower() for shade in HEAT)}


def regions_of(data):
    return soila.plot("regions", data, "sv", feature="models")


def test_a_difference_is_said_to_be_chance_where_the_intervals_overlap_and_only_there(round_):
    table = soila.table("regions", round_, "en")
    known = table[table["n"] >= 5]
    high, low = (known["share"] == end for end in (known["share"].max(), known["share"].min()))
    assert known[high]["low"].max() <= known[low]["high"].min()
    assert "chance may explain" in figures.texts("regions", table, "en").findings[2]
    apart = table.assign(low=table["share"], high=table["share"])
    assert not any("chance" in one for one in figures.texts("regions", apart, "en").findings)


def test_regions_that_tie_are_all_named(round_):
    table = soila.table("regions", round_, "en").assign(share=0.5, percent=50, k=4, n=8)
    said = figures.texts("regions", table, "en").findings[0]
    assert said.startswith("All regions with at least 5 assessed models have the same percentage")
    assert all(region in said for region in table["region"])


# What cannot be drawn


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["literal", "example", "own"])
def test_without_known_regions_one_sentence_says_why(shipped, name, lang, tmp_path):
    for feature in ("commonest", "models"):
        table = soila.table("regions", shipped[name], lang, feature=feature)
        words = figures.texts("regions", table, lang)
        assert words.alt == words.description == words.findings[0]
        assert words.alt.count(". ") == 0
        saved = soila.publish(table, folder=tmp_path / name / lang)
        assert words.alt in saved._repr_html_().replace("&#x27;", "'")
        with pytest.raises(ValueError, match=r"^regions: "):
            soila.plot("regions", shipped[name], lang, feature=feature)
    assert not list(tmp_path.rglob("*.svg"))


@pytest.mark.parametrize(
    ("cells", "reason"), [(["x"], "no-regions"), ([""], "no-values"), ([" ; "], "no-values")]
)
def test_the_reason_is_that_of_the_column(shipped, cells, reason):
    data = shipped["example"]
    models = data.models.assign(where=cells * len(data.models))
    table = soila.table("regions", replace(data, models=models), by="where")
    assert set(table["undrawn"]) == {reason}


def test_an_unknown_feature_is_told_with_those_there_are(round_):
    with pytest.raises(ValueError, match=r'^no feature "x"; allowed: models, rarest, commonest, '):
        soila.table("regions", round_, feature="x")

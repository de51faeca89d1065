"""Groups by a column of the models in the place of goals: what is counted, and what is said."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics, taxonomy
from soila_analysis.dataset.groups import groups, values
from soila_analysis.language import LANGUAGES, messages

FIGURES = ("evidence-map", "models-by-goal", "feature-by-goal", "features-per-model")
CELLS = ("Lappi", "Birkaland", "east-uusimaa; Kainuu", "", " Helsinki ;helsinki")
GOAL = re.compile(r"goal|tavoit|\bmål(et|en)?s?\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def spread(shipped):
    """A made-up round whose models are in regions, some in two, some in none."""
    data = shipped["example"]
    cells = [CELLS[i % len(CELLS)] for i in range(len(data.models))]
    return replace(data, models=data.models.assign(region=cells))


def table_of(cells):
    return pd.DataFrame({"model_id": [f"M{i}" for i in range(len(cells))], "where": cells})


def refused(call, *arguments, **given):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared by the caller
        call(*arguments, **given)
    return str(error.value)


# Which models are in which group


def test_a_cell_with_several_values_puts_its_model_in_several_groups():
    found = values(table_of(["a; b", "", "b;;b ", "c"]), "where")
    assert list(found.itertuples(index=False, name=None)) == [
        *(("M0", "a"), ("M0", "b")),
        *(("M2", "b"), ("M3", "c")),
    ]


def test_regions_are_known_by_id_and_by_name_in_any_language():
    names = [r.id for r in taxonomy.regions()]
    for lang in LANGUAGES:
        told = values(table_of([r.label[lang].upper() for r in taxonomy.regions()]), "where")
        assert told["value"].tolist() == names


def test_one_value_that_is_no_region_makes_the_column_free_text():
    members, goals, grouping = groups(table_of(["Lappi", "Uusimaa"]), "where")
    assert not grouping.regions
    assert goals["goal_id"].tolist() == ["where=Lappi", "where=Uusimaa"]
    assert goals["label_sv"].tolist() == ["Lappi", "Uusimaa"]
    assert members["goal_id"].tolist() == ["where=Lappi", "where=Uusimaa"]


def test_numbers_stand_by_size_and_regions_in_the_order_of_the_law():
    numbers = groups(table_of(["10", "9", "x", "2.5"]), "where")[1]
    assert numbers["label_en"].tolist() == ["2.5", "9", "10", "x"]
    regions = groups(table_of(["lapland", "Kajanaland", "Pirkanmaa"]), "where")[1]
    assert regions["goal_id"].tolist() == ["pirkanmaa", "kainuu", "lapland"]
    assert regions["label_sv"].tolist() == ["Birkaland", "Kajanaland", "Lappland"]


@given(st.lists(st.sampled_from(["", "a", "b", "a;b", " b ; c", ";"]), min_size=1, max_size=9))
def test_every_model_is_in_its_groups_or_counted_as_without(cells):
    if not any(cell.strip("; ") for cell in cells):
        message = 'no model has a value in the column "where" of models.csv'
        assert refused(groups, table_of(cells), "where") == message
        return
    members, goals, grouping = groups(table_of(cells), "where")
    assert members["model_id"].nunique() + grouping.without == len(cells)
    assert set(members["goal_id"]) == set(goals["goal_id"])
    assert not members.duplicated().any()


# What figures are drawn from


def test_counts_of_a_group_are_those_of_its_models_alone(spread):
    table = soila.table("evidence-map", spread, "en", by="region")
    for region, label in (("lapland", "Lapland"), ("kainuu", "Kainuu"), ("helsinki", "Helsinki")):
        alone = metrics.tally(datasets.select(spread, f"region={label}").status)
        found = table[table["goal_id"] == region].set_index("feature_id")
        counts = alone.set_index("feature_id")
        assert found["k"].equals(counts["present"].rename("k"))
        assert found["n"].equals((counts["present"] + counts["absent"]).rename("n"))
        assert set(found["goal"]) == {label}
    margin = table[table["goal_id"] == ""].reset_index(drop=True)
    whole = soila.table("evidence-map", spread, "en").query("goal_id == ''")
    assert margin[["k", "n"]].equals(whole[["k", "n"]].reset_index(drop=True))


def test_a_part_is_chosen_by_any_value_of_a_cell_and_by_any_name(spread):
    ids = [set(datasets.select(spread, f"region={n}").models["model_id"]) for n in ("kainuu",)]
    assert ids[0] == set(spread.models.query("region.str.contains('Kainuu')")["model_id"])
    by_name = datasets.select(spread, "region=Kajanaland").models["model_id"]
    assert set(by_name) == ids[0]
    part = datasets.select(spread.grouped("region"), goal="kainuu")
    assert set(part.models["model_id"]) == ids[0]


def test_shares_by_a_column_are_those_of_the_figures(spread):
    found = soila.shares(spread, by="region", lang="sv")
    cells = soila.table("evidence-map", spread, "sv", by="region").query("goal_id != ''")
    assert found["region"].tolist() == cells["goal"].tolist()
    assert found[["k", "n", "low"]].equals(cells[["k", "n", "low"]].reset_index(drop=True))


def test_codes_status_and_notes_stay_as_they_are(spread):
    made = spread.grouped("region")
    assert made.status.equals(spread.status)
    assert made.codings.equals(spread.codings)
    assert made.goal == ""
    assert spread.grouping is None


def test_nothing_that_was_published_of_goals_is_said_of_groups(shipped):
    info = shipped["example"].info.model_copy(update={"claims": "review-2024"})
    data = replace(shipped["example"], info=info)
    assert data.info.of_review
    table = soila.table("models-by-goal", data, by="region")
    assert set(table["basis"]) == {"synthetic"}
    assert table.attrs["variants"] == ("redesigned",)
    message = "claims has no goals that region could take the place of"
    assert refused(soila.table, "claims", data, by="region") == message


# What is said


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("by", ["region", "year"])
@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_of_groups_speaks_of_no_goals(spread, figure, by, lang):
    table = soila.table(figure, spread, lang, by=by)
    drawn = figures.draw(figure, table, lang)
    words = figures.texts(figure, table, lang)
    said = [words.title, words.subtitle, words.notes, words.alt, words.description]
    said += [*words.findings, " ".join(text.get_text() for text in drawn.texts)]
    said += [name for name, _ in drawn.key]
    for label in spread.taxonomy.labels(lang).values():  # some features have such a word in them
        said = [re.sub(r"\s+".join(map(re.escape, label.split())), "", one) for one in said]
    assert [one for one in said if GOAL.search(one)] == []
    heads = soila.shown(table)
    assert not [head for head in heads.columns if GOAL.search(head)]


@pytest.mark.parametrize(
    ("lang", "by", "title"),
    [
        ("fi", "region", "Piirteet hyvinvointialueittain"),
        ("sv", "region", "Särdragen efter välfärdsområde"),
        ("en", "region", "The features by wellbeing services county"),
        ("fi", "year", "Piirteet sarakkeen ”year” mukaan"),
        ("sv", "year", "Särdragen efter ”year”"),
        ("en", "year", "The features by “year”"),
    ],
)
def test_regions_have_words_of_their_own_and_other_columns_their_name(spread, lang, by, title):
    table = soila.table("evidence-map", spread, lang, by=by).assign(kind="reconstructed")
    assert figures.texts("evidence-map", table, lang).title == title


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_says_how_many_models_are_in_no_group(spread, figure):
    n = int((spread.models["region"] == "").sum())
    notes = figures.texts(figure, soila.table(figure, spread, "en", by="region"), "en").notes
    assert f"Models without a region: {n}." in notes
    notes = figures.texts(figure, soila.table(figure, spread, "en", by="year"), "en").notes
    assert "without" not in notes


def test_what_is_said_of_groups_takes_the_place_of_what_is_said_of_goals():
    for lang in LANGUAGES:
        base = messages(lang).catalogue
        for section, said in base["grouped"]["said"].items():
            assert said.keys() <= base[section].keys()
            assert said.get("script", {}).keys() <= base[section].get("script", {}).keys()
        told = messages(lang, "region", "where")
        assert told("common.ungrouped", n=3).endswith(": 3.")
        assert told.catalogue["common"].keys() == base["common"].keys()


def test_a_column_may_be_called_anything():
    column = "{by} {n}"
    assert messages("en", "group", column)("evidence-map.title") == "The features by “{by} {n}”"


def test_the_explorer_has_groups_for_columns_and_no_goals(spread):
    for lang in LANGUAGES:
        page = soila.explore(spread, lang, by="region").page
        region = next(r for r in taxonomy.regions() if r.id == "lapland")
        assert region.label[lang] in page
        text = re.sub(r"<(script|style)[\s\S]*?</\1>|<[^>]*>", " ", page)
        for label in spread.taxonomy.labels(lang).values():
            text = text.replace(label, "")
        assert not GOAL.search(text)


# What cannot be grouped


def test_models_of_a_reconstruction_have_no_groups(shipped):
    message = "review-2024 is a reconstruction: groups of its models are made up"
    assert refused(soila.table, "evidence-map", shipped["literal"], by="name") == message


def test_an_unknown_column_names_those_there_are(shipped):
    message = 'models.csv has no column "county"; allowed: name, region, year'
    assert refused(soila.table, "evidence-map", shipped["own"], by="county") == message


def test_a_figure_without_goals_has_no_groups_either(shipped):
    message = "feature-shares has no goals that region could take the place of"
    assert refused(soila.table, "feature-shares", shipped["own"], by="region") == message

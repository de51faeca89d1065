"""What a made-up round shows: a goal that no model has, many goals, many features, one model."""

from dataclasses import replace

import pytest
import test_figures as shown
from conftest import made_up
from lxml import html

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, report
from soila_analysis.language import LANGUAGES
from soila_analysis.report import tables as readers

BY_GOAL = ("models-by-goal", "feature-by-goal", "features-per-model", "evidence-map")
NO_MODELS = {"fi": "ei malleja", "sv": "inga modeller", "en": "no models"}
EMPTY = "goal-2"


@pytest.fixture(scope="module")
def single():
    """One model, in one of two goals, that all coders found to have all three features."""
    data = made_up(models=1, goals=2, features=3)
    return replace(data, codings=data.codings.assign(code="1"))


@pytest.fixture(params=["pilot", "single"])
def data(request):
    return request.getfixturevalue(request.param)


def drawings(data, lang, *plots, **options):
    """Figures of a data set as they were drawn, all variants."""
    for plot in plots:
        table = soila.table(plot, data, lang, **options)
        for variant in figures.SPECS[plot].variants:
            yield shown.Drawn(plot, variant, lang, table)


def assert_readable(drawn):
    shown.test_nothing_is_drawn_outside_the_page(drawn)
    shown.test_no_two_texts_overlap(drawn)
    shown.test_no_mark_runs_into_a_text(drawn)


# A goal that no model has


def test_a_goal_may_be_without_models(pilot, tmp_path):
    assert EMPTY not in set(pilot.memberships["goal_id"])
    datasets.save(pilot, tmp_path / "again")
    assert datasets.validate(tmp_path / "again") == []
    assert datasets.load(tmp_path / "again") == pilot


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_names_the_goal_without_models(data, lang):
    goal = data.taxonomy.labels(lang)[EMPTY]
    for d in drawings(data, lang, *BY_GOAL):
        assert f"{NO_MODELS[lang].capitalize()}: {goal}." in d.words.subtitle, (d.plot, d.variant)
        assert NO_MODELS[lang].capitalize() in d.words.description


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_redesigned_figure_says_no_models_where_the_goal_stands(data, lang):
    for d in drawings(data, lang, *BY_GOAL):
        if d.variant == "redesigned":
            assert NO_MODELS[lang] in d.prose, d.plot


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_that_is_read_says_no_models(data, lang, tmp_path):
    labels = data.taxonomy.labels(lang)
    for plot in ("feature-by-goal", "features-per-model", "evidence-map"):
        made = soila.table(plot, data, lang)
        table = readers.read(figures.save_table(made, plot, tmp_path))
        rows = [r for r in readers.readable(table, labels, lang).rows if labels[EMPTY] in r]
        assert [NO_MODELS[lang] in row for row in rows] == [True] * len(rows) != [], plot
    crossed = readers.compact(table, labels, lang, "evidence-map")
    place = crossed.heads.index(labels[EMPTY])
    assert {row[place] for row in crossed.rows} == {f"{NO_MODELS[lang]}\n0/0"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_evidence_map_page_says_no_models(data, lang):
    page = html.fromstring(report.evidence_map(data, lang))
    cells = page.xpath(f"//td[@data-goal='{EMPTY}']/span[@class='share']")
    assert {cell.text for cell in cells} == {NO_MODELS[lang]}
    assert len(cells) == len(data.taxonomy.features)


def test_a_goal_without_models_keeps_a_title_from_speaking_of_every_goal(pilot):
    words = figures.texts("evidence-map", soila.table("evidence-map", pilot, "en"), "en")
    assert words.title == "The features by strategic goal"
    assert words.findings == ("No feature reaches 80% in every goal.",)


def test_a_goal_that_is_alone_leads_in_no_title(single):
    titles = {d.plot: d.words.title for d in drawings(single, "en", *BY_GOAL)}
    assert titles["feature-by-goal"] == "Peer support 1 by strategic goal"
    assert titles["features-per-model"] == "Number of features in the operating models, by goal"


# All figures and notebooks


def test_every_figure_of_such_a_round_is_readable(data):
    plots = [plot for plot in figures.SPECS if plot != "rounds"]
    drawn = [d for d in drawings(data, "fi", *plots) if figures.SPECS[d.plot].drawable(d.table)]
    assert_readable([*drawn, *drawings(data, "fi", "rounds", earlier=data)])


def test_the_axis_of_one_number_of_features_is_in_whole_features(single):
    (d,) = [d for d in drawings(single, "en", "features-per-model") if d.variant == "redesigned"]
    ticks = {text.get_text() for text in d.texts} - {t.get_text() for t in d.figure.texts}
    assert {tick.isdigit() for tick in ticks} == {True}


def test_every_notebook_runs_on_a_round_with_an_empty_goal(
    data, notebooks, execute, tmp_path, monkeypatch
):
    datasets.save(data, tmp_path / "round")
    monkeypatch.setenv("SOILA_OUTPUT", str(tmp_path / "out"))
    monkeypatch.setattr("soila_analysis.figures.save.FORMATS", ("svg",))
    asked = {"dataset": str(tmp_path / "round"), "lang": "sv", "feature": "rarest"}
    for name in notebooks:
        assert execute(name, **asked), name

"""What a made-up round shows: a goal that no model has, many goals, many features, one model."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import test_figures as shown
from conftest import made_up
from lxml import html
from matplotlib.colors import to_hex

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics, report
from soila_analysis.figures.palette import HEAT, PLUM
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
    assert words.findings[0] == "No feature reaches 80% in every goal."


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


# Classes of colour, and gaps


def map_drawn(data, lang="en"):
    (drawn,) = drawings(data, lang, "evidence-map")
    return drawn


def coloured(drawn):
    """Colours of the cells by feature and goal, as they were drawn; cells without any are None."""
    (mesh,) = [c for axes in drawn.figure.axes for c in axes.collections]
    values = np.ma.getmaskarray(mesh.get_array()).ravel()
    faces = [to_hex(face) for face in mesh.get_facecolors()]
    return [None if hidden else face for hidden, face in zip(values, faces, strict=True)]


@pytest.mark.parametrize(
    ("low", "high", "words", "dark"),
    [
        (0.4, 1, ["under 50%", "50–64%", "65–79%", "80–100%"], 80),
        (0.05, 0.9, ["under 25%", "25–49%", "50–74%", "75–100%"], 75),
        (0, 0.3, ["0", "under 5%", "5–9%", "10–19%", "20–100%"], 20),
    ],
)
def test_the_classes_of_colour_fit_the_shares(low, high, words, dark):
    """Of maps in which most features are common, middling or rare, no class holds most cells."""
    data = made_up(models=240, goals=6, features=20, coders="A")
    likely = dict(zip(data.taxonomy.feature_ids, np.linspace(low, high, 20), strict=True))
    drawn = np.random.default_rng(2).random(len(data.codings))
    codes = np.where(drawn < data.codings["feature_id"].map(likely), "1", "0")
    shown = map_drawn(replace(data, codings=data.codings.assign(code=codes)))
    assert set(words) <= set(shown.prose.splitlines())
    shades = Counter(coloured(shown))
    assert max(shades.values()) < 0.6 * sum(shades.values())
    inside = shown.table[shown.table["goal_id"] != ""]
    assert shades[HEAT[-1].lower()] == (inside["percent"] >= dark).sum() > 0


def test_a_sparse_map_says_counts_and_leaves_cells_of_none_white(sparse):
    drawn = map_drawn(sparse)
    inside = drawn.table[(drawn.table["goal_id"] != "") & (drawn.table["n"] > 0)]
    printed = Counter(text.get_text() for text in drawn.body)
    for count, times in Counter(str(k) for k in inside["k"]).items():
        assert printed[count] >= times
    assert Counter(coloured(drawn))["#ffffff"] == (inside["k"] == 0).sum()
    assert "The colour shows the percentage" in drawn.words.subtitle


@pytest.fixture(scope="module")
def sparse():
    data = made_up(models=233, goals=12, features=20, coders="A")
    kept = np.random.default_rng(3).random(len(data.codings)) < 0.06
    codes = data.codings["code"].where(kept | (data.codings["feature_id"] == "feature-001"), "0")
    return replace(data, codings=data.codings.assign(code=codes))


def test_of_fewer_than_five_models_only_the_count_is_shown():
    drawn = map_drawn(made_up(models=8, goals=3, features=4))
    inside = drawn.table[(drawn.table["goal_id"] != "") & (drawn.table["n"] > 0)]
    assert (inside["n"] < 5).all()
    assert "fewer than 5 models: only k/n" in drawn.prose
    assert set(coloured(drawn)) == {None}
    printed = drawn.prose.splitlines()
    margin = drawn.table[drawn.table["goal_id"] == ""]
    for row in inside.itertuples():
        assert f"{row.k}/{row.n}" in printed
    shares = Counter(line for line in printed if line.endswith("%") and line[0].isdigit())
    assert sum(shares.values()) - 3 == len(margin)  # and three classes of the key


def test_the_gaps_of_the_metric_are_framed_and_named(pilot):
    drawn = map_drawn(pilot)
    frames = [p for p in drawn.shapes() if to_hex(p.get_edgecolor()) == PLUM.lower()]
    _, frame = sorted(frames, key=lambda p: p.get_y())  # after that of the key
    found = metrics.gaps(drawn.table)
    (gap,) = found[found["gap"].isin(["none", "fewer"])].itertuples()
    assert (gap.feature_id, gap.goal_id) == ("feature-001", "goal-3")
    assert "gap: clearly fewer than expected" in drawn.prose
    expected = f"Gaps (1): Peer support 1, Aftercare 3 (0/{gap.n}, expected {gap.expected:.1f})."
    assert drawn.words.findings[1] == expected
    box = frame.get_window_extent()
    assert f"0/{gap.n}" in [t.get_text() for t in drawn.texts if inside(t, box)]


def inside(text, box):
    around = text.get_window_extent()
    return box.x0 < around.x0 < around.x1 < box.x1 and box.y0 < around.y0 < around.y1 < box.y1


def test_a_reconstruction_has_neither_gaps_nor_classes_of_unpublished_cells(review):
    drawn = map_drawn(review, "fi")
    assert "aukko" not in drawn.prose
    known = drawn.table[(drawn.table["goal_id"] != "") & (drawn.table["basis"] != "bounded")]
    assert sum(shade is not None for shade in coloured(drawn)) == len(known) == 4

"""What a made-up round shows: a goal that no model has, many goals, many features, one model."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import test_figures as shown
from conftest import made_up
from lxml import html
from matplotlib.colors import to_hex

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics, report
from soila_analysis.figures.page import resolution
from soila_analysis.figures.palette import HEAT, PLUM
from soila_analysis.language import LANGUAGES
from soila_analysis.report import tables as readers

BY_GOAL = ("models-by-goal", "feature-by-goal", "features-per-model", "evidence-map")
NO_MODELS = {"fi": "ei malleja", "sv": "inga modeller", "en": "no models"}
EMPTY = "goal-2"
OF_CLAIMS = ("claims", "fragility", "share-bases")  # which a round without claims does not have


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
    shown.test_no_two_texts_overlap_or_touch(drawn)
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
        assert f"{NO_MODELS[lang].capitalize()}: {goal}." in d.words.notes, (d.plot, d.variant)
        assert NO_MODELS[lang].capitalize() in d.words.description


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_redesigned_figure_says_no_models_where_the_goal_stands(data, lang):
    for d in drawings(data, lang, *BY_GOAL):
        if d.variant == "redesigned":
            assert NO_MODELS[lang] in (*d.prose.splitlines(), *dict(d.figure.key)), d.plot


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_that_is_read_says_no_models(data, lang, tmp_path):
    labels = data.taxonomy.labels(lang)
    for plot in ("feature-by-goal", "features-per-model", "evidence-map"):
        made = soila.table(plot, data, lang)
        table = figures.read_table(figures.save_table(made, plot, tmp_path))
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
    plots = [plot for plot in figures.SPECS if plot not in ("change-over-rounds", *OF_CLAIMS)]
    drawn = [
        d
        for d in drawings(data, "fi", *plots)
        if figures.SPECS[d.plot].drawable(d.table, d.variant)
    ]
    assert_readable([*drawn, *drawings(data, "fi", "change-over-rounds", earlier=[data])])


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
    assert set(words) <= {*dict(shown.figure.key)}
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
    assert "fewer than 5 models: only k/n" in dict(drawn.figure.key)
    assert set(coloured(drawn)) == {None}
    printed = drawn.prose.splitlines()
    margin = drawn.table[drawn.table["goal_id"] == ""]
    for row in inside.itertuples():
        assert f"{row.k}/{row.n}" in printed
    shares = Counter(line for line in printed if line.endswith("%") and line[0].isdigit())
    assert sum(shares.values()) == len(margin)


def test_the_gaps_of_the_metric_are_framed_and_named(pilot):
    drawn = map_drawn(pilot)
    frames = [p for p in drawn.shapes() if to_hex(p.get_edgecolor()) == PLUM.lower()]
    (frame,) = frames
    found = metrics.gaps(drawn.table)
    (gap,) = found[found["gap"].isin(["none", "fewer"])].itertuples()
    assert (gap.feature_id, gap.goal_id) == ("feature-001", "goal-3")
    assert "gap: clearly fewer than expected" in dict(drawn.figure.key)
    expected = f"Gaps (1): Peer support 1, Aftercare 3 (0/{gap.n}, expected {gap.expected:.1f})."
    assert drawn.words.findings[1] == expected
    box = frame.get_window_extent()
    assert f"0/{gap.n}" in [t.get_text() for t in drawn.texts if inside(t, box)]


def inside(text, box):
    around = text.get_window_extent()
    return box.x0 < around.x0 < around.x1 < box.x1 and box.y0 < around.y0 < around.y1 < box.y1


def test_a_reconstruction_has_neither_gaps_nor_classes_of_unpublished_cells(review):
    drawn = map_drawn(review, "fi")
    assert "aukko" not in " ".join([drawn.prose, *dict(drawn.figure.key)])
    known = drawn.table[(drawn.table["goal_id"] != "") & (drawn.table["basis"] != "bounded")]
    assert sum(shade is not None for shade in coloured(drawn)) == len(known) == 4


# From 1 to 30 goals, and from 3 to 235 features

SIZES = [(1, 3), (2, 20), (3, 100), (4, 20), (5, 3), (6, 45), (9, 20), (12, 20), (13, 41), (30, 20)]
LABELS = {
    "short": "Aftercare",
    "long": "Substance-use and mental-health services during substitute care away from home",
    "one word": "Barnskyddsmyndighetssamarbetsorganisationsutvecklingsprojekt",
}


def sized(goals, features, label, coders="A", models=20):
    """A round whose goals and features have labels of one length, numbered; so many models each."""
    data = made_up(models=models * goals, goals=goals, features=features, coders=coders)
    texts = {f"label_{lang}": LABELS[label] for lang in LANGUAGES}
    numbers = {"goals": range(1, goals + 1), "features": range(1, features + 1)}
    tables = {
        name: getattr(data, name).assign(
            **{column: [f"{text} {i}" for i in numbers[name]] for column, text in texts.items()}
        )
        for name in numbers
    }
    return replace(data, **tables)


def turned(text):
    """The corners of a text, whichever way it runs, and the directions of its edges."""
    angle = text.get_rotation()
    text.set_rotation(0)
    box = text.get_window_extent()
    text.set_rotation(angle)
    anchor = text.get_transform().transform(text.get_position())
    inset = 0.13 * box.height  # a box is higher than its letters
    low, high = box.y0 + inset, box.y1 - inset
    corners = np.array([(box.x0, low), (box.x1, low), (box.x1, high), (box.x0, high)])
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([(c, s), (-s, c)])
    return (corners - anchor) @ turn + anchor, turn


def apart(one, other):
    """Whether a line parts two boxes that may be turned: the separating axis theorem."""
    (a, edges), (b, others) = one, other
    return any(
        (a @ axis).max() <= (b @ axis).min() + 0.5 or (b @ axis).max() <= (a @ axis).min() + 0.5
        for axis in (*edges, *others)
    )


def overlapping(drawn):
    """Pairs of texts that overprint each other, among those whose upright boxes meet."""
    boxes = np.array([text.get_window_extent().extents for text in drawn.texts])
    found = []
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        rest = boxes[i + 1 :]
        near = (rest[:, 0] < x1) & (rest[:, 2] > x0) & (rest[:, 1] < y1) & (rest[:, 3] > y0)
        one = drawn.texts[i]
        for other in (drawn.texts[i + 1 + j] for j in np.flatnonzero(near)):
            if not apart(turned(one), turned(other)):
                found.append((one.get_text(), other.get_text()))
    return found


def outside(drawn):
    page = drawn.figure.bbox
    boxes = [(text.get_text(), text.get_window_extent()) for text in drawn.texts]
    return [
        text
        for text, box in boxes
        if min(box.x0, box.y0) < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1
    ]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(("goals", "features"), SIZES)
def test_no_texts_overlap_in_a_map_of_any_size(goals, features, label):
    drawn = map_drawn(sized(goals, features, label))
    assert overlapping(drawn) == []
    assert outside(drawn) == []
    words = shown.squeezed(drawn.prose)
    for name in drawn.table["feature"].unique():
        assert shown.squeezed(name) in words
    for name in drawn.table["goal"].unique():
        assert shown.squeezed(name) in words


def test_headings_are_level_slanted_or_numbered_with_a_key():
    turns = {}
    for goals, label in ((4, "short"), (4, "long"), (12, "short"), (12, "long"), (30, "short")):
        drawn = map_drawn(sized(goals, 5, label))
        heads = [t for t in drawn.texts if LABELS[label].split()[0] in t.get_text()]
        numbers = [t.get_text() for t in drawn.body if t.get_text() == "7"]
        turns[goals, label] = {t.get_rotation() for t in heads}, len(numbers) > 1
    assert turns == {
        (4, "short"): ({0}, False),
        (4, "long"): ({0, 58}, False),
        (12, "short"): ({0, 58}, False),
        (12, "long"): ({0}, True),
        (30, "short"): ({0, 58}, False),
    }


def test_a_map_goes_on_below_beyond_twelve_goals_or_forty_features():
    def panels(goals, features):
        return len(map_drawn(sized(goals, features, "short")).axes())

    assert [panels(12, 40), panels(13, 40), panels(12, 41), panels(30, 41)] == [1, 2, 2, 6]


def test_the_largest_map_can_be_drawn_with_all_its_texts():
    drawn = map_drawn(sized(30, 235, "short"))
    assert outside(drawn) == []
    dots = drawn.figure.get_size_inches() * resolution(drawn.figure, 200)
    assert max(dots) < 2**16


def test_figures_of_thirty_goals_are_readable():
    for label in ("long", "one word"):
        for d in drawings(sized(30, 3, label, models=6), "sv", *BY_GOAL):
            if figures.SPECS[d.plot].drawable(d.table, d.variant):
                assert (overlapping(d), outside(d)) == ([], []), (d.plot, d.variant, label)


def test_figures_of_235_features_are_readable():
    data = sized(3, 235, "long", coders="AB", models=4)
    plots = ("taxonomy", "feature-shares", "features-per-model", "agreement", "disagreement")
    for d in drawings(data, "fi", *plots):
        assert (overlapping(d), outside(d)) == ([], []), (d.plot, d.variant)
        assert max(d.figure.get_size_inches()) * resolution(d.figure, 200) < 2**16


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_pie_of_five_goals_is_refused_in_words(lang, tmp_path, monkeypatch):
    monkeypatch.setattr("soila_analysis.figures.save.FORMATS", ("svg",))
    why = {
        "fi": "Ympyräkuvio piirretään vain, jos tavoitteita, joissa on malleja, on enintään 4; "
        "tässä niitä on 5. Neliökuvio näyttää ne kaikki.",
        "sv": "Ett cirkeldiagram ritas bara om högst 4 mål har modeller; här är de 5. "
        "Rutdiagrammet visar alla.",
        "en": "A pie chart is drawn only of up to 4 goals with models; here there are 5. "
        "The waffle chart shows them all.",
    }[lang]
    table = soila.table("models-by-goal", made_up(goals=6, features=3), lang)
    with pytest.raises(ValueError, match=re.escape(f"models-by-goal: {why}")):
        figures.draw("models-by-goal", table, lang, "as-published")
    both = ("as-published", "redesigned")
    saved = figures.publish("models-by-goal", table, lang, both, tmp_path)
    assert [set(files) for files in saved.files] == [{"json"}, {"svg", "json"}]
    assert saved.words[0].alt == why
    four = soila.table("models-by-goal", made_up(goals=5, features=3), lang)
    assert figures.draw("models-by-goal", four, lang, "as-published").axes


# Labels in one language


@pytest.fixture
def english(pilot, tmp_path):
    """The round with labels in English only, as a folder."""
    tables = {
        name: getattr(pilot, name).drop(columns=["label_fi", "label_sv"])
        for name in ("features", "goals")
    }
    datasets.save(replace(pilot, **tables), tmp_path / "english")
    return tmp_path / "english"


def test_labels_in_one_language_suffice_for_figures_in_it(english, pilot):
    head = (english / "features.csv").read_text().splitlines()[0]
    assert head == "feature_id,label_en"
    data = datasets.load(english)
    assert data.taxonomy.languages == ("en",)
    for plot in (*BY_GOAL, "feature-shares"):
        ours, theirs = (soila.table(plot, one, "en") for one in (data, pilot))
        pd.testing.assert_frame_equal(ours, theirs)
    assert "Peer support 1" in report.evidence_map(data, "en")
    assert report.methods(data, "en").paragraph


REFUSED = r'^the taxonomy has no labels in "fi"; allowed: en$'


@pytest.mark.parametrize(
    "ask",
    [
        *(lambda data, plot=plot: soila.table(plot, data, "fi") for plot in (*BY_GOAL, "taxonomy")),
        lambda data: soila.tidy(data, "fi"),
        lambda data: soila.shares(data, lang="fi"),
        lambda data: report.evidence_map(data, "fi"),
    ],
)
def test_a_language_without_labels_is_refused_with_those_there_are(english, ask):
    with pytest.raises(ValueError, match=REFUSED):
        ask(datasets.load(english))


def test_tables_without_a_common_language_are_refused(english):
    goals = english / "goals.csv"
    goals.write_text(goals.read_text().replace("label_en", "label_sv"))
    assert [str(problem) for problem in datasets.validate(english)] == [
        'features.csv:1: found "features.csv: en; goals.csv: sv"; '
        "no language has labels in all of them"
    ]


# A degenerate round: every sentence is true of it


def test_where_all_features_are_equally_common_none_is_called_common_or_rare(single):
    said = figures.texts("feature-shares", soila.table("feature-shares", single, "en"), "en")
    assert said.findings == (
        "All features are equally common: Broadly related to the everyday lives of families 3, "
        "Networked way of working 2 and Peer support 1, 1/1 (100%).",
    )


def test_a_goal_that_alone_has_models_is_not_said_to_lead(single):
    table = soila.table("features-per-model", single, "en")
    said = figures.texts("features-per-model", table, "en").findings
    assert said == (
        "Features per model: Fewer placements 1, mean 3.00. No other goal has assessed models.",
    )


def test_intervals_are_explained_only_where_there_are_any(single, pilot):
    for data, there in ((single, False), (pilot, True)):
        words = figures.texts("agreement", soila.table("agreement", data, "en"), "en")
        assert ("In brackets are 95% intervals" in words.findings[1]) == there
        assert f"(models: {len(data.models)}, features: " in words.findings[1]

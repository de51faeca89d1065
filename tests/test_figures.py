import json
import math
import os
import pathlib
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_pdf import RendererPdf
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle, Wedge
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox

import soila_analysis as soila
from soila_analysis import dataset as datasets
from soila_analysis import figures, metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import lines, style, text_width
from soila_analysis.figures.palette import BLANK, GREY, HEAT, MUTED, PALETTE, PLUM, RULE
from soila_analysis.figures.save import FORMATS
from soila_analysis.figures.wording import percent_text
from soila_analysis.language import messages

ROOT = pathlib.Path(__file__).parents[1]
LANGUAGES = ("fi", "sv", "en")
NAMES = ("literal", "memberships", "own")
CODERS = ("agreement", "agreement-by-coders", "disagreement")  # those that compare coders
SEVERAL = (*CODERS, "coder-error")  # those of several coders
SHARES = ("models-by-goal", "feature-shares", "feature-by-goal", "evidence-map")
SPECS = (*SHARES, "features-per-model")  # those of coded models
OF_MANY = ("model-people",)  # those that the other data sets cannot feed
VARIANTS = [(plot, variant) for plot, p in figures.SPECS.items() for variant in p.variants]
WHITE = "#ffffff"
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Drawn:
    """A figure as it was drawn, with what it was drawn from."""

    plot: str
    variant: str
    lang: str
    table: pd.DataFrame

    @cached_property
    def words(self):
        return figures.texts(self.plot, self.table, self.lang, self.variant)

    @cached_property
    def figure(self):
        figure = figures.draw(self.plot, self.table, self.lang, self.variant)
        FigureCanvasAgg(figure)
        with style():
            figure.draw_without_rendering()
            for text in figure.texts:
                text.get_window_extent()  # measured in this style, and remembered
        return figure

    @cached_property
    def pixels(self):
        """Colours of the page as numbers, row by row."""
        with style():
            self.figure.canvas.draw()
        return np.asarray(self.figure.canvas.buffer_rgba())[..., :3] @ np.array([65536, 256, 1])

    @cached_property
    def texts(self):
        """All texts that are printed: those of the page, then the labels of visible scales."""
        scales = [a for axes in self.figure.axes if axes.axison for a in (axes.xaxis, axes.yaxis)]
        ticks = [
            label
            for scale in scales
            for tick in scale.get_major_ticks()
            for label in (tick.label1, tick.label2)
            if label.get_visible() and inside(tick.get_loc(), scale.get_view_interval())
        ]
        return [t for t in (*self.figure.texts, *ticks) if t.get_text()]

    @cached_property
    def body(self):
        """The texts of the body; those of head, foot and key are printed in full."""
        w, head = self.words, ""
        key = "".join(name for name, _ in self.figure.key)
        wanted = squeezed(w.badge + w.title + w.subtitle + w.notes + w.source + key)
        texts = list(self.figure.texts)
        while head != wanted:
            assert wanted.startswith(head)
            head += squeezed(texts.pop(0).get_text())
        return texts

    @cached_property
    def prose(self):
        return "\n".join(text.get_text() for text in self.body)

    def axes(self):
        return [axes for axes in self.figure.axes if axes.axison]

    @cached_property
    def keyed(self):
        return [mark for _, marks in self.figure.key for mark in marks]

    def shapes(self):
        patches = [p for axes in self.figure.axes for p in axes.patches]
        return [p for p in patches if p not in self.keyed]

    def lines(self):
        lines = [line for axes in self.figure.axes for line in axes.lines]
        return [line for line in lines if line not in self.keyed]


def inside(x, interval):
    low, high = sorted(interval)
    return low - 1e-9 <= x <= high + 1e-9


def squeezed(text):
    """Without what breaking a text into lines may add."""
    return re.sub(r"[\s-]", "", text)


@pytest.fixture(scope="module")
def draw(tables):
    """A function that draws a notebook's table, each one once."""
    kept = {}

    def drawn(name, lang, plot, variant):
        key = name, lang, plot, variant
        if key not in kept:
            kept[key] = Drawn(plot, variant, lang, tables[name, lang, plot])
        return kept[key]

    return drawn


@pytest.fixture(
    scope="module",
    params=[
        *((n, lang) for n in (*NAMES, "example", "regional") for lang in LANGUAGES),
        *(("made-up", "fi"), ("equal", "sv"), ("single", "en")),
    ],
    ids="-".join,
)
def every(request, draw):
    """All figures of one data set in one language.

    Those about the publication hardly change with the data: once in each language has to do.
    Those of several coders are of the data sets that have them.
    """
    name, lang = request.param
    several = SEVERAL if name in ("own", "example", "made-up", "equal") else ()
    alone = [plot for plot in figures.SPECS if plot not in SEVERAL]
    plots = alone if name == "literal" or lang == "en" else ("taxonomy", *SPECS)
    plots = (*plots, *several) if name != "example" else several
    plots = plots if name != "regional" else OF_MANY
    if name in ("made-up", "equal", "single"):
        plots = [*SPECS, "taxonomy", "change-over-rounds", *several]
    plots = [plot for plot in plots if (name, plot) != ("own", "share-bases")]  # of the review only
    found = [draw(name, lang, plot, v) for plot in plots for v in figures.SPECS[plot].variants]
    return [d for d in found if figures.SPECS[d.plot].shows(d.table, d.variant)]


@pytest.fixture(params=NAMES)
def one(request, draw):
    """A function that draws a figure of one data set, in Finnish."""
    return lambda plot, variant: draw(request.param, "fi", plot, variant)


def bounded(row):
    return row.basis == "bounded"


def half_up(k, n):
    return math.floor(100 * int(k) / int(n) + 0.5)


def ratio(row):
    k = f"{row.bound_low:.0f}–{row.bound_high:.0f}" if bounded(row) else f"{row.k}"
    return f"{k}/{row.n}"


def percentage(row):
    """Both ends of what is printed of a share; nothing where nothing is known."""
    if not row.n:
        return None
    if bounded(row):
        ends = [half_up(k, row.n) for k in (row.bound_low, row.bound_high)]
        return "–".join(map(str, dict.fromkeys(ends)))
    return str(row.percent)


def bounds_of(row):
    """Both ends of what open and disputed codes leave, as printed beside the share."""
    total = row["n"] + row["unclear"] + row["disagreed"] + row["not_assessed"]
    ends = [half_up(round(row[end] * total), total) for end in ("share_min", "share_max")]
    return "–".join(map(str, dict.fromkeys(ends)))


def middle(row):
    if not row.n:
        return -1.0
    return (row.bound_low + row.bound_high) / 2 / row.n if bounded(row) else row.k / row.n


def descending(table, name):
    rows = sorted(table.itertuples(), key=lambda row: getattr(row, name))
    return sorted(rows, key=middle, reverse=True)


def ratios(text):
    return Counter(re.findall(r"\d+(?:–\d+)?/\d+", text))


def percentages(text):
    return Counter(re.findall(r"(\d+(?:–\d+)?)\u00a0?%", text))


def bold(texts):
    return [text.get_weight() == "bold" for text in texts]


def is_published(row):
    return row.basis in ("published", "observed", "synthetic")


def cells_of(table):
    return table[table["goal_id"] != ""]


def totals_of(table):
    return table[table["goal_id"] == ""]


# Words and numbers on the page


def stated(table):
    """Whether a goal leads by its number of features, or was said to."""
    return table["leader"].any() or (table["basis"] == "bounded").any()


def named(d):
    """The labels that a figure has to print."""
    t = d.table
    if d.plot == "models-by-goal":
        return t.loc[t["k"] > 0, "goal"] if d.variant == "as-published" else t["goal"]
    if d.plot == "feature-shares" and d.variant == "as-published":
        rows = [row for row in descending(t, "feature") if row.n]
        size = min(4, len(rows) // 2)
        return [row.feature for row in (*rows[:size], *rows[-size:])]
    if d.plot == "features-per-model" and d.variant == "as-published":
        return t.loc[t["mean"] == t["mean"].max(), "goal"].unique() if stated(t) else []
    if d.plot == "evidence-map":
        return [*t["feature"].unique(), *cells_of(t)["goal"].unique()]
    if d.plot == "agreement-by-coders":
        return t["coder_id"].unique()
    featured = ("taxonomy", "feature-shares", "agreement", "disagreement", "coder-error")
    column = "feature" if d.plot in featured else "goal"
    return t[column].unique() if d.plot in (*SPECS, *featured) else []


def test_every_label_is_printed_in_full(every):
    missing = [
        (d.plot, d.variant, label)
        for d in every
        for label in named(d)
        if squeezed(label) not in squeezed(d.prose)
    ]
    assert missing == []


def test_every_definition_is_printed_in_full(one):
    d = one("taxonomy", "redesigned")
    for row in d.table.itertuples():
        assert squeezed(row.definition) in squeezed(d.prose)


def map_edges(table):
    """The lower edges of the classes of the map: of two choices, the one that divides it best."""
    known = table[(table["goal_id"] != "") & (table["basis"] != "bounded") & (table["n"] >= 5)]
    choices = [(50, 65, 80), (25, 50, 75)]
    return min(choices, key=lambda c: np.histogram(known["percent"], [0, *c, 101])[0].max())


COUNTED = [v for v in VARIANTS if v[0] in SHARES[1:]]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("plot", "variant"), COUNTED)
@pytest.mark.parametrize("name", NAMES)
def test_the_printed_counts_and_percentages_are_those_of_the_table(name, plot, variant, lang, draw):
    d = draw(name, lang, plot, variant)
    rows = list(d.table.itertuples())
    if (plot, variant) == ("feature-shares", "as-published"):
        rows = [row for row in rows if row.feature in set(named(d))]
    shares = Counter(percentage(row) for row in rows if row.n)
    counts = Counter(ratio(row) for row in rows if row.n)
    if plot == "evidence-map":
        few = [row for row in rows if row.goal_id and 0 < row.n < 5 and not bounded(row)]
        shares -= Counter(percentage(row) for row in few)
    elif "share:A" in d.table and variant == "redesigned":
        shares += Counter(bounds_of(row) for row in d.table.to_dict("records"))
    assert percentages(d.prose) == shares
    assert {r: c for r, c in ratios(d.prose).items() if not r.endswith("/0")} == counts


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_of_models_by_goal_are_printed_with_their_shares(name, lang, draw):
    pie = draw(name, lang, "models-by-goal", "as-published")
    squares = draw(name, lang, "models-by-goal", "redesigned")
    space = "" if lang == "en" else "\u00a0"
    review = metrics.rounding.percents(pie.table["k"].tolist(), "largest-remainder")
    for row, label in zip(pie.table.itertuples(), review, strict=True):
        assert f"{label}{space}% ({row.k})" in pie.prose.splitlines()
        said = rf"^{row.k} \w+ \({row.percent}{space}%\)$"
        assert re.search(said, squares.prose, re.MULTILINE)
    assert percentages(pie.prose) == Counter(map(str, review))
    assert percentages(squares.prose) == Counter(map(str, squares.table["percent"]))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pie_as_published_prints_the_labels_of_the_review(lang, draw):
    """The other figure says that its own do not add up to 100 %, and what the review printed."""
    pie, squares = (
        draw("literal", lang, "models-by-goal", v) for v in ("as-published", "redesigned")
    )
    assert list(percentages(pie.prose)) == ["39", "25", "17", "19"]
    assert list(percentages(squares.prose)) == ["38", "25", "19", "17"]
    assert percentages(squares.words.notes) == Counter(["99", "100", "39", "25", "19", "17"])
    assert "39" in pie.words.alt
    assert "39" not in squares.words.alt


def shared(plot, rows, **columns):
    """The texts of a figure, in English, of a table with these shares, the first two in a tie."""
    table = pd.DataFrame(rows, columns=["feature", "goal", "k", "n"])
    table["share"] = table["k"] / table["n"]
    table["percent"] = [half_up(*pair) for pair in zip(table["k"], table["n"], strict=True)]
    table = table.assign(rank=table["share"].rank(method="min", ascending=False), basis="observed")
    table = table.assign(kind="observed", reading="", source="x", interval="none", models=40)
    places = table["share"].rank(method="max", ascending=False)
    table = table.assign(rank_min=table["rank"], rank_max=places, disagreed=0, overruled=0)
    table = table.assign(share_min=table["share"], share_max=table["share"])
    table = table.assign(unclear=0, not_assessed=0, feature_id=table["feature"], **columns)
    return figures.texts(plot, table, "en")


def test_ties_name_all_with_their_own_counts():
    tie = [("A", "g", 2, 4), ("B", "h", 3, 6), ("C", "i", 1, 6)]
    said = shared("feature-shares", tie)
    assert said.findings[0] == "Most common: A, 2/4 (50%); B, 3/6 (50%)."
    assert said.title == "How common the features are in the operating models"
    said = shared("feature-by-goal", tie)
    assert said.findings[0] == "Highest percentage: g, 2/4 (50%); h, 3/6 (50%)."
    same = [("A", "g", 10, 35), ("B", "h", 10, 35), ("C", "i", 5, 35)]
    assert shared("feature-shares", same).findings[0] == "Most common: A and B, 10/35 (29%)."
    said = shared("models-by-goal", [("", "g", 10, 25), ("", "h", 10, 25), ("", "i", 5, 25)])
    assert said.findings[0] == "The most common strategic goal: g and h, 10/25 (40%)."


def test_most_disagreement_is_told_of_each_feature_with_its_own_counts(tables):
    table = tables["own", "en", "disagreement"].copy()
    number = table.groupby("feature_id").ngroup() % 2 + 2
    table["disputed"], table["decided"] = number, 2 * number
    said = figures.texts("disagreement", table, "en").findings[0]
    rows = table[table["feature_id"] != ""].drop_duplicates("feature_id")
    assert set(rows["decided"]) == {4, 6}
    assert all(f"{r.feature}, {r.disputed}/{r.decided}" in said for r in rows.itertuples())


def test_some_is_not_0_per_cent_and_not_all_is_not_100_per_cent():
    rows = [("A", "g", 1071, 1072), ("B", "h", 600, 1072), ("C", "i", 5, 1072)]
    said = shared("feature-shares", rows)
    assert said.findings[0] == "Most common: A, 1,071/1,072 (over 99%)."
    assert said.findings[1] == "Rarest: C, 5/1,072 (under 1%)."
    written = {lang: percent_text(5, 1072, messages(lang)) for lang in LANGUAGES}
    assert written == {"fi": "alle 1\u00a0%", "sv": "under 1\u00a0%", "en": "under 1%"}
    assert [percent_text(k, 9, messages("en")) for k in (0, 9)] == ["0%", "100%"]


def test_79_and_a_half_per_cent_is_not_at_least_80():
    rows = [("A", "g", 159, 200), ("A", "h", 180, 200), ("A", "", 339, 400)]
    columns = {"goal_id": ["g", "h", ""]}
    said = shared("evidence-map", rows, **columns).findings[0]
    assert said == "No feature reaches 80% in every goal."
    rows[0] = ("A", "g", 160, 200)
    assert shared("evidence-map", rows, **columns).findings[0] == "At least 80% in every goal: A."


def test_a_square_is_said_to_be_one_of_the_goals_models(one):
    """A model that serves several goals has a square in each."""
    for plot in ("models-by-goal", "feature-by-goal"):
        d = one(plot, "redesigned")
        names = [d.words.notes, *(name for name, _ in d.figure.key)]
        said = messages("fi")(f"{plot}.square", count=1).rstrip(".")
        assert any(said in name for name in names)
    assert "of the goal's" in messages("en")("models-by-goal.square", count=1)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_the_means_are_printed_with_one_decimal(name, lang, draw):
    d = draw(name, lang, "features-per-model", "redesigned")
    for row in d.table.drop_duplicates("goal_id").itertuples():
        ends = [row.mean_bound_low, row.mean_bound_high] if bounded(row) else [row.mean]
        written = "–".join(f"{math.floor(10 * end + 0.5) / 10:.1f}" for end in ends)
        assert (written if lang == "en" else written.replace(".", ",")) in d.prose
        assert f"(n = {row.n})" in d.prose


# What the marks show


def lines_of(axes):
    """Marks of a panel by row: the share, its interval, its range, and a rival number.

    Those of single coders and of the bounds are left out.
    """
    rows = {}
    for line in axes.lines:
        x, y = np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata())
        kinds = {"o": "share", "D": "other", "|": "end"}
        widths = {2: "interval", 1.6: "bounds", 7: "likely"}
        once = to_hex(line.get_color()) == to_hex(MUTED)  # the lower bar of a range
        likely = {3.5: "once" if once else "likely"}
        kind = kinds.get(line.get_marker()) or (widths | likely).get(line.get_linewidth())
        if kind not in ("end", None):
            rows.setdefault(round(y[0]), {})[kind] = (
                line if kind == "share" else tuple(map(float, x))
            )
    return rows


def expected_lines(row):
    if not row.n:
        return {}
    if bounded(row):
        bounds = (100 * row.bound_low / row.n, 100 * row.bound_high / row.n)
        inner = {"likely": (row.low, row.high), "once": (row.low_once, row.high_once)}
        return {"bounds": bounds} | {k: (100 * a, 100 * b) for k, (a, b) in inner.items()}
    found = {"share": 100 * row.k / row.n, "interval": (100 * row.low, 100 * row.high)}
    other = getattr(row, "other_share", math.nan)
    return found if math.isnan(other) else {**found, "other": (100 * other,)}


def assert_panel(d, axes, ordered):
    found = lines_of(axes)
    for i, row in enumerate(ordered):
        given = dict(found.get(i, {}))
        if "share" in given:
            dot = given["share"]
            given["share"] = float(np.atleast_1d(dot.get_xdata())[0])
            open_ = to_hex(dot.get_markerfacecolor()) == WHITE
            assert open_ == (row.basis == "reconstructed")
        expected = expected_lines(row)
        assert given.keys() == expected.keys()
        for kind, value in expected.items():
            assert given[kind] == pytest.approx(value)
    assert len(found) == sum(1 for row in ordered if row.n)
    assert axes.get_xlim() == (0, 100)
    positions = [squeezed(d.prose).find(squeezed(row[-1])) for row in ordered]
    assert positions == sorted(positions)


def test_the_dots_of_feature_shares_stand_at_the_shares_largest_first(one):
    d = one("feature-shares", "redesigned")
    ordered = descending(d.table, "feature")
    (axes,) = d.axes()
    assert_panel(d, axes, ordered)
    shares = [t for t in d.body if t.get_text().endswith("%")]
    known = [is_published(row) for row in ordered if row.n]
    assert bold(shares[-len(known) :]) == known  # after the bounds, where there are any


def test_the_two_lists_have_the_most_common_and_the_rarest_features(one):
    d = one("feature-shares", "as-published")
    rows = [row for row in descending(d.table, "feature") if row.n]
    size = min(4, len(rows) // 2)
    listed = [*rows[:size], *reversed(rows[-size:])]
    assert re.findall(r"\d+(?:–\d+)?/\d+", d.prose) == [ratio(row) for row in listed]


def test_the_slices_of_the_pie_are_the_shares_clockwise_from_the_top(one):
    d = one("models-by-goal", "as-published")
    wedges = [p for p in d.shapes() if isinstance(p, Wedge)]
    assert [(w.theta2 - w.theta1) / 360 for w in wedges] == pytest.approx(
        (d.table["k"] / d.table["n"]).tolist(), abs=1e-6
    )
    assert wedges[0].theta2 == pytest.approx(90)
    assert all(one.theta1 == pytest.approx(other.theta2) for one, other in pairwise(wedges))
    fills = [to_hex(w.get_facecolor()) for w in wedges]
    assert all(one != other for one, other in pairwise([*fills, fills[0]]))
    assert {to_hex(w.get_edgecolor()) for w in wedges} == {WHITE}


def boxes_of(d):
    """Squares of each row by kind: full, hatched, open."""
    rows = {}
    for box in d.shapes():
        if isinstance(box, Rectangle) and box.get_linewidth():  # without line: a band of bounds
            middle_ = round(box.get_y() + box.get_height() / 2, 3)
            kind = "hatched" if box.get_hatch() else "full"
            if kind == "full" and to_hex(box.get_facecolor()) == WHITE:
                kind = "open"
            rows.setdefault(middle_, Counter())[kind] += 1
    return [rows[key] for key in sorted(rows)]


def test_a_row_has_a_square_for_each_of_the_goals_models_the_largest_goal_first(one):
    d = one("models-by-goal", "redesigned")
    rows = d.table.sort_values("k", ascending=False, kind="stable")
    full = [row["full"] for row in boxes_of(d)]
    assert full == rows["k"].tolist()


def test_full_squares_have_the_feature_and_open_ones_have_not(one):
    d = one("feature-by-goal", "redesigned")
    ordered = descending(d.table, "goal")
    for found, row in zip(boxes_of(d), [r for r in ordered if r.n], strict=True):
        sure, possible = (row.bound_low, row.bound_high) if bounded(row) else (row.k, row.k)
        expected = (sure, possible - sure, row.n - possible)
        assert (found["full"], found["hatched"], found["open"]) == expected
    (axes,) = d.axes()
    assert_panel(d, axes, ordered)


def test_the_bars_are_as_long_as_the_counts_the_first_goal_at_the_bottom(one):
    d = one("feature-by-goal", "as-published")
    (axes,) = d.axes()
    bars = [p for p in d.shapes() if isinstance(p, Rectangle)]
    widths = {}
    for bar in bars:
        widths.setdefault(round(bar.get_y() + bar.get_height() / 2), []).append(bar.get_width())
    rows = list(d.table.iloc[::-1].itertuples())
    for i, row in enumerate(rows):
        expected = [row.bound_low, row.bound_high - row.bound_low] if bounded(row) else [row.k]
        assert widths[i] == expected
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_xlim()[0] == 0


def test_one_dot_is_one_model_and_the_triangle_is_the_mean(one):
    d = one("features-per-model", "redesigned")
    (axes,) = d.axes()
    goals = d.table.drop_duplicates("goal_id")
    if (goals["basis"] == "bounded").any():
        spans = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 1.6]
        drawn = sorted(tuple(map(float, s)) for s in spans if len(s) == 2)
        assert drawn == sorted(zip(goals["mean_bound_low"], goals["mean_bound_high"], strict=True))
        return
    dots = Counter(
        float(x) for line in axes.lines if line.get_marker() == "o" for x in line.get_xdata()
    )
    expected = Counter()
    for row in d.table[d.table["k"] > 0].itertuples():
        expected[row.features_max * row.features / row.assessed] += row.k
    assert dots == expected
    bands = sorted((p.get_x(), p.get_x() + p.get_width()) for p in axes.patches)
    left_open = goals[goals["mean_min"] < goals["mean_max"]]
    ends = zip(left_open["mean_min"], left_open["mean_max"], strict=True)
    assert [x for ends in bands for x in ends] == pytest.approx(
        [x for e in sorted(ends) for x in e]
    )
    means = [line for line in axes.lines if line.get_marker() == "^"]
    xs = [float(np.atleast_1d(line.get_xdata())[0]) for line in means]
    assert xs == pytest.approx(sorted(goals["mean"].dropna(), reverse=True))


def test_the_statement_names_the_goal_with_the_highest_mean_if_it_leads(one):
    d = one("features-per-model", "as-published")
    leads = d.table.get("published_first", d.table["mean"] == d.table["mean"].max())
    leads = leads & stated(d.table)
    assert leads.any() != (squeezed("ei voi päätellä") in squeezed(d.prose))
    others = set(d.table["goal"]) - set(d.table.loc[leads, "goal"])
    assert all(squeezed(goal) in squeezed(d.prose) for goal in d.table.loc[leads, "goal"])
    assert not any(squeezed(goal) in squeezed(d.prose) for goal in others)


def test_the_cells_of_the_map_have_the_colours_of_their_percentages(one):
    d = one("evidence-map", "redesigned")
    cells, totals = cells_of(d.table), totals_of(d.table)
    order = [row.feature_id for row in descending(totals, "feature")]
    known = cells.set_index(["feature_id", "goal_id"])["percent"].astype(float)
    known = known.mask(((cells["basis"] == "bounded") | (cells["n"] < 5)).to_numpy())
    grid = [[known[f, g] for g in cells["goal_id"].unique()] for f in order]
    grid = np.array(grid)
    (mesh,) = [c for axes in d.figure.axes for c in axes.collections if isinstance(c, QuadMesh)]
    np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), np.nan), grid)
    colours = [to_hex(c) for c in mesh.get_facecolors().reshape(-1, 4)]
    for value, colour in zip(grid.ravel(), colours, strict=True):
        if not np.isnan(value):
            expected = HEAT[np.searchsorted(map_edges(d.table), value, side="right")]
            assert colour == expected.lower()


def test_the_bars_in_the_margin_of_the_map_are_the_shares_over_all_models(one):
    d = one("evidence-map", "redesigned")
    margin = [p for p in d.shapes() if isinstance(p, Rectangle) and p.get_height() == 0.4]
    lengths = {}
    for bar in margin:
        lengths.setdefault(round(bar.get_y(), 3), []).append(bar.get_width() / 0.95)
    ordered = [r for r in descending(totals_of(d.table), "feature") if r.n and not bounded(r)]
    for bars, row in zip([lengths[y] for y in sorted(lengths)], ordered, strict=True):
        assert bars == pytest.approx([row.k / row.n])


# Several coders


def two_decimals(value):
    rounded = math.floor(100 * abs(value) + 0.5) / 100
    return f"{'−' if value < 0 else ''}{rounded:.2f}".replace(".", ",")


@pytest.fixture(params=["own", "example"])
def coders(request, draw):
    """A function that draws a figure of one data set of two coders, in Finnish."""
    return lambda plot: draw(request.param, "fi", plot, "redesigned")


MEDIAN = "*"
SHOWN = ("percent-agreement", "alpha", "ac1", "brennan-prediger", "cohen")


def by_alpha(table):
    """All together, their median, then each, the highest alpha first and those without last."""
    rows = [row for row in table.itertuples() if row.coefficient == "alpha"]
    rows.sort(key=lambda row: row.feature)
    rows.sort(key=lambda row: -math.inf if math.isnan(row.value) else row.value, reverse=True)
    together, *each = (r.feature_id for r in sorted(rows, key=lambda r: r.feature_id != ""))
    return [together, MEDIAN, *each]


def medians(table):
    """What the row of medians shows: of each coefficient the features' median and range."""
    single = table[table["feature_id"] != ""]
    return {
        (MEDIAN, coefficient): SimpleNamespace(
            value=np.nanmedian(values), low=values.min(), high=values.max(), reason=""
        )
        for coefficient, values in single.groupby("coefficient")["value"]
    }


def test_the_coefficients_stand_side_by_side_with_their_intervals(coders):
    d = coders("agreement")
    cells = {(row.feature_id, row.coefficient): row for row in d.table.itertuples()}
    cells, order = cells | medians(d.table), by_alpha(d.table)
    for axes, coefficient in zip(d.axes(), SHOWN, strict=True):
        assert axes.get_xlim() == (0, 1)
        found = {}
        for line in axes.lines:
            x, y = np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata())
            kind = {"o": "value", "D": "value", "<": "below"}.get(line.get_marker(), "interval")
            found.setdefault(order[int(y[0])], {})[kind] = line if kind == "value" else tuple(x)
        for feature in order:
            row, given = cells[feature, coefficient], found.get(feature, {})
            assert ("value" in given) == (row.value >= 0)
            assert ("below" in given) == (row.low < 0)
            assert ("interval" in given) == (row.low < row.high and row.high > 0)
            if "value" in given:
                assert float(given["value"].get_xdata()[0]) == pytest.approx(row.value)
                assert (given["value"].get_marker() == "D") == (feature == MEDIAN)
                hollow = to_hex(given["value"].get_markerfacecolor()) == WHITE
                assert hollow == (row.reason == "no-variation")
            if "interval" in given:
                assert given["interval"] == pytest.approx((max(row.low, 0), row.high))


def test_every_coefficient_and_count_is_printed_and_a_dash_where_it_is_undefined(coders):
    d = coders("agreement")
    shown = d.table[d.table["coefficient"].isin(SHOWN)]
    middle = [v.value for (_, name), v in medians(d.table).items() if name in SHOWN]
    values = Counter("–" if math.isnan(v) else two_decimals(v) for v in [*shown["value"], *middle])
    printed = Counter(re.findall(r"^(?:−?\d,\d\d|–)$", d.prose, re.MULTILINE))
    assert printed == values
    counts = shown[shown["coefficient"] == "alpha"].itertuples()
    assert ratios(d.prose) == Counter(f"{row.k}/{row.n}" for row in counts)
    assert ("Ajatusviiva" in d.words.notes) == shown["reason"].eq("no-variation").any()


def test_alpha_of_all_features_never_leads_without_their_median_and_range(coders):
    d = coders("agreement")
    alphas = d.table[(d.table["coefficient"] == "alpha") & (d.table["feature_id"] != "")]["value"]
    pooled = d.table.query("coefficient == 'alpha' and feature_id == ''")["value"].iloc[0]
    spread = [two_decimals(v) for v in (alphas.min(), alphas.max(), alphas.median())]
    for text in (d.words.title, d.words.alt, d.words.findings[1]):
        assert all(number in text for number in [*spread, two_decimals(pooled)])


def test_features_that_tie_for_the_lowest_alpha_are_all_named(tables):
    table = tables["own", "en", "agreement"].copy()
    alphas = table[(table["coefficient"] == "alpha") & (table["feature_id"] != "")]
    chosen = alphas.dropna(subset="value").index[:3]
    table.loc[chosen, "value"] = -0.25
    said = figures.SPECS["agreement"].texts(table, "en", "redesigned").findings[2]
    assert all(f"“{name}”" in said.split("highest")[0] for name in table.loc[chosen, "feature"])
    table.loc[alphas.index, "value"] = 0.5
    words = figures.SPECS["agreement"].texts(table, "en", "redesigned")
    assert "Alpha is 0.50 for every feature for which it can be computed." in words.findings


def test_the_matrix_of_coders_has_equal_codes_above_and_alpha_below_its_diagonal(coders):
    d = coders("agreement-by-coders")
    assert ratios(d.prose) == Counter(
        f"{row.k}/{row.n}"
        for row in d.table.itertuples()
        if row.coefficient in ("present", "percent-agreement")
    )
    alpha = next(row for row in d.table.itertuples() if row.coefficient == "alpha")
    below = next(t for t in d.body if t.get_text() == two_decimals(alpha.value))
    above = next(t for t in d.body if t.get_text() == "samat koodit")
    (left, low), (right, high) = below.get_position(), above.get_position()
    assert left < right
    assert low < high


def test_the_boxes_are_the_models_by_outcome_the_most_disputed_feature_first(coders):
    d = coders("disagreement")
    looks = {"#12436d": "all-present", "#28a197": "first", "#801650": "second"}
    rows = {}
    for box in d.shapes():
        colour = looks.get(to_hex(box.get_facecolor()), "hatched" if box.get_hatch() else "open")
        rows.setdefault(round(box.get_y(), 3), Counter())[colour] += 1
    found = [rows[y] for y in sorted(rows)]
    names = [name for name, _ in d.figure.key]
    assert len(names) == len(set(names)) == 5
    table = d.table[d.table["feature_id"] != ""]
    expected, shares = [], []
    for _, part in table.groupby("feature_id"):
        k = part["k"].tolist()
        names = ("all-present", "first", "second", "open", "hatched")
        expected.append(Counter({n: c for n, c in zip(names, k, strict=True) if c}))
        shares.append(((k[1] + k[2]) / part["decided"].iloc[0], part["feature"].iloc[0]))
    ordered = sorted(range(len(shares)), key=lambda i: (-shares[i][0], shares[i][1]))
    assert found == [expected[i] for i in ordered]


def test_of_one_coder_there_is_nothing_to_draw_and_the_words_say_so(tables, tmp_path):
    for plot in CODERS:
        table = tables["literal", "en", plot]
        shown = figures.publish(plot, table, "en", ("redesigned",), tmp_path)
        (words,) = shown.words
        page = html.fromstring(shown._repr_html_())
        assert list(page.iter("img")) == []
        assert page.text_content() == words.findings[0]
        assert re.search(r"two coders", words.findings[0])
        with pytest.raises(ValueError, match=f"^{plot}: {words.findings[0]}$"):
            figures.draw(plot, table, "en")
    assert {p.suffix for p in tmp_path.rglob("*.*")} == {".csv", ".json"}


@pytest.fixture(scope="module")
def thirty():
    """Codes of 120 models by 30 coders, of whom each codes some; and what 3 coders disagree on."""
    rng = np.random.default_rng(7)
    taxonomy = datasets.load(ROOT / "data" / "review-2024").taxonomy
    cells = [(f"M{m:03}", f) for m in range(120) for f in taxonomy.feature_ids]
    rows = [
        (model, feature, f"Koodaaja {c}", code)
        for (model, feature), truth in zip(cells, rng.random(len(cells)) < 0.8, strict=True)
        for c in rng.choice(30, 3, replace=False)
        for code in [str(int(truth ^ (rng.random() < 0.1)))]
    ]
    columns = ["model_id", "feature_id", "coder_id", "code"]
    return taxonomy, pd.DataFrame(rows, columns=columns)


MEASURES = {
    "agreement": metrics.agreement_by_feature,
    "agreement-by-coders": metrics.agreement_by_coders,
    "disagreement": metrics.disagreement,
}


@pytest.mark.parametrize("plot", CODERS)
def test_thirty_coders_fit_on_the_page(plot, thirty):
    taxonomy, codings = thirty
    fewer = {} if plot == "disagreement" else {"replicates": 100}
    table = MEASURES[plot](codings, taxonomy.counts_as, taxonomy.feature_ids, **fewer)
    marked = table.assign(basis="observed", kind="observed", reading="")
    d = Drawn(plot, "redesigned", "sv", figures.label(marked, taxonomy, "sv", "Test"))
    test_nothing_is_drawn_outside_the_page([d])
    test_no_two_texts_overlap_or_touch([d])
    test_no_mark_runs_into_a_text([d])
    assert d.words.badge == ""
    assert (plot == "disagreement") == ("Stapelns längd" in d.words.subtitle)


# The page


def test_every_figure_is_16_cm_wide(every):
    assert {round(d.figure.get_figwidth() * 2.54, 6) for d in every} == {16.0}


def test_nothing_is_drawn_outside_the_page(every):
    outside = []
    for d in every:
        page = d.figure.bbox
        shapes = [*d.shapes(), *(line for axes in d.axes() for line in axes.lines)]
        for artist in (*d.texts, *shapes):
            box = artist.get_window_extent()
            if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
                outside.append((d.plot, d.variant, str(artist)))
    assert outside == []


def overlap(one, other):
    """Height and width that two boxes share, in pixels."""
    return (
        min(one.x1, other.x1) - max(one.x0, other.x0),
        min(one.y1, other.y1) - max(one.y0, other.y0),
    )


APART = 2  # pixels at least between texts on a line, half a millimetre


def outline(text):
    """The corners of a text, also of a slanted one, without what is higher than its letters."""
    angle = text.get_rotation()
    if not angle:
        box = text.get_window_extent()
        edges = (box.x0, box.y0 + 0.13 * box.height, box.x1, box.y1 - 0.13 * box.height)
        return Path(Bbox.from_extents(*edges).corners()[[0, 1, 3, 2, 0]])
    x, y = text.get_transform().transform(text.get_position())
    wide = text_width(text.get_text(), text.get_size()) / 2.54 * text.figure.dpi
    high = text.get_size() * text.figure.dpi / 72
    corners = np.array([[0, -0.1], [0, 0.6], [1, 0.6], [1, -0.1], [0, -0.1]]) * [wide, high]
    return Path(Affine2D().rotate_deg(angle).translate(x, y).transform(corners))


def test_no_two_texts_overlap_or_touch(every):
    found = []
    for d in every:
        boxes = [(text, text.get_window_extent()) for text in d.texts]
        for (text, box), (other, around) in combinations(boxes, 2):
            width, height = overlap(box, around)
            leading = 0.25 * min(box.height, around.height)  # a box is higher than its letters
            if width > -APART and height > leading:
                slanted = text.get_rotation() or other.get_rotation()
                if not slanted or outline(text).intersects_path(outline(other)):
                    found.append((d.plot, d.variant, text.get_text(), other.get_text()))
    assert found == []


def test_no_rule_runs_through_a_text(every):
    """Neither a gridline nor a rule between rows."""
    found = []
    for d in every:
        boxes = [(t.get_text(), t.get_window_extent()) for t in d.texts if not t.get_rotation()]
        rules = [line.get_window_extent() for line in d.lines() if len(line.get_xdata()) == 2]
        for axes in d.axes():
            visible = [i for i in axes.xaxis.get_major_ticks() if i.gridline.get_visible()]
            rules += [tick.gridline.get_window_extent() for tick in visible]
        for text, box in boxes:
            for rule in rules:
                width, height = overlap(box, rule)
                through = min(box.x1 - rule.x1, rule.x0 - box.x0) > 1 and height > 3
                across = min(box.y1 - rule.y1, rule.y0 - box.y0) > 0.2 * box.height and width > 3
                if through or across:
                    found.append((d.plot, d.variant, text))
    assert found == []


def test_no_mark_runs_into_a_text(every):
    found = []
    for d in every:
        marked = [p for p in d.shapes() if not isinstance(p, Wedge)]
        marked += [line for axes in d.figure.axes for line in axes.lines]
        boxes = [(mark, mark.get_window_extent()) for mark in marked]
        for text in d.texts:
            box = text.get_window_extent()
            for mark, around in boxes:
                width, height = overlap(box, around)
                within = width >= box.width - 0.5 and height >= 0.7 * box.height
                if width > 1 and height > 0.3 * box.height and not within:
                    found.append((d.plot, d.variant, text.get_text(), str(mark)))
    assert found == []


# Scales and keys


def test_scales_begin_at_0_end_at_a_tick_and_hold_all_marks(every):
    """But that of the numbers of models tried, which are no lengths, and arrows beyond a scale."""
    for d in every:
        for axes in d.axes():
            low, high = axes.get_xlim()
            if len(axes.get_xticks()) and d.plot != "share-bases":
                assert (low, high) == (0, axes.get_xticks()[-1]), (d.plot, d.variant)
            bars = [p for p in axes.patches if isinstance(p, Rectangle)]
            ends = [x for bar in bars for x in (bar.get_x(), bar.get_x() + bar.get_width())]
            for line in axes.lines:
                if line.get_marker() != "<" and line.get_transform() == axes.transData:
                    ends += [x for x in map(float, line.get_xdata()) if not math.isnan(x)]
            beyond = [x for x in ends if not inside(x, (low, high))]
            assert beyond == [], (d.plot, d.variant)


def look(mark):
    """What tells a mark from others: its shape, colours and hatching."""
    if isinstance(mark, Line2D) and mark.get_marker() not in ("None", None, ""):
        edge = to_hex(mark.get_markeredgecolor())
        face = str(mark.get_markerfacecolor())
        return mark.get_marker(), edge, face if face == "none" else to_hex(face)
    if isinstance(mark, Line2D):
        return "line", to_hex(mark.get_color())
    faced = "none" if mark.get_facecolor()[3] == 0 else to_hex(mark.get_facecolor())
    edge = to_hex(mark.get_edgecolor()) if mark.get_linewidth() else ""
    return faced, "" if edge == faced else edge, mark.get_hatch() or ""


BESIDE = {"claims", "taxonomy"}  # their marks stand beside their words
ALL_CLASSES = {"evidence-map", "agreement-by-coders", "disagreement"}  # keyed, found or not


def test_every_mark_is_in_the_key_as_it_is_drawn(every):
    """But for rules of the page."""
    for d in every:
        if d.plot in BESIDE or (d.variant == "as-published" and not d.figure.key):
            continue
        cells = [mesh for axes in d.figure.axes for mesh in axes.collections]
        shades = [c for mesh in cells for c in mesh.get_facecolors().reshape(-1, 4) if c[3]]
        drawn = {look(mark) for mark in (*d.shapes(), *d.lines())}
        drawn |= {(to_hex(shade), "", "") for shade in shades}
        rules = {("line", RULE), (BLANK, "", "")}
        keyed = {look(mark) for mark in d.keyed}
        assert drawn - rules <= keyed, (d.plot, d.variant)
        assert d.plot in ALL_CLASSES or keyed <= drawn, (d.plot, d.variant)
        names = [name for name, _ in d.figure.key]
        assert len({*names}) == len(names)


def test_a_subtitle_says_measure_place_period_and_n(every):
    for d in every:
        scope = d.table["scope"].iloc[0] if "scope" in d.table else ""
        assert scope in d.words.subtitle
        assert re.search(r", n = [\d–]+\.$", d.words.subtitle) or d.plot not in SPECS, d.plot
        assert d.words.subtitle.count(". ") <= 2


def test_crosses_stand_out_at_the_number_that_the_review_states(draw):
    d = draw("literal", "en", "share-bases", "redesigned")
    stated = d.table[d.table["stated"]]
    crosses = [line for line in d.lines() if line.get_marker() == "x"]
    assert all(line.get_marker() in ("x", "o") for line in d.lines())  # none runs over them
    small, large = sorted(crosses, key=lambda line: line.get_markersize())
    assert {*large.get_xdata()} == {*stated["n"]}.difference(small.get_xdata())
    assert len(large.get_xdata()) == stated["k"].isna().sum() > 2
    assert to_hex(large.get_color()) == PLUM.lower()
    assert large.get_markersize() > 1.5 * small.get_markersize()


def test_level_headings_of_the_map_have_four_lines_and_whole_words(every):
    for d in every:
        if d.plot == "evidence-map":
            goals = " ".join(cells_of(d.table)["goal"].unique())
            for line in [t for t in d.body if t.get_rotation() or t.get_ha() == "center"]:
                assert not line.get_text().endswith("-") or line.get_text() in goals
            heads = Counter(round(t.get_position()[0], 4) for t in d.body if t.get_rotation())
            assert max(heads.values(), default=0) <= 4


@given(
    st.lists(
        st.sampled_from(["n = 18,", "95 prosentin", "−0.06 – 0.80;", "osuus", "on"]), min_size=1
    ),
    st.floats(2.5, 12),
)
def test_a_number_is_never_parted_from_its_unit(words, width):
    rows = lines(" ".join(words), width, 9.5, "fi")
    assert " ".join(rows) == " ".join(words)
    held = {"n = 18,", "95 prosentin", "−0.06 – 0.80;"}
    assert sum(words.count(one) for one in held) == sum(r.count(one) for r in rows for one in held)


# Colour


def luminance(colour):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_a_contrast_of_21():
    assert contrast("black", "white") == pytest.approx(21)


def test_the_palette_has_3_to_1_against_white_and_each_colour_against_its_neighbours():
    assert all(contrast(colour, WHITE) >= 3 for colour in (*PALETTE, GREY))
    around = pairwise([*PALETTE, PALETTE[0]])
    assert all(contrast(one, other) >= 3 for one, other in around)


@pytest.mark.parametrize(("plot", "variant"), VARIANTS)
def test_every_text_has_4_5_to_1_against_what_it_is_printed_on(plot, variant, one, draw):
    fed = dict.fromkeys(SEVERAL, "example") | dict.fromkeys(OF_MANY, "regional")
    of = {**fed, "share-bases": "literal"}.get(plot)
    d = draw(of, "fi", plot, variant) if of else one(plot, variant)
    faint = []
    for text in d.texts:
        box = text.get_window_extent()
        rows = slice(int(len(d.pixels) - box.y1), int(len(d.pixels) - box.y0))
        crop = d.pixels[rows, int(box.x0) : int(box.x1)]
        colours, counts = np.unique(crop, return_counts=True)
        if contrast(text.get_color(), f"#{colours[counts.argmax()]:06x}") < 4.5:
            faint.append(text.get_text())
    assert faint == []


def test_published_and_reconstructed_marks_differ_in_fill_and_in_weight():
    assert marks.face("published") != marks.face("reconstructed") == "white"
    assert marks.type_of("published")["weight"] == "bold"
    assert marks.type_of("reconstructed")["weight"] == "normal"


# Several coders


@pytest.mark.parametrize("plot", ["feature-shares", "feature-by-goal"])
def test_bounds_and_each_coders_own_share_are_drawn_and_keyed(plot, draw):
    d = draw("own", "en", plot, "redesigned")
    (axes,) = d.axes()
    rows = descending(d.table, "feature" if plot == "feature-shares" else "goal")
    table = d.table.loc[[row.Index for row in rows]]
    for coder, (marker, colour) in zip("AB", marks.CODERS[:2], strict=True):
        own = [line for line in axes.lines if line.get_marker() == marker]
        at = [line.get_xdata()[0] / 100 for line in own]
        assert at == pytest.approx(table[f"share:{coder}"].tolist())
        assert {line.get_color() for line in own} == {colour}
        assert f"{coder} alone" in dict(d.figure.key)
    bands = [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches]
    open_rows = table[table["share_min"] < table["share_max"]]
    expected = 100 * open_rows[["share_min", "share_max"]].to_numpy()
    assert np.array(bands) == pytest.approx(expected)
    assert len(bands) > 1


def test_the_words_tell_the_bounds_and_each_coders_own_counts(draw):
    d = draw("own", "en", "feature-shares", "redesigned")
    for row in d.table.to_dict("records"):
        own = [f"{coder} {row[f'k:{coder}']}/{row[f'n:{coder}']}" for coder in "AB"]
        assert f"; bounds {bounds_of(row)}%; {', '.join(own)}." in d.words.description


def test_of_more_coders_than_there_are_marks_all_look_alike(draw):
    table = draw("own", "en", "feature-shares", "redesigned").table
    for coder in "CDEFG":
        table = table.assign(
            **{f"{name}:{coder}": table[f"{name}:A"] for name in ("share", "k", "n")}
        )
    d = Drawn("feature-shares", "redesigned", "en", table)
    ticks = [line for line in d.axes()[0].lines if line.get_marker() == "|"]
    assert len(ticks) == 7 * len(table)
    assert "Each coder alone" in dict(d.figure.key)


# Provenance, titles, alternative texts


def dashed(figure):
    return [
        a
        for a in figure.get_children()
        if getattr(a, "get_linestyle", str)() != "-"
        and a is not figure.patch
        and isinstance(a, Rectangle)
    ]


def test_reconstructed_and_synthetic_data_carry_a_badge(every):
    for d in every:
        kinds, readings = ({*d.table[name]} for name in ("kind", "reading"))
        assert bool(d.words.badge) == bool(kinds & {"reconstructed", "synthetic"})
        assert len(dashed(d.figure)) == bool(d.words.badge)
        assert (" · " in d.words.badge) == any(readings)


def as_observed(shipped, plot, lang):
    """The table as one of observed data would be."""
    data = shipped["literal"]
    info = data.info.model_copy(update={"kind": "observed", "reading": None})
    options = {"feature": "ecosystem-anchoring"} if plot == "feature-by-goal" else {}
    return soila.table(plot, replace(data, info=info), lang, **options)


@pytest.mark.parametrize("plot", SPECS)
def test_observed_data_carry_neither_badge_nor_open_marks(plot, shipped):
    d = Drawn(plot, "redesigned", "sv", as_observed(shipped, plot, "sv"))
    assert d.words.badge == ""
    assert dashed(d.figure) == []
    dots = [line for axes in d.axes() for line in axes.lines if line.get_marker() == "o"]
    assert not any(to_hex(dot.get_markerfacecolor()) == WHITE for dot in dots)


@pytest.mark.parametrize("plot", ["models-by-goal", "feature-shares", "feature-by-goal"])
def test_a_title_that_asserts_something_becomes_neutral_where_there_is_a_tie(plot, shipped):
    table = closed(as_observed(shipped, plot, "en"))
    asserting = figures.texts(plot, table, "en", "redesigned").title
    n = int(table["n"].min())
    tied = table.assign(k=n, n=n, share=1.0, percent=100, rank=1, tied=len(table))
    tied = closed(tied).assign(rank_min=1, rank_max=len(table))
    neutral = figures.texts(plot, tied, "en", "redesigned").title
    assert neutral != asserting
    assert neutral == figures.texts(plot, table, "en", "as-published").title


def closed(table):
    """The table as if no code had been left open."""
    if "share_min" not in table:
        return table
    return table.assign(share_min=table["share"], share_max=table["share"])


def test_a_goal_is_in_the_title_only_if_it_leads_beyond_chance_and_bounds(shipped):
    """In the reconstruction, goal 1 has the highest mean and leads in 37 % of resamples."""
    table = as_observed(shipped, "features-per-model", "en")
    assert not table["leader"].any()
    words = figures.texts("features-per-model", table, "en", "redesigned")
    assert words.title == "Number of features in the operating models, by goal"
    assert words.findings[-1].startswith("Chance and the codes left open do not settle")
    ahead = table.assign(leader=table["goal_id"] == "goal-1")
    words = figures.texts("features-per-model", ahead, "en", "redesigned")
    assert words.title == "Models have the most features in the goal “Fewer placements”"
    assert "settle" not in words.description


@pytest.mark.parametrize("change", [{"rank_max": 2}, {"rank_min": 3}])
def test_a_feature_is_in_the_title_only_if_no_open_code_could_change_its_place(change, shipped):
    table = as_observed(shipped, "feature-shares", "en")
    title = figures.texts("feature-shares", table, "en", "redesigned").title
    assert title.endswith("is the most common feature, “Anchoring in the ecosystem” the rarest")
    for place in ("target-group-needs", "ecosystem-anchoring"):
        moved = {n: table[n].mask(table["feature_id"] == place, v) for n, v in change.items()}
        changed = figures.texts("feature-shares", table.assign(**moved), "en", "redesigned").title
        own = ("rank_max" in change) == (place == "target-group-needs")
        assert (changed != title) == own


def test_a_goal_of_two_models_or_within_the_bounds_of_another_is_in_no_title(shipped):
    table = closed(as_observed(shipped, "feature-by-goal", "en"))
    neutral = "Anchoring in the ecosystem by strategic goal"
    few = table.assign(n=table["n"].mask(table["share"] == table["share"].max(), 2))
    wide = table.assign(share_max=0.7)
    for changed in (few, wide):
        assert figures.texts("feature-by-goal", changed, "en", "redesigned").title == neutral


def test_no_goal_is_in_the_title_of_a_reconstructed_feature(tables, shipped):
    table = tables["literal", "en", "feature-by-goal"]
    words = figures.texts("feature-by-goal", table, "en", "redesigned")
    assert words.title == "Anchoring in the ecosystem by strategic goal"
    known = closed(as_observed(shipped, "feature-by-goal", "en"))
    observed = figures.texts("feature-by-goal", known, "en", "redesigned")
    assert observed.title.startswith("Anchoring in the ecosystem: the percentage is highest in")


def test_every_alternative_text_is_short_and_names_chart_title_and_finding(every):
    for d in every:
        assert d.words.alt.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖ"))
        assert 40 < len(d.words.alt) <= 250, d.words.alt
        assert d.words.title.rstrip(".") in d.words.alt
        assert d.words.findings[0] in d.words.alt


def test_the_numbers_of_an_alternative_text_are_those_of_the_table(every):
    for d in every:
        if d.plot not in SPECS:
            continue
        text = d.words.alt
        for label in sorted({*d.table.get("feature", []), *d.table.get("goal", [])}, key=len):
            text = text.replace(label, "")
        table = d.table
        if (d.plot, d.variant) == ("models-by-goal", "as-published"):
            labels = metrics.rounding.percents(table["k"].tolist(), "largest-remainder")
            table = table.assign(percent=labels)
        rows = list(table.itertuples())
        if "percent" in d.table:
            assert set(ratios(text)) <= {ratio(row) for row in rows}
            assert set(percentages(text)) <= {percentage(row) for row in rows} | {"80"}
        text = re.sub(r"\d+(?:–\d+)?/\d+|\d+(?:–\d+)?\u00a0?%", "", text)
        left = set(re.findall(r"\d+[.,]?\d*", text))
        means = [m for m in d.table.get("mean", []) if m == m]
        means = {f"{math.floor(100 * mean + 0.5) / 100:.2f}" for mean in means}
        assert {number.replace(",", ".") for number in left} <= means | {"80"}


def test_the_long_description_has_every_number_of_the_table(every):
    for d in every:
        if d.plot in SHARES:
            found = ratios(d.words.description)
            assert {ratio(row) for row in d.table.itertuples() if row.n} <= set(found)


# Files


@pytest.fixture(scope="module")
def saved(draw, tmp_path_factory):
    """Three figures, saved."""
    folder = tmp_path_factory.mktemp("saved")
    chosen = [
        ("literal", "sv", "evidence-map", "redesigned"),
        ("own", "fi", "models-by-goal", "as-published"),
    ]
    chosen.append(("literal", "en", "feature-by-goal", "redesigned"))
    found = []
    for key in chosen:
        d = draw(*key)
        stem = f"{key[2]}-{key[3]}"
        table = figures.save_table(d.table, key[2], folder)
        output = figures.Output(d.plot, d.variant, stem, folder, table)
        files = figures.save_figure(d.figure, d.words, output)
        found.append((d, {**files, "csv": table}))
    return found


def test_an_svg_has_what_a_screen_reader_needs(saved):
    for d, files in saved:
        root = etree.parse(files["svg"]).getroot()
        assert root.get("role") == "img"
        assert root.get("lang") == root.get("{http://www.w3.org/XML/1998/namespace}lang") == d.lang
        title, description = root[0], root[1]
        assert (title.tag, title.text) == (f"{SVG}title", d.words.alt)
        assert (description.tag, description.text) == (f"{SVG}desc", d.words.description)
        assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]


def test_the_ids_of_an_svg_are_unique_and_its_references_lead_somewhere(saved):
    for _, files in saved:
        tree = etree.parse(files["svg"])
        ids = tree.xpath("//@id")
        assert len(ids) == len(set(ids))
        text = files["svg"].read_text(encoding="utf-8")
        assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
        assert {h[1:] for h in tree.xpath("//@*[local-name()='href']") if h[0] == "#"} <= set(ids)


def test_no_file_says_when_or_with_what_it_was_made(saved):
    for _, files in saved:
        svg, pdf = files["svg"].read_text(encoding="utf-8"), files["pdf"].read_bytes()
        assert not re.search(r"dc:date|dc:creator|Matplotlib v", svg)
        assert not re.search(rb"CreationDate|Producer|/Creator", pdf)
        assert b"Software" not in files["png"].read_bytes()


def test_the_shipped_font_is_the_one_used(saved):
    with style():
        found = font_manager.findfont(font_manager.FontProperties(), fallback_to_default=False)
    assert pathlib.Path(found) == ROOT / "src/soila_analysis/figures/fonts/SoilaSans-Regular.ttf"
    for _, files in saved:
        fonts = set(re.findall(rb"/BaseFont /(?:[A-Z]{6}\+)?([\w-]+)", files["pdf"].read_bytes()))
        assert fonts <= {b"SoilaSans-Regular", b"SoilaSans-Bold"}
        assert fonts


def test_the_texts_are_saved_as_json(saved):
    for d, files in saved:
        texts = json.loads(files["json"].read_text(encoding="utf-8"))
        assert texts == {
            "figure": d.plot,
            "variant": d.variant,
            "table": files["csv"].name,
        } | {
            name: list(value) if isinstance(value, tuple) else value
            for name in type(d.words).__slots__
            for value in [getattr(d.words, name)]
        }


def test_a_saved_table_reads_back_as_it_was(saved):
    for d, files in saved:
        table = pd.read_csv(files["csv"], keep_default_na=False, na_values={"percent": [""]})
        assert list(table.columns) == list(d.table.columns)
        assert table["k"].replace("", math.nan).astype(float).equals(d.table["k"].astype(float))
        assert table["goal"].tolist() == d.table["goal"].tolist()
        assert b"\r" not in files["csv"].read_bytes()
        fractions = re.findall(r"(?<=,)0\.(\d+)(?=,)", files["csv"].read_text(encoding="utf-8"))
        assert {len(digits) for digits in fractions} == {6}


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_figures_are_the_same_bytes_again_and_in_another_process(execute, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT / "notebooks")
    name = "04_feature-by-goal.ipynb"
    for folder in ("one", "two"):
        monkeypatch.setenv("SOILA_OUTPUT", str(tmp_path / folder))
        execute(name, lang="sv", variant="redesigned")
    chosen = ".replace('\"en\"', '\"sv\"').replace('\"both\"', '\"redesigned\"')"
    script = (
        "import json, pathlib\n"
        f"for cell in json.loads(pathlib.Path({name!r}).read_text(encoding='utf-8'))['cells']:\n"
        "    if cell['cell_type'] == 'code':\n"
        f"        exec(''.join(cell['source']){chosen})\n"
    )
    other = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
    other |= {"SOILA_OUTPUT": str(tmp_path / "three"), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", script], env={**os.environ, **other}, check=True)
    first = contents(tmp_path / "one")
    assert {file.suffix[1:] for file in first} == {*FORMATS, "json", "csv"}
    assert contents(tmp_path / "two") == first
    assert contents(tmp_path / "three") == first


# Hostile and large data

HOSTILE = [
    "<script>alert('x')</script> & \"co\"",
    "x" * 500,
    "$x$ \\frac{1}{2} % #1 {k} _a_",
    "🎉 juhla 👩‍👧",
    "שלום עולם مرحبا",
    "line\nbreak\ttab  two",
]


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font:UserWarning")
@pytest.mark.parametrize(("plot", "variant"), [v for v in VARIANTS if v[0] in SPECS])
@pytest.mark.parametrize("label", HOSTILE, ids=["markup", "long", "maths", "emoji", "rtl", "break"])
def test_any_label_is_drawn_as_it_is(label, plot, variant, tables):
    table = tables["own", "en", plot].copy()
    for column in {"feature", "goal"} & set(table):
        first = table[column].iloc[0]
        table[column] = table[column].replace(first, label)
    d = Drawn(plot, variant, "en", table)
    if plot == "feature-by-goal" or label in set(named(d)):
        assert squeezed(label) in squeezed(d.prose + d.words.title)


@pytest.mark.parametrize("plot", ["feature-shares", "evidence-map"])
def test_markup_in_a_label_is_escaped_in_svg_and_html(plot, tables, tmp_path, monkeypatch):
    table = tables["own", "en", plot].copy()
    table["feature"] = HOSTILE[0] + table["feature"]
    monkeypatch.setattr("soila_analysis.figures.save.FORMATS", ("svg", "png"))
    shown = figures.publish(plot, table, "en", ("redesigned",), tmp_path)
    page = html.fromstring(shown._repr_html_())
    assert list(page.iter("script")) == []
    assert any(HOSTILE[0] in (image.get("alt") or "") for image in page.iter("img"))
    svg = etree.parse(tmp_path / "figures" / f"{plot}-redesigned.svg")
    assert svg.xpath("//*[local-name()='script']") == []
    assert HOSTILE[0] in svg.getroot()[1].text


@pytest.fixture(scope="module")
def many():
    """Statuses and memberships of 2,000 models."""
    rng = np.random.default_rng(20250101)
    taxonomy = datasets.load(ROOT / "data" / "review-2024").taxonomy
    models = pd.Index([f"M{i:04}" for i in range(2000)], name="model_id", dtype="str")
    codes = rng.choice(metrics.STATUSES, (2000, 16), p=[0.6, 0.3, 0.04, 0.03, 0.0, 0.03])
    status = pd.DataFrame(codes, index=models, columns=list(taxonomy.feature_ids))
    goals = rng.choice(taxonomy.goal_ids, 2000, p=[0.5, 0.3, 0.15, 0.05])
    return taxonomy, status, pd.DataFrame({"model_id": models, "goal_id": goals})


def table_of(plot, many):
    taxonomy, status, memberships = many
    goals = taxonomy.goal_ids
    table = {
        "models-by-goal": lambda: metrics.goal_distribution(memberships, goals),
        "feature-shares": lambda: metrics.shares(metrics.tally(status)).assign(
            rank=1, tied=1, rank_min=1, rank_max=1
        ),
        "feature-by-goal": lambda: metrics.feature_by_goal(
            status, memberships, goals, "participation"
        ),
        "features-per-model": lambda: metrics.features_per_model(status, memberships, goals),
        "evidence-map": lambda: metrics.evidence_map(status, memberships, goals),
    }[plot]()
    marked = table.assign(basis="observed", kind="observed", reading="")
    return figures.label(marked, taxonomy, "fi", "Testi")


@pytest.mark.parametrize(("plot", "variant"), [v for v in VARIANTS if v[0] in SPECS])
def test_two_thousand_models_fit_on_the_page(plot, variant, many):
    d = Drawn(plot, variant, "fi", table_of(plot, many))
    test_nothing_is_drawn_outside_the_page([d])
    test_no_two_texts_overlap_or_touch([d])
    test_no_mark_runs_into_a_text([d])


def test_of_two_thousand_models_one_square_is_several(many):
    d = Drawn("models-by-goal", "redesigned", "fi", table_of("models-by-goal", many))
    per = int(re.search(r"Yksi neliö on (\d+) tavoitteen toimintamallia", d.figure.key[0][0])[1])
    rows = d.table.sort_values("k", ascending=False, kind="stable")
    assert per == math.ceil(rows["k"].max() / 24)
    assert [row["full"] for row in boxes_of(d)] == [math.ceil(k / per) for k in rows["k"]]


# What is asked for


def test_an_unknown_figure_or_variant_is_refused_with_those_there_are(tables):
    table = tables["own", "fi", "evidence-map"]
    allowed = ", ".join(figures.SPECS)
    with pytest.raises(ValueError, match=f'^no figure "pie"; allowed: {allowed}$'):
        figures.draw("pie", table, "fi")
    message = '^evidence-map has no variant "as-published"; allowed: redesigned$'
    with pytest.raises(ValueError, match=message):
        figures.draw("evidence-map", table, "fi", "as-published")


def test_labels_and_source_are_the_last_columns(shipped):
    taxonomy = shipped["literal"].taxonomy
    table = pd.DataFrame({"feature_id": ["participation"], "goal_id": [""], "k": [1]})
    labelled = figures.label(table, taxonomy, "en", "Here", scope="Finland, 2024")
    added = ["source", "scope", "feature", "goal"]
    assert list(labelled.columns) == ["feature_id", "goal_id", "k", *added]
    said = ["Here", "Finland, 2024", taxonomy.labels("en")["participation"], ""]
    assert labelled.iloc[0, 3:].tolist() == said


def test_draws_a_text_once_in_each_format_and_measures_few(draw, tmp_path, monkeypatch):
    one = draw("literal", "fi", "feature-shares", "redesigned")
    printed = Counter(text.get_text() for text in one.texts)
    begun = {text.get_text() for text in one.figure.texts if text.get_ha() == "left"}
    drawn, measured = {}, set()

    def watch(renderer):
        draws, measures = renderer.draw_text, renderer.get_text_width_height_descent
        counts = drawn[renderer] = Counter()

        def drawing(self, gc, x, y, text, *rest, **options):
            counts[text] += 1
            draws(self, gc, x, y, text, *rest, **options)

        def measuring(self, text, *rest, **options):
            measured.add(text)
            return measures(self, text, *rest, **options)

        monkeypatch.setattr(renderer, "draw_text", drawing)
        monkeypatch.setattr(renderer, "get_text_width_height_descent", measuring)

    for renderer in (RendererAgg, RendererPdf, RendererSVG):
        watch(renderer)
    figures.publish("feature-shares", one.table, "fi", ("redesigned",), tmp_path)
    assert list(drawn.values()) == [printed] * 3
    assert begun
    assert not measured & begun

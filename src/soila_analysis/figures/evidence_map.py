"""Figure 6: the evidence map, features by strategic goals, with its margins."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.classes import FEW, Scale, known_gaps, scale
from soila_analysis.figures.map_page import FEW_GOALS, Panel, Plan, plan
from soila_analysis.figures.page import SMALL, WIDTH, Entry, Page, lines, text_width
from soila_analysis.figures.palette import BLANK, GREY, MUTED, PLUM, RULE, TEXT
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import (
    BOUNDED,
    base,
    empty_goals,
    open_codes,
    percent,
    ratio,
    spoken,
)
from soila_analysis.language import Messages
from soila_analysis.metrics.gaps import OPEN

THIN = 2.2  # points, of the bars of a range in a cell
BAR = 0.95  # cm, length of the bar of 100 % in the margin
STRONG = 80  # per cent
CLEAREST = 5  # gaps that are named
EDGE: Mapping[str, Any] = {"facecolor": "white", "edgecolor": "#b5b5b5", "lw": 0.8}
EMPTY: Mapping[str, Any] = {**EDGE, "hatch": "////", "edgecolor": RULE}
RANGE: Mapping[str, Any] = {"facecolor": BLANK, "linewidth": 0}
ALL: Mapping[str, Any] = {"facecolor": GREY, "linewidth": 0}
GAP: Mapping[str, Any] = {"facecolor": "none", "edgecolor": PLUM, "lw": 2}


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure."""
    goals = data.taxonomy.goal_ids
    return metrics.evidence_map(data.status, data.memberships, goals, contested=data.contested)


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = spoken(table, lang)
    cells, totals = _cells(table), _totals(table)
    least = cells.assign(least=[_least(row) for row in cells.itertuples()]).fillna({"least": 0})
    strong = least.groupby("feature_id")["least"].min().ge(STRONG)
    names = totals.loc[totals["feature_id"].map(strong).eq(True), "feature"].tolist()
    certain = table["kind"].iloc[0] != "reconstructed"
    title = t("evidence-map.lead-title") if certain and len(names) > 1 else t("evidence-map.title")
    none = t("evidence-map.undecided") if _bounded(table) else t("evidence-map.none")
    found = t("evidence-map.strong", names=t.listing(names)) if names else none
    unsure = int((cells["basis"] == BOUNDED).sum())
    known = t("evidence-map.unknown", ratio=t.ratio(unsure, len(cells)))
    findings = [found, known if unsure else _gaps_found(table, t)]
    how = t("evidence-map.how-gap") if certain else ""
    measure = "measure-sparse" if scale(table).sparse else "measure"
    return compose(
        table,
        lang,
        chart=t(f"evidence-map.chart-{variant}"),
        title=title,
        measure=t(f"evidence-map.{measure}"),
        n=base(totals, t),
        notes=[how, open_codes(totals, t), empty_goals(cells, t)],
        findings=findings,
        rows=[
            f"{r.feature}, {r.goal or t('common.all')}: {ratio(r, t)} ({percent(r, t)})."
            for r in table.itertuples()
        ],
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the map: a row a feature, most common first, a column a goal, all models last.

    Beyond twelve goals or forty features it goes on in further panels below.
    """
    t = spoken(table, words.lang)
    laid = plan(table, t)
    page = Page(words, laid.height, _key(table, t))
    laid.set_numbers(page)
    canvas, classes = page.canvas(), scale(table)
    canvas.set_zorder(1)  # above the colours of the cells
    cells = table.set_index(["feature_id", "goal_id"])
    found = known_gaps(table).set_index(["feature_id", "goal_id"])["gap"]
    for panel in laid.panels:
        _panel(page, canvas, panel, laid, cells, classes, t)
        for x, y, high, at in _places(panel, laid):
            if found[at] in ("none", "fewer"):
                box = Rectangle((x + 0.03, y + 0.03), laid.wide - 0.06, high - 0.06, **GAP)
                canvas.add_patch(box)
    return page.figure


def _panel(
    page: Page,
    canvas: Axes,
    panel: Panel,
    laid: Plan,
    cells: pd.DataFrame,
    classes: Scale,
    t: Messages,
) -> None:
    """Draw heads, cells and margin of some features by some goals."""
    _heat(page, panel, laid, cells, classes)
    laid.set_heads(page, panel, cells, t)
    for j, goal in enumerate(panel.goals):
        if (cells.xs(goal, level=1)[["n", *OPEN]] == 0).all(axis=None):
            left, high = laid.left(j), sum(panel.heights)
            canvas.add_patch(Rectangle((left + 0.03, panel.top), laid.wide - 0.06, high, **EMPTY))
    for x, y, high, at in _places(panel, laid):
        _cell(page, canvas, cells.loc[at], (x, y, high), laid, classes, t)
    for (top, high), feature in zip(panel.rows(), panel.features, strict=True):
        row = cells.loc[(feature, "")]
        page.label(laid.labels - 0.2, top + high / 2, row["feature"], laid.labels - 0.4, SMALL)
        _margin(page, canvas, row, laid, top + high / 2, t)


def _places(panel: Panel, laid: Plan) -> Iterator[tuple[float, float, float, tuple[str, str]]]:
    """Go through the cells of a panel: left edge, upper edge, height, and what they are of."""
    for (top, high), feature in zip(panel.rows(), panel.features, strict=True):
        for j, goal in enumerate(panel.goals):
            yield laid.left(j), top, high, (feature, goal)


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["goal_id"] != ""]


def _totals(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["goal_id"] == ""]


def _heat(page: Page, panel: Panel, laid: Plan, cells: pd.DataFrame, classes: Scale) -> None:
    shown = cells.loc[[(f, g) for f in panel.features for g in panel.goals]]
    coloured = [classes.place(row) is not None for row in shown.itertuples()]
    values = shown["percent"].astype(float).clip(lower=(shown["k"] > 0).astype(float))
    grid = values.where(coloured).to_numpy().reshape(len(panel.features), -1)
    high = sum(panel.heights)
    axes = page.axes(laid.labels, panel.top, laid.wide * len(panel.goals), high)
    axes.pcolormesh(
        laid.wide * np.arange(len(panel.goals) + 1),
        np.cumsum([0, *panel.heights]),
        np.ma.masked_invalid(grid),
        cmap=ListedColormap(classes.colours),
        norm=BoundaryNorm([0, *classes.edges, 101], len(classes.colours)),
        linewidth=1.6,
        edgecolor="white",
    )
    axes.set(xlim=(0, laid.wide * len(panel.goals)), ylim=(high, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _cell(
    page: Page,
    canvas: Axes,
    row: pd.Series,
    place: tuple[float, float, float],
    laid: Plan,
    classes: Scale,
    t: Messages,
) -> None:
    x, y, high = place
    if row["basis"] == BOUNDED:
        _range_cell(page, canvas, row, x, y + high / 2, laid.wide, t)
        return
    colour, middle = classes.place(row), (x + laid.wide / 2, y + high / 2)
    if not row["n"]:
        if row[[*OPEN]].any():
            rows = lines(t("common.no-data"), laid.wide - 0.1, SMALL - 1, t.lang)
            page.text(*middle, rows, size=SMALL - 1, ha="center", va="center")
        return
    if colour is None or classes.colours[colour] == "#ffffff":
        box = Rectangle((x + 0.04, y + 0.04), laid.wide - 0.08, high - 0.08, **EDGE)
        canvas.add_patch(box)
    ink = "white" if colour == len(classes.colours) - 1 else TEXT
    bold = marks.type_of(row["basis"])["weight"]
    share, count = percent(row, t), ratio(row, t)
    if colour is None or classes.sparse:
        only = count if colour is None else t.number(row["k"])
        page.text(*middle, only, size=SMALL, color=ink, weight=bold, ha="center", va="center")
    elif laid.stacked:
        page.text(*middle, [share, count], size=SMALL - 1, color=ink, ha="center", va="center")
    else:
        width = text_width(share, SMALL, bold=True) + 0.12 + text_width(count, SMALL)
        aside = (laid.wide - width) / 2
        page.text(x + aside, middle[1], share, size=SMALL, color=ink, weight=bold, va="center")
        right = x + laid.wide - aside
        page.text(right, middle[1], count, size=SMALL, color=ink, ha="right", va="center")


def _range_cell(
    page: Page, canvas: Axes, row: pd.Series, x: float, y: float, wide: float, t: Messages
) -> None:
    """Print both ends and draw them on a scale from 0 to 100 % along the foot of the cell."""
    block = [percent(row, t), ratio(row, t)]
    canvas.add_patch(Rectangle((x + 0.03, y - 0.52), wide - 0.06, 1.04, **RANGE))
    middle = (x + wide / 2, y - 0.13)
    page.text(*middle, block, size=SMALL - 0.5, ha="center", va="center", color=MUTED)
    _rail(canvas, row, x + 0.15, wide - 0.3, y + 0.37)


def _rail(canvas: Axes, row: Any, left: float, length: float, y: float) -> None:
    """Draw a range on a scale from 0 to 100 %."""
    bounds = [left + length * row[b] / row["n"] for b in ("bound_low", "bound_high")]
    inner = [left + length * row[end] for end in marks.INNER]
    canvas.plot([left, left + length], [y, y], color=RULE, lw=1)
    marks.span(canvas, bounds, inner, y, THIN)


def _bounded(table: pd.DataFrame) -> bool:
    return bool((table["basis"] == BOUNDED).any())


def _least(row: Any) -> float:
    """Return the percentage that the cell has at least, not rounded."""
    if not row.n:
        return float("nan")
    return float(100 * (row.bound_low if row.basis == BOUNDED else row.k) / row.n)


def _margin(page: Page, canvas: Axes, row: Any, laid: Plan, y: float, t: Messages) -> None:
    """Print the share over all models, with a bar; of what is only bounded, with its range."""
    right, type_ = WIDTH - 0.2, marks.type_of(row.basis)
    page.text(right, y - 0.17, percent(row, t), size=SMALL, ha="right", va="center", **type_)
    count = ratio(row, t)
    page.text(right, y + 0.19, count, size=SMALL - 0.5, ha="right", va="center", color=MUTED)
    if not row.n or not laid.bars:
        return
    if row.basis == BOUNDED:
        _rail(canvas, row, laid.end + 0.2, BAR, y)
        return
    canvas.add_patch(Rectangle((laid.end + 0.2, y - 0.2), BAR * row.share, 0.4, **ALL))


def _key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the classes of colour, and what else a cell can be in this map."""
    classes, cells = scale(table), _cells(table)
    known = cells[cells["basis"] != BOUNDED]
    looks: dict[str, Mapping[str, Any]] = {
        name: EDGE if colour == "#ffffff" else {"facecolor": colour, "linewidth": 0}
        for name, colour in zip(classes.names(t), classes.colours, strict=True)
    }
    if ((known["n"] > 0) & (known["n"] < FEW)).any():
        looks[t("evidence-map.few", n=t.number(FEW))] = EDGE
    if table["kind"].iloc[0] != "reconstructed":
        looks[t("evidence-map.gap")] = GAP
    if empty_goals(cells, t):
        looks[t("common.no-models")] = EMPTY
    if len(cells["goal"].unique()) <= FEW_GOALS:
        looks[t("key.all-models")] = ALL
    boxes = [marks.box_entry(name, **look) for name, look in looks.items()]
    return [*boxes, *marks.range_key(table["basis"], t, THIN)]


def _gaps_found(table: pd.DataFrame, t: Messages) -> str:
    """Count the gaps, and name the clearest, each with what was expected."""
    found = known_gaps(table)
    marked = found[found["gap"].isin(["none", "fewer"])].sort_values("adjusted", kind="stable")
    if marked.empty:
        return t("evidence-map.no-gaps")
    rows = marked.head(CLEAREST).itertuples()
    names = [
        t(
            "evidence-map.gap-cell",
            feature=row.feature,
            goal=row.goal,
            ratio=ratio(row, t),
            expected=t.number(row.expected, 1),
        )
        for row in rows
    ]
    key = "evidence-map.gaps" if len(marked) <= CLEAREST else "evidence-map.clearest-gaps"
    return t(key, n=t.number(len(marked)), names="; ".join(names))


SPEC = Spec(
    "evidence-map", texts, (redesigned,), metric, ("feature-share", "feature-share-by-goal")
)

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
from soila_analysis.figures.map_page import Panel, Plan, plan
from soila_analysis.figures.page import SMALL, WIDTH, Page, lines, text_width
from soila_analysis.figures.palette import BLANK, GREY, MUTED, PLUM, RULE, TEXT
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import (
    BOUNDED,
    empty_goals,
    open_codes,
    percent,
    percent_of,
    ratio,
)
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.gaps import OPEN

BAR = 0.95  # cm, length of the bar of 100 % in the margin
STRONG = 80  # per cent
CLEAREST = 5  # gaps that are named
EDGE: Mapping[str, Any] = {"facecolor": "white", "edgecolor": "#b5b5b5", "lw": 0.8}
EMPTY: Mapping[str, Any] = {**EDGE, "hatch": "////", "edgecolor": RULE}
GAP: Mapping[str, Any] = {"facecolor": "none", "edgecolor": PLUM, "lw": 2}


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure."""
    return metrics.evidence_map(data.status, data.memberships, data.taxonomy.goal_ids)


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    cells, totals = _cells(table), _totals(table)
    least = cells.assign(least=[_least(row) for row in cells.itertuples()]).fillna({"least": 0})
    strong = least.groupby("feature_id")["least"].min().ge(STRONG)
    names = totals.loc[totals["feature_id"].map(strong).eq(True), "feature"].tolist()
    certain = table["kind"].iloc[0] != "reconstructed"
    title = t("evidence-map.lead-title") if certain and len(names) > 1 else t("evidence-map.title")
    none = t("evidence-map.undecided") if _bounded(table) else t("evidence-map.none")
    found = t("evidence-map.strong", names=t.listing(names)) if names else none
    inferred = set(table["basis"]) & set(marks.INFERRED)
    findings = [found, t("evidence-map.unknown") if inferred else _gaps_found(table, t)]
    how = [t("evidence-map.how"), t("evidence-map.bounds") if _bounded(table) else ""]
    if certain:
        how.append(t("evidence-map.how-gap"))
    if scale(table).sparse:
        how.append(t("evidence-map.how-sparse"))
    return compose(
        table,
        lang,
        chart=t(f"evidence-map.chart-{variant}"),
        title=title,
        subtitle=[*how, open_codes(totals, t), empty_goals(cells, t)],
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
    t = messages(words.lang)
    names, looks = _key(table, t)
    laid = plan(table, t, names)
    page = Page(words, body=laid.height)
    page.key(names, looks)
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
    canvas.add_patch(Rectangle((x + 0.03, y - 0.47), wide - 0.06, 0.94, facecolor=BLANK))
    page.text(
        x + wide / 2, y - 0.07, block, size=SMALL - 0.5, ha="center", va="center", color=MUTED
    )
    left, length, foot = x + 0.15, wide - 0.3, y + 0.35
    bounds = [left + length * row[b] / row["n"] for b in ("bound_low", "bound_high")]
    likely = [left + length * row[b] for b in ("low", "high")]
    canvas.plot([left, left + length], [foot, foot], color=RULE, lw=1)
    canvas.plot(bounds, [foot, foot], color=GREY, lw=1.4, solid_capstyle="butt")
    canvas.plot(likely, [foot, foot], color=GREY, lw=4, solid_capstyle="butt")


def _bounded(table: pd.DataFrame) -> bool:
    return bool((table["basis"] == BOUNDED).any())


def _least(row: Any) -> float:
    """Return the percentage that the cell has at least."""
    if row.basis == BOUNDED and row.n:
        return percent_of(row.bound_low, row.n)
    return float("nan") if pd.isna(row.percent) else float(row.percent)


def _margin(page: Page, canvas: Axes, row: Any, laid: Plan, y: float, t: Messages) -> None:
    """Print the share over all models, with a bar; of what is only bounded, with its range."""
    right, type_ = WIDTH - 0.2, marks.type_of(row.basis)
    page.text(right, y - 0.17, percent(row, t), size=SMALL, ha="right", va="center", **type_)
    count = ratio(row, t)
    page.text(right, y + 0.19, count, size=SMALL - 0.5, ha="right", va="center", color=MUTED)
    if pd.isna(row.share) or not laid.bars:
        return
    x = laid.end + 0.2
    least, most = row.share, row.share
    if row.basis == BOUNDED:
        least, most = row.bound_low / row.n, row.bound_high / row.n
    inferred = row.basis in marks.INFERRED
    fill = "white" if row.basis == "reconstructed" else GREY
    canvas.add_patch(Rectangle((x, y - 0.2), BAR * least, 0.4, facecolor=fill, edgecolor=GREY))
    if most > least and inferred:
        possible = Rectangle((x + BAR * least, y - 0.2), BAR * (most - least), 0.4)
        possible.set(facecolor="white", edgecolor=GREY, hatch="//////")
        canvas.add_patch(possible)


def _key(table: pd.DataFrame, t: Messages) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Name the classes of colour, and what else a cell can be in this map, with their looks."""
    classes, cells = scale(table), _cells(table)
    names = classes.names(t)
    looks: list[Mapping[str, Any]] = [{"facecolor": colour} for colour in classes.colours]
    known = cells[cells["basis"] != BOUNDED]
    if ((known["n"] > 0) & (known["n"] < FEW)).any():
        names.append(t("evidence-map.few", n=t.number(FEW)))
        looks.append(EDGE)
    if table["kind"].iloc[0] != "reconstructed":
        names.append(t("evidence-map.gap"))
        looks.append(GAP)
    if empty_goals(cells, t):
        names.append(t("common.no-models"))
        looks.append(EMPTY)
    return names, looks


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

"""Figure 6: the evidence map, features by strategic goals, with its margins."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis.figures import marks
from soila_analysis.figures.style import (
    GREY,
    HEAT,
    LABEL,
    MUTED,
    SMALL,
    TEXT,
    WIDTH,
    Page,
    height,
    lines,
    text_width,
)
from soila_analysis.figures.texts import Texts, compose, open_codes, percent, ratio
from soila_analysis.language import Messages, messages

LABELS = 5.7  # cm, width of the column of labels
MARGINAL = 2.3
ROW = 0.87
CLASSES = (0, 50, 65, 80, 101)  # per cent; a class holds its lower end


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    cells, totals = _cells(table), _totals(table)
    known = cells.dropna(subset=["share"])
    strong = known.groupby("feature_id")["percent"].min().ge(CLASSES[3])
    names = totals.loc[totals["feature_id"].map(strong).eq(True), "feature"].tolist()
    certain = table["kind"].iloc[0] != "reconstructed"
    title = t("evidence-map.lead-title") if certain and len(names) > 1 else t("evidence-map.title")
    found = t("evidence-map.strong", names=t.listing(names)) if names else t("evidence-map.none")
    findings = [found, t("evidence-map.unknown")] if not certain else [found]
    return compose(
        table,
        lang,
        chart=t(f"evidence-map.chart-{variant}"),
        title=title,
        subtitle=[t("evidence-map.how"), open_codes(totals, t)],
        findings=findings,
        rows=[
            f"{r.feature}, {r.goal or t('common.all')}: {ratio(r, t)} ({percent(r, t)})."
            for r in table.itertuples()
        ],
    )


def better(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the map: a row a feature, most common first, a column a goal, all models last."""
    t = messages(words.lang)
    totals = _totals(table).sort_values(
        ["share", "feature"], ascending=[False, True], kind="stable"
    )
    cells = _cells(table).set_index(["feature_id", "goal_id"])
    goals = _cells(table).drop_duplicates("goal_id")
    wide = (WIDTH - LABELS - MARGINAL) / len(goals)
    heads = [lines(g, wide - 0.15, SMALL, t.lang) for g in goals["goal"]]
    head = max(height(h, SMALL) for h in heads) + 1.6
    page = Page(words, body=head + ROW * len(totals))
    _legend(page, t)
    axes = page.axes(LABELS, head, wide * len(goals), ROW * len(totals))
    _heat(axes, cells, totals["feature_id"], goals["goal_id"])
    for j, (rows, goal) in enumerate(zip(heads, goals.itertuples(), strict=True)):
        x = LABELS + wide * (j + 0.5)
        n = t("common.n", n=t.number(cells.xs(goal.goal_id, level=1)["n"].max()))
        page.text(x, head - 0.55 - height(rows, SMALL), rows, size=SMALL, ha="center")
        page.text(x, head - 0.5, n, size=SMALL, ha="center", color=MUTED)
    margin = page.canvas()
    x = LABELS + wide * len(goals) + 0.2
    page.text(x, head - 0.95, t("common.all"), weight="bold", size=SMALL)
    page.text(x, head - 0.5, t("common.n", n=t.number(totals["n"].max())), size=SMALL, color=MUTED)
    for i, row in enumerate(totals.itertuples()):
        y = head + ROW * (i + 0.5)
        label = lines(row.feature, LABELS - 0.4, SMALL, t.lang)
        page.text(LABELS - 0.2, y, label, size=SMALL, ha="right", va="center")
        for j, goal in enumerate(goals["goal_id"]):
            _cell(page, cells.loc[(row.feature_id, goal)], LABELS + wide * j, y, wide, t)
        _margin(page, margin, row, x, y, t)
    return page.figure


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["goal_id"] != ""]


def _totals(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["goal_id"] == ""]


def _class(value: Any) -> int:
    return sum(value >= edge for edge in CLASSES[1:-1])


def _heat(axes: Axes, cells: pd.DataFrame, features: pd.Series, goals: pd.Series) -> None:
    grid = cells.reset_index().pivot_table(
        index="feature_id", columns="goal_id", values="percent", aggfunc="first", dropna=False
    )
    sns.heatmap(
        grid.loc[features, goals].astype(float),
        ax=axes,
        cmap=ListedColormap(HEAT),
        norm=BoundaryNorm(CLASSES, len(HEAT)),
        cbar=False,
        linewidths=1.6,
        linecolor="white",
        xticklabels=False,
        yticklabels=False,
    )
    axes.set(xlabel="", ylabel="")
    axes.tick_params(length=0)


def _cell(page: Page, row: pd.Series, x: float, y: float, wide: float, t: Messages) -> None:
    if pd.isna(row["percent"]):
        page.text(x + wide / 2, y, t("common.no-data"), size=SMALL, ha="center", va="center")
        return
    dark = _class(row["percent"]) == len(HEAT) - 1
    ink = "white" if dark else TEXT
    share, count = percent(row, t), ratio(row, t)
    bold = marks.type_of(row["basis"])["weight"]
    width = text_width(share, SMALL, bold=True) + 0.12 + text_width(count, SMALL)
    rows = [(share, bold, 0.0), (count, "normal", 0.0)]
    if width > wide - 0.12:  # the two stand above each other in a narrow column
        page.text(
            x + wide / 2,
            y - 0.02,
            [r[0] for r in rows],
            size=SMALL - 1,
            color=ink,
            ha="center",
            va="center",
        )
        return
    left = x + (wide - width) / 2
    page.text(left, y, share, size=SMALL, color=ink, weight=bold, va="center")
    page.text(
        x + wide - (wide - width) / 2, y, count, size=SMALL, color=ink, ha="right", va="center"
    )


def _margin(page: Page, canvas: Axes, row: Any, x: float, y: float, t: Messages) -> None:
    page.text(
        WIDTH - 0.2,
        y,
        percent(row, t),
        size=SMALL,
        ha="right",
        va="center",
        **marks.type_of(row.basis),
    )
    if pd.isna(row.share):
        return
    canvas.add_patch(
        Rectangle(
            (x, y - 0.2),
            0.95 * row.share,
            0.4,
            facecolor="white" if row.basis in marks.INFERRED else GREY,
            edgecolor=GREY,
        )
    )


def _legend(page: Page, t: Messages) -> None:
    names: Sequence[str] = [t("evidence-map.under", high=t.percent(CLASSES[1]))] + [
        t("evidence-map.between", low=t.number(low), high=t.percent(min(high - 1, 100)))
        for low, high in pairwise(CLASSES[1:])
    ]
    canvas, x = page.canvas(), 0.3
    for name, colour in zip(names, HEAT, strict=True):
        canvas.add_patch(
            Rectangle((x, 0.1), 0.45, 0.34, facecolor=colour, edgecolor="#8a8a8a", lw=0.8)
        )
        page.text(x + 0.6, 0.27, name, size=LABEL - 0.5, va="center")
        x += 1.1 + text_width(name, LABEL - 0.5)

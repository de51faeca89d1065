"""Figure 6: the evidence map, features by strategic goals, with its margins."""

from itertools import pairwise
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import SMALL, WIDTH, Page, height, lines, text_width
from soila_analysis.figures.palette import BLANK, GREY, HEAT, MUTED, RULE, TEXT
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import (
    BOUNDED,
    base,
    by_share,
    open_codes,
    percent,
    ratio,
)
from soila_analysis.language import Messages, messages

LABELS = 5.7  # cm, width of the column of labels
MARGINAL = 2.6
ROW = 0.87
ROW_BOUNDED = 1.0
BAR = 0.95  # cm, length of the bar of 100 % in the margin
CLASSES = (0, 50, 65, 80, 101)  # per cent; a class holds its lower end


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure."""
    return metrics.evidence_map(data.status, data.memberships, data.taxonomy.goal_ids)


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    cells, totals = _cells(table), _totals(table)
    sure = cells.assign(least=[_least(row) for row in cells.itertuples()]).dropna(subset=["share"])
    strong = sure.groupby("feature_id")["least"].min().ge(CLASSES[3])
    names = totals.loc[totals["feature_id"].map(strong).eq(True), "feature"].tolist()
    certain = table["kind"].iloc[0] != "reconstructed"
    title = t("evidence-map.lead-title") if certain and len(names) > 1 else t("evidence-map.title")
    none = t("evidence-map.undecided") if _bounded(table) else t("evidence-map.none")
    found = t("evidence-map.strong", names=t.listing(names)) if names else none
    inferred = set(table["basis"]) & set(marks.INFERRED)
    findings = [found, t("evidence-map.unknown")] if inferred else [found]
    how = [t("evidence-map.how"), t("evidence-map.bounds") if _bounded(table) else ""]
    return compose(
        table,
        lang,
        chart=t(f"evidence-map.chart-{variant}"),
        title=title,
        subtitle=[*how, open_codes(totals, t)],
        findings=findings,
        rows=[
            f"{r.feature}, {r.goal or t('common.all')}: {ratio(r, t)} ({percent(r, t)})."
            for r in table.itertuples()
        ],
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the map: a row a feature, most common first, a column a goal, all models last."""
    t = messages(words.lang)
    totals = by_share(_totals(table))
    step = ROW if not _bounded(table) else ROW_BOUNDED
    cells = _cells(table).set_index(["feature_id", "goal_id"])
    goals = _cells(table).drop_duplicates("goal_id")
    wide = (WIDTH - LABELS - MARGINAL) / len(goals)
    heads = [lines(g, wide - 0.15, SMALL, t.lang) for g in goals["goal"]]
    head = max(height(h, SMALL) for h in heads) + 1.6
    page = Page(words, body=head + step * len(totals))
    page.key(_classes(t), HEAT)
    axes = page.axes(LABELS, head, wide * len(goals), step * len(totals))
    _heat(axes, cells, totals["feature_id"], goals["goal_id"])
    for j, (rows, goal) in enumerate(zip(heads, goals.itertuples(), strict=True)):
        x = LABELS + wide * (j + 0.5)
        n = base(cells.xs(goal.goal_id, level=1), t)
        page.text(x, head - 0.55 - height(rows, SMALL), rows, size=SMALL, ha="center")
        page.text(x, head - 0.5, n, size=SMALL, ha="center", color=MUTED)
    margin = page.canvas()
    x = LABELS + wide * len(goals) + 0.2
    page.text(x, head - 0.95, t("common.all"), weight="bold", size=SMALL)
    page.text(x, head - 0.5, base(totals, t), size=SMALL, color=MUTED)
    for i, row in enumerate(totals.itertuples()):
        y = head + step * (i + 0.5)
        page.label(LABELS - 0.2, y, row.feature, LABELS - 0.4, SMALL)
        for j, goal in enumerate(goals["goal_id"]):
            cell = cells.loc[(row.feature_id, goal)]
            if cell["basis"] == BOUNDED:
                _range_cell(page, margin, cell, LABELS + wide * j, y, wide, t)
            else:
                _cell(page, cell, LABELS + wide * j, y, wide, t)
        _margin(page, margin, row, x, y, t)
    return page.figure


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["goal_id"] != ""]


def _totals(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["goal_id"] == ""]


def _class(value: Any) -> int:
    return sum(value >= edge for edge in CLASSES[1:-1])


def _heat(axes: Axes, cells: pd.DataFrame, features: pd.Series, goals: pd.Series) -> None:
    known = cells.assign(percent=cells["percent"].mask(cells["basis"] == BOUNDED))
    grid = known.reset_index().pivot_table(
        index="feature_id", columns="goal_id", values="percent", aggfunc="first", dropna=False
    )
    grid = grid.reindex(index=features, columns=goals)
    sns.heatmap(
        grid.astype(float),
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
    if width > wide - 0.12:  # the two stand above each other in a narrow column
        middle = x + wide / 2
        page.text(middle, y, [share, count], size=SMALL - 1, color=ink, ha="center", va="center")
        return
    left = x + (wide - width) / 2
    page.text(left, y, share, size=SMALL, color=ink, weight=bold, va="center")
    page.text(
        x + wide - (wide - width) / 2, y, count, size=SMALL, color=ink, ha="right", va="center"
    )


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
    """Return the percentage that the cell has at least, not rounded."""
    if not row.n:
        return float("nan")
    return float(100 * (row.bound_low if row.basis == BOUNDED else row.k) / row.n)


def _margin(page: Page, canvas: Axes, row: Any, x: float, y: float, t: Messages) -> None:
    """Print the share over all models, with a bar; of what is only bounded, with its range."""
    right, type_ = WIDTH - 0.2, marks.type_of(row.basis)
    page.text(right, y - 0.17, percent(row, t), size=SMALL, ha="right", va="center", **type_)
    count = ratio(row, t)
    page.text(right, y + 0.19, count, size=SMALL - 0.5, ha="right", va="center", color=MUTED)
    if pd.isna(row.share):
        return
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


def _classes(t: Messages) -> list[str]:
    between = [
        t("evidence-map.between", low=t.number(low), high=t.percent(min(high - 1, 100)))
        for low, high in pairwise(CLASSES[1:])
    ]
    return [t("evidence-map.under", high=t.percent(CLASSES[1])), *between]


SPEC = Spec(
    "evidence-map", texts, (redesigned,), metric, ("feature-share", "feature-share-by-goal")
)

"""Figure 4: how common one feature is in each strategic goal."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    LABEL,
    SMALL,
    WIDTH,
    Page,
    counts,
    percents,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import MUTED
from soila_analysis.figures.rows import Rows
from soila_analysis.figures.spec import Coded, Spec, found
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import (
    BOUNDED,
    base,
    bounds,
    by_share,
    empty_goals,
    interval,
    leaders,
    open_codes,
    other_reading,
    percent,
    ratio,
    sentences,
    spoken,
)
from soila_analysis.language import Messages
from soila_analysis.metrics.profiles import LEAST

LABELS = 4.4  # cm, width of the column of labels
ROW, BAR_ROW = 1.15, 1.05
SQUARES = 22  # at most, in the longest row


def metric(data: Coded, feature: str = "rarest", interval: str = "wilson") -> pd.DataFrame:
    """Make the table of the figure for a feature: its id, or "rarest" or "commonest"."""
    status, goals = data.status, data.taxonomy.goal_ids
    found("no feature", feature, dict.fromkeys(("rarest", "commonest", *status.columns)))
    chosen = metrics.chosen_feature(status, feature)
    shares = metrics.feature_by_goal(
        status, data.memberships, goals, chosen, interval=interval, contested=data.contested
    )
    groups = data.memberships[["model_id", "goal_id"]]
    return metrics.with_coders(shares, data.apart, groups)


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = spoken(table, lang)
    feature = table["feature"].iloc[0]
    rows = table.dropna(subset=["share"])
    first = rows[rows["share"] == rows["share"].max()]
    known = table["kind"].iloc[0] != "reconstructed" and variant == "redesigned"
    title = t("feature-by-goal.title", feature=feature)
    if known and _leads(first, table):
        title = t("feature-by-goal.lead-title", feature=feature, goal=first["goal"].iloc[0])
    square = t("feature-by-goal.square", count=_models_per_square(table))
    how = [square, interval(table, t), other_reading(table, t)]
    return compose(
        table,
        lang,
        chart=t(f"feature-by-goal.chart-{variant}"),
        title=title,
        measure=t(f"feature-by-goal.measure-{variant}"),
        n=base(table, t),
        notes=[
            *(how if variant == "redesigned" else []),
            open_codes(table, t),
            empty_goals(table, t),
        ],
        findings=_findings(first, table, t),
        rows=sentences(table, "goal", t),
    )


def as_published(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the review's bars of counts, the first goal at the bottom, shares as labels."""
    t = spoken(table, words.lang)
    rows = table.iloc[::-1].reset_index(drop=True)
    step = row_height(rows["goal"], LABELS - 0.5, LABEL, t.lang, BAR_ROW)
    ranges = rows[rows["basis"] == BOUNDED]
    key = marks.box_key(ranges.assign(n=ranges.get("bound_high")), t)
    page = Page(words, step * len(rows) + 1.35, key)
    numbers = marks.Numbers(rows, WIDTH - 0.2, t)
    axes = page.axes(LABELS, 0.1, numbers.left - 0.4 - LABELS, step * len(rows))
    counts(axes, _longest(rows), t)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for i, row in enumerate(rows.itertuples()):
        y = 0.1 + step * (i + 0.5)
        _bar(axes, row, i)
        page.label(LABELS - 0.2, y, row.goal, LABELS - 0.5)
        numbers.set(page, row, y)
    page.text(LABELS, step * len(rows) + 0.75, t("feature-by-goal.axis"), color=MUTED)
    return page.figure


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw filled and open squares, one a model, and beside them share and interval."""
    t = spoken(table, words.lang)
    rows = by_share(table)
    per = _models_per_square(table)
    step = row_height(rows["goal"], LABELS - 0.5, LABEL, t.lang, ROW)
    several = marks.Several(rows, step, t)
    top, high = 0.7, several.row
    key = [*marks.box_key(rows, t), *marks.share_key(rows, t), *several.key]
    page = Page(words, top + high * len(rows) + 0.2, key)
    canvas = page.canvas()
    shares = max(text_width(percent(r, t), LABEL, bold=True) for r in rows.itertuples())
    panel = WIDTH - 3.0 - max(1.8, shares + 0.4)
    axes = page.axes(panel, top, 2.8, high * len(rows))
    percents(axes, len(rows), t, ticks=(0, 50, 100))
    counts = max(text_width(ratio(row, t), LABEL) for row in rows.itertuples())
    room = panel - LABELS - max(1.6, counts + 0.5)
    pitch = min(0.36, room / math.ceil(rows["n"].max() / per or 1))
    for i, row in enumerate(rows.itertuples()):
        y = top + high * (i + 0.5)
        page.label(LABELS - 0.2, y, row.goal, LABELS - 0.5)
        marks.squares(canvas, LABELS, y, pitch, row, per, row.n)
        x = LABELS + pitch * math.ceil(row.n / per) + 0.15
        page.text(x, y, ratio(row, t), va="center", color=MUTED)
        several.draw(axes, row, i)
        if several.key:
            text = bounds(row, t)
            page.text(WIDTH - 0.2, y + 0.2, text, size=SMALL, ha="right", color=MUTED)
        page.text(
            WIDTH - 0.2, y, percent(row, t), ha="right", va="center", **marks.type_of(row.basis)
        )
    return page.figure


def _longest(rows: pd.DataFrame) -> float:
    bounded = rows["basis"] == BOUNDED
    return float(rows["k"].astype(float).mask(bounded, rows.get("bound_high")).max())


def _bar(axes: Axes, row: Any, y: float) -> None:
    """Draw a bar; where the count is only bounded, an open one with its range hatched."""
    looks = marks.boxes(row.basis)
    if row.basis != BOUNDED:
        axes.barh(y, row.k, height=0.6, **looks["has"])
        return
    low, possible = row.bound_low, row.bound_high - row.bound_low
    axes.barh(y, low, height=0.6, **looks["sure"])
    axes.barh(y, possible, left=low, height=0.6, **looks["possible"])


def _leads(first: pd.DataFrame, table: pd.DataFrame) -> bool:
    """Say whether one goal is ahead of all others whatever the open codes are, by enough models."""
    others = table.loc[~table.index.isin(first.index), "share_max"]
    enough = len(first) == 1 and first["n"].iloc[0] >= LEAST
    return bool(enough and others.notna().any() and first["share_min"].iloc[0] > others.max())


def _models_per_square(table: pd.DataFrame) -> int:
    return max(1, math.ceil(table["n"].max() / SQUARES))


def _findings(first: pd.DataFrame, table: pd.DataFrame, t: Messages) -> list[str]:
    if (table["basis"] == BOUNDED).any():
        return [t("feature-by-goal.bounded")]
    if "other_share" in table and table["other_share"].notna().any():
        return [t("feature-by-goal.unknown")]
    if first.empty:
        return [t("feature-by-goal.nothing")]
    return [t("feature-by-goal.lead", leaders=leaders(first, "goal", t))]


SPEC = Spec(
    "feature-by-goal",
    texts,
    (as_published, redesigned),
    metric,
    ("feature-share-by-goal",),
    rows=Rows("goal"),
)

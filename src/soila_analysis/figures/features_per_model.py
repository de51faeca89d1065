"""Figure 5: how many features the operating models have, by strategic goal."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    LABEL,
    TITLE,
    WIDTH,
    Entry,
    Page,
    counts,
    height,
    lines,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import BLUE, MUTED, PLUM
from soila_analysis.figures.rows import Mark, Rows, span
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import BOUNDED, base, empty_goals, missing, spoken
from soila_analysis.language import Messages

LABELS = 4.6  # cm, width of the column of labels
RIGHT = 3.1  # cm, at least, of the column of averages
ROW = 2.1
STACK = 9  # dots at most above each other
PER = 20  # models a dot at most; where that is too few, bars take the place of dots
TALLEST = 1.5  # cm, the tallest bar
MEDIAN: dict[str, Any] = {"color": PLUM, "lw": 7, "alpha": 0.25, "solid_capstyle": "butt"}
MEDIAN |= {"zorder": 1, "clip_on": False}
MEAN: dict[str, Any] = {"marker": "^", "color": PLUM, "ms": 8, "zorder": 3}


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure."""
    goals = data.taxonomy.goal_ids
    return metrics.features_per_model(
        data.status, data.memberships, goals, contested=data.contested
    )


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = spoken(table, lang)
    goals = _goals(table)
    first = _first(goals)
    bounded = (goals["basis"] == BOUNDED).any()
    title = t("features-per-model.title")
    if first["leader"].any() and variant == "redesigned" and not bounded:
        title = t("features-per-model.lead-title", goal=first["goal"].iloc[0])
    most = t.number(int(table["features_max"].iloc[0]))
    how, shown = [], variant
    if variant == "redesigned" and bounded:
        shown, how = "bounded", [t("features-per-model.bounded")]
        if len(first):
            how.append(t("features-per-model.given", names=t.listing(first["goal"].tolist())))
    elif variant == "redesigned":
        shown = "many" if _models_per_dot(table) > PER else variant
        how = [t("features-per-model.by-assessed") if _open(goals).any() else ""]
    left_out = int(goals["not_coded"].sum())
    absent = t("features-per-model.not-coded", n=t.number(left_out)) if left_out else ""
    return compose(
        table,
        lang,
        chart=t(f"features-per-model.chart-{shown}"),
        title=title,
        measure=t(f"features-per-model.measure-{variant}", most=most),
        n=base(goals, t),
        notes=[*how, absent, empty_goals(goals, t)],
        findings=_findings(first, t, bounded=bounded, alone=goals["mean"].count() == 1),
        rows=[_row(r, t) for r in goals.itertuples()],
        marks=variant == "redesigned",
    )


def as_published(table: pd.DataFrame, words: Texts) -> Figure:
    """Print the review's statement, the goal whose models have most features, if one leads."""
    t = spoken(table, words.lang)
    goals = _goals(table)
    first = _first(goals)
    sure = len(first) and ((goals["basis"] == BOUNDED).any() or first["leader"].any())
    told = words.findings[-1]
    if sure:
        told = t("features-per-model.statement", goal=t.listing(first["goal"].tolist()))
    statement = lines(told, WIDTH - 2.2, 2 * TITLE, words.lang, bold=True)
    page = Page(words, body=height(statement, 2 * TITLE) + 1.2)
    canvas = page.canvas()
    canvas.axvspan(0.3, 0.5, color=BLUE)
    page.text(1.1, 0.6, statement, size=2 * TITLE, weight="bold", color=BLUE)
    return page.figure


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw one dot a model, or bars, with mean and median of each goal; or bounds of the means."""
    t = spoken(table, words.lang)
    goals = _goals(table)
    bounded = (goals["basis"] == BOUNDED).any()
    goals = _by_mean(goals)
    per = 1 if bounded else _models_per_dot(table)
    step = row_height(goals["goal"], LABELS - 0.5, LABEL, t.lang, ROW - 0.4) + 0.4
    tallest = _binned(table).max() if per > PER else 0.0
    page = Page(words, step * len(goals) + 1.2, _key(goals, per, tallest, t))
    right = WIDTH - _averages_width(goals, t)
    axes = page.axes(LABELS, 0.1, right - 0.2 - LABELS, step * len(goals))
    counts(axes, int(table["features_max"].iloc[0]), t)
    axes.set_ylim(len(goals) * step, 0)
    for i, goal in enumerate(goals.itertuples()):
        y = step * (i + 0.5)
        _goal_label(page, goal, y, right, t)
        if goal.basis == BOUNDED:
            bounds = (goal.mean_bound_low, goal.mean_bound_high)
            marks.span(axes, bounds, [getattr(goal, f"mean_{end}") for end in marks.INNER], y)
        elif goal.n:
            rows = table[(table["goal_id"] == goal.goal_id) & (table["k"] > 0)]
            if tallest:
                _bars(axes, rows, y, tallest)
            else:
                _dots(axes, rows, y, per)
            if _open(goals.loc[[goal.Index]]).any():
                marks.band(axes, (goal.mean_min, goal.mean_max), y + 0.86, 0.3)
            axes.plot([goal.median] * 2, [y - 0.9, y + 0.9], **MEDIAN)
            axes.plot(goal.mean, y + 0.86, clip_on=False, **MEAN)
    page.text(LABELS, step * len(goals) + 0.68, t("features-per-model.axis"), color=MUTED)
    return page.figure


def _open(goals: pd.DataFrame) -> pd.Series:
    """Say of which goals unclear, disputed or not assessed codes leave the mean open."""
    return goals["mean_min"].lt(goals["mean_max"]) & goals["basis"].ne(BOUNDED)


def _goals(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates("goal_id")


def _by_mean(goals: pd.DataFrame) -> pd.DataFrame:
    bounded = (goals["basis"] == BOUNDED).any()
    middle = (goals["mean_low"] + goals["mean_high"]) / 2 if bounded else goals["mean"]
    return goals.loc[middle.sort_values(ascending=False, kind="stable").index]


def _first(goals: pd.DataFrame) -> pd.DataFrame:
    """Return the goals with the highest mean; where only bounds are known, as was published."""
    if (goals["basis"] == BOUNDED).any():
        return goals[goals["published_first"]]
    return goals[goals["mean"] == goals["mean"].max()]


def _scaled(rows: pd.DataFrame) -> pd.Series:
    """Give the number of features of models as if all of their features had been assessed."""
    return (rows["features_max"] * rows["features"] / rows["assessed"]).astype(float)


def _models_per_dot(table: pd.DataFrame) -> int:
    same = table.groupby(["goal_id", _scaled(table)])["k"].sum()
    return max(1, math.ceil(max(same, default=0) / STACK))


def _dots(axes: Axes, rows: pd.DataFrame, y: float, per: int) -> None:
    basis = rows["basis"].iloc[0]
    for x, k in rows["k"].groupby(_scaled(rows)).sum().items():
        count = math.ceil(k / per)
        offsets = (np.arange(count) - (count - 1) / 2) * 0.19
        axes.plot([x] * count, y + offsets, linestyle="", clip_on=False, **_dot(basis))


def _binned(rows: pd.DataFrame) -> pd.Series:
    """Give the share of each goal's models by the nearest whole number of features."""
    return rows["share"].groupby([rows["goal_id"], np.floor(_scaled(rows) + 0.5)]).sum()


def _bars(axes: Axes, rows: pd.DataFrame, y: float, tallest: float) -> None:
    for (_, x), share in _binned(rows).items():
        high = TALLEST * share / tallest
        look = _bar(rows["basis"].iloc[0])
        axes.add_patch(Rectangle((x - 0.4, y + 0.7 - high), 0.8, high, zorder=2, **look))


def _bar(basis: str) -> dict[str, Any]:
    look = {"clip_on": False, "linewidth": 0.8}
    return {**look, "facecolor": marks.face(basis), "edgecolor": marks.colour(basis)}


def _dot(basis: str) -> dict[str, Any]:
    look = {"marker": "o", "ms": 5.2, "mew": 1.3, "zorder": 2}
    return {**look, "mfc": marks.face(basis), "mec": marks.colour(basis)}


def _key(goals: pd.DataFrame, per: int, tallest: float, t: Messages) -> list[Entry]:
    """Name dots or bars, mean and median, or the parts of the ranges of the means."""
    if (goals["basis"] == BOUNDED).any():
        return marks.range_key(goals["basis"], t)
    shown = goals.loc[goals["n"] > 0, "basis"].unique()
    percentage = t.percent(round(100 * tallest))
    entries = [
        marks.box_entry(t("features-per-model.bar", tallest=percentage), **_bar(basis))
        if tallest
        else marks.mark_entry(t("features-per-model.dot", count=per).rstrip("."), **_dot(basis))
        for basis in shown
    ]
    bounds = [marks.band_entry(t("key.mean-bounds"))] if _open(goals).any() else []
    mean = marks.mark_entry(t("column.mean"), **MEAN)
    return [*entries, mean, *bounds, marks.upright_entry(t("column.median"), 0.2, **MEDIAN)]


def _averages_width(goals: pd.DataFrame, t: Messages) -> float:
    rows = [row for goal in goals.itertuples() for row in _averages(goal, t)]
    return max([RIGHT, *(text_width(row, LABEL, bold=True) + 0.45 for row in rows)])


def _goal_label(page: Page, goal: Any, y: float, right: float, t: Messages) -> None:
    label = lines(goal.goal, LABELS - 0.5, LABEL, t.lang)
    block = [*label, f"({t('common.n', n=t.number(goal.n))})"]
    page.text(LABELS - 0.3, y, block, ha="right", va="center")
    type_ = marks.type_of(goal.basis) if goal.n else {}
    page.text(right + 0.15, y, _averages(goal, t), va="center", **type_)


def _averages(goal: Any, t: Messages) -> list[str]:
    if not goal.n:
        return [missing(goal, t)]
    if goal.basis == BOUNDED:
        low, high = (t.number(v, 1) for v in (goal.mean_bound_low, goal.mean_bound_high))
        return [t("features-per-model.mean", value=f"{low}–{high}")]
    found = [
        t("features-per-model.mean", value=t.number(goal.mean, 1)),
        t("features-per-model.median", value=_median(goal, t)),
    ]
    if goal.mean_min == goal.mean_max:
        return found
    low, high = (t.number(value, 1) for value in (goal.mean_min, goal.mean_max))
    return [found[0], t("features-per-model.open", low=low, high=high), found[1]]


def _median(goal: Any, t: Messages) -> str:
    return t.number(goal.median, 0 if goal.median == int(goal.median) else 1)


def _row(goal: Any, t: Messages) -> str:
    n = t("common.n", n=t.number(goal.n))
    return f"{goal.goal} ({n}): {', '.join(_averages(goal, t))}."


def _findings(first: pd.DataFrame, t: Messages, *, bounded: bool, alone: bool) -> list[str]:
    if first.empty:
        return [t("features-per-model.undecided" if bounded else "features-per-model.nothing")]
    lead = first.iloc[0]
    if bounded:
        return [t("features-per-model.leader", names=t.listing(first["goal"].tolist()))]
    told = {"names": t.listing(first["goal"].tolist()), "mean": t.number(lead["mean"], 2)}
    if alone:
        return [t("features-per-model.alone", **told)]
    return [
        t("features-per-model.lead", **told),
        t("features-per-model.leads", percent=t.percent(round(100 * lead["leads"]))),
        "" if first["leader"].any() else t("features-per-model.unsure"),
    ]


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    """Give a row a goal, the highest mean first, with how many models have how many features."""
    counted = table[table["k"] > 0]
    spread = counted["k"].groupby([counted["goal_id"], _scaled(counted)]).sum()
    goals = _by_mean(_goals(table)).drop(columns=["k", "features"])
    own = [[*spread.get(goal, pd.Series()).items()] for goal in goals["goal_id"]]
    return goals.assign(spread=own, most=spread.max())


def _marks(row: Mapping[str, Any]) -> Iterator[Mark]:
    if row["basis"] == BOUNDED:
        yield from span(row, "mean_")
    elif row["n"]:
        for features, models in row["spread"]:
            yield Mark("models", features, features, models / row["most"])
        if row["mean_min"] < row["mean_max"]:
            yield Mark("bounds", row["mean_min"], row["mean_max"])
        yield Mark("median", row["median"], row["median"])
        yield Mark("dot", row["mean"], row["mean"])


def _names(_rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    names = {"models": "live.models", "bounds": "key.mean-bounds"}
    names |= {"median": "column.median", "dot": "column.mean"}
    return {kind: t(name) for kind, name in names.items()}


SPEC = Spec(
    "features-per-model",
    texts,
    (as_published, redesigned),
    metric,
    ("mean-features",),
    rows=Rows(
        "goal",
        _marks,
        _rows,
        ("column.mean", "column.base"),
        lambda rows: (0, rows["features_max"].max()),
        0,
        _names,
    ),
)

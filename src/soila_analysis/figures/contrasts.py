"""Figure 14: a goal's models against all others, feature by feature, and what survives."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    LINE,
    MARGIN,
    SMALL,
    WIDTH,
    Entry,
    Page,
    height,
    lines,
    text_width,
)
from soila_analysis.figures.palette import BLUE, GREY, MUTED, RULE, TEXT
from soila_analysis.figures.rows import Mark, Row, Rows
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import base, p_value, signed, spoken
from soila_analysis.language import Messages

LABELS = 4.4  # cm, width of the column of labels
RIGHT = 1.0  # cm, of the column of V
ROW = 0.8
LANE = 0.2  # cm above and below the names in a lane of its own
GAP = 0.15  # cm between panels
MOST = 5  # goals that have a panel each
LEVEL = 0.05
LISTED = 4  # differences in a sentence of their own
NAMED = 3  # differences of a feature that have a line of their own where all goals share a panel
REACH = (
    (0.6, 0.5),
    (0.45, 0.4),
    (0.22, 0.2),
    (0.11, 0.1),
    (0.055, 0.05),
)  # from which on, the tick
LOOKS: dict[str, dict[str, dict[str, Any]]] = {
    "holm": {"line": {"color": BLUE, "lw": 3.6}, "mark": {"color": BLUE, "ms": 8.5}},
    "bh": {
        "line": {"color": BLUE, "lw": 1.8},
        "mark": {"mfc": "white", "mec": BLUE, "ms": 7, "mew": 1.8},
    },
    "neither": {"line": {"color": GREY, "lw": 1.1}, "mark": {"color": GREY, "ms": 3.6}},
}

LIVE = {  # the same on pages, in kinds of marks
    "holm": ("interval", "dot"),
    "bh": ("interval-hollow", "hollow"),
    "neither": ("interval-faint", "faint"),
}


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure."""
    groups = data.memberships[["model_id", "goal_id"]]
    return metrics.contrasts(data.status, groups, data.taxonomy.goal_ids)


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether there is a goal with assessed models, and are others to compare them with."""
    return bool(table["difference"].notna().any())


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = spoken(table, lang)
    if not drawable(table):
        unknown = table["kind"].eq("reconstructed").any() and (table["n"] > 0).any()
        why = t(f"contrasts.{'unpublished' if unknown else 'none'}")
        return without_figure(table, lang, t("contrasts.title"), why)
    rows = shown(table)
    tested = int(rows["p"].count())
    kept = {name: int((rows[f"p_{name}"] < LEVEL).sum()) for name in ("holm", "bh")}
    told = {name: t.ratio(count, tested) for name, count in kept.items()}
    key = "lead-title" if any(kept.values()) else "none-title" if tested else "title"
    empty = table.groupby("goal", sort=False)["n"].max()
    left_out = empty.index[empty == 0].tolist()
    return compose(
        table,
        lang,
        chart=t(f"contrasts.chart-{variant}"),
        title=t(f"contrasts.{key}", **told),
        measure=t("contrasts.measure"),
        n=base(_totals(table), t),
        notes=[
            t("contrasts.how", tests=t.number(tested)),
            *(t(f"contrasts.{name}") for name in _tests(table)),
            t("contrasts.left-out"),
            t("contrasts.named", n=t.number(NAMED)) if _unnamed(rows, t) else "",
            t("contrasts.empty", names=t.listing(left_out)) if left_out else "",
        ],
        findings=_findings(rows, table, t),
        rows=[_sentence(row, t) for row in rows.itertuples()],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a feature, the largest V first, and a panel a goal, or all in one panel."""
    t = spoken(table, words.lang)
    rows = shown(table)
    return (_panels if _fit(rows, t) else _single)(rows, words, t)


def _fit(rows: pd.DataFrame, t: Messages) -> bool:
    """Say whether there is room for a panel a goal, and in it for the numbers."""
    goals = rows["goal_id"].nunique()
    wide = (WIDTH - MARGIN - RIGHT - LABELS) / goals - GAP
    told = max((_told(row, t, stacked=True).wide for row in _kept(rows)), default=0)
    return goals <= MOST and told <= wide


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Take the rows that can be compared, of two goals that mirror each other the first.

    Parameters
    ----------
    table : DataFrame
        As `metrics.contrasts` gives, with labels.

    Returns
    -------
    DataFrame
        The features with the largest V first, with ``kept``: "holm", "bh" or "neither".
    """
    rows = table[table["difference"].notna()]
    goals = rows["goal_id"].unique()
    first = rows[rows["goal_id"] == goals[0]]
    if len(goals) == 2 and (first["n"] + first["other_n"] == _both(rows)).all():
        rows = first
    kept = np.select([rows["p_holm"] < LEVEL, rows["p_bh"] < LEVEL], ["holm", "bh"], "neither")
    rows = rows.assign(kept=kept, place=rows["goal_id"].map({g: i for i, g in enumerate(goals)}))
    order = ["cramers_v", "feature", "feature_id", "place"]
    ordered = rows.sort_values(order, ascending=[False, True, True, True], na_position="last")
    return ordered.drop(columns="place").reset_index(drop=True)


def _both(rows: pd.DataFrame) -> "pd.Series[int]":
    """Add up the assessed models of the goals of each feature, in the order of the first's rows."""
    return rows.groupby("feature_id", sort=False)["n"].sum().to_numpy()


def _totals(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"n": table["n"] + table["other_n"]})


def _tests(table: pd.DataFrame) -> list[str]:
    """List the tests over all goals that were done."""
    return [
        name for name in ("exact", "monte-carlo", "permutation") if (table["test"] == name).any()
    ]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where differences stand on the page: from `-reach` to `reach` in `wide` cm from `left`."""

    left: float
    wide: float
    reach: float

    def x(self, difference: float) -> float:
        return self.left + self.wide * (difference + self.reach) / (2 * self.reach)

    def within(self, difference: float, wide: float) -> float:
        """Return where a text begins that is about a difference, and leaves the scale nowhere."""
        least, most = self.left, self.left + self.wide - wide
        return min(max(self.x(difference) - wide / 2, least), most)

    def draw(self, page: Page, canvas: Axes, top: float, bottom: float, t: Messages) -> None:
        """Draw ticks above rows, and rules through them."""
        for tick in _ticks(self.reach):
            at, shade = self.x(tick), RULE if tick else GREY
            canvas.plot([at, at], [top, bottom], color=shade, lw=0.8 if tick else 1.2, zorder=0)
            page.text(at, top - 0.42, signed(tick, t), size=SMALL, color=MUTED, ha="center")


def _ticks(reach: float) -> list[float]:
    tick = next(tick for least, tick in REACH if reach >= least)
    return [-tick, 0, tick]


def _panels(rows: pd.DataFrame, words: Texts, t: Messages) -> Figure:
    """Draw a panel for each goal."""
    goals = rows.drop_duplicates("goal_id")
    pitch = (WIDTH - MARGIN - RIGHT - LABELS) / len(goals)
    heads = [lines(goal, pitch - GAP, SMALL, t.lang, bold=True) for goal in goals["goal"]]
    top = max(height(head, SMALL) for head in heads) + LINE + 0.65
    features = list(rows.groupby("feature_id", sort=False))
    stacked = any(_told(row, t).wide > pitch - GAP for row in _kept(rows))
    heights = [_row_height(part, t, stacked) for _, part in features]
    page = Page(words, top + sum(heights) + 0.1, _key(rows, t))
    canvas, reach = page.canvas(), _reach(rows)
    scales = {
        goal: _Scale(LABELS + GAP / 2 + pitch * i, pitch - GAP, reach)
        for i, goal in enumerate(goals["goal_id"])
    }
    for goal, head in zip(goals["goal_id"], heads, strict=True):
        middle, own = scales[goal].x(0), rows[rows["goal_id"] == goal]
        under = top - 0.6 - LINE
        page.text(middle, under - height(head, SMALL), head, size=SMALL, weight="bold", ha="center")
        page.text(middle, under, base(own, t), size=SMALL, color=MUTED, ha="center")
        scales[goal].draw(page, canvas, top, top + sum(heights), t)
    for (_, part), y, high in zip(features, page.rows(canvas, top, heights), heights, strict=True):
        _name(page, part.iloc[0], y + high / 2, t)
        for row in part.itertuples():
            scale, told = scales[row.goal_id], _told(row, t, stacked)
            down = 0 if row.kept == "neither" else told.high / 2 + 0.03
            _mark(canvas, row, scale, y + high / 2 + down)
            if down:
                at = scale.within(row.difference, told.wide), y + high / 2 - down - 0.16
                told.set(page, canvas, *at)
    _head_of_v(page, top, t)
    return page.figure


def _single(rows: pd.DataFrame, words: Texts, t: Messages) -> Figure:
    """Draw all goals of a feature on one line, and those that survive below, with their names."""
    scale = _Scale(LABELS + GAP, WIDTH - MARGIN - RIGHT - LABELS - 2 * GAP, _reach(rows))
    features = list(rows.groupby("feature_id", sort=False))
    lanes = [[_lane(r, scale, t) for r in _largest(part).itertuples()] for _, part in features]
    heights = [
        max(_row_height(part, t), ROW * 0.7 + sum(lane.high for lane in own) + LANE)
        for (_, part), own in zip(features, lanes, strict=True)
    ]
    top = 0.7
    page = Page(words, top + sum(heights) + 0.1, _key(rows, t, alone=True))
    canvas = page.canvas()
    scale.draw(page, canvas, top, top + sum(heights), t)
    starts = page.rows(canvas, top, heights)
    for (_, part), own, y, high in zip(features, lanes, starts, heights, strict=True):
        _name(page, part.iloc[0], y + high / 2, t)
        at = y + (ROW * 0.35 if own else high / 2)
        for row in part.drop(_largest(part).index).itertuples():
            canvas.plot(scale.x(row.difference), at, "o", **LOOKS[row.kept]["mark"])
        at = y + ROW * 0.7
        for lane in own:
            _mark(canvas, lane.row, scale, at + lane.high / 2)
            lane.set(page, canvas, at + LANE / 2, t)
            at += lane.high
    _head_of_v(page, top, t)
    return page.figure


@dataclass(frozen=True, slots=True)
class _Lane:
    """A difference that survives, with its name on the side of the scale that is free."""

    row: Any
    names: list[str]
    x: float
    more: bool

    @property
    def high(self) -> float:
        return height(self.names, SMALL) + LINE + LANE

    def set(self, page: Page, canvas: Axes, y: float, t: Messages) -> None:
        """Print name and numbers beside the mark."""
        told = _told(self.row, t)
        wide = max(text_width(name, SMALL) for name in self.names)
        under = height(self.names, SMALL)
        _clear(canvas, self.x - wide * self.more, y, wide, under)
        page.text(self.x, y, self.names, size=SMALL, ha="right" if self.more else "left")
        told.set(page, canvas, self.x - told.wide * self.more, y + under)


def _lane(row: Any, scale: _Scale, t: Messages) -> _Lane:
    more = row.difference > 0
    x = scale.x(row.low) - 0.25 if more else scale.x(row.high) + 0.25
    wide = x - scale.left if more else scale.left + scale.wide - x
    return _Lane(row, lines(row.goal, wide, SMALL, t.lang), x, more)


def _reach(rows: pd.DataFrame) -> float:
    """Return how far the intervals reach from no difference."""
    reach = min(1.0, 1.04 * rows[["low", "high"]].abs().max(axis=None))
    return float(max(reach, REACH[-1][0]))


def _largest(part: pd.DataFrame) -> pd.DataFrame:
    """Take the largest of a feature's differences that survive, in the order of the goals."""
    sizes = part.loc[part["kept"] != "neither", "difference"].abs()
    return part.loc[sizes.nlargest(NAMED).index.sort_values()]


def _unnamed(rows: pd.DataFrame, t: Messages) -> bool:
    """Say whether more differences survive than are named."""
    survive = rows[rows["kept"] != "neither"].groupby("feature_id").size()
    return not _fit(rows, t) and bool((survive > NAMED).any())


def _kept(rows: pd.DataFrame) -> list[Any]:
    return list(rows[rows["kept"] != "neither"].itertuples())


def contrast(row: Any, t: Messages) -> str:
    """Write a difference with its interval, its p-value and k/n of both sides, below each other.

    Parameters
    ----------
    row : named tuple
        Of a table as `metrics.contrasts` gives.
    t : Messages
        The language.

    Returns
    -------
    str
        Empty where the difference is not known.
    """
    if pd.isna(row.difference):
        return ""
    ends = " … ".join(signed(end, t) for end in (row.low, row.high))
    told = [f"{signed(row.difference, t)} ({ends})", _told(row, t).counts]
    return "\n".join([*told, *([] if pd.isna(row.p_holm) else [p_value(row.p_holm, t)])])


@dataclass(frozen=True, slots=True)
class _Told:
    """A difference in percentage points and k/n of both sides, on one line or on two."""

    points: str
    counts: str
    stacked: bool

    @property
    def high(self) -> float:
        return LINE * (1 + self.stacked)

    @property
    def wide(self) -> float:
        under = text_width(self.counts, SMALL)
        return max(self._after, under) if self.stacked else self._after + 0.12 + under

    @property
    def _after(self) -> float:
        return text_width(self.points, SMALL, bold=True)

    def set(self, page: Page, canvas: Axes, x: float, y: float) -> None:
        """Print it from its upper left corner."""
        _clear(canvas, x, y, self.wide, self.high)
        page.text(x, y, self.points, size=SMALL, weight="bold")
        place = (x, y + LINE) if self.stacked else (x + self._after + 0.12, y)
        page.text(*place, self.counts, size=SMALL, color=MUTED)


def _told(row: Any, t: Messages, stacked: bool = False) -> _Told:
    own, others = t.ratio(row.k, row.n), t.ratio(row.other_k, row.other_n)
    return _Told(signed(row.difference, t), f"{own} · {others}", stacked)


def _row_height(part: pd.DataFrame, t: Messages, stacked: bool = False) -> float:
    label = height(lines(part["feature"].iloc[0], LABELS - 0.5, SMALL, t.lang), SMALL)
    return max(ROW, label + 0.2, 0.7 + LINE * (1 + stacked) if _kept(part) else 0)


def _clear(canvas: Axes, x: float, y: float, wide: float, high: float) -> None:
    """Leave out the rules behind a text."""
    corner, size = (x - 0.05, y), (wide + 0.1, high)
    canvas.add_patch(Rectangle(corner, *size, facecolor="white", linewidth=0, zorder=1))


def _mark(axes: Axes, row: Any, scale: _Scale, y: float) -> None:
    """Draw a difference and its interval."""
    look = LOOKS[row.kept]
    ends = [scale.x(row.low), scale.x(row.high)]
    axes.plot(ends, [y, y], solid_capstyle="butt", **look["line"])
    axes.plot(scale.x(row.difference), y, "o", **look["mark"])


def _name(page: Page, row: Any, y: float, t: Messages) -> None:
    """Print a feature's name and its V, which is bold where its test over all goals survives."""
    page.label(LABELS - 0.25, y, row.feature, LABELS - 0.5, SMALL)
    v = "–" if pd.isna(row.cramers_v) else t.number(row.cramers_v, 2)
    weight = "bold" if row.p_feature_holm < LEVEL else "normal"
    style: dict[str, Any] = {"size": SMALL, "ha": "right", "va": "center", "weight": weight}
    page.text(WIDTH - MARGIN, y, v, color=TEXT if weight == "bold" else MUTED, **style)


def _head_of_v(page: Page, top: float, t: Messages) -> None:
    page.text(WIDTH - MARGIN, top - 0.42, t("contrasts.v"), size=SMALL, color=MUTED, ha="right")


def _key(rows: pd.DataFrame, t: Messages, *, alone: bool = False) -> list[Entry]:
    """Name the marks that occur; dots that stand alone have no line."""

    def draw(axes: Axes, x: float, y: float, kept: str) -> None:
        look = LOOKS[kept]
        if not (alone and kept == "neither"):
            axes.plot([x - 0.4, x + 0.4], [y, y], solid_capstyle="butt", **look["line"])
        axes.plot(x, y, "o", **look["mark"])

    def zero(axes: Axes, x: float, y: float) -> None:
        axes.plot([x, x], [y - 0.15, y + 0.15], color=GREY, lw=1.2)

    found = set(rows["kept"])
    entries = [
        Entry(t(f"contrasts.key-{kept}"), partial(draw, kept=kept), marks.LONG)
        for kept in LOOKS
        if kept in found
    ]
    return [*entries, Entry(t("contrasts.key-zero"), zero)]


def _findings(rows: pd.DataFrame, table: pd.DataFrame, t: Messages) -> list[str]:
    """Say which differences survive, by how much, and which features differ over all goals."""
    first = rows[rows["kept"] == "holm"]
    first = first.loc[first["difference"].abs().sort_values(ascending=False, kind="stable").index]
    told = [_difference(row, t) for row in first.head(LISTED).itertuples()]
    more = len(first) - len(told)
    also = rows[rows["kept"] == "bh"]
    overall = table.drop_duplicates("feature_id")
    overall = overall.loc[overall["p_feature_holm"] < LEVEL, "feature"].tolist()
    found = [
        *told,
        t("contrasts.more", n=t.number(more)) if more else "",
        t("contrasts.also", names="; ".join(_pair(r) for r in also.itertuples()))
        if len(also)
        else "",
    ]
    if not rows["p"].count():
        return [t("contrasts.untested")]
    return [
        *([one for one in found if one] or [t("contrasts.nothing")]),
        t("contrasts.overall", names=t.listing(overall)) if overall else t("contrasts.nowhere"),
        t("contrasts.caveat"),
    ]


def _pair(row: Any) -> str:
    return f"{row.feature} ({row.goal})"


def _difference(row: Any, t: Messages) -> str:
    """Say of a difference how large it is, between which ends, of how many models."""
    return t(
        "contrasts.difference",
        feature=row.feature,
        goal=row.goal,
        points=signed(row.difference, t),
        low=signed(row.low, t),
        high=signed(row.high, t),
        own=t.ratio(row.k, row.n),
        others=t.ratio(row.other_k, row.other_n),
    )


def _sentence(row: Any, t: Messages) -> str:
    said = _difference(row, t).rstrip(".")
    return f"{said}{'' if pd.isna(row.p_holm) else f'; {p_value(row.p_holm, t)} (Holm)'}."


def _by_goal(table: pd.DataFrame) -> pd.DataFrame:
    """Give a row a feature to each goal, the goals one after the other."""
    rows = shown(table)
    places = {goal: place for place, goal in enumerate(table["goal_id"].unique())}
    return rows.sort_values("goal_id", key=lambda ids: ids.map(places), kind="stable")


def _marks(row: Row) -> Iterator[Mark]:
    """Give a difference and its interval the looks of what they survive."""
    line, dot = LIVE[row["kept"]]
    yield Mark("zero", 0, 0)
    yield Mark(line, row["low"], row["high"])
    yield Mark(dot, row["difference"], row["difference"])


def _names(_rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    named = {kind: t(f"contrasts.key-{kept}") for kept, kinds in LIVE.items() for kind in kinds}
    return {**named, "zero": t("contrasts.key-zero")}


SPEC = Spec(
    "contrasts",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows(
        "feature",
        _marks,
        _by_goal,
        ("column.difference", "column.ratio"),
        lambda rows: (-_reach(rows), _reach(rows)),
        key=_names,
        ticks=lambda _low, reach, t: [(tick, signed(tick, t)) for tick in _ticks(reach)],
        part="goal",
        told=base,
    ),
)

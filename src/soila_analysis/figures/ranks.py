"""Figure 15: the ranks that features can have, all at once, and who is surely first or last."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.feature_shares import LISTED
from soila_analysis.figures.page import (
    LABEL,
    SMALL,
    WIDTH,
    Entry,
    Page,
    above,
    row_height,
)
from soila_analysis.figures.palette import BLUE, GREY, HEAT, MUTED, PLUM
from soila_analysis.figures.rows import Mark, Rows
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import base, by_share, open_codes, percent, ratio
from soila_analysis.language import Messages, messages

LABELS = 6.2  # cm, width of the column of labels
ROW = 0.78
HEAD = 0.95
HIGH = 0.44  # cm, of a bar
HALF = 0.44  # of a rank, that a bar covers on either side of it
UNSURE, PALE_PLUM = "#c9ced6", "#f6e9f0"
COLOURS = {"commonest": BLUE, "rarest": PLUM, "": UNSURE}
SHADES = {"commonest": HEAT[0], "rarest": PALE_PLUM}
TICK = 0.42  # cm, least room for the number of a rank


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure; of a data set narrowed to a goal, it names the goal."""
    table = metrics.feature_shares(data.status, contested=data.contested)
    ranked = int(table["rank_low"].count())
    among = min(LISTED, ranked // 2)
    first = table["rank_high"].le(among).fillna(False)
    last = table["rank_low"].gt(ranked - among).fillna(False)
    table["among"] = among
    table["surely"] = np.select([first, last], ["commonest", "rarest"], "")
    return table.assign(goal_id=data.goal) if data.goal else table


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether there are two features to compare, of codes that somebody gave."""
    return bool(table["rank_low"].count() > 1)


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    if not drawable(table):
        unknown = table["kind"].eq("reconstructed").any() and (table["n"] > 0).any()
        why = t(f"ranks.{'unpublished' if unknown else 'none'}")
        return without_figure(table, lang, t("ranks.title"), why)
    rows = by_share(table)
    among = among_of(rows)
    counts = {place: int((rows["surely"] == place).sum()) for place in SHADES}
    told = {place: t.number(count) for place, count in counts.items()}
    title = "lead-title" if any(counts.values()) else "none-title"
    return compose(
        table,
        lang,
        chart=t(f"ranks.chart-{variant}"),
        title=t(f"ranks.{title}", count=among, **told),
        measure=t("ranks.measure"),
        n=base(table, t),
        notes=[t("ranks.how"), open_codes(table, t)],
        findings=_findings(rows, among, t),
        rows=[_sentence(row, t) for row in rows.itertuples()],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw one row a feature: its ranks as a bar, and the rank in these data upon it."""
    t = messages(words.lang)
    rows = by_share(table).assign(open=_is_open)
    step = row_height(rows["feature"], LABELS - 0.5, LABEL, t.lang, ROW)
    page = Page(words, HEAD + step * len(rows) + 0.1, _key(rows, t))
    numbers = marks.Numbers(rows, WIDTH - 0.2, t)
    wide = numbers.left - 0.3 - LABELS
    axes = page.axes(LABELS, HEAD, wide, step * len(rows))
    _scale(page, axes, rows, wide, t)
    for i, row in enumerate(rows.itertuples()):
        y = HEAD + step * (i + 0.5)
        page.label(LABELS - 0.25, y, row.feature, LABELS - 0.5)
        if not pd.isna(row.rank_low):
            _bar(axes, (row.rank_low - HALF, row.rank_high + HALF), i, HIGH / step, row.surely)
            _capsule(axes, (row.rank, row.rank + row.tied - 1), i, row.surely)
        if row.open:
            _open(axes, (row.rank_min, row.rank_max), i + 0.31 / step)
        numbers.set(page, row, y)
    return page.figure


def among_of(rows: pd.DataFrame) -> int:
    """Return how many features are first, and how many last."""
    return int(rows["among"].iloc[0])


def _scale(page: Page, axes: Axes, rows: pd.DataFrame, wide: float, t: Messages) -> None:
    """Lay a scale of ranks above rows that run downwards; shade the first and the last."""
    ranked, among = int(rows["rank_low"].count()), among_of(rows)
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100) if wide * n / ranked >= TICK or n == 100)
    ticks = [rank for rank in range(1, ranked + 1) if rank == 1 or rank % every == 0]
    above(axes, len(rows), (0.5, ranked + 0.5), {rank: t.number(rank) for rank in ticks}, SMALL)
    starts = {"commonest": 0.5, "rarest": ranked - among + 0.5}
    for place, start in starts.items():
        corner, shade = (start, -0.5), SHADES[place]
        axes.add_patch(Rectangle(corner, among, len(rows), facecolor=shade, linewidth=0, zorder=0))
    style: dict[str, Any] = {"size": SMALL, "weight": "bold"}
    page.text(LABELS, 0, t("ranks.first"), color=BLUE, **style)
    page.text(LABELS + wide, 0, t("ranks.last"), color=PLUM, ha="right", **style)


def _bar(axes: Axes, ends: tuple[float, float], y: float, high: float, surely: str) -> None:
    low, up = ends
    corner = (low, y - high / 2)
    axes.add_patch(Rectangle(corner, up - low, high, facecolor=COLOURS[surely], linewidth=0))


def _capsule(axes: Axes, ends: tuple[float, float], y: float, surely: str) -> None:
    """Draw the rank in these data, as long as it is shared."""
    ends = (ends[0] - 0.06, ends[1] + 0.06)
    look: dict[str, Any] = {"solid_capstyle": "round", "zorder": 3, "clip_on": False}
    axes.plot(ends, [y, y], color=MUTED if not surely else COLOURS[surely], lw=9, **look)
    axes.plot(ends, [y, y], color="white", lw=6, **look)


def _open(axes: Axes, ends: tuple[float, float], y: float) -> None:
    """Draw the ranks that open codes allow."""
    look: dict[str, Any] = {"color": GREY, "clip_on": False, "zorder": 2}
    axes.plot(ends, [y, y], lw=1, **look)
    for end in ends:
        axes.plot(end, y, "|", ms=5, mew=1.2, **look)


def _key(rows: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the bars that occur, the rank in these data, and what open codes allow."""
    among = among_of(rows)

    def bar(axes: Axes, x: float, y: float, surely: str) -> None:
        _bar(axes, (x - 0.4, x + 0.4), y, 0.3, surely)
        _capsule(axes, (x, x), y, surely)

    def capsule(axes: Axes, x: float, y: float) -> None:
        _capsule(axes, (x, x), y, places[-1])

    def open_(axes: Axes, x: float, y: float) -> None:
        _open(axes, (x - 0.4, x + 0.4), y)

    found = set(rows.loc[rows["rank_low"].notna(), "surely"])
    places = [place for place in COLOURS if place in found]
    entries = [
        Entry(t(f"ranks.key-{place or 'unsure'}", count=among), partial(bar, surely=place), 1.0)
        for place in places
    ]
    entries.append(Entry(t("ranks.key-rank"), capsule, 0.6))
    if rows["open"].any():
        entries.append(Entry(t("ranks.key-open"), open_, marks.LONG))
    return entries


def _is_open(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Say of which rows open codes allow other ranks than that of the data, which may be shared."""
    last = rows["rank"] + rows["tied"] - 1
    return ((rows["rank_min"] < rows["rank"]) | (rows["rank_max"] > last)).fillna(False)


def _moved(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Say of which rows open codes could take the feature out of its place."""
    among, ranked = rows["among"], rows["rank_low"].count()
    first = rows["surely"].eq("commonest") & rows["rank_max"].gt(among).fillna(False)
    last = rows["surely"].eq("rarest") & rows["rank_min"].le(ranked - among).fillna(False)
    return first | last


def _findings(rows: pd.DataFrame, among: int, t: Messages) -> list[str]:
    """Name the features that are surely among the first or the last, or say that none is."""
    named = {place: rows.loc[rows["surely"] == place, "feature"].tolist() for place in SHADES}
    found = [
        t(f"ranks.{place}", count=among, names=t.listing(names))
        for place, names in named.items()
        if names
    ]
    moved = rows.loc[_moved(rows), "feature"].tolist()
    if moved:
        found.append(t("ranks.moved", names=t.listing(moved)))
    return [*(found or [t("ranks.nobody", count=among)]), t("ranks.caveat")]


def _sentence(row: Any, t: Messages) -> str:
    if pd.isna(row.rank_low):
        return f"{row.feature}: {percent(row, t)}."
    low, high = t.number(row.rank_low), t.number(row.rank_high)
    span = low if low == high else f"{low}–{high}"
    said = t("ranks.row", feature=row.feature, rank=t.number(row.rank), span=span)
    return f"{said} {ratio(row, t)} ({percent(row, t)})."


def _marks(row: Mapping[str, Any]) -> Iterator[Mark]:
    if pd.isna(row["rank_low"]):
        return
    surely = row["surely"] if row["surely"] in SHADES else "unsure"
    yield Mark(f"rank-{surely}", row["rank_low"] - HALF, row["rank_high"] + HALF)
    if row["open"]:
        yield Mark("rank-open", row["rank_min"], row["rank_max"])
    yield Mark("rank", row["rank"] - HALF / 2, row["rank"] + row["tied"] - 1 + HALF / 2)


def _names(rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    among = among_of(rows)
    kinds = [place or "unsure" for place in COLOURS] + ["open"]
    names = {f"rank-{kind}": t(f"ranks.key-{kind}", count=among) for kind in kinds}
    return {**names, "rank": t("ranks.key-rank")}


SPEC = Spec(
    "ranks",
    texts,
    (redesigned,),
    metric,
    ("feature-share",),
    drawable,
    Rows(
        "feature",
        _marks,
        lambda table: by_share(table).assign(open=_is_open),
        scale=lambda rows: (0.5, rows["rank_low"].count() + 0.5),
        decimals=0,
        key=_names,
    ),
)

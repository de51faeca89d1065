"""A figure as live text: the rows that people read, each with its marks on a scale."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pandas as pd
from matplotlib.ticker import MaxNLocator

from soila_analysis.figures import spec
from soila_analysis.figures.rows import Grid, Mark, Rows
from soila_analysis.figures.wording import BOUNDED, explained, spoken
from soila_analysis.language import Messages, messages
from soila_analysis.report.tables import CROSSED, Readable, in_columns, repeats, written

NAMES = {  # of the kinds of marks that several figures have
    **dict.fromkeys(("bar", "dot"), "column.share"),
    "interval": "column.interval",
    "widened": "column.widened",
    "bounds": "coders.bounds",
    "own": "coders.each",
    "other": "live.other",
    "range": "live.range",
    "likely": "live.likely",
    "likely-once": "live.likely-once",
}
STEPS = MaxNLocator(5, steps=[1, 2.5, 5, 10])
LINKED = {"feature": "feature_id", "goal": "goal_id"}  # rows about what another page explains
BRIEF = ("bar", "dot", "range", "other")  # kinds of marks of a chart in brief
ENDS = 4  # rows at either end of a chart in brief


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template ``chart.html`` draws.

    Attributes
    ----------
    table : Readable
        The words and numbers of the rows.
    marks : tuple of tuple of Mark
        Those of each row, in per cent of the scale.
    ids, bases : tuple of str
        Of each row, what it is about, and where its number is from.
    main : tuple of int
        The columns that stand beside the marks; the others are details.
    key : tuple of (tuple of Mark, str)
        One of each kind of marks that are there, those of one name together, and this name.
    ticks : tuple of (float, str)
    how : str
        What the marks mean that tell where a number stands.
    heads : mapping of int to (str, str)
        Above which rows a heading stands, and what it says besides.
    grid : Grid or None
        What stands above the rows.
    """

    table: Readable
    marks: tuple[tuple[Mark, ...], ...]
    ids: tuple[str, ...]
    bases: tuple[str, ...]
    main: tuple[int, ...]
    key: tuple[tuple[tuple[Mark, ...], str], ...]
    ticks: tuple[tuple[float, str], ...]
    how: str
    heads: Mapping[int, tuple[str, str]]
    grid: Grid | None

    @property
    def more(self) -> list[int]:
        """The columns that are details."""
        return [place for place in range(len(self.table.heads)) if place not in self.main]


def chart(
    table: pd.DataFrame, labels: Mapping[str, str], lang: str, figure: str, variant: str
) -> Chart | None:
    """Lay out a figure as live text.

    Parameters
    ----------
    table, labels, lang
        As for `readable`.
    figure, variant : str
        Names of the figure and its variant.

    Returns
    -------
    Chart or None
        The rows in the order of the figure. None where a figure has no live form.
    """
    shown = spec(figure).rows
    if shown is None or variant != "redesigned" or table.empty:
        return None
    t, rows = spoken(table, lang), shown.of(table)
    cells = written(rows, labels, lang)
    named, parts = cells.setdefault(shown.name, []), cells.get(shown.part, [""] * len(rows))
    if len({*zip(parts, named, strict=True)}) < len(named):  # rows that read the same
        return None
    text = _text(table, cells, shown, figure, t)
    low, high = shown.scale(rows)
    found = [[*shown.marks(row)] for row in rows.to_dict("records")]
    return Chart(
        table=text,
        marks=tuple(tuple(_placed(mark, low, high) for mark in marks) for marks in found),
        ids=tuple(rows.get(LINKED.get(shown.name, ""), [""] * len(rows))),
        bases=tuple(rows["basis"]),
        main=(0, *(text.heads.index(t(b)) for b in shown.beside if t(b) in text.heads)),
        key=tuple(_key([mark for marks in found for mark in marks], shown.key(rows, t), t)),
        ticks=tuple(_ticks(low, high, shown, t)),
        how=explained(rows["basis"], t),
        heads=_heads(rows, parts, shown, t) if shown.part else {},
        grid=shown.grid(table, t) if shown.grid else None,
    )


def _text(
    table: pd.DataFrame, cells: Mapping[str, list[str]], shown: Rows, figure: str, t: Messages
) -> Readable:
    """Put what a row is about before all else that can be read of it."""
    named = cells[shown.name]
    if figure in CROSSED and not shown.part:
        text = CROSSED[figure](table, t)
        rows = {row[0]: row for row in text.rows}
        return replace(text, rows=tuple(rows[name] for name in named))
    told = (shown.name, shown.part)
    others = {n: c for n, c in cells.items() if n not in told and not repeats(n, cells)}
    return in_columns({shown.name: named, **others}, t)


def _key(
    marks: Sequence[Mark], own: Mapping[str, str], t: Messages
) -> Iterator[tuple[tuple[Mark, ...], str]]:
    """Give one of each kind of marks, as a point where all of them are, by its name."""
    points: dict[str, bool] = {}
    for mark in marks:
        points[mark.kind] = points.get(mark.kind, True) and mark.low == mark.high
    names = {**{kind: t(name) for kind, name in NAMES.items()}, **own}
    for name in dict.fromkeys(names[kind] for kind in points):
        kinds = [kind for kind in points if names[kind] == name]
        yield tuple(Mark(k, *((50, 50) if points[k] else (10, 90))) for k in kinds), name


def _heads(
    rows: pd.DataFrame, parts: Sequence[str], shown: Rows, t: Messages
) -> dict[int, tuple[str, str]]:
    """Head the rows of each part."""
    starts = [place for place, part in enumerate(parts) if part not in parts[:place]]
    return {
        start: (parts[start], shown.told(rows.iloc[start:end], t))
        for start, end in pairwise([*starts, len(parts)])
    }


def _placed(mark: Mark, low: float, high: float) -> Mark:
    """Turn a mark into per cent of the scale; what is beyond its ends stands at them."""
    start, end = (min(max(100 * (x - low) / (high - low), 0), 100) for x in (mark.low, mark.high))
    return Mark(mark.kind, start, end, mark.tall)


def _ticks(low: float, high: float, shown: Rows, t: Messages) -> list[tuple[float, str]]:
    ticks = shown.ticks(low, high, t) if shown.ticks else _even(low, high, shown.decimals, t)
    return sorted((100 * (x - low) / (high - low), name) for x, name in ticks)


def _even(low: float, high: float, decimals: int | None, t: Messages) -> list[tuple[float, str]]:
    """Give round numbers at the same distance from each other."""
    ticks = [x for x in STEPS.tick_values(low, high) if low <= x <= high]
    if decimals is None:
        return [(x, t.percent(round(100 * x))) for x in ticks]
    return [(x, t.number(x, decimals)) for x in ticks]


def brief(whole: Chart, lang: str) -> Chart:
    """Shorten a chart to numbers and ranges; of many rows, those between the ends become one.

    Parameters
    ----------
    whole : Chart
        As `chart` gives.
    lang : {"fi", "sv", "en"}

    Returns
    -------
    Chart
        Of nine rows at most.
    """
    t, last = messages(lang), len(whole.marks) - ENDS
    marks = [tuple(m for m in row if m.kind in BRIEF) for row in whole.marks]
    rows, ids, bases = list(whole.table.rows), list(whole.ids), list(whole.bases)
    if last - ENDS > 1:
        inner = [mark for row in marks[ENDS:last] for mark in row]
        ranged = any(mark.kind == "range" for mark in inner)
        ends = [end for mark in inner for end in (mark.low, mark.high)]
        span = [Mark("range" if ranged else "others", min(ends), max(ends))] if ends else []
        told = [t("site.others", n=t.number(last - ENDS)), *(_span(mark, t) for mark in span)]
        cells = dict(zip(whole.main, told, strict=False))
        marks[ENDS:last] = [tuple(span)]
        rows[ENDS:last] = [tuple(cells.get(at, "") for at in range(len(whole.table.heads)))]
        ids[ENDS:last], bases[ENDS:last] = [""], [BOUNDED if ranged else ""]
    kinds = {mark.kind for row in marks for mark in row}
    return replace(
        whole,
        table=replace(whole.table, rows=tuple(rows)),
        marks=tuple(marks),
        ids=tuple(ids),
        bases=tuple(bases),
        key=tuple(named for named in whole.key if named[0][0].kind in kinds),
    )


def _span(mark: Mark, t: Messages) -> str:
    low, high = (int(end + 0.5) for end in (mark.low, mark.high))
    return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"

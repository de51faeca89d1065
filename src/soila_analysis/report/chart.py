"""A figure as live text: the rows that people read, each with its marks on a scale."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd
from matplotlib.ticker import MaxNLocator

from soila_analysis.figures import spec
from soila_analysis.figures.rows import Mark, Rows
from soila_analysis.figures.wording import BOUNDED, explained, spoken
from soila_analysis.language import Messages, messages
from soila_analysis.report.tables import COLUMNS, CROSSED, Readable, readable

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
    key : tuple of (Mark, str)
        One of each kind of marks that are there, and its name.
    ticks : tuple of (float, str)
    how : str
        What the marks mean that tell where a number stands.
    """

    table: Readable
    marks: tuple[tuple[Mark, ...], ...]
    ids: tuple[str, ...]
    bases: tuple[str, ...]
    main: tuple[int, ...]
    key: tuple[tuple[Mark, str], ...]
    ticks: tuple[tuple[float, str], ...]
    how: str

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
    crossed = CROSSED.get(figure)
    text = crossed(table, t) if crossed else readable(rows, labels, lang)
    first = text.heads.index(t(f"column.{shown.name}")) if not crossed else 0
    named = [COLUMNS[shown.name].cell(row, t) for row in rows.itertuples()]
    if len(set(named)) < len(named):  # rows that read the same
        return None
    written = {row[first]: row for row in text.rows}
    low, high = shown.scale(rows)
    found = [[*shown.marks(row)] for row in rows.to_dict("records")]
    kinds: dict[str, bool] = {}  # whether all marks of a kind are points
    for mark in (mark for marks in found for mark in marks):
        kinds[mark.kind] = kinds.get(mark.kind, True) and mark.low == mark.high
    names = {**{kind: t(name) for kind, name in NAMES.items()}, **shown.key(rows, t)}
    beside = [text.heads.index(t(head)) for head in shown.beside if t(head) in text.heads]
    return Chart(
        table=replace(text, rows=tuple(written[name] for name in named)),
        marks=tuple(tuple(_placed(mark, low, high) for mark in marks) for marks in found),
        ids=tuple(rows.get(f"{shown.name}_id", [""] * len(rows))),
        bases=tuple(rows["basis"]),
        main=(first, *beside),
        key=tuple((Mark(k, *((50, 50) if at else (10, 90))), names[k]) for k, at in kinds.items()),
        ticks=tuple(_ticks(low, high, shown, t)),
        how=explained(rows["basis"], t),
    )


def _placed(mark: Mark, low: float, high: float) -> Mark:
    """Turn a mark into per cent of the scale; what is beyond its ends stands at them."""
    start, end = (min(max(100 * (x - low) / (high - low), 0), 100) for x in (mark.low, mark.high))
    return Mark(mark.kind, start, end, mark.tall)


def _ticks(low: float, high: float, shown: Rows, t: Messages) -> list[tuple[float, str]]:
    ticks = [x for x in STEPS.tick_values(low, high) if low <= x <= high]
    return [
        (
            100 * (x - low) / (high - low),
            t.percent(round(100 * x)) if shown.decimals is None else t.number(x, shown.decimals),
        )
        for x in ticks
    ]


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
        key=tuple(named for named in whole.key if named[0].kind in kinds),
    )


def _span(mark: Mark, t: Messages) -> str:
    low, high = (int(end + 0.5) for end in (mark.low, mark.high))
    return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"

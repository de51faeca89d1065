"""A figure of shares as live text: the rows that people read, each with its marks on a scale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from soila_analysis.figures.marks import INNER
from soila_analysis.figures.wording import (
    BOUNDED,
    by_share,
    coders,
    explained,
    interval,
    open_codes,
    other_reading,
)
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.shares import WIDENED
from soila_analysis.report.tables import Readable, Row, readable

LIVE = {"feature-shares": "feature", "feature-by-goal": "goal", "models-by-goal": "goal"}
NAMES = {  # of the kinds of marks
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
TICKS = (0, 25, 50, 75, 100)
BRIEF = ("bar", "dot", "range", "other")  # kinds of marks of a chart in brief
ENDS = 4  # rows at either end of a chart in brief


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark on a scale from 0 to 100: its kind, and where it begins and ends."""

    kind: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template ``chart.html`` draws.

    Attributes
    ----------
    table : Readable
        The words and numbers of the rows.
    marks : tuple of tuple of Mark
        Those of each row.
    ids, bases : tuple of str
        Of each row, what it is about, and where its number is from.
    main : tuple of int
        The columns that stand beside the marks; the others are details.
    key : tuple of (str, str)
        Kinds of marks that are there, and their names.
    ticks : tuple of (int, str)
    how : str
        What the marks mean, and what the percentages leave out.
    """

    table: Readable
    marks: tuple[tuple[Mark, ...], ...]
    ids: tuple[str, ...]
    bases: tuple[str, ...]
    main: tuple[int, ...]
    key: tuple[tuple[str, str], ...]
    ticks: tuple[tuple[int, str], ...]
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
        The largest share first. None where a figure has no live form.
    """
    if figure not in LIVE or variant != "redesigned":
        return None
    t, rows = messages(lang), by_share(table)
    text = readable(rows, labels, lang)
    named = t(f"column.{LIVE[figure]}")
    if named not in text.heads or len(text.rows) != len(rows):  # rows that read the same
        return None
    first, beside = text.heads.index(named), (t("column.share"), t("column.ratio"))
    own = coders(rows)
    found = tuple(tuple(_marks(row, own)) for row in rows.to_dict("records"))
    kinds = dict.fromkeys(mark.kind for marks in found for mark in marks)
    return Chart(
        table=text,
        marks=found,
        ids=tuple(rows[f"{LIVE[figure]}_id"]),
        bases=tuple(rows["basis"]),
        main=(first, *(text.heads.index(head) for head in beside if head in text.heads)),
        key=tuple((kind, t(NAMES[kind])) for kind in kinds),
        ticks=tuple((tick, t.percent(tick)) for tick in TICKS),
        how=_how(rows, t),
    )


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
        key=tuple(named for named in whole.key if named[0] in kinds),
    )


def _span(mark: Mark, t: Messages) -> str:
    low, high = (int(end + 0.5) for end in (mark.low, mark.high))
    return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"


def _how(rows: pd.DataFrame, t: Messages) -> str:
    if "feature_id" not in rows:
        return explained(rows["basis"], t)
    said = (interval(rows, t), other_reading(rows, t), open_codes(rows, t))
    return " ".join(filter(None, (*said, explained(rows["basis"], t))))


def _marks(row: Row, own: list[str]) -> Iterator[Mark]:
    """Give the marks of a row, those below others first."""
    if row["basis"] == BOUNDED:
        yield Mark("range", *(100 * row[end] / row["n"] for end in ("bound_low", "bound_high")))
        ends = [100 * row[end] for end in INNER]
        yield Mark("likely", *ends[:2])
        yield Mark("likely-once", *ends[2:])
        return
    if not row["n"]:
        return
    share = 100 * row["k"] / row["n"]
    if "feature_id" not in row:
        yield Mark("bar", 0, share)
        return
    if own and row["share_min"] < row["share_max"]:
        yield Mark("bounds", 100 * row["share_min"], 100 * row["share_max"])
    if row["low"] == row["low"]:
        kind = "widened" if str(row["interval"]).endswith(WIDENED) else "interval"
        yield Mark(kind, 100 * row["low"], 100 * row["high"])
    points: list[tuple[str, Any]] = [("own", row[f"share:{coder}"]) for coder in own]
    for kind, value in [*points, ("other", row.get("other_share")), ("dot", share / 100)]:
        if not pd.isna(value):
            yield Mark(kind, 100 * value, 100 * value)

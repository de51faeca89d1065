"""What a figure shows row by row, in numbers, for a page that lays it out as text."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from soila_analysis.figures.marks import INNER
from soila_analysis.figures.wording import BOUNDED, OWN, by_share
from soila_analysis.language import Messages
from soila_analysis.metrics.shares import WIDENED

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark on the scale of a row.

    Attributes
    ----------
    kind : str
        Decides its look and its name in the key.
    low, high : float
        Where it begins and ends; a point where they are the same.
    tall : float
        How much of the row's height it may take, of marks that count something.
    """

    kind: str
    low: float
    high: float
    tall: float = 1.0


def estimate(value: str = "share", low: str = "low", high: str = "high") -> Callable[[Row], Any]:
    """Draw a number and its interval, by the columns that hold them.

    Parameters
    ----------
    value, low, high : str, optional
        Names of columns; an interval is left out where they are missing or empty.

    Returns
    -------
    callable
        Row -> marks, those below others first.
    """

    def marks(row: Row) -> Iterator[Mark]:
        if not pd.isna(row.get(low)) and not pd.isna(row.get(high)):
            yield Mark("interval", row[low], row[high])
        if not pd.isna(row[value]):
            yield Mark("dot", row[value], row[value])

    return marks


def span(row: Row, of: str = "", n: float = 1) -> Iterator[Mark]:
    """Draw the range of a number of which only bounds are known, and 95 % of it by two priors."""
    yield Mark("range", row[f"{of}bound_low"] / n, row[f"{of}bound_high"] / n)
    ends = [row[of + end] for end in INNER]
    yield Mark("likely", *ends[:2])
    yield Mark("likely-once", *ends[2:])


def shares(row: Row) -> Iterator[Mark]:
    """Draw a share: its interval and bounds, or its range, and what others make of it."""
    if row["basis"] == BOUNDED:
        yield from span(row, n=row["n"])
        return
    if not row["n"]:
        return
    if "feature_id" not in row:
        yield Mark("bar", 0, row["k"] / row["n"])
        return
    own = [column for column in row if str(column).startswith(OWN)]
    if own and row["share_min"] < row["share_max"]:
        yield Mark("bounds", row["share_min"], row["share_max"])
    if not pd.isna(row["low"]):
        kind = "widened" if str(row["interval"]).endswith(WIDENED) else "interval"
        yield Mark(kind, row["low"], row["high"])
    points = [*(("own", row[column]) for column in own), ("other", row.get("other_share"))]
    for kind, value in [*points, ("dot", row["k"] / row["n"])]:
        if not pd.isna(value):
            yield Mark(kind, value, value)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid: the class of its look, its lines of text, and its marks."""

    look: str
    lines: tuple[str, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """What a figure shows at places in rows and columns.

    Attributes
    ----------
    cells : tuple of tuple of (Cell or None)
    key : tuple of (str, str)
        Looks of cells, and their names.
    names : tuple of str
        Heads of the rows, whose numbers head the columns; none where the rows of the chart tell
        all that the grid does.
    """

    cells: tuple[tuple[Cell | None, ...], ...]
    key: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """How the table of a figure reads as rows with marks on one scale.

    Attributes
    ----------
    name : str
        What a row is about: ``feature``, ``goal`` or another column that people read.
    marks : callable
        Row, as a mapping -> its marks, those below others first, in units of the scale.
    of : callable
        Table -> its rows, in their order.
    beside : tuple of str
        Messages of the heads that stand beside the marks; the other columns are details.
    scale : callable
        Rows -> lowest and highest number of the scale; shares are written in per cent.
    decimals : int or None
        Of numbers on the scale; None for shares.
    key : callable
        (rows, messages) -> names of kinds of marks that are this figure's own; kinds of one name
        stand together.
    ticks : callable, optional
        (lowest, highest, messages) -> numbers on the scale and how they are written.
    part : str
        What rows that stand below one heading have in common, another column that people read.
    told : callable
        (rows of a part, messages) -> what its heading says besides.
    grid : callable, optional
        (table, messages) -> what stands above the rows.
    """

    name: str
    marks: Callable[[Row], Iterator[Mark]] = shares
    of: Callable[[pd.DataFrame], pd.DataFrame] = by_share
    beside: tuple[str, ...] = ("column.share", "column.ratio")
    scale: Callable[[pd.DataFrame], tuple[float, float]] = lambda _rows: (0, 1)
    decimals: int | None = None
    key: Callable[[pd.DataFrame, Messages], Mapping[str, str]] = lambda _rows, _t: {}
    ticks: Callable[[float, float, Messages], Iterable[tuple[float, str]]] | None = None
    part: str = ""
    told: Callable[[pd.DataFrame, Messages], str] = lambda _rows, _t: ""
    grid: Callable[[pd.DataFrame, Messages], Grid] | None = None

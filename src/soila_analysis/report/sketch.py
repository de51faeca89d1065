"""Figures as thumbnails: a few of their marks without words, drawn for their size."""

from collections.abc import Sequence

import pandas as pd

from soila_analysis.figures.classes import scale
from soila_analysis.figures.rows import Mark
from soila_analysis.figures.wording import by_share
from soila_analysis.report.chart import chart
from soila_analysis.report.drawings import Drawn
from soila_analysis.report.evidence_map import shade

ROWS = 5  # of a thumbnail
GAP = 1.5  # per cent between cells
WORDY = ("definition", "claim", "feature", "goal")  # the longest text of a row stands first
Rows = Sequence[tuple[Mark, ...]]


def sketch(figure: Drawn, lang: str) -> Rows:
    """Draw a figure as a thumbnail.

    Parameters
    ----------
    figure : Drawn
    lang : {"fi", "sv", "en"}

    Returns
    -------
    sequence of tuple of Mark
        At most five rows of the figure, from its first to its last: cells of a map, marks on a
        scale, or lines as long as its texts.
    """
    table = figure.table
    live = chart(table, {}, lang, figure.name, figure.words["variant"])
    if figure.name == "evidence-map":
        rows = _cells(table.fillna({"goal_id": ""}))
    elif live and live.marks:
        rows = live.marks
    else:
        rows = _lines(table)
    places = [round(row * (len(rows) - 1) / (ROWS - 1)) for row in range(ROWS)]
    return [rows[place] for place in dict.fromkeys(places)] if rows else []


def _cells(table: pd.DataFrame) -> Rows:
    """Give the cells of each feature, all models first, with their shades."""
    classes, width = scale(table), 100 / table["goal_id"].nunique()
    order = by_share(table[table["goal_id"] == ""])["feature_id"]
    rows: dict[str, list[Mark]] = {feature: [] for feature in order}
    for row in table.sort_values("goal_id", kind="stable").itertuples():
        marks = rows[row.feature_id]
        start = len(marks) * width
        marks.append(Mark(f"shade-{shade(row, classes)}", start, start + width - GAP))
    return [tuple(marks) for marks in rows.values()]


def _lines(table: pd.DataFrame) -> Rows:
    """Give a line for each row, as long as its text."""
    column = next(c for c in (*WORDY, table.columns[0]) if c in table)
    lengths = table[column].astype(object).fillna("").astype(str).str.len()
    return [(Mark("line", 0, 100 * n / max(lengths.max(), 1)),) for n in lengths]

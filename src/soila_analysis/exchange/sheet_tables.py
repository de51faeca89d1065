"""The tables in a sheet: where their headings are, and what becomes of each row.

A sheet may have been sorted, with its headings among the rows; a second table may have been pasted
below the first. Rows are read, or skipped with a reason that is told, or a problem; none is lost.
"""

from collections import Counter
from dataclasses import dataclass, field

from soila_analysis.dataset.problems import Problem
from soila_analysis.exchange.grids import Grid, name
from soila_analysis.exchange.vocabulary import FEATURE, FIXED, GOAL, LISTS, MODEL, Vocabulary

HINTED = 100  # a sheet with more faults gets no hints, which take long to find
UNTICKED = "with unticked boxes only"
ABOVE = "above the headings"
LABELS = "of changed labels"
REFUSED = "refused"
EMPTY = "without a model or code"
TOTAL = "it looks like a row of totals; delete it"
MERGED = "merged cells: it is not said for which of them the content holds; unmerge them"
NO_HEADING = "its column has no heading; write one, or delete the cell"
ALLOWED = (*FIXED, *LISTS, "a goal", "a feature", "note:<feature>", f"{MODEL}<any name>")
ANSWERED = (FEATURE, GOAL, *LISTS)


@dataclass
class Table:
    """One table of a sheet.

    Parameters
    ----------
    grid : Grid
    meant : dict of int to str
        What each column is, as far as that is understood.
    columns : dict of str to int
        The column of each id that has but one.
    headings : list of int
        The rows that hold them, of which one may be hidden.
    rows : list of int
        Those to be read.
    skipped : Counter of str
        How many rows were not, by reason.
    problems : list of (row, column, Problem)
    """

    grid: Grid
    meant: dict[int, str] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)
    headings: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, int, Problem]] = field(default_factory=list)

    def text(self, row: int, column_id: str) -> str:
        """Return the text of a cell, "" if there is no such column."""
        return self.grid.text(row, self.columns.get(column_id, 0))

    def wrong(
        self,
        row: int,
        column: int,
        found: str | None = None,
        allowed: tuple[str, ...] = (),
        more: str = "",
        kind: str = "",
    ) -> None:
        """Note a problem with a cell."""
        place = name(row, column)
        problem = Problem(self.grid.whole, None, None, found, allowed, more, place, kind)
        self.problems.append((row, column, problem))


class _Known(dict[str, str]):
    """What headings mean, "" for those that mean nothing or several things."""

    def __init__(self, words: Vocabulary) -> None:
        self.words = words

    def __missing__(self, text: str) -> str:
        meant = self.words.column_ids(text)
        self[text] = next(iter(meant)) if len(meant) == 1 else ""
        return self[text]


def tables(grid: Grid, words: Vocabulary) -> list[Table]:
    """Find the tables of a sheet and sort its rows.

    Parameters
    ----------
    grid : Grid
    words : Vocabulary

    Returns
    -------
    list of Table
        None if no row has headings.
    """
    known = _Known(words)
    found: list[Table] = []
    meant: dict[int, str] = {}
    for row, texts in enumerate(grid.rows, start=1):
        here = {column: known[text] for column, text in enumerate(texts, 1) if text and known[text]}
        if len(set(here.values())) < 2 or "model_id" not in here.values():
            continue
        other = {column for column, one in here.items() if meant.get(column, one) != one}
        between = grid.rows[found[-1].headings[-1] : row - 1] if found else []
        if not found or (other and any(map(any, between))):
            found.append(Table(grid))
            meant, other = found[-1].meant, set()
        found[-1].headings.append(row)
        for column in other:
            more = f"cell {name(found[-1].headings[-2], column)} says that it is {meant[column]}"
            found[-1].wrong(row, column, grid.text(row, column), (), more, "two headings")
        meant.update({column: one for column, one in here.items() if column not in other})
    starts = [1, *(table.headings[0] for table in found[1:]), len(grid.rows) + 1]
    for table, first, end in zip(found, starts, starts[1:], strict=False):
        _check_headings(table, words, end)
        merged = _merged(table, first, end)
        coded = table.columns.get("coder_id", 0)
        coders = {*grid.column(coded, range(table.headings[0] + 1, end))} if coded else set()
        table.skipped[REFUSED] += len(merged & {*range(table.headings[0] + 1, end)})
        for row in range(first, end):
            if row not in table.headings and row not in merged:
                _sort(table, row, words, coders)
    return found


def without_model(grid: Grid, words: Vocabulary) -> int:
    """Find a row of headings that lacks the one for models; 0 if there is none.

    Parameters
    ----------
    grid : Grid
    words : Vocabulary

    Returns
    -------
    int
    """
    known = _Known(words)
    for row, texts in enumerate(grid.rows, start=1):
        filled = [text for text in texts if text]
        meant = {known[text] for text in filled} - {""}
        if len(meant) > 1 and 2 * len(meant) > len(filled):
            return row
    return 0


def _check_headings(table: Table, words: Vocabulary, end: int) -> None:
    """Take each column once; name headings that are not understood, and cells without any."""
    grid, twice = table.grid, set()
    for column in range(1, max(map(len, grid.rows), default=0) + 1):
        told = [(row, text) for row in table.headings if (text := grid.text(row, column))]
        column_id = table.meant.get(column)
        if column_id:
            first = table.columns.setdefault(column_id, column)
            if first != column:
                more = f"cell {name(told[-1][0], first)} is {column_id} too"
                table.wrong(told[-1][0], column, told[-1][1], ("each column once",), more)
                twice.add(column_id)
        elif told:
            meant = tuple(sorted(words.column_ids(told[-1][1])))
            more = "ambiguous heading; write the id" * bool(meant)
            if not meant and len(table.problems) < HINTED:
                more = words.nearest(told[-1][1])
            allowed = meant or ALLOWED
            table.wrong(told[-1][0], column, told[-1][1], allowed, more, kind="heading")
        else:
            for row in range(table.headings[0] + 1, end):
                if text := grid.text(row, column):
                    table.wrong(row, column, text, (), NO_HEADING)
    for column_id in twice:
        del table.columns[column_id]


def _merged(table: Table, first: int, end: int) -> set[int]:
    """Return the rows of merged cells that hold anything, each area a problem."""
    grid, touched = table.grid, set()
    for top, left, bottom, right in grid.merged:
        inside = [
            (row, column)
            for row in range(top, min(bottom, len(grid.rows)) + 1)
            for column in range(left, right + 1)
            if grid.text(row, column)
        ]
        if not inside or not max(first, table.headings[0]) <= bottom or top >= end:
            continue
        touched |= set(range(top, bottom + 1))
        area = f"{name(top, left)}:{name(bottom, right)}"
        under = [f'{name(*at)} "{grid.text(*at)}"' for at in inside if at != (top, left)]
        more = f"{area}; hidden under them: {', '.join(under[:3])}" if under else area
        table.wrong(top, left, grid.text(top, left), (), f"{MERGED} ({more})", kind=MERGED)
    return touched


def _sort(table: Table, row: int, words: Vocabulary, coders: set[str]) -> None:
    """Decide what becomes of a row: it is read, skipped, or a problem."""
    texts, model = table.grid.rows[row - 1], table.text(row, "model_id")
    if table.rows and model and row > table.headings[0] and not words.is_total(model):
        table.rows.append(row)
        return
    filled = [one for one, column in table.columns.items() if table.grid.text(row, column)]
    answers = [table.text(row, one) for one in filled if one.startswith(ANSWERED)]
    if not any(texts):
        return
    if row < table.headings[0] and not _is_data(table, row, filled, words, coders):
        _above(table, row, filled, words)
    elif not table.rows and _is_label(table, row, filled, words):
        table.skipped[LABELS] += 1
    elif words.is_total(model or table.text(row, "name")) or _sums(model, filled, answers):
        table.wrong(row, table.columns.get("model_id", 1), model, (), TOTAL)
        table.skipped[REFUSED] += 1
    elif not set(filled) - {"coder_id", "taxonomy_version"}:
        table.skipped[EMPTY] += 1
    elif not model and _all_unticked(filled, answers, words):
        table.skipped[UNTICKED] += 1
    else:
        table.rows.append(row)


def _all_unticked(filled: list[str], answers: list[str], words: Vocabulary) -> bool:
    others = {c for c in filled if not c.startswith(ANSWERED)} - {"coder_id", "taxonomy_version"}
    return not others and all(map(words.is_unticked, answers))


def _sums(model: str, filled: list[str], answers: list[str]) -> bool:
    """Say whether a row without a model holds numbers that are no codes."""
    numbers = [float(one) for one in answers if one.replace(".", "", 1).isdigit()]
    return not model and "name" not in filled and len(numbers) > 1 and max(numbers) > 1


def _is_data(
    table: Table, row: int, filled: list[str], words: Vocabulary, coders: set[str]
) -> bool:
    """Say whether a row above the headings is one of the table, which was sorted."""
    return any(
        (one.startswith(FEATURE) and words.code(text) is not None)
        or (one.startswith(GOAL) and words.goal(text) is not None)
        or (one == "coder_id" and text in coders)
        for one in filled
        for text in [table.text(row, one)]
    )


def _is_label(table: Table, row: int, filled: list[str], words: Vocabulary) -> bool:
    """Say whether a row holds the labels of a sheet of ours, which somebody has changed."""
    version = table.text(row, "taxonomy_version")
    known = not version or version in words.taxonomy.versions
    wide = len(filled) > 0.9 * len(table.columns)
    return wide and not known and not _is_data(table, row, filled, words, set())


def _above(table: Table, row: int, filled: list[str], words: Vocabulary) -> None:
    """Skip a title or a label; a row that could be of a model is a problem."""
    line = table.grid.rows[row - 1]
    texts = [text for text in line if text]
    label = len(filled) > 0.9 * len(table.columns)
    short = not table.grid.sheet and len(line) < max(table.columns.values())  # a title in CSV
    told = texts[0].endswith(":") or words.column_ids(texts[0])
    if "model_id" in filled and len(texts) > 1 and not (label or short or told):
        more = "a row above the headings is not read; move it below them, or delete it"
        table.wrong(row, table.columns["model_id"], table.text(row, "model_id"), (), more)
    else:
        table.skipped[ABOVE] += 1

"""What is read of a spreadsheet: a grid of texts a sheet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from xlsxwriter.utility import xl_rowcol_to_cell

VERY_HIDDEN = "very hidden"
SPREADSHEET = "a spreadsheet: .xlsx, .ods, .csv"
LINKING = (
    "links to other files or sources",
    "a file that stands alone",
    "break the links (in Excel: Data, Edit Links) and save it",
)

Parts: TypeAlias = dict[str, bytes]
At: TypeAlias = tuple[int, int]  # row and column, from 1
Area: TypeAlias = tuple[int, int, int, int]  # first row and column, last row and column


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one sheet as text, by row and column, counted from 1.

    Parameters
    ----------
    file, sheet : str
        Their names; the sheet of a CSV file has none.
    rows : list of list of str
        From the first row; empty for cells without content.
    kinds : mapping of (row, column) to str
        Which cells are a ``date``, an ``error`` or ``not computed``; all others are text.
    merged : tuple
        Areas of merged cells: first row and column, last row and column.
    comments : mapping of (row, column) to str
    hidden : str
        ``hidden``, ``very hidden`` or empty.
    hidden_rows, hidden_columns : frozenset of int
    """

    file: str
    sheet: str
    rows: list[list[str]]
    kinds: Mapping[At, str] = field(default_factory=dict)
    merged: tuple[Area, ...] = ()
    comments: Mapping[At, str] = field(default_factory=dict)
    hidden: str = ""
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()

    def text(self, row: int, column: int) -> str:
        """Return the text of a cell, "" beyond the last one."""
        found = self.rows[row - 1] if row <= len(self.rows) else []
        return found[column - 1] if 0 < column <= len(found) else ""

    def column(self, column: int, rows: Iterable[int]) -> list[str]:
        """Return the texts of some rows in a column."""
        lines, at = self.rows, column - 1
        return [line[at] if at < len(line) else "" for row in rows for line in (lines[row - 1],)]

    @property
    def whole(self) -> str:
        """The file, and the sheet in it."""
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file


def name(row: int, column: int) -> str:
    """Name a cell as spreadsheet programs do, such as ``G7``."""
    return xl_rowcol_to_cell(row - 1, column - 1)


def plain(text: str) -> str:
    """Bring a text to the form that it has in a data set: line ends as such, no space around."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip().strip("\ufeff")

"""Spreadsheet files from elsewhere, opened with care: their cells as text, or a clear refusal.

Nothing in a file is run, fetched or altered. A zip is unpacked within limits, and the libraries
that read it are handed what was unpacked, never the file.
"""

import csv
import datetime as dt
import io
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

from soila_analysis.dataset.problems import Problem
from soila_analysis.dataset.tables import decoded

EXPANDED = 100 * 2**20  # bytes of all parts of a file together
PARTS = 2_000
CELLS = 2_000_000  # of all sheets, with the empty ones between
CHARACTERS = 50_000_000  # of all sheets
LIMITS = f"at most {EXPANDED // 2**20} MB unpacked, {PARTS:,} parts and {CELLS:,} cells"

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an old .xls, or an encrypted .xlsx inside
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
MACROS = ("/vbaproject.bin", "/macrosheets/", "/basic/", "/scripts/")
LINKS = ("/externallinks/", "/connections.xml", "/querytables/")
LINKED = ("table-source", "cell-range-source", "dde-source", "database-source-sql")
SPREADSHEET = "a spreadsheet: .xlsx, .ods, .csv"

Parts: TypeAlias = Mapping[str, bytes]


class _RefusedError(Exception):
    """A file is not read; the arguments are what was found, what is allowed, and what to do."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, as text; ``kind`` tells a date, an error and what is not computed."""

    text: str
    kind: str = "text"  # or "date", "error", "not computed"


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one sheet that are not empty, by row and column, counted from 1."""

    file: str
    sheet: str
    cells: Mapping[tuple[int, int], Cell]

    def place(self, row: int, column: int) -> str:
        """Name a cell as spreadsheet programs do.

        Parameters
        ----------
        row, column : int
            Counted from 1.

        Returns
        -------
        str
            Such as ``AB.xlsx, sheet Coding, cell G7``.
        """
        return f"{self.whole}, cell {get_column_letter(column)}{row}"

    @property
    def whole(self) -> str:
        """The file, and the sheet in it."""
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file


def read(path: Path) -> tuple[list[Grid], list[Problem]]:
    """Read all sheets of a file.

    Parameters
    ----------
    path : Path
        An .xlsx, .ods or .csv file; its content decides, not its name.

    Returns
    -------
    grids : list of Grid
        Formulas as the values that they had when the file was saved. Empty if it is refused.
    problems : list of Problem
        Why the file is refused: macros, links to other files, a password, damage, or a size beyond
        the limits.
    """
    try:
        if path.stat().st_size > EXPANDED:
            raise _RefusedError(f"{path.stat().st_size:,} bytes", LIMITS)
        return list(_sheets(path, path.read_bytes())), []
    except _RefusedError as refused:
        found, allowed, *advice = refused.args
        return [], [Problem(path.name, None, None, found, (allowed,), *advice)]


def _sheets(path: Path, content: bytes) -> Iterator[Grid]:
    """Tell what the file is by its content, and read it."""
    if content.startswith(COMPOUND):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise _RefusedError(*PASSWORD)
        raise _RefusedError("an old file of Excel or Word", SPREADSHEET, "save it as .xlsx")
    if not content.startswith(b"PK"):
        yield Grid(path.name, "", _typed(path.name, content))
        return
    parts = _parts(content)
    _refuse_active(path, parts)
    if parts.get("mimetype", b"").strip() == ODS and "content.xml" in parts:
        yield from _ods(path.name, parts)
    elif "xl/workbook.xml" in parts:
        yield from _xlsx(path.name, parts)
    else:
        raise _RefusedError("not a spreadsheet", SPREADSHEET)


PASSWORD = (
    "a file protected by a password",
    "a file without a password",
    "save it without one; protected cells are no hindrance",
)


def _parts(content: bytes) -> Parts:
    """Unpack a zip within the limits; of each part no more than it declares."""
    parts: dict[str, bytes] = {}
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            declared = sum(entry.file_size for entry in entries)
            if declared > EXPANDED or len(entries) > PARTS:
                raise _RefusedError(f"{declared:,} bytes in {len(entries):,} parts", LIMITS)
            for entry in entries:
                if entry.flag_bits & 1:
                    raise _RefusedError(*PASSWORD)
                if entry.filename in parts:
                    raise BadZipFile(f"duplicate entry {entry.filename}")
                if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                    raise BadZipFile(f"{entry.filename} is packed in an unusual way")
                with archive.open(entry) as part:
                    parts[entry.filename] = part.read(entry.file_size)
    except (BadZipFile, EOFError, NotImplementedError, zlib.error, ValueError) as error:
        advice = "it is cut short or damaged; ask for it again"
        raise _RefusedError(f"a broken file ({error})", SPREADSHEET, advice) from error
    return parts


def _refuse_active(path: Path, parts: Parts) -> None:
    """Refuse what could run, fetch or expand when a program opens it."""
    names = [f"/{name.lower()}" for name in parts]
    types = parts.get("[Content_Types].xml", b"")
    macros = any(mark in name for name in names for mark in MACROS)
    if macros or b"macroEnabled" in types or path.suffix.lower() == ".xlsm":
        raise _RefusedError("a file with macros", "a file without macros", "save it as .xlsx")
    if any(mark in name for name in names for mark in LINKS):
        raise _RefusedError(*LINKING)
    if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
        raise _RefusedError(*PASSWORD)
    for name, part in parts.items():
        if name.endswith((".xml", ".rels")):
            start = part[:4]
            if b"\0" in start or start.startswith((b"\xff", b"\xfe")) or b"<!DOCTYPE" in part:
                raise _RefusedError(f"unusual XML in {name}", "plain UTF-8 without entities")


LINKING = (
    "links to other files or sources",
    "a file that stands alone",
    "break the links (in Excel: Data, Edit Links) and save it",
)


def _unreadable(error: Exception) -> _RefusedError:
    found = f"a workbook that cannot be read ({type(error).__name__})"
    advice = "open it in a spreadsheet program and save it anew"
    return _RefusedError(found, SPREADSHEET, advice)


def _repacked(parts: Parts) -> io.BytesIO:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    buffer.seek(0)
    return buffer


class _Count:
    """Counts cells and characters while they are read, and stops at the limits."""

    def __init__(self) -> None:
        self.cells = self.characters = 0

    def add(self, cells: int, characters: int = 0) -> None:
        self.cells += cells
        self.characters += characters
        if self.cells > CELLS or self.characters > CHARACTERS:
            raise _RefusedError("too many cells or letters", LIMITS, "delete what is not needed")


# .xlsx


def _xlsx(file: str, parts: Parts) -> Iterator[Grid]:
    packed, count = _repacked(parts), _Count()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that it does not know
            values = load_workbook(packed, read_only=True, data_only=True, keep_links=False)
            formulas = load_workbook(packed, read_only=True, keep_links=False)
            for one, other in zip(values.worksheets, formulas.worksheets, strict=True):
                one.reset_dimensions()
                other.reset_dimensions()
                yield Grid(file, one.title, _computed(one, other, count))
    except _RefusedError:
        raise
    except Exception as error:  # whatever a damaged part makes the library stumble over
        raise _unreadable(error) from error


def _computed(values: Any, formulas: Any, count: _Count) -> dict[tuple[int, int], Cell]:
    """Read the cells of a sheet from its two views: with values, and with formulas."""
    cells = {}
    for row, typed in zip(values.iter_rows(), formulas.iter_rows(), strict=True):
        count.add(max(len(row), 1))
        for cell, formula in zip(row, typed, strict=True):
            if cell.value is not None:
                read = _cell(cell.value, error=cell.data_type == "e")
                count.add(0, len(read.text))
                if read.text:
                    cells[cell.row, cell.column] = read
            elif formula.data_type == "f" and cell.data_type != "str":
                cells[cell.row, cell.column] = Cell(str(formula.value), "not computed")
    return cells


def _cell(value: object, *, error: bool = False) -> Cell:
    """Write a value as text: a whole number without decimals, a truth value as a word."""
    if isinstance(value, bool):
        return Cell(str(value).lower())
    if isinstance(value, float) and value.is_integer():
        return Cell(str(int(value)))
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return Cell(str(value).removesuffix(" 00:00:00"), "date")
    text = _unescaped(str(value)).replace("\r\n", "\n").replace("\r", "\n").strip()
    return Cell(text, "error" if error else "text")


def _unescaped(text: str) -> str:
    """Undo what `sheet` and Excel write for characters that XML cannot hold; not NUL."""
    coded = r"_x(?!0000|[Dd][89A-Fa-f])([0-9A-Fa-f]{4})_"
    return re.sub(coded, lambda code: chr(int(code[1], 16)), text)


# .ods


def _ods(file: str, parts: Parts) -> Iterator[Grid]:
    from lxml import etree
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        tables = _tables(etree.fromstring(parts["content.xml"], parser))
        workbook = CalamineWorkbook.from_filelike(_repacked(parts))
        for name, odd in tables.items():
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            cells = {
                (row, column): _cell(value)
                for row, values in enumerate(rows, start=1)
                for column, value in enumerate(values, start=1)
                if value != ""
            }
            yield Grid(file, name, {at: c for at, c in {**cells, **odd}.items() if c.text})
    except (etree.XMLSyntaxError, CalamineError, ValueError) as error:
        raise _unreadable(error) from error


def _tables(content: Any) -> dict[str, dict[tuple[int, int], Cell]]:
    """Measure each sheet before it is read, and find errors and formulas without a value."""
    if any(next(content.iter(f"{{*}}{name}"), None) is not None for name in LINKED):
        raise _RefusedError(*LINKING)
    count = _Count()
    return {
        str(_attribute(table, "name")): _odd(table, count)
        for table in content.iterfind("{*}body/{*}spreadsheet/{*}table")
    }


def _odd(table: Any, count: _Count) -> dict[tuple[int, int], Cell]:
    odd, before = {}, count.cells
    row = width = 0
    for line in table.iter("{*}table-row"):
        column, last, letters = 0, 0, 0
        for cell in line.iter("{*}table-cell", "{*}covered-table-cell"):
            repeated = int(_attribute(cell, "number-columns-repeated") or 1)
            if len(cell) or _attribute(cell, "value-type") or _attribute(cell, "formula"):
                last = column + repeated
                letters += sum(map(len, cell.itertext())) * repeated
                found = _not_a_value(cell)
                if found:
                    odd[row + 1, column + 1] = found
            column += repeated
        lines = int(_attribute(line, "number-rows-repeated") or 1)
        row += lines
        if last:
            width = max(width, last)
            count.cells = before
            count.add(row * width, letters * lines)
    return odd


def _not_a_value(cell: Any) -> Cell | None:
    """Return what a cell of OpenDocument holds if it is an error or was never computed."""
    formula = _attribute(cell, "formula")
    if formula is None:
        return None
    if _attribute(cell, "value-type") is None and cell.find("{*}p") is None:
        return Cell(formula, "not computed")
    shown = "".join(cell.find("{*}p").itertext()) if cell.find("{*}p") is not None else ""
    return Cell(shown, "error") if shown and _attribute(cell, "string-value") == "" else None


def _attribute(element: Any, name: str) -> str | None:
    return next((v for k, v in element.attrib.items() if k.rpartition("}")[2] == name), None)


# .csv


def _typed(file: str, content: bytes) -> dict[tuple[int, int], Cell]:
    text, problems = decoded(content, file)
    if problems or "\0" in text:
        found = "not text in UTF-8"
        raise _RefusedError(found, SPREADSHEET, "save a table as CSV in UTF-8")
    if not text.strip():
        raise _RefusedError("an empty file", SPREADSHEET)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    cells, count = {}, _Count()
    try:
        for row, values in enumerate(rows, start=1):
            count.add(max(len(values), 1))
            for column, value in enumerate(values, start=1):
                if value.strip():
                    cells[row, column] = Cell(value.strip())
    except csv.Error as error:
        advice = 'close each quotation mark, and write one inside a quoted cell as ""'
        raise _RefusedError(
            f"a table that cannot be read ({error})", SPREADSHEET, advice
        ) from error
    return cells

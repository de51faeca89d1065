"""Workbooks in .xlsx and .ods, unpacked already: their sheets as grids, read in one pass each."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from xml.parsers.expat import ExpatError

from lxml import etree
from xlsxwriter.utility import xl_cell_to_rowcol

from soila_analysis.exchange import safe_files
from soila_analysis.exchange.grids import (
    LINKING,
    SPREADSHEET,
    VERY_HIDDEN,
    Area,
    At,
    Grid,
    Parts,
    plain,
)
from soila_analysis.exchange.safe_files import LIMITS, Count, Reader, RefusedError

LINKED = {"table-source", "cell-range-source", "dde-source", "database-source-sql"}
ZEROS = re.compile(r'((?:"[^"]*"|\\.)*)(0+)((?:"[^"]*"|\\.)*)')  # a number format such as 000
DATES = {**dict.fromkeys([*range(14, 23), 45, 47], "d"), 46: "[h]"}  # formats that Excel has
LENGTH = re.compile(r"\[(hh?|mm?|ss?)\]", re.IGNORECASE)  # of time: hours beyond a day
TEXTS = re.compile(r'".*?"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]', re.IGNORECASE)  # quoted, [Red]
DATED = re.compile(r"(?<![_\\])[dmhys]", re.IGNORECASE)
EPOCH, OF_MAC = datetime(1899, 12, 30), datetime(1904, 1, 1)  # what days are counted from
PLACE = re.compile(r"\$?[A-Z]{1,3}\$?[0-9]+")
CELLS = ("table-cell", "covered-table-cell")
SPACES = {"s": " ", "tab": "\t", "line-break": "\n"}
TAKEN = {*CELLS, *SPACES, *LINKED, "p", "annotation", "table-row", "table-column", "table", "style"}
TAKEN |= {"table-properties"}
SHUT = ("collapse", "filter")
STATES = {"hidden": "hidden", "veryHidden": VERY_HIDDEN}
TRUE = ("1", "true")
COLUMNS, ROWS = 16_384, 1_048_576  # of a sheet
STYLES = 100_000  # Excel has 65,490
LETTERS = 255  # of a number format of Excel
KIND = 250  # letters that take as much memory as the kind of a cell
BROKEN = (etree.XMLSyntaxError, ExpatError, LookupError, ValueError, OverflowError)


def xlsx(file: str, parts: Parts) -> Iterator[Grid]:
    """Read the sheets of a workbook of Excel, also in the form Strict Open XML.

    Parameters
    ----------
    file : str
        What it is called.
    parts : dict of str to bytes
        What the zip holds; each part is read once, and taken out.

    Yields
    ------
    Grid

    Raises
    ------
    RefusedError
        If it is damaged, or beyond the limits.
    """
    try:
        yield from _sheets(file, parts, Count())
    except BROKEN as error:
        raise _unreadable(error) from error


def _sheets(file: str, parts: Parts, count: Count) -> Iterator[Grid]:
    book = safe_files.tree(parts["xl/workbook.xml"])
    relations = list(_relations(parts, "xl/workbook.xml"))
    styles, shared = _Styles(count), _Strings(count)
    for reader, part in ((styles, "/styles"), (shared, "/sharedStrings")):
        for target in (target for _, target, kind in relations if kind.endswith(part)):
            reader.read(parts.pop(target))
    mac = any(one.get("date1904") in TRUE for one in book.iterfind("{*}workbookPr"))
    targets = {own: target for own, target, _ in relations}
    for sheet in book.iterfind("{*}sheets/{*}sheet"):
        own = {str(key).rpartition("}")[2]: str(text) for key, text in sheet.items()}
        part = targets[own["id"]]
        if "/worksheets/" in f"/{part}":
            page = _Page(file, own["name"], count)
            page.comments = _comments(parts, part)
            _Sheet(page, shared.texts, styles.formats, mac).read(parts.pop(part))
            yield page.grid(STATES.get(own.get("state", ""), ""))


def _unreadable(error: Exception) -> RefusedError:
    found = f"a workbook that cannot be read ({type(error).__name__})"
    advice = "open it in a spreadsheet program and save it anew"
    return RefusedError(found, SPREADSHEET, advice)


def _relations(parts: Parts, part: str) -> Iterator[tuple[str, str, str]]:
    """Yield the id, the part and the kind of what a part refers to."""
    folder, _, own = part.rpartition("/")
    content = parts.get(f"{folder}/_rels/{own}.rels")
    for one in safe_files.tree(content) if content else ():
        target = one.get("Target", "")
        joined = posixpath.normpath(posixpath.join(folder, target))
        yield (
            one.get("Id", ""),
            target.lstrip("/") if target.startswith("/") else joined,
            one.get("Type", ""),
        )


def _comments(parts: Parts, part: str) -> dict[At, str]:
    """Read the comments on a sheet: those in threads, else the older ones."""
    found: dict[At, list[str]] = {}
    relations = sorted(_relations(parts, part), key=lambda one: "threaded" not in one[2])
    for _, target, kind in relations:
        if not kind.lower().endswith("comment" if "threaded" in kind else "/comments"):
            continue
        root, threads = safe_files.tree(parts.pop(target)), dict(found)
        authors = [one.text or "" for one in root.iterfind("{*}authors/{*}author")]
        listed = root.iterfind("{*}commentList/{*}comment")
        for one in (*listed, *root.iterfind("{*}threadedComment")):
            at = _where(one.get("ref", ""))
            text = "".join(t.text or "" for t in one.iter("{*}t", "{*}text")).strip()
            by = one.get("authorId")
            author = authors[int(by)] if by and authors else ""
            if at not in threads:
                said = plain(text.removeprefix(f"{author}:") if author else text)
                found.setdefault(at, []).append(said)
    return {at: "; ".join(filter(None, said)) for at, said in found.items()}


class _Page:
    """A sheet while it is read: rows are added in their order, and counted."""

    def __init__(self, file: str, sheet: str, count: Count) -> None:
        self.file, self.sheet = file, sheet
        self.count, self.before = count, count.cells
        self.rows: list[list[str]] = []
        self.kinds: dict[At, str] = {}
        self.merged: list[Area] = []
        self.comments: dict[At, str] = {}
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[int] = []
        self.width = 0

    def add(self, row: int, texts: list[str], kinds: dict[int, str], times: int = 1) -> None:
        """Add a row, or several that are the same, below those that are there."""
        self.width = max(self.width, len(texts))
        self.count.cells = self.before
        self.count.add((row + times - 1) * self.width)
        self.count.add(0, times * (sum(map(len, texts)) + KIND * len(kinds)))
        self.rows += [[]] * (row - 1 - len(self.rows)) + [texts] * times
        self.kinds |= {(row + n, at): kind for at, kind in kinds.items() for n in range(times)}

    def hide(self, first: int, last: int) -> None:
        """Note hidden columns."""
        self.hidden_columns += range(first, min(last, COLUMNS) + 1)
        if len(self.hidden_columns) > 2 * COLUMNS:
            raise ValueError(last)

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Note merged cells."""
        self.merged.append((top, left, bottom, right))
        self.count.add(0, KIND)

    def grid(self, state: str) -> Grid:
        """Return what was read, unless merged cells overlap so that they are more than cells."""
        for top, left, bottom, right in self.merged:
            high, wide = min(bottom, len(self.rows)) - top, min(right, self.width) - left
            self.count.add((max(high, 0) + 1) * (max(wide, 0) + 1))
        return Grid(
            self.file,
            self.sheet,
            self.rows,
            self.kinds,
            tuple(self.merged),
            self.comments,
            state,
            frozenset(self.hidden_rows),
            frozenset(self.hidden_columns),
        )


# .xlsx


class _Strings(Reader):
    """The texts that cells share; of a text with its pronunciation, the text."""

    def __init__(self, count: Count) -> None:
        super().__init__(count)
        self.texts: list[str] = []
        self.said, self.spoken = "", ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = self.local[tag]
        if tag == "si":
            self.said = ""
        elif tag == "rPh":
            self.spoken = self.said
        elif tag == "t":
            self.parts.clear()

    def end(self, tag: str) -> None:
        tag = self.local[tag]
        if tag == "t":
            self.said += "".join(self.parts)
        elif tag == "rPh":
            self.said = self.spoken
        elif tag == "si":
            self.texts.append(_text(self.said))
            self.count.add(0, len(self.said) + KIND // 4)


class _Styles(Reader):
    """The number formats of styles that show more than a number: dates, 001, M01."""

    def __init__(self, count: Count) -> None:
        super().__init__(count)
        self.codes: dict[str, str] = {str(n): code for n, code in DATES.items()}
        self.formats: dict[str, str] = {}
        self.number, self.inside = 0, False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = self.local[tag]
        if tag == "numFmt":
            self.codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")[:LETTERS]
        elif tag == "cellXfs":
            self.inside = True
        elif tag == "xf" and self.inside:
            code = self.codes.get(attributes.get("numFmtId", ""), "")
            if code not in ("", "0") and (_first(code, DATED) or ZEROS.fullmatch(code)):
                self.formats[str(self.number)] = code
            self.number += 1
        if max(self.number, len(self.codes)) > STYLES:
            raise RefusedError(f"more than {STYLES:,} styles", LIMITS)

    def end(self, tag: str) -> None:
        self.inside = self.inside and self.local[tag] != "cellXfs"


class _Sheet(Reader):
    """A sheet of Excel while it is read; its rows, and cells in them, have to be in order."""

    def __init__(self, page: "_Page", shared: Sequence[str], formats: dict[str, str], mac: bool):
        super().__init__(page.count)
        self.page, self.shared, self.formats, self.mac = page, shared, formats, mac
        self.row = self.column = 0
        self.digits = ""  # of the row, "" if it has none
        self.formula: str | None = None
        self.texts: list[str] = []
        self.kinds: dict[int, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = self.local[tag]
        if tag == "c":
            self.cell, self.value, self.formula = attributes, "", None
        elif tag in ("v", "t", "f"):
            self.parts.clear()
        elif tag == "row":
            self.digits = attributes.get("r", "")
            self._at(int(self.digits or self.row + 1), 1)
            self.column, self.texts, self.kinds = 0, [], {}
            if attributes.get("hidden") in TRUE:
                self.page.hidden_rows.append(self.row)
        elif tag == "rPh":
            self.spoken = self.value
        elif tag == "mergeCell":
            first, _, last = attributes["ref"].partition(":")
            self.page.merge(*_where(first), *_where(last or first))
        elif tag == "col" and attributes.get("hidden") in TRUE:
            self.page.hide(int(attributes["min"]), int(attributes["max"]))

    def end(self, tag: str) -> None:
        tag = self.local[tag]
        if tag == "v":
            self.value = "".join(self.parts)
        elif tag == "c":
            text, kind = self._content()
            if text or "r" not in self.cell:
                self._place()
            if text:
                self.texts += [""] * (self.column - 1 - len(self.texts))
                self.texts.append(text)
                if kind:
                    self.kinds[self.column] = kind
        elif tag == "t":
            self.value += "".join(self.parts)
        elif tag == "f":
            self.formula = "".join(self.parts)
        elif tag == "rPh":
            self.value = self.spoken
        elif tag == "row" and self.texts:
            self.page.add(self.row, self.texts, self.kinds)

    def _at(self, row: int, least: int) -> None:
        if not self.row + least <= row <= ROWS:
            raise ValueError(row)
        self.row = row

    def _place(self) -> None:
        """Find the place of a cell: what it states, else the one after the last."""
        place = self.cell.get("r")
        if not place:
            self.column += 1
            if self.column > COLUMNS:
                raise ValueError(self.column)
            return
        letters = place.rstrip("0123456789")
        digits, column = place[len(letters) :], _column(letters)
        if digits != self.digits:
            if self.digits or self.texts:
                raise ValueError(place)
            self._at(int(digits), 0)
            self.digits = digits
        if column <= self.column:
            raise ValueError(place)
        self.column = column

    def _content(self) -> tuple[str, str]:
        """Return the text of a cell, and its kind if it is none."""
        value, kind = self.value, self.cell.get("t", "n")
        if self.formula is not None and not value and kind != "str":
            return f"={self.formula}", "not computed"
        if not value:
            return "", ""
        if kind == "s":
            return self.shared[int(value)], ""
        if kind in ("str", "inlineStr"):
            return _text(value), ""
        if kind == "n":
            return _number(value, self.formats.get(self.cell.get("s", ""), ""), self.mac)
        if kind == "b":
            return str(value in TRUE).lower(), ""
        return value, {"e": "error", "d": "date"}[kind]


@lru_cache(COLUMNS)
def _column(letters: str) -> int:
    """Return the number of a column such as AB, from 1."""
    return _where(f"{letters}1")[1]


def _where(cell: str) -> At:
    """Return the row and the column of a cell such as C5 or $C$5."""
    if not PLACE.fullmatch(cell.upper()):
        raise ValueError(cell)
    row, column = xl_cell_to_rowcol(cell.upper())
    return row + 1, column + 1


@lru_cache(2**16)
def _number(value: str, code: str, mac: bool) -> tuple[str, str]:
    """Write a number as it is shown: a whole one without decimals, a date, with zeros before."""
    number = float(value)
    zeros = ZEROS.fullmatch(code)
    if zeros and number.is_integer():
        before, after = (re.sub(r'"|\\(?=.)', "", zeros[n]) for n in (1, 3))
        return f"{before}{int(number):0{len(zeros[2])}}{after}", ""
    if code and not zeros:
        return _moment(number, _first(code, LENGTH), mac), "date"
    return _written(number), ""


def _first(code: str, pattern: re.Pattern[str]) -> bool:
    """Look for something in a number format, in its part for numbers above zero."""
    return bool(pattern.search(TEXTS.sub("", code.partition(";")[0])))


def _moment(days: float, lasting: bool, mac: bool) -> str:
    """Write days as what they stand for: a length of time, a time of day, or a date."""
    passed = timedelta(milliseconds=round(days * 86_400_000))
    if lasting:
        return str(passed)
    day = passed // timedelta(days=1)
    if not day:
        return str((EPOCH + passed).time())
    start = OF_MAC if mac else EPOCH + timedelta(days=0 < day < 60)  # Excel knows a 29.2.1900
    return str(start + passed).removesuffix(" 00:00:00")


def _text(written: str) -> str:
    """Resolve escapes such as _x0041_."""
    if "_x" in written:
        written = re.sub("_x([0-9A-Fa-f]{4})_", lambda one: chr(int(one[1], 16)), written)
    return plain(written)


def _written(number: float) -> str:
    return str(int(number)) if number.is_integer() else str(number)


# .ods


def ods(file: str, parts: Parts) -> Iterator[Grid]:
    """Read the sheets of an OpenDocument file.

    Parameters
    ----------
    file, parts
        As for `xlsx`.

    Yields
    ------
    Grid

    Raises
    ------
    RefusedError
        As for `xlsx`.
    """
    tables = _Tables(file, Count())
    try:
        tables.read(parts["content.xml"])
    except BROKEN as error:
        raise _unreadable(error) from error
    yield from tables.grids


class _Tables(Reader):
    """The sheets of an OpenDocument file while they are read."""

    def __init__(self, file: str, count: Count) -> None:
        super().__init__(count)
        self.file, self.grids = file, list[Grid]()
        self.style, self.unseen = "", set[str]()
        self.open: list[str] = [""]  # the elements that are begun
        self.page = _Page(file, "", count)
        self.row = self.columns = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag, above = self.local[tag], self.open[-1]
        self.open.append(tag)
        if tag not in TAKEN:
            return
        own = {self.local[key]: text for key, text in reversed(attributes.items())}
        if tag in CELLS:
            self.cell, self.shown, self.noted = own, list[str](), list[str]()
        elif tag == "p":
            self.parts.clear()
        elif tag == "annotation":
            self.before = [] if above in CELLS else [*self.parts]
        elif tag in SPACES:
            times = int(own.get("c", 1))
            self.count.add(0, times)
            self.parts.append(SPACES[tag] * times)
        elif tag == "table-row":
            self.line, self.column = own, 0
            self.texts, self.kinds = list[str](), dict[int, str]()
        elif tag == "table-column":
            last = self.columns + int(own.get("number-columns-repeated", 1))
            if own.get("visibility") in SHUT:
                self.page.hide(self.columns + 1, last)
            self.columns = last
        elif tag == "table" and above == "spreadsheet":
            self.page = _Page(self.file, own.get("name", ""), self.count)
            self.state = "hidden" if own.get("style-name") in self.unseen else ""
            self.row = self.columns = 0
        elif tag == "style" and above == "automatic-styles":
            self.style = own.get("name", "")
        elif tag == "table-properties" and own.get("display") == "false":
            self.unseen.add(self.style)
        elif tag in LINKED:
            raise RefusedError(*LINKING)
        elif tag == "table":
            raise ValueError(tag)

    def end(self, _: str) -> None:
        tag = self.open.pop()
        if tag == "p" and self.open[-1] in (*CELLS, "annotation"):
            (self.shown if self.open[-1] in CELLS else self.noted).append("".join(self.parts))
        elif tag == "annotation":
            self.parts[:] = self.before
        elif tag in CELLS:
            self._cell()
        elif tag == "table-row":
            self._row()
        elif tag == "table":
            self.grids.append(self.page.grid(self.state))

    def _cell(self) -> None:
        times = int(self.cell.get("number-columns-repeated", 1))
        high, wide = (int(self.cell.get(f"number-{way}-spanned", 1)) for way in ("rows", "columns"))
        row, column = self.row + 1, self.column + 1
        if self.noted:
            self.page.comments[row, column] = plain("\n".join(self.noted))
        if max(high, wide) > 1:
            self.page.merge(row, column, row + high - 1, column + wide - 1)
        text, kind = _shown(self.cell, self.shown)
        self.column += times
        if text:
            if self.column > COLUMNS:
                raise ValueError(self.column)
            self.texts += [""] * (column - 1 - len(self.texts)) + [text] * times
            self.kinds |= dict.fromkeys(range(column, column + times), kind) if kind else {}

    def _row(self) -> None:
        """Add a row; empty ones at the end may be a million and are not."""
        times = int(self.line.get("number-rows-repeated", 1))
        if self.texts:
            self.page.add(self.row + 1, self.texts, self.kinds, times)
            if self.line.get("visibility") in SHUT:
                self.page.hidden_rows += range(self.row + 1, self.row + times + 1)
        self.row += times


def _shown(cell: dict[str, str], shown: list[str]) -> tuple[str, str]:
    """Return the text of a cell, and its kind if it is none."""
    kind, formula, text = cell.get("value-type"), cell.get("formula"), plain("\n".join(shown))
    if formula is not None and kind is None and not shown:
        return formula, "not computed"
    if formula is not None and text and cell.get("string-value") == "":
        return text, "error"
    if kind in ("float", "percentage", "currency"):
        value = _written(float(cell.get("value", "nan")))
        return (text if text.endswith(value) and _adds_only_zeros(text, value) else value), ""
    if kind == "boolean":
        return cell.get("boolean-value", ""), ""
    if kind == "date":
        return cell.get("date-value", text).removesuffix("T00:00:00"), "date"
    return text, "date" if kind == "time" else ""


def _adds_only_zeros(shown: str, value: str) -> bool:
    """Say whether a number is shown with zeros or letters before it, such as 001 or M01."""
    before = shown.removesuffix(value)
    return value.isdigit() and bool(re.fullmatch(r"[^\W\d_]*[-_ ]?0*", before))

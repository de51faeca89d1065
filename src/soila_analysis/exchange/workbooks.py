"""Workbooks in .xlsx and .ods, unpacked already: their sheets as grids."""

import datetime as dt
import io
import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Any
from zipfile import ZipFile

from lxml import etree
from openpyxl.utils import range_boundaries  # type: ignore[import-untyped]
from python_calamine import CalamineError, CalamineWorkbook

from soila_analysis.exchange.grids import (
    LINKING,
    SPREADSHEET,
    VERY_HIDDEN,
    At,
    Count,
    Grid,
    Parts,
    RefusedError,
    plain,
)

LINKED = ("table-source", "cell-range-source", "dde-source", "database-source-sql")
CELL_ROW, CELL_COLUMN = re.compile(rb'\sr="[A-Z]*(\d+)"'), re.compile(rb'\sr="([A-Z]+)\d')
ROW, COLUMN = (re.compile(rb"<(?:\w+:)?%b\b[^>]*>" % tag) for tag in (b"row", b"col"))
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z0-9:]+)"')
HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
ZEROS = re.compile(r'((?:"[^"]*"|\\.)*)(0+)((?:"[^"]*"|\\.)*)')  # a number format such as 000
STATES = {"hidden": "hidden", "veryHidden": VERY_HIDDEN}
Kinds = dict[At, str]


# .xlsx


def xlsx(file: str, parts: Parts) -> Iterator[Grid]:
    """Read the sheets of a workbook of Excel, also in the form Strict Open XML.

    Parameters
    ----------
    file : str
        What it is called.
    parts : mapping of str to bytes
        What the zip holds.

    Yields
    ------
    Grid
    """
    count = Count()
    try:
        workbook = CalamineWorkbook.from_filelike(_repacked(parts))
        formats = _formats(parts)
        for sheet, state, part in _listed(parts):
            page = parts[part]
            rows, columns = set(CELL_ROW.findall(page)), set(CELL_COLUMN.findall(page))
            width = max(map(_number, columns), default=page.count(b"<c"))
            count.add(max(map(int, rows), default=0) * max(width, 1))
            values = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            texts, kinds = _texts(values)
            _correct(page, texts, kinds, formats)
            count.add(0, sum(sum(map(len, row)) for row in texts))
            shut = [match[0] for match in ROW.finditer(page) if HIDDEN.search(match[0])]
            yield Grid(
                file,
                sheet,
                texts,
                kinds,
                tuple(_area(match[1].decode()) for match in MERGED.finditer(page)),
                _comments(parts, part),
                state,
                frozenset(int(_value(row, b"r") or 0) for row in shut),
                frozenset(_hidden_columns(page)),
            )
    except RefusedError:
        raise
    except (etree.XMLSyntaxError, CalamineError, KeyError, ValueError, OSError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> RefusedError:
    found = f"a workbook that cannot be read ({type(error).__name__})"
    advice = "open it in a spreadsheet program and save it anew"
    return RefusedError(found, SPREADSHEET, advice)


def _repacked(parts: Parts) -> io.BytesIO:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    buffer.seek(0)
    return buffer


def _parsed(content: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(content, parser)


def _listed(parts: Parts) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the state and the part of each sheet with cells."""
    targets = {own: target for own, target, _ in _relations(parts, "xl/workbook.xml")}
    for sheet in _parsed(parts["xl/workbook.xml"]).iterfind("{*}sheets/{*}sheet"):
        part = targets[_attribute(sheet, "id") or ""]
        if "/worksheets/" in f"/{part}":
            yield sheet.get("name"), STATES.get(sheet.get("state"), ""), part


def _relations(parts: Parts, part: str) -> Iterator[tuple[str, str, str]]:
    """Yield the id, the part and the kind of what a part refers to."""
    folder, _, own = part.rpartition("/")
    content = parts.get(f"{folder}/_rels/{own}.rels")
    for one in _parsed(content) if content else ():
        target = one.get("Target", "")
        joined = posixpath.normpath(posixpath.join(folder, target))
        yield (
            one.get("Id"),
            target.lstrip("/") if target.startswith("/") else joined,
            one.get("Type"),
        )


def _texts(values: list[list[Any]]) -> tuple[list[list[str]], Kinds]:
    """Write values as text: a whole number without decimals, a truth value as a word."""
    kinds: Kinds = {}
    texts = []
    for row, line in enumerate(values, start=1):
        written = []
        for column, value in enumerate(line, start=1):
            if isinstance(value, str):
                written.append(plain(value) if value else value)
                continue
            if isinstance(value, dt.date | dt.time | dt.timedelta):
                kinds[row, column] = "date"
            written.append(_written(value))
        texts.append(written)
    return texts, kinds


def _written(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text.lower() if isinstance(value, bool) else text.removesuffix(" 00:00:00")


def _correct(page: bytes, texts: list[list[str]], kinds: Kinds, formats: dict[str, Any]) -> None:
    """Read again what values do not tell: errors, formulas without one, numbers shown as 001."""
    shown = [f' s="{style}"'.encode() for style in formats]
    if not any(mark in page for mark in (b't="e"', b"<f", b":f>", b":f ", *shown)):
        return
    row = column = 0
    cells = etree.iterparse(
        io.BytesIO(page), tag=("{*}row", "{*}c"), events=("start", "end"), resolve_entities=False
    )
    for event, one in cells:
        is_cell = etree.QName(one).localname == "c"
        if event == "start" and not is_cell:
            row, column = int(one.get("r") or row + 1), 0
        if event == "start" or not is_cell:
            continue
        column = range_boundaries(one.get("r"))[0] if one.get("r") else column + 1
        value, formula = (one.findtext(f"{{*}}{tag}") for tag in "vf")
        kind = ""
        if one.get("t") == "e":
            kind = "error"
        elif formula is not None and not value and one.get("t") != "str":
            kind, value = "not computed", f"={formula}"
        elif one.get("s") in formats and one.get("t", "n") == "n" and value:
            before, zeros, after = formats[one.get("s")]
            number = float(value)
            value = f"{before}{int(number):0{zeros}}{after}" if number.is_integer() else None
        if value and (kind or one.get("s") in formats) and one.get("t", "n") in ("n", "e"):
            texts += [[] for _ in range(row - len(texts))]
            texts[row - 1] += [""] * (column - len(texts[row - 1]))
            texts[row - 1][column - 1] = value
            kinds.update({(row, column): kind} if kind else {})
        one.clear()


def _formats(parts: Parts) -> dict[str, tuple[str, int, str]]:
    """Find the styles that show a number with zeros or words around it, such as 001 or M01."""
    if "xl/styles.xml" not in parts:
        return {}
    styles = _parsed(parts["xl/styles.xml"])
    codes = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter("{*}numFmt")}
    found = {}
    for style, one in enumerate(styles.iterfind("{*}cellXfs/{*}xf")):
        match = ZEROS.fullmatch(codes.get(one.get("numFmtId")) or "")
        if match and match[0] != "0":
            before, after = (re.sub(r'"|\\(?=.)', "", match[n]) for n in (1, 3))
            found[str(style)] = (before, len(match[2]), after)
    return found


def _comments(parts: Parts, part: str) -> dict[At, str]:
    """Read the comments on a sheet: those in threads, else the older ones."""
    found: dict[At, list[str]] = {}
    relations = sorted(_relations(parts, part), key=lambda one: "threaded" not in one[2])
    for _, target, kind in relations:
        if not kind.lower().endswith("comment" if "threaded" in kind else "/comments"):
            continue
        root, threads = _parsed(parts[target]), dict(found)
        authors = [one.text or "" for one in root.iterfind("{*}authors/{*}author")]
        for one in root.iter("{*}comment", "{*}threadedComment"):
            column, row, *_ = range_boundaries(one.get("ref"))
            text = "".join(t.text or "" for t in one.iter("{*}t", "{*}text")).strip()
            author = authors[int(one.get("authorId"))] if one.get("authorId") and authors else ""
            if (row, column) not in threads:
                said = plain(text.removeprefix(f"{author}:") if author else text)
                found.setdefault((row, column), []).append(said)
    return {at: "; ".join(filter(None, said)) for at, said in found.items()}


def _hidden_columns(page: bytes) -> Iterator[int]:
    for match in COLUMN.finditer(page[: page.find(b"sheetData")]):
        if HIDDEN.search(match[0]):
            first, last = (int(_value(match[0], key) or 0) for key in (b"min", b"max"))
            yield from range(first, min(last, 16_384) + 1)


def _value(tag: bytes, key: bytes) -> bytes:
    found = re.search(rb'\s%b="([^"]*)"' % key, tag)
    return found[1] if found else b""


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _area(ref: str) -> tuple[int, int, int, int]:
    left, top, right, bottom = range_boundaries(ref)
    return top, left, bottom, right


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
    """
    try:
        content = _parsed(parts["content.xml"])
    except etree.XMLSyntaxError as error:
        raise _unreadable(error) from error
    if any(next(content.iter(f"{{*}}{tag}"), None) is not None for tag in LINKED):
        raise RefusedError(*LINKING)
    unseen = {
        _attribute(style, "name")
        for style in content.iterfind("{*}automatic-styles/{*}style")
        for one in style.iterfind("{*}table-properties")
        if _attribute(one, "display") == "false"
    }
    count = Count()
    for table in content.iterfind("{*}body/{*}spreadsheet/{*}table"):
        state = "hidden" if _attribute(table, "style-name") in unseen else ""
        yield _Table(table, count).grid(file, state)


class _Table:
    """A sheet of OpenDocument while it is read."""

    def __init__(self, table: Any, count: Count) -> None:
        self.table, self.count, self.before = table, count, count.cells
        self.rows: list[list[str]] = []
        self.kinds: Kinds = {}
        self.comments: dict[At, str] = {}
        self.merged: list[tuple[int, int, int, int]] = []
        self.width = 0

    def grid(self, file: str, state: str) -> Grid:
        """Read the rows; empty ones at the end may be a million and are not."""
        row, shut = 0, list[int]()
        for line in self.table.iter("{*}table-row"):
            times = int(_attribute(line, "number-rows-repeated") or 1)
            texts = list(self._line(line, row + 1, times))
            if any(texts):
                self.rows += [[]] * (row - len(self.rows)) + [texts] * times
                if _attribute(line, "visibility") in ("collapse", "filter"):
                    shut += range(row + 1, row + times + 1)
            row += times
        columns = frozenset(_shut(self.table.iter("{*}table-column")))
        return Grid(
            file,
            _attribute(self.table, "name") or "",
            self.rows,
            self.kinds,
            tuple(self.merged),
            self.comments,
            state,
            frozenset(shut),
            columns,
        )

    def _line(self, line: Any, row: int, rows: int) -> Iterator[str]:
        column = blank = letters = 0
        for cell in line.iter("{*}table-cell", "{*}covered-table-cell"):
            times = int(_attribute(cell, "number-columns-repeated") or 1)
            text, kind = _content(cell)
            note = cell.find("{*}annotation")
            if note is not None:
                self.comments[row, column + 1] = _paragraphs(note)
            spans = [
                int(_attribute(cell, f"number-{way}-spanned") or 1) for way in ("rows", "columns")
            ]
            if max(spans) > 1:
                last = (row + spans[0] - 1, column + spans[1])
                self.merged.append((row, column + 1, *last))
            if text:
                letters += len(text) * times
                self.width = max(self.width, column + times)
                self.count.cells = self.before
                self.count.add((row + rows - 1) * self.width)
                self.count.add(0, letters * rows)
                if kind:
                    self.kinds |= {(row + n, column + 1): kind for n in range(rows)}
                yield from [""] * blank + [text] * times
                blank = 0
            else:
                blank += times
            column += times


def _content(cell: Any) -> tuple[str, str]:
    """Return the text of a cell, and its kind if it is none."""
    kind, formula = _attribute(cell, "value-type"), _attribute(cell, "formula")
    shown = _paragraphs(cell)
    if formula is not None and kind is None and cell.find("{*}p") is None:
        return formula, "not computed"
    if formula is not None and shown and _attribute(cell, "string-value") == "":
        return shown, "error"
    if kind in ("float", "percentage", "currency"):
        value = _written(float(_attribute(cell, "value") or "nan"))
        return (shown if shown.endswith(value) and _adds_only_zeros(shown, value) else value), ""
    if kind == "boolean":
        return _attribute(cell, "boolean-value") or "", ""
    if kind == "date":
        return (_attribute(cell, "date-value") or shown).removesuffix("T00:00:00"), "date"
    return shown, "date" if kind == "time" else ""


def _adds_only_zeros(shown: str, value: str) -> bool:
    """Say whether a number is shown with zeros or letters before it, such as 001 or M01."""
    before = shown.removesuffix(value)
    return value.isdigit() and bool(re.fullmatch(r"[^\W\d_]*[-_ ]?0*", before))


def _paragraphs(element: Any) -> str:
    return plain("\n".join(_inside(p) for p in element.iterfind("{*}p")))


def _inside(element: Any) -> str:
    """Return the text of a paragraph with its spaces, tabs and line ends."""
    text = element.text or ""
    for child in element:
        tag = etree.QName(child).localname if isinstance(child.tag, str) else ""
        if tag == "s":
            text += " " * int(_attribute(child, "c") or 1)
        elif tag != "annotation":
            text += {"tab": "\t", "line-break": "\n"}.get(tag) or _inside(child)
        text += child.tail or ""
    return text


def _shut(columns: Iterable[Any]) -> Iterator[int]:
    at = 0
    for column in columns:
        times = int(_attribute(column, "number-columns-repeated") or 1)
        if _attribute(column, "visibility") in ("collapse", "filter"):
            yield from range(at + 1, at + times + 1)
        at += times


def _attribute(element: Any, key: str) -> str | None:
    return next((v for k, v in element.attrib.items() if k.rpartition("}")[2] == key), None)

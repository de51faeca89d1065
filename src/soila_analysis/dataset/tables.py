"""CSV tables as researchers have them: read fast or with true line numbers, written in one form."""

import codecs
import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from sys import intern

import numpy as np
import pandas as pd

from soila_analysis.dataset.problems import Problem
from soila_analysis.files import regular

WINDOWS = "windows-1252"
ENCODINGS = ("utf-8", "latin-1", WINDOWS)
DELIMITERS = (",", ";")
CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x80-\x9f]")
LOW = tuple(chr(c) for c in range(32) if CONTROLS.match(chr(c)))  # found sooner one by one
STRANGE = "".join((*LOW, "\r")).encode()
C1 = re.compile(rb"\xc2[\x80-\x9f]")  # controls in UTF-8
ODD = "ŠšŒœŽž„‚ƒ†‡ˆ‰‹›•˜™"  # what the letters of other code pages become
AMID = re.compile(rf"[a-zA-ZäöåÄÖÅ{ODD}][{ODD}][a-zäöå]")
MARKS = re.compile(r"^(?:[<>|]{7} .*|={7})$", re.MULTILINE)  # of git, around each side


class _UnreadableError(Exception):
    """Nothing in the file can be relied on; the arguments are its problems."""


def read(
    path: Path, columns: Sequence[str], encoding: str = "utf-8"
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Read a table as text, with what is wrong with its form.

    Parameters
    ----------
    path : Path
        The file: comma or semicolon, with or without byte order mark, any line ends.
    columns : sequence of str
        The columns to expect; the delimiter is the one that finds most of them.
    encoding : str, default "utf-8"
        One of `ENCODINGS`.

    Returns
    -------
    table : DataFrame or None
        Text throughout, "" for an empty cell, white space around values removed; the index is the
        physical line on which each row starts. None if the file cannot be read as a table.
    problems : list of Problem
        Among them each row with too few or too many cells, which the table holds padded or cut.
    """
    try:
        text = _text(path, encoding)
        rows = _rows(text, path.name, _delimiter(text, columns))
        first = next(rows, None)
        if not first:
            empty = Problem(path.name, None, None, "", tuple(columns), "the file is empty")
            raise _UnreadableError(empty)
        header = _header(path.name, *first)
        table, problems = _table(path.name, header, rows)
    except _UnreadableError as unreadable:
        return None, list(unreadable.args)
    return table, problems


def swift(path: Path, columns: Sequence[str], encoding: str = "utf-8") -> pd.DataFrame | None:
    """Read a table as `read` does, by pandas' own reader; soon done, and without lines.

    Parameters
    ----------
    path, columns, encoding
        As for `read`.

    Returns
    -------
    table : DataFrame or None
        The cells that `read` gives, as categories, under an index that tells nothing. None where
        `read` may find problems, or takes quotation marks otherwise than pandas does.
    """
    try:
        text = _text(path, encoding)
        delimiter = _delimiter(text, columns)
        names = _header(path.name, 1, _first(text, delimiter))
        outside = _outside(text, delimiter) if names else []
        if not outside:
            return None
        table = pd.read_csv(  # the header as a row, so that no column is of numbers alone
            io.BytesIO(text.encode()),
            sep=delimiter,
            names=names,
            header=None,
            dtype=object,
            na_filter=False,
            low_memory=False,
        )
    except (_UnreadableError, pd.errors.ParserError):
        return None
    ends = sum(part.count(delimiter) for part in outside)  # pandas fills short rows up unasked
    if (
        ends != len(table) * (len(names) - 1)
        or not isinstance(table.index, pd.RangeIndex)  # made of a column too many
    ):
        return None
    table = pd.DataFrame({name: encoded(table[name].iloc[1:]) for name in names})
    if max(table[name].cat.categories.str.len().max() for name in names) > csv.field_size_limit():
        return None
    table = pd.DataFrame({name: _stripped(table[name]) for name in names})
    cells = [table[name].cat for name in names]
    filled = [(one.categories.to_numpy(dtype=object) != "")[one.codes] for one in cells]
    return table[np.logical_or.reduce(filled)]


def plain(path: Path, columns: Sequence[str]) -> tuple[list[str], str, bool] | None:
    """Say how a table in UTF-8 may be read by whoever reads plain CSV.

    Parameters
    ----------
    path, columns
        As for `read`.

    Returns
    -------
    names : list of str
    delimiter : str
    spaced : bool
        Whether cells may begin or end with a space.
        None in place of all three where its bytes, or its header, are for `read` to look at.
    """
    content = regular(path).read_bytes()
    # one byte is sooner looked for than several
    merging = any(one[:1] in content and one in content for one in (b"<<<<<<< ", b">>>>>>> "))
    strange = len(content.translate(None, STRANGE)) != len(content)
    if merging or strange or (not content.isascii() and C1.search(content)):
        return None
    try:
        text = content.decode("utf-8-sig")
        delimiter = _delimiter(text, columns)
        names = _header(path.name, 1, _first(text, delimiter))
    except (UnicodeDecodeError, _UnreadableError):
        return None
    outside = _outside(text, delimiter)
    ends = sum(part.count(delimiter) for part in outside)
    rows = sum(part.count("\n") for part in outside) + (not text.endswith("\n"))
    if not names or not outside or ends != rows * (len(names) - 1):
        return None
    edges = [near.encode() for end in (delimiter, "\n", '"') for near in (f" {end}", f"{end} ")]
    spaced = b" " in content and any(edge in content for edge in edges)
    return names, delimiter, spaced or content[-1:] == b" "


def encoded(values: pd.Series, known: pd.Index | None = None) -> pd.Series:
    """Give text as categories, which is soon done where it is in order.

    Parameters
    ----------
    values : Series of str
        With none missing.
    known : Index of str, optional
        Held in place of the categories where it equals them.

    Returns
    -------
    Series of category
        The categories as they first occur.
    """
    text = values.to_numpy(dtype=object)
    if pd.Index(text, dtype=object).is_monotonic_increasing:
        starts = np.append(np.ones(min(1, len(text)), dtype=bool), text[1:] != text[:-1])
        codes, ids = np.cumsum(starts) - 1, pd.Index(text[starts], dtype="str")
        assert ids.is_monotonic_increasing  # tells that each is there once, without hashes
    else:
        codes, found = pd.factorize(text)
        ids = pd.Index(found, dtype="str")
    ids = known if known is not None and ids.equals(known) else ids
    return pd.Series(pd.Categorical.from_codes(codes, ids), values.index, name=values.name)


def _outside(text: str, delimiter: str) -> list[str]:
    """Return what is not in quotation marks; nothing if some do not enclose a whole cell."""
    first, *parts = text.split('"')
    outside, ends = [first, *parts[1::2]], ("", delimiter, "\n")
    whole = all(part[:1] in ends for part in outside[1:]) and all(
        part[-1:] in ends for part in outside[: len(parts) // 2]
    )
    return outside if whole and len(parts) % 2 == 0 else []


def _stripped(cells: pd.Series) -> pd.Series:
    values = cells.cat.categories.tolist()
    bare = [text.strip() for text in values]
    if bare == values:
        return cells
    return pd.Series(pd.Index(bare, dtype="str")[cells.cat.codes], cells.index, dtype="category")


def _table(
    file: str, header: list[str], rows: Iterator[tuple[int, list[str]]]
) -> tuple[pd.DataFrame, list[Problem]]:
    """Lay rows out by columns, which take less memory than rows do."""
    width, lines, problems = len(header), array("q"), []
    columns: list[list[str]] = [[] for _ in header]
    for line, row in rows:
        if len(row) != width:
            allowed = (f"{width} cells, as in the header",)
            problems.append(Problem(file, line, None, f"{len(row)} cells", allowed))
            row = (row + [""] * width)[:width]
        lines.append(line)
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    cells = dict(zip(header, columns, strict=True))
    return pd.DataFrame(cells, index=pd.Index(lines, dtype="int64"), dtype="str"), problems


def delimiter(path: Path, columns: Sequence[str], encoding: str = "utf-8") -> str:
    """Say by which delimiter `read` takes a table apart.

    Parameters
    ----------
    path, columns, encoding
        As for `read`, of a table that it reads without problems.

    Returns
    -------
    str
        One of `DELIMITERS`.
    """
    return _delimiter(_text(path, encoding), columns)


def write(table: pd.DataFrame, path: Path) -> None:
    r"""Write a table in the one form that `read` and version control like best.

    Parameters
    ----------
    table : DataFrame
        Its index is not written.
    path : Path
        The file: UTF-8, comma, ``\n``.
    """
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def decoded(content: bytes, file: str, encoding: str = "utf-8") -> tuple[str, list[Problem]]:
    r"""Decode the bytes of a file; byte order marks removed, line ends made ``\n``.

    Parameters
    ----------
    content : bytes
        The file's bytes.
    file : str
        The file's name, for the problem.
    encoding : str, default "utf-8"
        One of `ENCODINGS`.

    Returns
    -------
    text : str
        Empty if it cannot be decoded.
    problems : list of Problem
        The first byte that is not in the encoding, a declared encoding that is not the file's,
        control characters, or the marks of a merge conflict.
    """
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02X}"
        advice = "save the file as UTF-8"
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            found = "UTF-16"
        elif file.endswith(".csv") and looks_like(content, WINDOWS):
            advice += f', or declare its encoding (encoding = "{WINDOWS}") in dataset.toml'
        return "", [Problem(file, line, None, found, (encoding,), advice)]
    if encoding != "utf-8" and not content.isascii() and looks_like(content, "utf-8"):
        advice = "save it as the other files, or correct the encoding in dataset.toml"
        return "", [Problem(file, None, None, "UTF-8", (encoding,), advice)]
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    problems = [*_controls(text, content, file), *_conflicts(text, file)]
    return ("", problems) if problems else (text, [])


def looks_like(content: bytes, encoding: str) -> bool:
    """Say whether bytes are in an encoding, as far as they tell.

    Parameters
    ----------
    content : bytes
        Of a text.
    encoding : str
        Under ``windows-1252`` nearly any bytes have a meaning: those that make punctuation marks
        or foreign letters amid words are of another code page, such as that of old Macintoshes.

    Returns
    -------
    bool
    """
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return encoding != WINDOWS or not AMID.search(text)


def _controls(text: str, content: bytes, file: str) -> list[Problem]:
    """Find the first character that no text has; in Latin-1 it is one of Windows-1252."""
    if text.isascii() and not any(control in text for control in LOW):
        return []
    found = CONTROLS.search(text)
    if not found:
        return []
    line, advice = text.count("\n", 0, found.start()) + 1, "save the file as CSV in UTF-8"
    if found[0] >= "\x80" and not looks_like(content, "utf-8") and looks_like(content, WINDOWS):
        advice = f'the file is in {WINDOWS}: declare encoding = "{WINDOWS}" in dataset.toml'
    control = f"control character U+{ord(found[0]):04X}"
    return [Problem(file, line, None, control, ("text",), advice)]


def _conflicts(text: str, file: str) -> list[Problem]:
    """Find the marks of merge conflicts; a line of equals signs alone may be a note's."""
    if not any(mark in text for mark in ("<<<<<<< ", ">>>>>>> ")):
        return []
    marks = {text.count("\n", 0, m.start()) + 1: m[0] for m in MARKS.finditer(text)}
    if not any(mark.startswith(("<", ">")) for mark in marks.values()):
        return []
    advice = "a merge conflict of git; keep the rows of one side, and none of its marks"
    return [Problem(file, line, None, mark, (), advice) for line, mark in marks.items()]


def _text(path: Path, encoding: str) -> str:
    text, problems = decoded(regular(path).read_bytes(), path.name, encoding)
    if problems:
        raise _UnreadableError(*problems)
    return text


def _delimiter(text: str, columns: Sequence[str]) -> str:
    """Return the delimiter under which the first row has the most expected, else most, names."""

    def names(delimiter: str) -> tuple[int, int]:
        header = _first(text.lstrip(), delimiter)
        return len({*header} & {*columns}), len(header)

    return max(DELIMITERS, key=names)


def _first(text: str, delimiter: str) -> list[str]:
    """Return the cells of the first row, without a copy of all that follows."""
    lines = (line[0] for line in re.finditer(r"[^\n]*\n|[^\n]+", text))
    return [cell.strip() for cell in next(csv.reader(lines, delimiter=delimiter), [])]


def _rows(text: str, file: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line on which it starts."""
    # StringIO would take four bytes a letter
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [intern(cell.strip()) for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        advice = 'close each quotation mark, and write one inside a quoted cell as ""'
        problem = Problem(file, line, None, str(error), ("cells in CSV form",), advice)
        raise _UnreadableError(problem) from error


def _header(file: str, line: int, names: list[str]) -> list[str]:
    problems = [
        Problem(file, line, None, name, ("each column named, and once",), f"column {position}")
        for position, name in enumerate(names, start=1)
        if not name or name in names[: position - 1]
    ]
    if problems:
        raise _UnreadableError(*problems)
    return names

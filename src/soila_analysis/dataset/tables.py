"""CSV tables as researchers have them: read with true line numbers, written in one form."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from soila_analysis.dataset.problems import Problem

ENCODINGS = ("utf-8", "latin-1", "windows-1252")
DELIMITERS = (",", ";")
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
        rows = list(_rows(text, path.name, _delimiter(text, columns)))
        if not rows:
            empty = Problem(path.name, None, None, "", tuple(columns), "the file is empty")
            raise _UnreadableError(empty)
        header = _header(path.name, *rows[0])
    except _UnreadableError as unreadable:
        return None, list(unreadable.args)
    width, cells = len(header), [cells for _, cells in rows[1:]]
    problems = [
        Problem(path.name, line, None, f"{len(row)} cells", (f"{width} cells, as in the header",))
        for line, row in rows[1:]
        if len(row) != width
    ]
    if problems:
        cells = [(row + [""] * width)[:width] for row in cells]
    index = pd.Index([line for line, _ in rows[1:]], dtype="int64")
    return pd.DataFrame(cells, index=index, columns=header, dtype="str"), problems


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
    r"""Decode the bytes of a file; byte order mark removed, line ends made ``\n``.

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
        The first byte that is not in the encoding, a declared encoding that is not the file's, or
        the marks of a merge conflict.
    """
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02X}"
        advice = "save the file as UTF-8"
        if file.endswith(".csv"):
            advice += ', or declare its encoding (encoding = "latin-1") in dataset.toml'
        return "", [Problem(file, line, None, found, (encoding,), advice)]
    if encoding != "utf-8" and not content.isascii() and _is_utf8(content):
        advice = "save it as the other files, or correct the encoding in dataset.toml"
        return "", [Problem(file, None, None, "UTF-8", (encoding,), advice)]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    conflicts = _conflicts(text, file)
    return ("", conflicts) if conflicts else (text, [])


def _conflicts(text: str, file: str) -> list[Problem]:
    """Find the marks of merge conflicts; a line of equals signs alone may be a note's."""
    marks = {text.count("\n", 0, m.start()) + 1: m[0] for m in MARKS.finditer(text)}
    if not any(mark.startswith(("<", ">")) for mark in marks.values()):
        return []
    advice = "a merge conflict of git; keep the rows of one side, and none of its marks"
    return [Problem(file, line, None, mark, (), advice) for line, mark in marks.items()]


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(path: Path, encoding: str) -> str:
    text, problems = decoded(path.read_bytes(), path.name, encoding)
    if problems:
        raise _UnreadableError(*problems)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        advice = "save the file as CSV in UTF-8"
        raise _UnreadableError(Problem(path.name, line, None, "a NUL byte", ("text",), advice))
    return text


def _delimiter(text: str, columns: Sequence[str]) -> str:
    """Return the delimiter under which the first line has the most expected, else most, names."""

    def names(delimiter: str) -> tuple[int, int]:
        header = next(csv.reader([text.lstrip().partition("\n")[0]], delimiter=delimiter), [])
        return len({name.strip() for name in header} & set(columns)), len(header)

    return max(DELIMITERS, key=names)


def _rows(text: str, file: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line on which it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
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

"""Spreadsheet files from elsewhere, opened with care: their cells as text, or a clear refusal.

Nothing in a file is run, fetched or altered. A zip is unpacked within limits, and the libraries
that read it are handed what was unpacked, never the file.
"""

import codecs
import csv
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from soila_analysis import files
from soila_analysis.dataset.problems import Problem
from soila_analysis.dataset.tables import WINDOWS, decoded, looks_like
from soila_analysis.exchange import safe_files, workbooks
from soila_analysis.exchange.grids import LINKING, SPREADSHEET, Grid, Parts, plain
from soila_analysis.exchange.safe_files import LIMITS, Count, RefusedError

SAMPLE = 2**16  # characters of a CSV file by which its delimiter is found
DELIMITERS = ",;\t|"

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an old .xls, or an encrypted .xlsx inside
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
MACROS = ("/vbaproject.bin", "/macrosheets/", "/basic/", "/scripts/")
LINKS = ("/externallinks/", "/connections.xml", "/querytables/")
EXPORT = "open it there and save it as .xlsx"
OTHERS = {  # what a file that is no spreadsheet begins with, in lower case
    b"%pdf": ("a PDF file", "ask for the spreadsheet that it was made from"),
    b"{\\rtf": ("a text of a word processor", "ask for a spreadsheet"),
    b"<!doctype html": ("a web page", "open it in a spreadsheet program and save it as .xlsx"),
    b"<html": ("a web page", "open it in a spreadsheet program and save it as .xlsx"),
    b"<table": ("a web page", "open it in a spreadsheet program and save it as .xlsx"),
    b"<?xml": ("a spreadsheet in XML", EXPORT),
    b"{": ("data in JSON, or a mere link to a spreadsheet", "download the spreadsheet as .xlsx"),
}
PARTS_OF = {  # a part that tells what kind of zip it is
    "xl/workbook.bin": ("a binary workbook of Excel (.xlsb)", EXPORT),
    "Index/Document.iwa": ("a file of Apple Numbers", "in Numbers: File, Export To, Excel"),
    "index.xml": ("a file of Apple Numbers", "in Numbers: File, Export To, Excel"),
    "word/document.xml": ("a document of Word", "ask for a spreadsheet"),
    "ppt/presentation.xml": ("a presentation", "ask for a spreadsheet"),
    "project.qde": ("a project of REFI-QDA", "read it by `soila refi read`"),
}


PASSWORD = (
    "a file protected by a password",
    "a file without a password",
    "save it without one; protected cells are no hindrance",
)


def read(path: Path, shown: str = "") -> tuple[list[Grid], list[Problem]]:
    """Read all sheets of a file.

    Parameters
    ----------
    path : Path
        An .xlsx, .ods or .csv file; its content decides, not its name.
    shown : str, optional
        What the file is called in problems and grids, its name by default.

    Returns
    -------
    grids : list of Grid
        Formulas as the values that they had when the file was saved. Empty if it is refused.
    problems : list of Problem
        Why the file is refused: macros, links to other files, a password, damage, or a size beyond
        the limits.
    """
    shown = shown or path.name
    try:
        if path.name.startswith(("~$", ".~lock.")):
            advice = "name the spreadsheet itself, and close it before"
            raise RefusedError("the lock of a file that is open elsewhere", SPREADSHEET, advice)
        if files.regular(path).stat().st_size > safe_files.EXPANDED:
            raise RefusedError(f"{path.stat().st_size:,} bytes", LIMITS)
        return list(_sheets(path, shown, path.read_bytes())), []
    except RefusedError as refused:
        found, allowed, advice = (*refused.args, "")[:3]
        return [], [Problem(shown, None, None, found, (allowed,), advice)]


def _sheets(path: Path, shown: str, content: bytes) -> Iterator[Grid]:
    """Tell what the file is by its content, and read it."""
    if content.startswith(COMPOUND):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise RefusedError(*PASSWORD)
        raise RefusedError("an old file of Excel or Word", SPREADSHEET, "save it as .xlsx")
    if not content.startswith(b"PK"):
        start = content[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
        for mark, (what, advice) in OTHERS.items():
            if start.startswith(mark):
                named = f" named {path.suffix}" if path.suffix.lower() != ".csv" else ""
                raise RefusedError(f"{what}{named}", SPREADSHEET, advice)
        count = Count()
        yield Grid(shown, "", _typed(content, count))
        return
    parts = _parts(content)
    del content
    _refuse_active(path, parts)
    if parts.get("mimetype", b"").strip() == ODS and "content.xml" in parts:
        yield from workbooks.ods(shown, parts)
    elif "xl/workbook.xml" in parts:
        yield from workbooks.xlsx(shown, parts)
    else:
        kinds = (kind for part, kind in PARTS_OF.items() if part in parts)
        what, advice = next(kinds, ("not a spreadsheet", ""))
        raise RefusedError(what, SPREADSHEET, advice)


def _parts(content: bytes) -> Parts:
    """Unpack a zip within the limits; of each part no more than it declares."""
    parts: dict[str, bytes] = {}
    try:
        safe_files.refuse_directory(io.BytesIO(content))
        with ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            declared = sum(entry.file_size for entry in entries)
            if declared > safe_files.EXPANDED or len(entries) > safe_files.PARTS:
                raise RefusedError(f"{declared:,} bytes in {len(entries):,} parts", LIMITS)
            if inside := safe_files.overlapping(archive.infolist()):
                raise BadZipFile(f"{inside} lies within another part")
            for entry in entries:
                if entry.flag_bits & 1:
                    raise RefusedError(*PASSWORD)
                if entry.filename in parts:
                    raise BadZipFile(f"duplicate entry {entry.filename}")
                if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                    raise BadZipFile(f"{entry.filename} is packed in an unusual way")
                with archive.open(entry) as part:
                    parts[entry.filename] = part.read(entry.file_size)
    except (BadZipFile, EOFError, NotImplementedError, zlib.error, ValueError) as error:
        advice = "it is cut short or damaged; ask for it again"
        raise RefusedError(f"a broken file ({error})", SPREADSHEET, advice) from error
    return parts


def _refuse_active(path: Path, parts: Parts) -> None:
    """Refuse what could run, fetch or expand when a program opens it."""
    names = [f"/{part.lower()}" for part in parts]
    types = parts.get("[Content_Types].xml", b"")
    macros = any(mark in part for part in names for mark in MACROS)
    if macros or b"macroEnabled" in types or path.suffix.lower() == ".xlsm":
        raise RefusedError("a file with macros", "a file without macros", "save it as .xlsx")
    if any(mark in part for part in names for mark in LINKS):
        raise RefusedError(*LINKING)
    if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
        raise RefusedError(*PASSWORD)
    for part, content in parts.items():
        if part.endswith((".xml", ".rels")):
            start = content[:4]
            if b"\0" in start or start.startswith((b"\xff", b"\xfe")) or b"<!DOCTYPE" in content:
                raise RefusedError(f"unusual XML in {part}", "plain UTF-8 without entities")


# .csv


def _typed(content: bytes, count: Count) -> list[list[str]]:
    if len(content) > safe_files.CHARACTERS:
        raise RefusedError(f"{len(content):,} bytes of CSV", LIMITS)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # "Unicode text" of Excel
        with suppress(UnicodeDecodeError):
            content = content.decode("utf-16").encode()
    text, problems = decoded(content, "")
    if problems:
        found, advice = "not text in UTF-8", "save a table as CSV in UTF-8"
        if problems[0].found and not problems[0].found.startswith("byte"):
            found = f"not text in UTF-8 ({problems[0].found})"
        elif looks_like(content, WINDOWS) and b"\0" not in content:
            found = f"text in {WINDOWS}"
            advice = 'in Excel: Save As, "CSV UTF-8"; or save it as .xlsx'
        raise RefusedError(found, SPREADSHEET, advice)
    if not text.strip():
        raise RefusedError("an empty file", SPREADSHEET)
    rows = []
    try:
        delimiter = max(DELIMITERS, key=_shape(text[:SAMPLE]))
        Count().add(text.count(delimiter))  # one row could hold them all
        for values in _records(text, delimiter):
            count.add(max(len(values), 1))
            rows.append([plain(value) for value in values])
    except csv.Error as error:
        advice = 'close each quotation mark, and write one inside a quoted cell as ""'
        raise RefusedError(f"a table that cannot be read ({error})", SPREADSHEET, advice) from error
    return rows


def _records(text: str, delimiter: str) -> Any:
    # StringIO would take four bytes a letter
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _shape(text: str) -> Callable[[str], int]:
    """Rate a delimiter by how many cells it makes in rows that are as long as most."""

    def rate(delimiter: str) -> int:
        widths: dict[int, int] = {}
        try:
            for values in _records(text, delimiter):
                widths[len(values)] = widths.get(len(values), 0) + 1
        except csv.Error:
            pass  # the sample may end within quotation marks
        return max((rows * (width - 1) for width, rows in widths.items()), default=0)

    return rate

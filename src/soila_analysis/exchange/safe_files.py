"""Files from elsewhere: XML and zip archives, read without doing what they may ask for."""

import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import IO, NoReturn
from xml.parsers import expat

from lxml import etree

from soila_analysis import files
from soila_analysis.dataset.problems import DatasetError, Problem

MEBIBYTE = 2**20
EXPANDED = 100 * MEBIBYTE  # bytes of all parts of a spreadsheet together
PARTS = 2_000
CELLS = 2_000_000  # of all sheets, with the empty ones between
CHARACTERS = 40_000_000  # of all sheets
TAGS = 8_000_000  # of all parts that are read: begin and end of elements
NAMES = 10_000  # of elements and attributes that differ
NODES = 1_500_000  # tags and attributes of a file that is held whole
DEPTH = 64  # of elements in such a file
CHUNK = 2**16  # bytes that are read at a time
LONGEST_TAG = MEBIBYTE
LIMITS = f"at most {EXPANDED // MEBIBYTE} MB unpacked, {PARTS:,} parts and {CELLS:,} cells"
XML_BYTES = 64 * MEBIBYTE  # one XML file; a project of a thousand coded sources has about one
DIRECTORY = 4 * MEBIBYTE  # the list of members of a zip archive
ARCHIVE_BYTES = 2048 * MEBIBYTE  # all that an archive expands to; sources may be videos
ADVICE = "Export the file again from the program that it comes from, without what is named above."
CORRUPT = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class RefusedError(Exception):
    """A file is not read; the arguments are what was found, what is allowed, and what to do."""


class Count:
    """Counts cells, characters and tags while they are read, and stops at the limits."""

    def __init__(self) -> None:
        self.cells = self.characters = self.tags = 0

    def add(self, cells: int, characters: int = 0, tags: int = 0) -> None:
        """Count more of them."""
        self.cells += cells
        self.characters += characters
        self.tags += tags
        if self.cells > CELLS or self.characters > CHARACTERS or self.tags > TAGS:
            raise RefusedError("too many cells or letters", LIMITS, "delete what is not needed")


class _Local(dict[str, str]):
    """Names of elements and attributes without their prefixes, looked up once each."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, name.rpartition(":")[2])


class Reader:
    """Reads XML piece by piece, and holds nothing of it but what a subclass keeps.

    Parameters
    ----------
    count : Count
        Of the whole file.
    """

    def __init__(self, count: Count) -> None:
        self.count, self.local = count, _Local()
        self.parts: list[str] = []  # texts, as they come; to be cleared, never replaced

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the begin of an element, with its prefix."""

    def end(self, tag: str) -> None:
        """Take its end."""

    def read(self, content: bytes) -> None:
        """Go through a part.

        Parameters
        ----------
        content : bytes
            XML in UTF-8.

        Raises
        ------
        RefusedError
            If it has a document type definition, or more than a spreadsheet may have.
        ExpatError
            If it is not well-formed.
        """
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self.parts.append
        parser.StartDoctypeDeclHandler = _refuse_definitions
        self.count.add(0, 0, content.count(b"<"))
        for at in range(0, len(content), CHUNK):
            parser.Parse(content[at : at + CHUNK], False)
            names, behind = len(parser.intern), at - parser.CurrentByteIndex
            if names > NAMES or behind > LONGEST_TAG:
                raise RefusedError("unusual XML", "XML as spreadsheet programs write it")
        parser.Parse(b"", True)


def _refuse_definitions(*_: object) -> NoReturn:
    raise RefusedError("a document type definition", "plain UTF-8 without entities")


def tree(content: bytes) -> etree._Element:
    """Parse XML that is held whole, unless it would take too much memory.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    Element

    Raises
    ------
    RefusedError
        If it has more elements and attributes than that.
    XMLSyntaxError
        If it is not well-formed.
    """
    if content.count(b"<") + content.count(b"=") > NODES:
        raise RefusedError("too much XML", f"at most {NODES:,} tags and attributes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root = etree.fromstring(content, parser)
    if root.getroottree().xpath(f"boolean({'/*' * (DEPTH + 1)})"):
        raise RefusedError("XML that is nested too deep", f"at most {DEPTH} elements in each other")
    return root


def parse(content: bytes, file: str) -> etree._Element:
    """Parse XML that names nothing outside itself; comments and instructions are left out.

    Parameters
    ----------
    content : bytes
        The file's bytes.
    file : str
        Its name, for the problem.

    Returns
    -------
    Element
        The root.

    Raises
    ------
    DatasetError
        If it is not well-formed, or has a document type definition: only there can
        entities be declared that read other files or expand beyond measure. Neither happens.
    """
    try:
        root = tree(content)
    except RefusedError as refused:
        _refuse(file, f"{refused.args[0]}: {refused.args[1]}")
    except etree.XMLSyntaxError as error:
        reason = str(error.msg).partition(", line ")[0].strip()
        _refuse(file, f"not well-formed XML: {reason}", error.lineno or None)
    if root.getroottree().docinfo.doctype:  # type: ignore[attr-defined]
        _refuse(
            file, "it has a document type definition (<!DOCTYPE>), which no exchange file needs"
        )
    return root


def content(path: Path) -> bytes:
    """Read a file that is no archive, unless it is too large.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bytes

    Raises
    ------
    DatasetError
        If it is larger than XML may be.
    """
    _check_size(path.name, files.regular(path).stat().st_size)
    return path.read_bytes()


def member(path: Path, suffix: str, preferred: str) -> tuple[str, bytes]:
    """Read the one file of a kind in a zip archive, at its top if there; nothing is unpacked.

    Parameters
    ----------
    path : Path
        The archive.
    suffix : str
        How the file's name ends, in lower case.
    preferred : str
        The file to take where there are several, in lower case.

    Returns
    -------
    name : str
        As it stands in the archive.
    content : bytes

    Raises
    ------
    DatasetError
        If there is no such file, or the archive is broken, encrypted or too large, or has members
        that would land elsewhere, be links, or replace each other; all such members at once.
    """
    try:
        refuse_directory(path)
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            problems = [*_unsafe(members), *_too_large(members, path.name)]
            if problems:
                raise DatasetError(path, problems, ADVICE)
            chosen = _chosen(members, path.name, suffix, preferred)
            _check_size(chosen.filename, chosen.file_size)
            return chosen.filename, archive.read(chosen)
    except CORRUPT as error:
        _refuse(path.name, f"not a zip archive that can be read: {error}")


def refuse_directory(file: Path | IO[bytes]) -> None:
    """Refuse a zip archive that lists more than any of ours, before the list is read.

    Parameters
    ----------
    file : Path or file object

    Raises
    ------
    BadZipFile
        If so.
    """
    with files.regular(file).open("rb") if isinstance(file, Path) else nullcontext(file) as opened:
        end = zipfile._EndRecData(opened)  # type: ignore[attr-defined] # what ZipFile goes by
    if end and end[zipfile._ECD_SIZE] > DIRECTORY:  # type: ignore[attr-defined]
        raise zipfile.BadZipFile(f"a list of files of more than {_size(DIRECTORY)}")


def overlapping(members: Sequence[zipfile.ZipInfo]) -> str:
    """Name the first member of a zip archive that lies within another, "" if none does."""
    placed = sorted(members, key=lambda one: one.header_offset)
    for one, after in pairwise(placed):
        head = 30 + len(one.filename.encode())
        if one.header_offset + head + one.compress_size > after.header_offset:
            return after.filename
    return ""


def _unsafe(members: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    seen: set[str] = set()
    if inside := overlapping(members):
        yield Problem(inside, message="it lies within another member of the archive")
    for one in members:
        name = one.filename.replace("\\", "/")
        if name.startswith("/") or name[1:2] == ":":
            yield Problem(one.filename, message="an absolute path")
        if ".." in name.split("/"):
            yield Problem(one.filename, message="a path that leads out of the archive")
        if stat.S_ISLNK(one.external_attr >> 16):
            yield Problem(one.filename, message="a symbolic link")
        if one.flag_bits & 0x1:
            yield Problem(one.filename, message="encrypted; export the project without a password")
        if name in seen:
            yield Problem(one.filename, message="duplicate name in the archive")
        seen.add(name)


def _too_large(members: list[zipfile.ZipInfo], file: str) -> Iterator[Problem]:
    expanded = sum(one.file_size for one in members)
    if expanded > ARCHIVE_BYTES:
        message = f"it expands to {_size(expanded)}, more than {_size(ARCHIVE_BYTES)}"
        yield Problem(file, message=f"{message}; export it without audio and video")


def _chosen(
    members: list[zipfile.ZipInfo], file: str, suffix: str, preferred: str
) -> zipfile.ZipInfo:
    of_kind = [
        one
        for one in members
        if one.filename.lower().endswith(suffix) and not one.filename.startswith("__MACOSX/")
    ]
    top = [one for one in of_kind if "/" not in one.filename.replace("\\", "/")]
    exact = [one for one in top if one.filename.lower() == preferred]
    chosen = next((found for found in (exact, top, of_kind) if len(found) == 1), None)
    if not chosen or (top and chosen is of_kind):
        names = ", ".join(one.filename for one in of_kind or members[:10]) or "nothing"
        _refuse(file, f"it needs one {preferred}; it holds {names}")
    return chosen[0]


def _check_size(file: str, size: int) -> None:
    if size > XML_BYTES:
        _refuse(file, f"{_size(size)} of XML, more than {_size(XML_BYTES)}")


def _refuse(file: str, message: str, line: int | None = None) -> NoReturn:
    raise DatasetError(file, [Problem(file, line, message=message)], ADVICE)


def _size(count: int) -> str:
    return f"{count / MEBIBYTE:,.0f} MiB"

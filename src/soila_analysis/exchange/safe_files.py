"""Files from elsewhere: XML and zip archives, read without doing what they may ask for."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from lxml import etree

from soila_analysis.dataset.problems import DatasetError, Problem

MEBIBYTE = 2**20
XML_BYTES = 64 * MEBIBYTE  # one XML file; a project of a thousand coded sources has about one
ARCHIVE_BYTES = 2048 * MEBIBYTE  # all that an archive expands to; sources may be videos
ADVICE = "Export the file again from the program that it comes from, without what is named above."
CORRUPT = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


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
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        reason = str(error.msg).partition(", line ")[0].strip()
        _refuse(file, f"not well-formed XML: {reason}", error.lineno or None)
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
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
    _check_size(path.name, path.stat().st_size)
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


def _unsafe(members: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    seen: set[str] = set()
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

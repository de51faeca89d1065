"""What an output holds, kind by kind: the record of what it was made from, and what it shows.

A record is found by its mark and read by a schema; nothing is unpacked for it, so that no file can
ask for much time or memory. All else in a file is shown: a second description, a frame of an
animation, a revision after the end.
"""

import hashlib
import io
import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from xml.sax.saxutils import unescape

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from soila_analysis.build.record import FORMAT
from soila_analysis.figures.save import sealed
from soila_analysis.files import UserError

LARGEST = 100 * 2**20  # bytes of a file that is read
LONGEST = 2**20  # bytes of a record
PIXELS = 50_000_000
EMBEDDED = re.compile(rb"(?<=data:image/svg\+xml;base64,)[A-Za-z0-9+/=]+")
MARKS = {
    ".svg": b"<dc:description>",
    ".png": b"tEXtComment\0",
    ".pdf": b"/Keywords (",
    ".json": b'"provenance": ',
}
PLAIN: Mapping[str, Callable[[str], str]] = {
    ".svg": unescape,
    ".pdf": lambda text: re.sub(r"\\(.)", r"\1", text),
}

PLACE = r"([^/.\x00]|\.[^/.\x00])[^/\x00]*"
ABOVE = r"(\.\./)*"  # from a data set to its earlier rounds
Name = Annotated[str, StringConstraints(pattern=f"^{PLACE}$")]
Module = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*(/\w[\w.-]*)*$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class _Record(BaseModel):
    """The form of a record in an output."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[FORMAT]  # type: ignore[valid-type]
    dataset: Name
    data: dict[Annotated[str, StringConstraints(pattern=f"^{ABOVE}({PLACE}/)*{PLACE}$")], Hash]
    notebook: Name
    cells: list[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]]
    parameters: dict[str, str | int | float | bool]
    given: list[str]
    code: dict[Module, Hash]
    packages: dict[Name, str]
    lock: Hash
    output: Annotated[str, StringConstraints(pattern=r"^(figures|tables)/[^/\x00]+$")]
    table: Annotated[dict[Name, Hash], Field(min_length=1, max_length=1)]
    seal: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    figure: str = ""
    variant: str = ""
    lang: str = ""


class UnknownProvenanceError(UserError):
    """A file that carries no record; the message says why that may be."""


def read(file: Path) -> dict[str, Any]:
    """Read the record that an output carries.

    Parameters
    ----------
    file : Path
        SVG, PDF, PNG, the JSON beside a figure or table, or the CSV of a table.

    Returns
    -------
    dict
        As `record.record` gives, with what is the output's own: ``output``, its path without
        ending; ``table``, the name of its table to its hash; ``seal``, see `figures.save.sealed`;
        and where they are known ``figure``, ``variant`` and ``lang``.

    Raises
    ------
    UnknownProvenanceError
        If there is none that `soila run` could have written, or the file is of another kind.
    """
    carrier = carrying(file)
    if carrier.suffix.lower() not in MARKS:
        kinds = ", ".join([*MARKS, ".csv"])
        raise UnknownProvenanceError(f"{file}: not an output of this project; known are {kinds}")
    content = bounded(carrier)
    kind = carrier.suffix.lower()
    _, mark, rest = content.partition(MARKS[kind])
    if not mark:
        raise UnknownProvenanceError(
            f"{file}: carries no record of what it was made from; outputs of `soila run` and "
            "`make figures` do, those of a notebook opened by hand do not"
        )
    try:
        text = PLAIN.get(kind, str)(rest[:LONGEST].decode(errors="replace"))
        found: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
        if set(_Record.model_validate(found).given) <= {*found["parameters"]}:
            return found
    except (ValueError, RecursionError):  # of which pydantic's error is one
        pass
    raise UnknownProvenanceError(
        f"{file}: its record is not of the form that `soila run` writes: it was edited, cut off, "
        "or made by another version; `make figures` makes outputs anew"
    )


def carrying(file: Path) -> Path:
    """Name the file that carries the record of an output.

    Parameters
    ----------
    file : Path
        The output.

    Returns
    -------
    Path
        That of a CSV is the JSON beside it.
    """
    return file.with_suffix(".json") if file.suffix.lower() == ".csv" else file


def intact(file: Path) -> bool:
    """Tell whether all bytes of an output are those that its record was sealed with.

    Parameters
    ----------
    file : Path
        An output that carries a record.

    Returns
    -------
    bool
    """
    content = bounded(file)
    return sealed(content) == content


def content(file: Path) -> str:
    """Hash what an output shows, whatever it was made from and on whichever machine.

    Parameters
    ----------
    file : Path
        SVG, PNG, PDF, JSON, CSV or executed notebook.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits. What cannot be read counts by its bytes.
    """
    there = bounded(file)
    try:
        shown = SHOWN.get(file.suffix.lower(), bytes)(there)
    except Exception:  # the readers of these kinds raise whatever a file leads them to
        shown = there
    return hashlib.sha256(shown).hexdigest()


def bounded(file: Path) -> bytes:
    """Read a file that anybody may have made.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    UnknownProvenanceError
        If it is no file, or larger than any output.
    """
    if not file.is_file():
        raise UnknownProvenanceError(f"{file}: no such file")
    if file.stat().st_size > LARGEST:
        raise UnknownProvenanceError(f"{file}: larger than any output, {LARGEST >> 20} MB")
    return file.read_bytes()


def _of_svg(content: bytes) -> bytes:
    before, _, rest = content.partition(MARKS[".svg"])
    return before + rest.partition(b"</dc:description>")[2]


def _of_png(content: bytes) -> bytes:
    """Give all chunks but the record, and the pixels instead of their packed form."""
    from PIL import Image

    chunks, place = [], 8
    while place < len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4])
        chunks.append(content[place:end])
        place = end + 4
    record = next((chunk for chunk in chunks if chunk[4:].startswith(MARKS[".png"])), None)
    kept = (c for c in chunks if c is not record and c[4:8] != b"IDAT")
    with Image.open(io.BytesIO(content)) as image:
        if image.width * image.height > PIXELS:
            raise ValueError
        size = f"{image.mode} {image.width}x{image.height} ".encode()
        return b"".join([*kept, size, image.tobytes()])


def _of_pdf(content: bytes) -> bytes:
    """Write out all objects, their streams decoded, and all after the first end."""
    from pypdf import PdfReader
    from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

    reader, buffer = PdfReader(io.BytesIO(content)), io.BytesIO()
    information = reader.trailer.raw_get("/Info")
    listed = {(n, generation) for generation, held in reader.xref.items() for n in held if n}
    for number, generation in sorted(listed | {(n, 0) for n in reader.xref_objStm}):
        reference = IndirectObject(number, generation, reader)
        found = reference.get_object()
        own = {"/Length"} if isinstance(found, StreamObject) else set()
        own |= {"/Keywords"} if reference == information else set()
        if isinstance(found, DictionaryObject):
            kept = {key: value for key, value in found.items() if key not in own}
            DictionaryObject(kept).write_to_stream(buffer)
        elif found is not None:
            found.write_to_stream(buffer)
        if isinstance(found, StreamObject):
            buffer.write(found.get_data())
    DictionaryObject(reader.trailer).write_to_stream(buffer)
    return buffer.getvalue() + content.partition(b"%%EOF")[2]


def _of_json(content: bytes) -> bytes:
    found = json.loads(content, object_pairs_hook=_pairs)
    return json.dumps({k: v for k, v in found.items() if k != "provenance"}).encode()


def _pairs(pairs: list[tuple[str, Any]]) -> Any:
    """Keep what stands there twice."""
    return dict(pairs) if len(dict(pairs)) == len(pairs) else pairs


def _of_notebook(content: bytes) -> bytes:
    """Leave out the records of the figures that an executed notebook shows."""
    return EMBEDDED.sub(lambda m: _of_svg(b64decode(m[0])), content)


SHOWN: Mapping[str, Callable[[bytes], bytes]] = {
    ".svg": _of_svg,
    ".png": _of_png,
    ".pdf": _of_pdf,
    ".json": _of_json,
    ".ipynb": _of_notebook,
}

"""The one place where figures, their tables and their texts are written."""

import hashlib
import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from lxml import etree
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from soila_analysis.figures.page import resolution, style
from soila_analysis.figures.texts import Texts
from soila_analysis.files import RECORD, blob, for_spreadsheets

FORMATS = ("svg", "png", "pdf")
DPI = 200
COLOURS = 64  # of a PNG: inks as they are, and some steps between them at their edges
FLOAT = "%.6f"
TEXT = (  # columns of tables that hold text, also where all of it looks like numbers or is empty
    *("model_id", "feature_id", "other_feature_id", "goal_id", "region_id", "coder_id"),
    *("other_id", "claim_id", "feature", "other_feature", "goal", "region", "claim", "unit"),
    *("round", "name", "version", "date", "prompt_sha256", "source", "scope", "kind", "basis"),
    *("reading", "other_reading", "reason", "status", "verdict", "measure", "test", "surely"),
    *("lacking", "undrawn", "changed", "printed", "recomputed", "found"),
)
SEAL = re.compile(rb'(?<="seal":")[0-9a-f]{64}|(?<="seal": ")[0-9a-f]{64}')
UNSEALED = "0" * 64
SVG = "http://www.w3.org/2000/svg"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Output:
    """Where a figure goes, and what it is.

    Attributes
    ----------
    figure, variant : str
        Name and variant of the figure.
    stem : str
        File name without its ending.
    folder : Path
        Made if missing.
    table : Path
        The file of the table that the figure is drawn from.
    """

    figure: str
    variant: str
    stem: str
    folder: Path
    table: Path


def save_figure(drawn: Figure, words: Texts, output: Output) -> dict[str, Path]:
    """Write a figure as SVG, PNG and PDF and its texts as JSON.

    Equal figures give equal bytes: no dates, no random identifiers, a fixed size. In a run, each
    file carries the record of what it was made from, sealed; see `build.kinds`.

    Parameters
    ----------
    drawn : Figure
        As `figures.draw` draws it.
    words : Texts
        Its texts; title, description and language go into the files.
    output : Output
        Where it goes.

    Returns
    -------
    dict of str to Path
        The files by their ending.
    """
    output.folder.mkdir(parents=True, exist_ok=True)
    files = {ending: output.folder / f"{output.stem}.{ending}" for ending in FORMATS}
    made_from = _made_from(files["svg"], output.table, **_named(output))
    record = json.dumps(made_from, sort_keys=True, separators=(",", ":")) if made_from else None
    metadata: Mapping[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": None, "Description": record},
        "png": {
            "Software": None,
            "Title": words.title,
            "Description": words.alt,
            **({"Comment": record} if record else {}),
        },
        "pdf": {
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
            "Title": words.title,
            "Subject": words.description,
            "Keywords": record,
        },
    }
    with style():
        for ending in FORMATS:
            save = _save_png if ending == "png" else Figure.savefig
            save(drawn, files[ending], dpi=resolution(drawn, DPI), metadata=metadata[ending])
    _describe_svg(files["svg"], words, output.stem)
    for file in files.values():
        file.write_bytes(sealed(file.read_bytes()))
    return {**files, "json": save_texts(words, output)}


def save_texts(words: Texts, output: Output) -> Path:
    """Write the texts of a figure as JSON with its name, and in a run what they were made from.

    Parameters
    ----------
    words, output
        As for `save_figure`.

    Returns
    -------
    Path
        The file.
    """
    output.folder.mkdir(parents=True, exist_ok=True)
    texts = {**_named(output), "table": output.table.name, **asdict(words)}
    file = output.folder / f"{output.stem}.json"
    return _write_json(file, texts, _made_from(file, output.table, **_named(output)))


def save_table(
    table: pd.DataFrame, stem: str, folder: Path, *, figure: str = "", lang: str = ""
) -> Path:
    """Write a table as CSV, and beside it what it is of and, in a run, what it was made from.

    The form is UTF-8 with line feeds, six decimals for fractions.

    Parameters
    ----------
    table : DataFrame
        As `figures.label` gives.
    stem : str
        File name without its ending.
    folder : Path
        Made if missing.
    figure, lang : str, optional
        Name of the figure that is drawn from it, and its language.

    Returns
    -------
    Path
        The CSV file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem}.csv"
    text = for_spreadsheets(table, float_format=FLOAT)
    file.write_text(text, encoding="utf-8", newline="")
    name = {"figure": figure, "lang": lang} if figure else {}
    made_from = _made_from(file, file, **name)
    _write_json(file.with_suffix(".json"), {**name, "table": file.name}, made_from)
    return file


def read_table(file: Path) -> pd.DataFrame:
    """Read the CSV file of a table.

    Parameters
    ----------
    file : Path
        As `save_table` writes.

    Returns
    -------
    DataFrame
        Ids, names and words are text, empty where there is none; other columns are numbers, missing
        where the cell is empty.
    """
    table = pd.read_csv(
        file, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(TEXT, "str")
    )
    words = table.select_dtypes(["object", "str"]).columns
    return table.assign(**{column: table[column].fillna("") for column in words})


def sealed(content: bytes) -> bytes:
    """Put the hash of all bytes of an output into its record; its own digits count as zeros.

    Parameters
    ----------
    content : bytes
        An output whose record has a ``seal``.

    Returns
    -------
    bytes
        The same where the seal is right already, or where there is none.
    """
    if not (found := SEAL.search(content)):
        return content

    def put(digits: str) -> bytes:
        return _checked(content[: found.start()] + digits.encode() + content[found.end() :])

    return put(hashlib.sha256(put(UNSEALED)).hexdigest())


def _checked(content: bytes) -> bytes:
    """Renew the checksum of the record, where a PNG has one."""
    start = content.find(b"tEXtComment\0")
    if start < 0:
        return content
    end = start + 4 + int.from_bytes(content[start - 4 : start])
    return content[:end] + zlib.crc32(content[start:end]).to_bytes(4) + content[end + 4 :]


def _named(output: Output) -> dict[str, str]:
    return {"figure": output.figure, "variant": output.variant}


def _made_from(file: Path, table: Path, **name: str) -> dict[str, Any]:
    """Complete the record of the run by what the output is of; empty outside a run."""
    record: dict[str, Any] = json.loads(os.environ.get(RECORD, "{}"))
    own = {"output": f"{file.parent.name}/{file.stem}", "seal": UNSEALED}
    tables = {table.name: blob(table.read_bytes())}
    return {**record, **name, **own, "table": tables} if record else {}


def _write_json(file: Path, content: Mapping[str, Any], made_from: Mapping[str, Any]) -> Path:
    whole = {**content, **({"provenance": made_from} if made_from else {})}
    text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    file.write_bytes(sealed(text.encode()))
    return file


def _save_png(drawn: Figure, file: Path, dpi: float, metadata: Mapping[str, str | None]) -> None:
    """Write a PNG of few colours, a third as large."""
    raw, told = BytesIO(), PngInfo()
    drawn.savefig(raw, format="png", dpi=dpi, pil_kwargs={"compress_level": 0})
    for name, text in metadata.items():
        if text:
            told.add_text(name, text)
    few = Image.open(raw).convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT)
    few.save(file, dpi=(dpi, dpi), pnginfo=told, optimize=True)


def _describe_svg(file: Path, words: Texts, stem: str) -> None:
    """Add what a screen reader needs: role, language, a short name, and a description."""
    # As bytes: lxml would take the name of a file for an address.
    root = etree.fromstring(file.read_bytes(), etree.XMLParser(remove_blank_text=False))
    title, description = f"{stem}-title", f"{stem}-description"
    root.set("role", "img")
    root.set("lang", words.lang)
    root.set(XML_LANG, words.lang)
    root.set("aria-labelledby", title)
    root.set("aria-describedby", description)
    for position, (tag, id_, text) in enumerate(
        (("title", title, words.alt), ("desc", description, words.description))
    ):
        element = etree.Element(f"{{{SVG}}}{tag}", id=id_)
        element.text = text
        element.tail = "\n "
        root.insert(position, element)
    tree = root.getroottree()
    file.write_bytes(etree.tostring(tree, encoding="UTF-8", xml_declaration=True))

"""The one place where figures, their tables and their texts are written."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from lxml import etree
from matplotlib.figure import Figure

from soila_analysis.figures.page import style
from soila_analysis.figures.texts import Texts
from soila_analysis.files import RECORD, blob

FORMATS = ("svg", "png", "pdf")
DPI = 200
FLOAT = "%.6f"
SVG = "http://www.w3.org/2000/svg"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def save_figure(
    figure: Figure, words: Texts, stem: str, folder: Path, table: Path
) -> dict[str, Path]:
    """Write a figure as SVG, PNG and PDF and its texts as JSON.

    Equal figures give equal bytes: no dates, no random identifiers, a fixed size. In a run, each
    file carries the record of what it was made from; see `provenance`.

    Parameters
    ----------
    figure : Figure
        As the functions of `figures` draw it.
    words : Texts
        Its texts; title, description and language go into the files.
    stem : str
        File name without its ending.
    folder : Path
        Made if missing.
    table : Path
        The file of the table that the figure was drawn from.

    Returns
    -------
    dict of str to Path
        The files by their ending.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {ending: folder / f"{stem}.{ending}" for ending in FORMATS}
    made_from = _provenance(table)
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
            figure.savefig(files[ending], dpi=DPI, metadata=metadata[ending])
    _describe_svg(files["svg"], words, stem)
    return {**files, "json": save_texts(words, stem, folder, table)}


def save_texts(words: Texts, stem: str, folder: Path, table: Path) -> Path:
    """Write the texts of a figure as JSON, and in a run what they were made from.

    Parameters
    ----------
    words, stem, folder, table
        As for `save_figure`.

    Returns
    -------
    Path
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem}.json"
    texts = {
        "lang": words.lang,
        "title": words.title,
        "subtitle": words.subtitle,
        "badge": words.badge,
        "source": words.source,
        "alt": words.alt,
        "description": words.description,
        "findings": list(words.findings),
    }
    _write_json(file, texts, _provenance(table))
    return file


def save_table(table: pd.DataFrame, stem: str, folder: Path) -> Path:
    """Write a table as CSV, and beside it, in a run, what it was made from.

    The form is UTF-8 with line feeds, six decimals for fractions.

    Parameters
    ----------
    table : DataFrame
        As `figures.label` gives.
    stem : str
        File name without its ending.
    folder : Path
        Made if missing.

    Returns
    -------
    Path
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem}.csv"
    table.to_csv(file, index=False, lineterminator="\n", float_format=FLOAT, encoding="utf-8")
    made_from = _provenance(file)
    if made_from:
        _write_json(file.with_suffix(".json"), {"table": file.name}, made_from)
    return file


def _provenance(table: Path) -> dict[str, Any]:
    """Complete the record of the run by the hash of the table; empty outside a run."""
    record: dict[str, Any] = json.loads(os.environ.get(RECORD, "{}"))
    return {**record, "table": blob(table.read_bytes())} if record else {}


def _write_json(file: Path, content: Mapping[str, Any], made_from: Mapping[str, Any]) -> None:
    whole = {**content, **({"provenance": made_from} if made_from else {})}
    text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    file.write_text(text, encoding="utf-8", newline="\n")


def _describe_svg(file: Path, words: Texts, stem: str) -> None:
    """Add what a screen reader needs: role, language, title and description."""
    tree = etree.parse(file, etree.XMLParser(remove_blank_text=False))
    root = tree.getroot()
    title, description = f"{stem}-title", f"{stem}-description"
    root.set("role", "img")
    root.set("lang", words.lang)
    root.set(XML_LANG, words.lang)
    root.set("aria-labelledby", f"{title} {description}")
    for position, (tag, id_, text) in enumerate(
        (("title", title, words.alt), ("desc", description, words.description))
    ):
        element = etree.Element(f"{{{SVG}}}{tag}", id=id_)
        element.text = text
        element.tail = "\n "
        root.insert(position, element)
    tree.write(file, encoding="utf-8", xml_declaration=True)

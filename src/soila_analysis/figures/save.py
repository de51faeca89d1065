"""The one place where figures, their tables and their texts are written."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from lxml import etree
from matplotlib.figure import Figure

from soila_analysis.figures.style import style
from soila_analysis.figures.texts import Texts

FORMATS = ("svg", "png", "pdf")
DPI = 200
FLOAT = "%.6f"
SVG = "http://www.w3.org/2000/svg"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def save_figure(figure: Figure, words: Texts, stem: str, folder: Path) -> dict[str, Path]:
    """Write a figure as SVG, PNG and PDF and its texts as JSON.

    Equal figures give equal bytes: no dates, no random identifiers, a fixed size.

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

    Returns
    -------
    dict of str to Path
        The files by their ending.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {ending: folder / f"{stem}.{ending}" for ending in (*FORMATS, "json")}
    metadata: Mapping[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None, "Title": words.title, "Description": words.alt},
        "pdf": {
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
            "Title": words.title,
            "Subject": words.description,
        },
    }
    with style():
        for ending in FORMATS:
            figure.savefig(files[ending], dpi=DPI, metadata=metadata[ending])
    _describe_svg(files["svg"], words, stem)
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
    files["json"].write_text(
        json.dumps(texts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n"
    )
    return files


def save_table(table: pd.DataFrame, stem: str, folder: Path) -> Path:
    """Write a figure's table as CSV: UTF-8, line feeds, six decimals for fractions.

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
    return file


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

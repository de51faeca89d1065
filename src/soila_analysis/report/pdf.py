"""The report of one build: a tagged PDF for each language, to send and to read without a browser.

Typst writes it from ``templates/document.typ``. It is asked for PDF/UA-1, so that it refuses a
document without title, language, alternative texts or headings in order, and text in no font.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any
from unicodedata import bidirectional

import matplotlib as mpl
from matplotlib.ft2font import FT2Font
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject

from soila_analysis.dataset import Dataset
from soila_analysis.figures import sourced
from soila_analysis.figures.wording import badge
from soila_analysis.files import replacing
from soila_analysis.language import LANGUAGES, Messages, messages
from soila_analysis.report.drawings import Drawn, drawn
from soila_analysis.report.evidence_map import cells, further, listed
from soila_analysis.report.methods import facts, methods
from soila_analysis.report.pages import asset
from soila_analysis.report.tables import Readable, compact

MODELS = 200  # more of them make a list that nobody reads
LONG = re.compile(r"[^\s\u200b]{30,}")  # a word that a line may not hold
CODE = "code"  # the key of a text that is to be copied, so that no break may be put into it
NARROW, USUAL, WIDE = 9, 18, 32  # letters of a column, by which the width of a page is shared
NAMES = {"file", "stem"}  # the keys of names that are not set
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # turn what follows them


def write(build: Path, dataset: Dataset, day: str = "") -> list[Path]:
    """Write the report of a build in each of its languages.

    Parameters
    ----------
    build : Path
        ``build/<data set>``, with the outputs of the notebooks in the languages that are there.
    dataset : Dataset
        The data set that they were made from.
    day : str, optional
        The date of the report.

    Returns
    -------
    list of Path
        ``report/<data set>.<language>.pdf`` below the build. They take the place of earlier ones
        only when all are complete; equal builds give equal bytes.

    Raises
    ------
    FileNotFoundError
        If the build has no figures yet; the message says what to do.
    ModuleNotFoundError
        If Typst is not installed; the message says how to install it.
    """
    langs = [lang for lang in LANGUAGES if any((build / lang).glob("figures/*.svg"))]
    if not langs:
        raise FileNotFoundError(f"{build} has no figures yet; run `make figures` first")
    with replacing(build / "report") as folder:
        for lang in langs:
            pdf = typeset(gathered(build / lang, dataset, day), build / lang / "figures")
            (folder / f"{build.name}.{lang}.pdf").write_bytes(pdf)
    return sorted((build / "report").iterdir())


def gathered(built: Path, dataset: Dataset, day: str = "") -> dict[str, Any]:
    """Gather all words and numbers of the report.

    Parameters
    ----------
    built : Path
        ``build/<data set>/<language>``.
    dataset : Dataset
        What it was made from.
    day : str, optional
        The date of the report.

    Returns
    -------
    dict
        What ``templates/document.typ`` reads, plain enough for JSON.
    """
    lang, info = built.name, dataset.info
    figures = drawn(built)
    t, labels = messages(lang), dataset.taxonomy.labels(lang)
    title = info.title[lang]
    printed = [f for f in figures if f.as_published and f.of_same_table(figures)]
    main = [f for f in figures if f not in printed]
    return {
        "lang": lang,
        "title": title,
        "author": [info.author[lang]] if info.author else [],
        "badge": badge(dataset.kind, info.reading or "", t),
        "lead": t("report.lead"),
        "caveats": _caveats(dataset, t),
        "facts": [*([(t("report.date"), day)] if day else []), *facts(dataset, lang)],
        "source": t("common.source", source=sourced(info, lang)),
        "labels": _labels(t),
        "figures": [_figure(f, labels, t) for f in main],
        "printed": [_figure(f, labels, t) for f in printed],
        "methods": asdict(methods(dataset, lang)),
        "check": _check(main, t),
        "models": _models(dataset, t),
    }


def typeset(data: dict[str, Any], drawings: Path) -> bytes:
    """Set the report.

    Parameters
    ----------
    data : dict
        As `gathered` gives.
    drawings : Path
        The folder of the figures that it names.

    Returns
    -------
    bytes
        A PDF that is tagged as PDF/UA-1 asks. A character that the fonts lack, or that would turn
        the text around it, is written as its number, such as [U+4E2D].

    Raises
    ------
    ModuleNotFoundError
        If Typst is not installed; the message says how to install it.
    """
    try:
        import typst
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "this needs Typst; install it with: pip install soila-analysis[report]"
        ) from error
    named = [figure["file"] for figure in (*data["figures"], *data["printed"])]
    files = {name: (drawings / name).read_bytes() for name in named}
    text = json.dumps(_settable(data), ensure_ascii=False, sort_keys=True)
    main = asset("document.typ").encode()
    pdf = typst.compile(  # type: ignore[call-overload] # files by name are missing in its types
        {"main": main, "data.json": text.encode(), **files},
        font_paths=list(_fonts()),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["ua-1"],
    )
    return _with_row_heads(pdf)


def _with_row_heads(pdf: bytes) -> bytes:
    """Tag the first cell of each row of a table as its heading, which Typst cannot yet."""
    writer = PdfWriter(clone_from=BytesIO(pdf))
    writer.pdf_header = "%PDF-1.7"
    for row in writer._objects:
        if isinstance(row, DictionaryObject) and row.get("/S") == "/TR":
            cells: Any = row["/K"]
            cell = cells[0].get_object()
            if cell["/S"] == "/TD":
                cell[NameObject("/S")] = NameObject("/TH")
                cell["/A"][0][NameObject("/Scope")] = NameObject("/Row")
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _labels(t: Messages) -> dict[str, str]:
    return {
        "findings": t("site.findings"),
        "figures": t("report.figures"),
        "methods": t("site.page.methods"),
        "check": t("report.check"),
        "printed": t("report.printed"),
        "models": t("report.models"),
    }


def _caveats(dataset: Dataset, t: Messages) -> list[str]:
    """Say what to know before a number is used."""
    made_up = [t("site.caveat")] if dataset.info.kind == "reconstructed" else []
    sizes = cells(dataset)["n"]
    groups = sizes[sizes > 0]
    if groups.empty:
        return made_up
    n = int(groups.min())
    return [*made_up, t("report.small", n=t.number(n), points=t.number(100 / n))]


def _figure(figure: Drawn, labels: Mapping[str, str], t: Messages) -> dict[str, Any]:
    words = figure.words
    return {
        "stem": figure.stem,
        "file": f"{figure.stem}.svg",
        "title": words["title"].rstrip("."),
        "alt": words["alt"],
        "findings": words["findings"],
        "source": words["source"],
        "caption": t("site.table-of", title=words["title"]),
        "table": _set(compact(figure.table, labels, t.lang, words["figure"])),
    }


def _check(figures: Sequence[Drawn], t: Messages) -> dict[str, Any]:
    """Say by which commands the numbers are checked, and from which files they come."""
    made = figures[0].made
    commands = [(f.words["title"], {CODE: f.command}) for f in figures]
    hashes = [({CODE: file}, {CODE: digest}) for file, digest in made["data"].items()]
    verify = f"soila verify {figures[0].stem}.svg"
    return {
        "how": t("report.check-how"),
        "commands": [{CODE: command} for command in ("make figures", "make check", verify)],
        "data": t("report.data-how"),
        "files": _listing((t("report.file"), t("report.hash")), hashes, (2, 5)),
        "files-caption": f"{t('report.data-table')}: {made['dataset']}",
        "made": _listing((t("report.figure"), t("report.command")), commands, (3, 5)),
        "made-caption": t("report.figures-table"),
    }


def _models(dataset: Dataset, t: Messages) -> dict[str, Any]:
    """List the models, with further columns, goals and the number of their features, if real."""
    if dataset.info.kind == "reconstructed":
        return {"how": t("report.no-models"), "caption": "", "table": None}
    columns = further(dataset.models)
    head = (t("site.model"), *columns, t("column.goal"), t("column.features"))
    rows = []
    for model in listed(dataset, t.lang, MODELS):
        row, n = model["row"], model["assessed"]
        count = t.ratio(model["present"], n) if n else t("site.not-assessed")
        name = row["name"] or row["model_id"]
        rows.append((name, *(row[c] for c in columns), "; ".join(model["goals"]), count))
    size = len(dataset.models)
    first = t("site.first", n=t.number(MODELS), all=t.number(size)) if size > MODELS else ""
    return {
        "how": " ".join(filter(None, (t("report.models-how"), first))),
        "caption": t("report.models"),
        "table": _listing(head, rows, (3, *(2 for _ in columns), 7, 2)),
    }


def _set(table: Readable) -> dict[str, Any]:
    columns = zip(table.heads, *table.rows, strict=True)
    return _listing(table.heads, table.rows, [_width(column) for column in columns])


def _width(column: Sequence[str]) -> int:
    """Give a column room for what most of its cells say."""
    letters = [max(map(len, cell.split("\n"))) for cell in column[1:]] or [0]
    mean, longest = sum(letters) // len(letters), max(letters)
    return min(max(mean, min(longest, USUAL), NARROW), WIDE)


def _listing(
    heads: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[int]
) -> dict[str, Any]:
    return {"heads": list(heads), "rows": list(map(list, rows)), "widths": list(widths)}


def _settable(value: Any, key: str = "") -> Any:
    """Let every text be such that the fonts can set it and lines can hold it."""
    if isinstance(value, dict):
        return {k: v if k in NAMES else _settable(v, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_settable(item) for item in value]
    if not isinstance(value, str):
        return value
    known = "".join(_character(c) for c in value)
    return known if key == CODE else LONG.sub(_breakable, known)


def _character(character: str) -> str:
    known = character in _characters() and bidirectional(character) not in TURNING
    if known or character == "\n":
        return character
    return " " if character.isspace() else f"[U+{ord(character):04X}]"


def _breakable(word: re.Match[str]) -> str:
    return "\u200b".join(re.findall(".{1,10}", word.group()))


@cache
def _characters() -> frozenset[str]:
    """Return what the fonts of the report can set, regular and bold."""
    shipped, others = _fonts()
    either = (
        _charmap(shipped / f"SoilaSans-{weight}.ttf") | _charmap(others / f"DejaVuSans{suffix}.ttf")
        for weight, suffix in (("Regular", ""), ("Bold", "-Bold"))
    )
    return frozenset.intersection(*either) - {"\ufeff"}  # which PDF/UA does not allow


def _charmap(font: Path) -> frozenset[str]:
    return frozenset(map(chr, FT2Font(str(font)).get_charmap()))


def _fonts() -> tuple[Path, Path]:
    """Return the folder of the shipped fonts, and of those that come with matplotlib."""
    shipped = resources.files("soila_analysis.figures").joinpath("fonts")
    return Path(str(shipped)), Path(mpl.get_data_path()) / "fonts/ttf"

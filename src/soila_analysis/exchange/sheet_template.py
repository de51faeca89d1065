"""Coding sheets: a workbook into which one coder types codes, goals and notes.

A row is all of one model, with the note on each code beside it: rows can be sorted, copied or
saved as CSV, and no note parts from its code. The visible headings are labels; the ids above
them, in a hidden row, are what `sheet_import.collect` goes by. An empty row between keeps the ids
out of what is sorted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd
from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.comments import Comment  # type: ignore[import-untyped]
from openpyxl.styles import (  # type: ignore[import-untyped]
    Alignment,
    Border,
    Font,
    PatternFill,
    Protection,
    Side,
)
from openpyxl.utils import get_column_letter as letter  # type: ignore[import-untyped]
from openpyxl.worksheet.datavalidation import DataValidation  # type: ignore[import-untyped]
from openpyxl.worksheet.pagebreak import Break, ColBreak  # type: ignore[import-untyped]

from soila_analysis import files
from soila_analysis import taxonomy as library
from soila_analysis.dataset import tables
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.schema import faults
from soila_analysis.exchange.vocabulary import FEATURE, GOAL, MODEL, NOTE, NOTE_OF
from soila_analysis.taxonomy import Feature, Taxonomy

BLANK_ROWS = 100
LONGEST = 32_767  # characters in a cell of Excel
LIST = 255  # characters in the literal list of a drop-down
DATE = datetime(2024, 1, 1)
IDS, GAP, LINE, FIRST = 1, 2, 3, 4  # rows: ids, none, so that sorting stops there, labels, models
PAGE = 205  # characters across a printed page at `SCALE`
SCALE = 50  # per cent
# as figures/style.py
BLUE, PLUM, PALE, RULE = "12436D", "801650", "EEF3F8", "D9D9D9"
GREY, TEXT, MUTED, WHITE = "595959", "1A1A1A", "595959", "FFFFFF"
FACE = "Calibri"

Say: TypeAlias = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the coding sheet."""

    id: str
    label: str
    width: int
    colour: str
    locked: bool = False
    comment: str = ""


def write(
    path: Path,
    coder: str,
    say: Say,
    lang: str,
    *,
    dataset: Dataset | None = None,
    models: pd.DataFrame | None = None,
    coded_by: Taxonomy | None = None,
    overwrite: bool = False,
) -> None:
    """Write a coding sheet as an .xlsx workbook: instructions, the sheet, the codebook.

    Everything but what the coder fills in is protected, without a password. Equal arguments give
    equal bytes.

    Parameters
    ----------
    path : Path
        The file to write.
    coder : str
        The coder's id, which goes into every row.
    say : callable
        The message catalogue of the language.
    lang : {"fi", "sv", "en"}
        Language of the labels.
    dataset : Dataset, optional
        Whose models, goals and taxonomy to use; what the coder has coded before is filled in.
        Without it the library's taxonomy applies, or ``coded_by``.
    models : DataFrame, optional
        ``model_id``, ``name`` and further columns, where there is no data set yet. Without either
        the rows are blank and models are typed.
    coded_by : Taxonomy, optional
        What a data set that is not there yet is coded by.
    overwrite : bool, default False
        Take the place of a file that is there.

    Raises
    ------
    FileExistsError
        If the file is there and is not to be overwritten.
    DatasetError
        If a text is too long for a cell.
    """
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path}: it exists; name another file, or say --overwrite")
    taxonomy = dataset.taxonomy if dataset else coded_by or library.load()
    listed = dataset.models if dataset else models
    columns = _columns(taxonomy, listed, say, lang, goals_known=dataset is not None)
    rows = list(_rows(taxonomy, coder, say, dataset, listed))
    _refuse_long(path, columns, rows)
    book = Workbook()
    _guide(book.active, taxonomy, coder, say, lang, dataset)
    _coding(book.create_sheet(say("sheet.coding")), columns, rows, taxonomy, say)
    _codebook(book.create_sheet(say("sheet.codebook")), taxonomy, say, lang)
    book.properties.creator = "soila_analysis"
    book.properties.title = say("sheet.title")
    book.properties.created = DATE
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, _bytes(book))


def listed(path: Path) -> pd.DataFrame:
    """Read the models that a sheet is to list.

    Parameters
    ----------
    path : Path
        A table as models.csv, with ``model_id`` and ``name``.

    Returns
    -------
    DataFrame

    Raises
    ------
    DatasetError
        With all that is wrong with it.
    """
    models, problems = tables.read(path, ("model_id", "name"))
    if models is not None and not problems:
        problems = faults("models", models, {"served": None})
        problems = [replace(problem, file=path.name) for problem in problems]
    if models is None or problems:
        raise DatasetError(path, problems, "Correct the table and try again.")
    return models


def _columns(
    taxonomy: Taxonomy, models: pd.DataFrame | None, say: Say, lang: str, *, goals_known: bool
) -> list[Column]:
    """List the columns in their order."""
    known = models is not None
    further = [] if models is None else [column for column in models if not _is_own(column)]
    columns = [
        Column("model_id", say("sheet.model"), 13, GREY, known),
        Column("name", say("sheet.name"), 32, GREY, known),
        *(Column(f"{MODEL}{column}", column, 18, GREY, locked=True) for column in further),
    ]
    labels = taxonomy.labels(lang)
    for goal in taxonomy.goals:
        label = say("sheet.goal-of", label=labels[goal.id])
        columns += [Column(f"{GOAL}{goal.id}", label, 22, PLUM, goals_known, goal.worded(lang))]
    for feature in taxonomy.features:
        label, explained = labels[feature.id], _explained(feature, say, lang)
        columns += [
            Column(f"{FEATURE}{feature.id}", label, 21, BLUE, comment=explained),
            Column(f"{NOTE}{feature.id}", say("sheet.note-of", label=label), 24, PALE),
        ]
    return [
        *columns,
        Column("note", say("sheet.note"), 32, PALE),
        Column("coder_id", say("sheet.coder"), 11, GREY, locked=True),
        Column("taxonomy_version", say("sheet.version"), 11, GREY, locked=True),
    ]


def _is_own(column: str) -> bool:
    """Say whether a column of models.csv has a column of its own or is another coder's note."""
    return column in ("model_id", "name") or column.startswith(NOTE_OF)


def _explained(feature: Feature, say: Say, lang: str) -> str:
    basis = say(f"taxonomy.basis.{feature.basis}") if feature.basis else ""
    return "\n".join(part for part in (feature.definition[lang], basis) if part)


def _rows(
    taxonomy: Taxonomy, coder: str, say: Say, dataset: Dataset | None, models: pd.DataFrame | None
) -> Iterator[dict[str, str]]:
    """Yield what stands in each row by column id."""
    same = {"coder_id": coder, "taxonomy_version": taxonomy.version}
    if models is None:
        yield from (same for _ in range(BLANK_ROWS))
        return
    goals, codes = _known(dataset, coder, say)
    for model in models.astype("str").to_dict("records"):
        own = model["model_id"]
        further = {f"{MODEL}{name}": value for name, value in model.items()}
        note = model.get(f"{NOTE_OF}{coder}", "")
        filled = {**goals.get(own, {}), **codes.get(own, {}), "note": note}
        yield {**model, **further, **filled, **same}


def _known(
    dataset: Dataset | None, coder: str, say: Say
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Return what the data set has of each model: its goals, and the coder's codes and notes."""
    goals: dict[str, dict[str, str]] = {}
    codes: dict[str, dict[str, str]] = {}
    if dataset is None:
        return goals, codes
    for row in dataset.memberships.itertuples():
        goals.setdefault(row.model_id, {})[f"{GOAL}{row.goal_id}"] = say("sheet.yes")
    for row in dataset.codings.query("coder_id == @coder").itertuples():
        of_model = codes.setdefault(row.model_id, {})
        of_model[f"{FEATURE}{row.feature_id}"] = row.code
        of_model[f"{NOTE}{row.feature_id}"] = row.note
    return goals, codes


def _refuse_long(path: Path, columns: list[Column], rows: list[dict[str, str]]) -> None:
    problems = [
        Problem("models.csv" if column.locked else "codings.csv", None, column.id, value, allowed)
        for row in rows
        for column in columns
        if len(_escaped(value := row.get(column.id, ""))) > LONGEST
        for allowed in [(f"at most {LONGEST} characters, as a cell holds",)]
    ]
    if problems:
        raise DatasetError(path, problems, "Shorten the texts in the data set and try again.")


# The coding sheet


def _coding(
    sheet: Any, columns: list[Column], rows: list[dict[str, str]], taxonomy: Taxonomy, say: Say
) -> None:
    last = FIRST + len(rows) - 1
    for position, column in enumerate(columns, start=1):
        _head(sheet, position, column, say)
        sheet.column_dimensions[letter(position)].width = column.width
        _fill(sheet, position, column, rows)
    codes, answers = [code.code for code in taxonomy.codes], [say("sheet.yes"), say("sheet.no")]
    told = say("sheet.codes-allowed", codes="  ".join(codes))
    asked = say("sheet.goals-allowed", words="  ".join(answers))
    for prefix, menu in ((FEATURE, _menu(codes, told, say)), (GOAL, _menu(answers, asked, say))):
        for position, column in enumerate(columns, start=1):
            if menu and column.id.startswith(prefix):
                menu.add(f"{letter(position)}{FIRST}:{letter(position)}{last}")
        if menu:
            sheet.add_data_validation(menu)
    sheet.row_dimensions[LINE].height = 92
    sheet.row_dimensions[IDS].hidden = sheet.row_dimensions[GAP].hidden = True
    sheet.auto_filter.ref = f"A{LINE}:{letter(len(columns))}{last}"
    sheet.freeze_panes = f"C{FIRST}"
    _finish(sheet, say)
    sheet.print_title_rows, sheet.print_title_cols = f"{LINE}:{LINE}", "A:B"
    _break(sheet, columns)


def _head(sheet: Any, position: int, column: Column, say: Say) -> None:
    cell = _type(sheet.cell(LINE, position), column.label)
    _dress(cell, column.colour, WHITE if column.colour != PALE else TEXT, bold=True)
    cell.alignment = Alignment(wrap_text=True, vertical="bottom")
    cell.border = Border(
        left=Side(style="thin", color=WHITE), right=Side(style="thin", color=WHITE)
    )
    _type(sheet.cell(IDS, position), column.id)
    if column.comment:
        cell.comment = Comment(column.comment, say("sheet.title"), height=120, width=300)


def _fill(sheet: Any, position: int, column: Column, rows: list[dict[str, str]]) -> None:
    first = sheet.cell(FIRST, position)
    _dress(first, PALE if column.locked else WHITE, MUTED if column.locked else TEXT)
    first.border, first.protection = _ruled(), Protection(locked=column.locked)
    if column.id.startswith((FEATURE, GOAL)):
        first.alignment = Alignment(vertical="top", horizontal="center")
    else:
        first.alignment = Alignment(vertical="top", wrap_text=True)
        first.number_format = "@"  # a text that is typed over stays text
    for row, values in enumerate(rows, start=FIRST):
        _like(first, _type(sheet.cell(row, position), values.get(column.id, "")))


def _like(first: Any, cell: Any) -> None:
    """Give a cell the look of the first one, faster than by its parts."""
    cell._style = copy(first._style)


def _ruled() -> Any:
    side = Side(style="thin", color=RULE)
    return Border(side, side, side, side)


def _type(cell: Any, text: str) -> Any:
    """Put text into a cell as text, whatever it looks like; a whole number as a number."""
    if re.fullmatch(r"0|[1-9]\d{0,8}", text):
        cell.value = int(text)
    elif text:
        cell.value = _escaped(text)
        cell.data_type = "s"  # else "=1+1" is a formula, and "#N/A" an error
    return cell


def _escaped(text: str) -> str:
    """Write what XML cannot hold, and what looks like such an escape, as Excel does."""
    unsafe = r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]"
    return re.sub(unsafe, lambda found: f"_x{ord(found[0]):04X}_", text)


def _menu(words: list[str], message: str, say: Say) -> Any:
    """Return a drop-down, or None where a list of Excel cannot hold the words."""
    joined = ",".join(words)
    if any("," in word or '"' in word for word in words) or len(joined) > LIST:
        return None
    menu = DataValidation(type="list", formula1=f'"{joined}"', allow_blank=True)
    menu.error, menu.errorTitle, menu.showErrorMessage = message, say("sheet.refused"), True
    return menu


def _break(sheet: Any, columns: list[Column]) -> None:
    """Break printed pages between features, never between a code and its note."""
    repeated = sum(column.width for column in columns[:2])
    breaks, across = ColBreak(), repeated
    for position, column in enumerate(columns[2:], start=3):
        pair = column.width + (columns[position].width if column.id.startswith(FEATURE) else 0)
        if across + pair > PAGE:
            breaks.append(Break(id=position - 1))
            across = repeated
        across += column.width
    sheet.col_breaks = breaks


# Instructions and codebook


def _guide(
    sheet: Any, taxonomy: Taxonomy, coder: str, say: Say, lang: str, dataset: Dataset | None
) -> None:
    sheet.title = say("sheet.guide")
    sheet.sheet_view.showGridLines = False
    facts = {
        say("sheet.coder"): coder,
        say("sheet.language"): say(f"site.language.{lang}"),
        say("sheet.dataset"): dataset.info.title[lang] if dataset else say("sheet.dataset-new"),
        say("sheet.version"): taxonomy.version,
    }
    if dataset and dataset.info.kind != "observed":
        facts[say("sheet.kind")] = say(f"badge.{dataset.info.kind}")
    steps = ["models" if dataset is None else "rows", "goals", "codes", "notes", "blank", "save"]
    if dataset:
        steps.remove("goals")
    told = [say(f"sheet.step-{step}") for step in steps]
    codes = {code.code: code.label[lang] for code in taxonomy.codes}
    row = _title(sheet, say("sheet.title"))
    row = _block(sheet, row, "", facts)
    row = _block(sheet, row, say("sheet.how"), dict(enumerate(told, start=1)))
    _block(sheet, row, say("sheet.codes"), codes)
    for column, width in zip("AB", (28, 92), strict=True):
        sheet.column_dimensions[column].width = width
    _finish(sheet, say)
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage = 0, True


def _title(sheet: Any, text: str) -> int:
    _type(sheet["A1"], text).font = Font(name=FACE, size=16, bold=True, color=BLUE)
    sheet.row_dimensions[1].height = 26
    return 3


def _block(sheet: Any, row: int, heading: str, entries: Mapping[Any, str]) -> int:
    """Put a heading and entries, a term and a text each; return the row after a gap."""
    if heading:
        _type(sheet.cell(row, 1), heading).font = Font(name=FACE, size=12, bold=True, color=BLUE)
        row += 1
    for term, text in entries.items():
        for position, value in enumerate((str(term), text), start=1):
            cell = _type(sheet.cell(row, position), value)
            _dress(cell, PALE if position == 1 else WHITE, TEXT, bold=position == 1)
            cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
        sheet.row_dimensions[row].height = _height(text, 92)
        row += 1
    return row + 1


def _codebook(sheet: Any, taxonomy: Taxonomy, say: Say, lang: str) -> None:
    """List the features with what the taxonomy has of them, and columns for the coder's own use."""
    own = [say(f"sheet.own-{one}") for one in ("inclusion", "exclusion", "example")]
    heads = [say(f"sheet.{one}") for one in ("feature", "definition", "basis")]
    heads += [*own, say("sheet.sources")]
    widths = [24, 40, 13, 14, 14, 14, 24]  # together so few that print stays legible
    table = [
        [
            feature.label[lang],
            feature.definition[lang],
            say(f"taxonomy.basis.{feature.basis}") if feature.basis else "",
            *("" for _ in own),
            "\n".join(taxonomy.short(source, lang) for source in feature.sources),
        ]
        for feature in taxonomy.features
    ]
    row = _title(sheet, say("sheet.codebook"))
    _type(sheet.cell(2, 1), say("sheet.own-use"))
    row = _table(sheet, row, heads, table, widths, BLUE, unlocked=(4, 5, 6))
    goals = [[goal.label[lang], goal.worded(lang)] for goal in taxonomy.goals]
    row = _table(sheet, row, [say("sheet.goal"), say("sheet.goal-text")], goals, widths, PLUM)
    named = {source for feature in taxonomy.features for source in feature.sources}
    cited = [[r.short[lang], r.citation] for r in taxonomy.references if r.id in named]
    if cited:
        _table(sheet, row, [say("sheet.sources"), say("site.references")], cited, widths, GREY)
    for column, width in zip("ABCDEFG", widths, strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "B4"
    _finish(sheet, say)
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage = 0, True


def _table(
    sheet: Any,
    row: int,
    heads: list[str],
    table: list[list[str]],
    widths: list[int],
    colour: str,
    unlocked: tuple[int, ...] = (),
) -> int:
    for position, head in enumerate(heads, start=1):
        cell = _type(sheet.cell(row, position), head)
        _dress(cell, colour, WHITE, bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="bottom")
    sheet.row_dimensions[row].height = max(
        _height(head, 3 * width // 4) for head, width in zip(heads, widths, strict=False)
    )  # bold letters are wider
    for position in range(1, len(heads) + 1):
        first = sheet.cell(row + 1, position)
        _dress(first, WHITE if position in unlocked else PALE, TEXT, bold=position == 1)
        first.alignment, first.border = Alignment(wrap_text=True, vertical="top"), _ruled()
        first.protection = Protection(locked=position not in unlocked)
    firsts = sheet[row + 1]
    for entry in table:
        row += 1
        for first, (position, text) in zip(firsts, enumerate(entry, start=1), strict=False):
            _like(first, _type(sheet.cell(row, position), text))
        sheet.row_dimensions[row].height = max(
            _height(text, width) for text, width in zip(entry, widths, strict=False)
        )
    return row + 2


def _height(text: str, width: int) -> float:
    """Estimate the points that a wrapped text needs in a column of a width in characters."""
    lines = sum(1 + len(line) // width for line in text.split("\n"))
    return 4 + 13.5 * lines


def _dress(cell: Any, fill: str, colour: str, *, bold: bool = False) -> None:
    cell.fill = PatternFill("solid", start_color=fill)
    cell.font = Font(name=FACE, size=10, color=colour, bold=bold)


def _finish(sheet: Any, say: Say) -> None:
    """Lock a sheet, without a password, but for widths and heights; lay it out for printing."""
    sheet.protection.sheet = True
    for allowed in ("formatColumns", "formatRows", "sort", "autoFilter"):
        setattr(sheet.protection, allowed, False)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9  # A4
    sheet.page_setup.scale, sheet.page_setup.pageOrder = SCALE, "overThenDown"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = 0.5
    sheet.oddFooter.left.text = say("sheet.title")
    sheet.oddFooter.right.text = "&P/&N"


# The file


def _bytes(book: Any) -> bytes:
    """Save a workbook without the time of day: in its properties and on the parts of the zip."""
    drawn, fixed = BytesIO(), BytesIO()
    book.save(drawn)
    date = f"{DATE:%Y-%m-%dT%H:%M:%SZ}".encode()
    with ZipFile(drawn) as parts, ZipFile(fixed, "w", ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            content = parts.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + date, content)
            part = ZipInfo(name, DATE.timetuple()[:6])
            part.compress_type = ZIP_DEFLATED
            archive.writestr(part, content)
    return fixed.getvalue()

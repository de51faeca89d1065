"""Coding sheets: a workbook into which one coder types codes, goals and notes.

A row is all of one model, with the note on each code beside it: rows can be sorted, copied or
saved as CSV, and no note parts from its code. The visible headings are labels; the ids above
them, in a hidden row, are what `sheet_import.collect` goes by. An empty row between keeps the ids
out of what is sorted.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range

from soila_analysis import files
from soila_analysis import taxonomy as library
from soila_analysis.dataset import tables
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.schema import faults
from soila_analysis.exchange.vocabulary import FEATURE, GOAL, MODEL, NOTE, NOTE_OF
from soila_analysis.taxonomy import Feature, Taxonomy

BLANK_ROWS = 100
LONGEST = 32_767  # characters in a cell of Excel, which counts in UTF-16
LIST = 255  # characters in the literal list of a drop-down, and in what it says
RUN_ON = re.compile("_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_")  # which XlsxWriter escapes half
DATE = datetime(2024, 1, 1)
IDS, GAP, LINE, FIRST = 0, 1, 2, 3  # rows: ids, none, so that sorting stops there, labels, models
PAGE = 205  # characters across a printed page at `SCALE`
SCALE = 50  # per cent
DIGIT = 7  # pixels, by which columns are measured
A4 = 9
# as figures/style.py
BLUE, PLUM, PALE, RULE = "#12436D", "#801650", "#EEF3F8", "#D9D9D9"
GREY, TEXT, MUTED, WHITE = "#595959", "#1A1A1A", "#595959", "#FFFFFF"
RULED = {"border": 1, "border_color": RULE}
OPEN = ("format_columns", "format_rows", "sort", "autofilter", "objects", "scenarios")

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
        If a text is more than a cell can hold.
    """
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path}: it exists; name another file, or say --overwrite")
    taxonomy = dataset.taxonomy if dataset else coded_by or library.load()
    listed = dataset.models if dataset else models
    columns = _columns(taxonomy, listed, say, lang, goals_known=dataset is not None)
    rows = list(_rows(taxonomy, coder, say, dataset, listed))
    _refuse_unfit(path, columns, rows)
    drawn = BytesIO()
    with Workbook(drawn, {"in_memory": True}) as book:  # so its parts have no time of day
        title = say("sheet.title")
        book.set_properties({"author": "soila_analysis", "title": title, "created": DATE})
        _guide(book, taxonomy, coder, say, lang, dataset)
        _coding(book, columns, rows, taxonomy, say)
        _codebook(book, taxonomy, say, lang)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, drawn.getvalue())


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


def _refuse_unfit(path: Path, columns: list[Column], rows: list[dict[str, str]]) -> None:
    problems = [
        Problem("models.csv" if column.locked else "codings.csv", None, column.id, value, (fit,))
        for row in rows
        for column in columns
        if (fit := _unfit(value := row.get(column.id, "")))
    ]
    if problems:
        raise DatasetError(path, problems, "Change the texts in the data set and try again.")


def _unfit(text: str) -> str:
    """Say what a cell holds in place of a text that it cannot hold."""
    if _units(text) > LONGEST:
        return f"at most {LONGEST} characters, as a cell holds"
    return "escapes such as _x0041_ apart from one another" if RUN_ON.search(text) else ""


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# The coding sheet


def _coding(
    book: Any, columns: list[Column], rows: list[dict[str, str]], taxonomy: Taxonomy, say: Say
) -> None:
    sheet = _sheet(book, say("sheet.coding"), say, [column.width for column in columns])
    last = FIRST + len(rows) - 1
    for at, column in enumerate(columns):
        _head(book, sheet, at, column, say)
        _fill(book, sheet, at, column, rows)
    codes, answers = [code.code for code in taxonomy.codes], [say("sheet.yes"), say("sheet.no")]
    told = say("sheet.codes-allowed", codes="  ".join(codes))
    asked = say("sheet.goals-allowed", words="  ".join(answers))
    for prefix, words, message in ((FEATURE, codes, told), (GOAL, answers, asked)):
        places = [at for at, column in enumerate(columns) if column.id.startswith(prefix)]
        areas = [xl_range(FIRST, at, last, at) for at in places]
        if areas:
            _offer(sheet, " ".join(areas), words, say("sheet.refused"), message)
    sheet.set_row(LINE, 92)
    for row in (IDS, GAP):
        sheet.set_row(row, None, None, {"hidden": True})
    sheet.autofilter(LINE, 0, last, len(columns) - 1)
    sheet.freeze_panes(FIRST, 2)
    sheet.repeat_rows(LINE)
    sheet.repeat_columns(0, 1)
    sheet.set_v_pagebreaks(_breaks(columns))


def _head(book: Any, sheet: Any, at: int, column: Column, say: Say) -> None:
    colour = WHITE if column.colour != PALE else TEXT
    edges = {"left": 1, "right": 1, "left_color": WHITE, "right_color": WHITE}
    look = _look(book, column.colour, colour, bold=True, valign="bottom", **edges)
    _type(sheet, LINE, at, column.label, look)
    _type(sheet, IDS, at, column.id)
    if column.comment:
        shape = {"author": say("sheet.title"), "width": 300, "height": 120, "font_size": 9}
        sheet.write_comment(LINE, at, column.comment, shape)


def _fill(book: Any, sheet: Any, at: int, column: Column, rows: list[dict[str, str]]) -> None:
    fill, colour = (PALE, MUTED) if column.locked else (WHITE, TEXT)
    if column.id.startswith((FEATURE, GOAL)):
        own: dict[str, Any] = {"align": "center", "text_wrap": False}
    else:
        own = {"num_format": "@"}  # a text that is typed over stays text
    look = _look(book, fill, colour, locked=column.locked, **RULED, **own)
    for row, values in enumerate(rows, start=FIRST):
        _type(sheet, row, at, values.get(column.id, ""), look)


def _type(sheet: Any, row: int, at: int, text: str, look: Any = None) -> None:
    """Put text into a cell as text, whatever it looks like; a whole number as a number."""
    if re.fullmatch(r"0|[1-9]\d{0,8}", text):
        sheet.write_number(row, at, int(text), look)
    elif text:
        end = " " if text.endswith("</r>") else ""  # else XlsxWriter may take it for markup
        sheet.write_string(row, at, text + end, look)
    else:
        sheet.write_blank(row, at, None, look)


def _offer(sheet: Any, areas: str, words: list[str], title: str, message: str) -> None:
    """Give cells a drop-down, unless a list of Excel cannot hold the words."""
    if any("," in word or '"' in word for word in words) or _units(",".join(words)) > LIST:
        return
    menu = {"validate": "list", "source": words, "multi_range": areas}
    if _units(message) <= LIST:
        menu |= {"error_title": title, "error_message": message}
    sheet.data_validation(areas.partition(" ")[0], menu)


def _breaks(columns: list[Column]) -> list[int]:
    """Break printed pages between features, never between a code and its note."""
    repeated = sum(column.width for column in columns[:2])
    breaks, across = [], repeated
    for at, column in enumerate(columns[2:], start=2):
        pair = column.width + (columns[at + 1].width if column.id.startswith(FEATURE) else 0)
        if across + pair > PAGE:
            breaks.append(at)
            across = repeated
        across += column.width
    return breaks


# Instructions and codebook


def _guide(
    book: Any, taxonomy: Taxonomy, coder: str, say: Say, lang: str, dataset: Dataset | None
) -> None:
    sheet = _sheet(book, say("sheet.guide"), say, (28, 92))
    sheet.hide_gridlines(2)
    sheet.fit_to_pages(1, 0)
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
    row = _title(book, sheet, say("sheet.title"))
    row = _block(book, sheet, row, "", facts)
    row = _block(book, sheet, row, say("sheet.how"), dict(enumerate(told, start=1)))
    _block(book, sheet, row, say("sheet.codes"), codes)


def _title(book: Any, sheet: Any, text: str) -> int:
    _heading(book, sheet, 0, text, 16)
    sheet.set_row(0, 26)
    return 2


def _heading(book: Any, sheet: Any, row: int, text: str, size: int) -> None:
    look = book.add_format({"font_size": size, "bold": True, "font_color": BLUE})
    _type(sheet, row, 0, text, look)


def _block(book: Any, sheet: Any, row: int, heading: str, entries: Mapping[Any, str]) -> int:
    """Put a heading and entries, a term and a text each; return the row after a gap."""
    if heading:
        _heading(book, sheet, row, heading, 12)
        row += 1
    first = _look(book, PALE, TEXT, bold=True, align="left")
    second = _look(book, WHITE, TEXT, align="left")
    for term, text in entries.items():
        _type(sheet, row, 0, str(term), first)
        _type(sheet, row, 1, text, second)
        sheet.set_row(row, _height(text, 92))
        row += 1
    return row + 1


def _codebook(book: Any, taxonomy: Taxonomy, say: Say, lang: str) -> None:
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
    sheet = _sheet(book, say("sheet.codebook"), say, widths)
    sheet.fit_to_pages(1, 0)
    sheet.freeze_panes(3, 1)
    row = _title(book, sheet, say("sheet.codebook"))
    _type(sheet, 1, 0, say("sheet.own-use"))
    row = _table(book, sheet, row, heads, table, widths, BLUE, unlocked=(3, 4, 5))
    goals = [[goal.label[lang], goal.worded(lang)] for goal in taxonomy.goals]
    heads = [say("sheet.goal"), say("sheet.goal-text")]
    row = _table(book, sheet, row, heads, goals, widths, PLUM)
    named = {source for feature in taxonomy.features for source in feature.sources}
    cited = [[r.short[lang], r.citation] for r in taxonomy.references if r.id in named]
    if cited:
        heads = [say("sheet.sources"), say("site.references")]
        _table(book, sheet, row, heads, cited, widths, GREY)


def _table(
    book: Any,
    sheet: Any,
    row: int,
    heads: list[str],
    table: list[list[str]],
    widths: list[int],
    colour: str,
    unlocked: tuple[int, ...] = (),
) -> int:
    head = _look(book, colour, WHITE, bold=True, valign="bottom")
    for at, text in enumerate(heads):
        _type(sheet, row, at, text, head)
    sheet.set_row(row, _highest(heads, [3 * width // 4 for width in widths]))  # bold is wider
    term = _look(book, PALE, TEXT, bold=True, **RULED)
    told = _look(book, PALE, TEXT, **RULED)
    free = _look(book, WHITE, TEXT, locked=False, **RULED)
    for entry in table:
        row += 1
        for at, text in enumerate(entry):
            look = free if at in unlocked else told if at else term
            _type(sheet, row, at, text, look)
        sheet.set_row(row, _highest(entry, widths))
    return row + 2


def _highest(texts: list[str], widths: list[int]) -> float:
    return max(_height(text, width) for text, width in zip(texts, widths, strict=False))


def _height(text: str, width: int) -> float:
    """Estimate the points that a wrapped text needs in a column of a width in characters."""
    lines = sum(1 + len(line) // width for line in text.split("\n"))
    return 4 + 13.5 * lines


def _look(book: Any, fill: str, colour: str, **further: Any) -> Any:
    usual = {"bg_color": fill, "font_color": colour, "font_size": 10}
    usual |= {"text_wrap": True, "valign": "top"}
    return book.add_format({**usual, **further})


def _sheet(book: Any, title: str, say: Say, widths: Iterable[int]) -> Any:
    """Add a sheet, locked without a password but for widths and heights, laid out for printing."""
    sheet = book.add_worksheet(title)
    for at, width in enumerate(widths):
        sheet.set_column_pixels(at, at, DIGIT * width)
    sheet.protect(options=dict.fromkeys(OPEN, True))
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_print_scale(SCALE)
    sheet.print_across()
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=1)
    sheet.set_footer(f"&L{say('sheet.title')}&R&P/&N", {"margin": 0.5})
    return sheet

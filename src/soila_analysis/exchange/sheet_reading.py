"""What the cells of coders' sheets say, as statements, with whatever is wrong with them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from soila_analysis.dataset.problems import Problem
from soila_analysis.dataset.tables import CONTROLS
from soila_analysis.exchange import sheet_tables, spreadsheets
from soila_analysis.exchange.grids import VERY_HIDDEN, Grid, name
from soila_analysis.exchange.sheet_tables import Table
from soila_analysis.exchange.statements import At, Key, Statements
from soila_analysis.exchange.vocabulary import FEATURE, GOAL, MODEL, NOTE, Vocabulary
from soila_analysis.language import LANGUAGES, messages
from soila_analysis.language.likeness import difference, folded, nearest, quoted, visible

NOBODY = ""  # the coder of what is said of a model
FAULTS = {
    "": "",
    "date": "the spreadsheet program made a date of what was typed",
    "error": "the formula in this cell failed",
    "not computed": "the formula was never computed; open the file and save it, or type the value",
}
HEADINGS = ("a row of headings: model_id and a column for each feature",)
UNHIDE = "a very hidden sheet is not read; let the sheet be shown, or delete it"
MISSING = "not assessed"


@dataclass
class Reading:
    """What has been read so far, and what was wrong with it."""

    words: Vocabulary
    coder: str
    models: list[str] | None
    said: Statements = field(default_factory=Statements)
    rows: set[tuple[str, str]] = field(default_factory=set)
    problems: list[tuple[At, Problem]] = field(default_factory=list)
    doubtful: set[Key] = field(default_factory=set)
    understood: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    sheets: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    files: int = 0
    tables: int = 0
    read: int = 0
    codes: int = 0

    def __post_init__(self) -> None:
        self.known = {visible(model): model for model in self.models or ()}
        self.answers = {
            kind: _Answers(self.words, meant)
            for kind, meant in ((FEATURE, self.words.code), (GOAL, self.words.goal))
        }
        self.ids: dict[tuple[str, str], str] = {}

    def problem(self, at: At, place: str, *what: Any) -> None:
        """Note a problem."""
        self.problems.append((at, Problem(place, None, None, *what)))

    def place(self, sheet: int, row: int, column: int) -> tuple[str, str]:
        """Name a sheet and a cell."""
        return self.sheets[sheet - 1], name(row, column) if row else ""

    def tally(self) -> tuple[str, ...]:
        """Say what was read of each sheet, and of all."""
        skipped = ", ".join(f"{n:,} {why}" for why, n in self.skipped.items())
        rows = f"{counted(self.read, 'row')} read, {self.skipped.total():,} skipped"
        of = f"{counted(self.files, 'file')}, {counted(self.tables, 'sheet')}"
        return (*self.told, f"{of}: {rows}{f' ({skipped})' * bool(skipped)}")

    # Files and sheets

    def file(self, path: Path, shown: str) -> str:
        """Read a file; return a line on it."""
        found, problems = spreadsheets.read(path, shown)
        self.sheets.append(shown)
        at = (len(self.sheets), 0, 0)
        self.problems += [(at, problem) for problem in problems]
        self.files += not problems
        before, ours = self.read, 0
        for grid in found:
            if _is_ours(grid):
                ours += 1
                self.told.append(f"{grid.whole}: instructions or codebook, not read")
            elif any(map(any, grid.rows)):
                self._sheet(grid)
                ours = -len(found)
        if found and ours >= 0:
            names = ", ".join(grid.sheet for grid in found) or None
            self.problem(at, shown, names, HEADINGS, "no sheet has such a row")
        return f"{shown}: {counted(self.read - before, 'row')} read"

    def _sheet(self, grid: Grid) -> None:
        """Read the tables of a sheet."""
        self.sheets.append(grid.whole)
        at = (len(self.sheets), 0, 0)
        if grid.hidden == VERY_HIDDEN:
            self.problem(at, grid.whole, None, (), UNHIDE)
            return
        found = sheet_tables.tables(grid, self.words)
        if not found:
            row = sheet_tables.without_model(grid, self.words)
            allowed = ("a column model_id",) if row else HEADINGS
            more = f"row {row} has none" if row else "no row has such headings"
            self.problem(at, grid.whole, None, allowed, f"{more}; the sheet is not read")
            return
        notes = sum((self._table(table) for table in found), Counter())
        read = {row for table in found for row in table.rows}
        skipped: Counter[str] = sum((table.skipped for table in found), Counter())
        self.tables, self.read = self.tables + 1, self.read + len(read)
        self.skipped += skipped
        parts = [f"{counted(len(read), 'row')} read"]
        parts += [f"{n:,} {why} skipped" for why, n in skipped.items()]
        parts += [f"{counted(n, 'cell comment')} {what}" for what, n in notes.items()]
        self.told.append(f"{grid.whole}: {'; '.join([*parts, *hidden(grid, read)])}")

    def _table(self, table: Table) -> Counter[str]:
        """State what the rows of a table say; count the comments that were read, or not."""
        rows, known = [], []
        for row in table.rows:
            model, coder = self._model(table, row), self._coder(table, row)
            version = self._version(table, row)
            if model is not None and coder is not None and version is not None:
                rows.append(row)
                known.append((model, coder, version))
        table.skipped[sheet_tables.REFUSED] += len(table.rows) - len(rows)
        table.rows = rows
        models, coders, versions = (np.array([k[n] for k in known], object) for n in range(3))
        who = Rows(table, len(self.sheets), rows, models, coders, versions)
        self.rows |= {(model, coder) for model, coder, _ in known}
        self.said.add(who.said("model_id", who.models, table.columns["model_id"], NOBODY))
        if "coder_id" in table.columns:
            at = table.columns["coder_id"]
            self.said.add(who.said("coder_id", who.coders, at, who.coders))
        long = "feature_id" in table.columns
        for column_id in table.columns:
            if column_id.startswith(FEATURE):
                self._codes(who, column_id)
            elif column_id.startswith(NOTE) or (column_id == "note" and not long):
                self._texts(who, column_id, who.coders)
            elif column_id.startswith(MODEL) or column_id == "name":
                self._texts(who, column_id, NOBODY)
        self._goals(who)
        if long:
            self._long(who)
        self.problems += [((who.sheet, row, column), one) for row, column, one in table.problems]
        below = [at for at in table.grid.comments if at[0] in {*table.rows}]
        unread = len(below) - who.commented
        return Counter({"read as notes": who.commented}) + Counter({"not read": unread})

    # Cells

    def _fault(
        self, table: Table, row: int, column_id: str, allowed: Sequence[str], more: str = ""
    ) -> None:
        column = table.columns[column_id]
        kind = table.grid.kinds.get((row, column), "")
        told = "; ".join(filter(None, (more, FAULTS[kind])))
        table.wrong(row, column, table.grid.text(row, column), tuple(allowed), told)

    def _id(self, table: Table, row: int, column_id: str, what: str) -> str | None:
        """Return an id as it is seen, None if its cell is wrong."""
        text, place = table.text(row, column_id), (row, table.columns.get(column_id, 0))
        if place in table.grid.kinds:
            self._fault(table, row, column_id, ["a text"])
            return None
        if CONTROLS.search(text):
            self._fault(table, row, column_id, ["a text"], "it has control characters")
            return None
        seen = visible(text)
        own = self.known.get(seen, seen) if what == "model" else seen
        if own != text:
            self.understood[what, text, f"{quoted(own)} ({difference(text, own)})"] += 1
        return own

    def _model(self, table: Table, row: int) -> str | None:
        model = self._id(table, row, "model_id", "model")
        if model == "":
            self._fault(table, row, "model_id", ["the model's id"], "the row is filled in")
            return None
        if model and self.models is not None and model not in self.known.values():
            alike = next((one for one in self.models if folded(one) == folded(model)), "")
            more = nearest(model, [alike] if alike else self.models)
            advice = more or "add a new model to models.csv and memberships.csv"
            self._fault(table, row, "model_id", sorted(self.models), advice)
            return None
        return model

    def _coder(self, table: Table, row: int) -> str | None:
        text = table.text(row, "coder_id")
        coder = self._id(table, row, "coder_id", "coder") if text else self.coder
        if coder == "":
            column = table.columns.get("coder_id") or table.columns["model_id"]
            told = "fill in coder_id, or say --coder"
            table.wrong(row, column, None, ("a coder's id",), told)
        return coder or None

    def _version(self, table: Table, row: int) -> str | None:
        """Return the version of the features that a row was coded by, None if it is unknown."""
        version, known = table.text(row, "taxonomy_version"), self.words.taxonomy.versions
        if version and version not in known:
            self._fault(table, row, "taxonomy_version", known, "unknown taxonomy version")
            return None
        return version

    def _texts(self, who: "Rows", column_id: str, coders: Any) -> None:
        """State texts: names, notes and further columns."""
        texts = np.array([_lines(text) for text in who.texts(column_id)], object)
        column, table = who.table.columns[column_id], who.table
        for place in np.flatnonzero(texts != ""):
            kind = table.grid.kinds.get((who.rows[place], column), "")
            control = CONTROLS.search(texts[place])
            if kind not in ("", "date") or control:
                told = "it has control characters" if control else ""
                self._fault(table, who.rows[place], column_id, ["a text"], told)
                self.doubtful.add((who.models[place], who.of(coders)[place], column_id))
                texts[place] = ""
        self.said.add(who.said(column_id, texts, column, coders))

    def _understood(self, who: "Rows", column_id: str, kind: str) -> tuple[Any, Any]:
        """Understand a column of codes or goals; return the answers, and which are wrong."""
        table, texts, answers = who.table, who.texts(column_id), self.answers[kind]
        found = np.array([answers[text] if text else "" for text in texts], object)
        wrong = np.array([answer is None for answer in found], bool)
        for row, column in table.grid.kinds:
            if column == table.columns[column_id]:
                wrong |= who.numbers == row
        what = "goal" if kind == GOAL else "code"
        self.understood += Counter(
            (what, text, answer or MISSING)
            for text, answer in zip(texts[~wrong], found[~wrong], strict=True)
            if answer != text
        )
        allowed = ["yes", "no"] if kind == GOAL else list(self.words.taxonomy.counts_as)
        for place in np.flatnonzero(wrong):
            self._fault(table, who.rows[place], column_id, allowed)
        found[wrong] = ""
        return found, wrong

    def _codes(self, who: "Rows", column_id: str) -> None:
        """State the codes of a feature, and comments on them as notes where no note stands."""
        found, wrong = self._understood(who, column_id, FEATURE)
        column, comments = who.table.columns[column_id], who.table.grid.comments
        pairs = zip(who.models[wrong], who.coders[wrong], strict=True)
        self.doubtful |= {(model, coder, column_id) for model, coder in pairs}
        self.codes += int((found != "").sum())
        self.said.add(who.said(column_id, found, column, who.coders, who.versions))
        about = NOTE + column_id.removeprefix(FEATURE)
        notes = np.full(len(who.rows), "", object)
        for place, row in enumerate(who.rows) if comments else ():
            if found[place] and not who.table.text(row, about):
                notes[place] = _lines(comments.get((row, column), ""))
        who.commented += int((notes != "").sum())
        self.said.add(who.said(about, notes, column, who.coders))

    def _goals(self, who: "Rows") -> None:
        """State the goals of models if any cell of them is filled; blank is then no."""
        flags = [c for c in who.table.columns if c.startswith(GOAL)]
        served: list[list[str]] = [[] for _ in who.rows]
        filled, doubtful = np.zeros(len(who.rows), "int32"), np.zeros(len(who.rows), bool)
        for column_id in flags:
            answers, wrong = self._understood(who, column_id, GOAL)
            doubtful |= wrong
            first = (filled == 0) & (answers != "")
            filled[first] = who.table.columns[column_id]
            for place in np.flatnonzero(answers == "yes"):
                served[place].append(column_id.removeprefix(GOAL))
        if flags:
            self._state_goals(who, served, filled, doubtful)
        if "goal_id" in who.table.columns:
            texts, column = who.texts("goal_id"), who.table.columns["goal_id"]
            named = {text: self.words.listed(text, GOAL) for text in set(texts) - {""}}
            blank = np.array([not text or self.words.is_missing(text) for text in texts], bool)
            wrong = np.array([named.get(text) is None for text in texts], bool) & ~blank
            goals = self.words.taxonomy.goal_ids
            for place in np.flatnonzero(wrong):
                more = nearest(texts[place], goals)
                self._fault(who.table, who.rows[place], "goal_id", goals, more)
            lists = [named.get(text) or [] for text in texts]
            self._state_goals(who, lists, np.where(blank, 0, column), wrong)

    def _state_goals(self, who: "Rows", served: list[list[str]], columns: Any, wrong: Any) -> None:
        """State the goals of the rows that have a column for that, in the taxonomy's order."""
        self.doubtful |= {(model, "", "goals") for model in who.models[wrong]}
        order = self.words.taxonomy.goal_ids
        values = [", ".join(sorted(goals, key=order.index)) for goals in served]
        good = (columns > 0) & ~wrong
        self.said.add(who.said("goals", np.array(values, object), columns, NOBODY, good=good))

    def _long(self, who: "Rows") -> None:
        """State codes of a table with a row a feature, or with features listed in a cell."""
        table, texts = who.table, who.texts("feature_id")
        column_id = "code" if "code" in table.columns else "feature_id"
        codes, wrong = np.full(len(texts), self.words.present, object), np.zeros(len(texts), bool)
        if column_id == "code":
            codes, wrong = self._understood(who, "code", FEATURE)
        named = {text: self.words.listed(text, FEATURE) for text in set(texts) - {""}}
        places, about = [], []
        for place, row in enumerate(who.rows):
            features = named.get(texts[place], [])
            if features is None or (codes[place] and column_id == "code" and len(features) != 1):
                allowed = self.words.taxonomy.feature_ids
                self._fault(table, row, "feature_id", allowed, nearest(texts[place], allowed))
            for feature in features or ():
                key = (who.models[place], who.coders[place], f"{FEATURE}{feature}")
                self.doubtful |= {key} if wrong[place] else set()
                places.append(place)
                about.append(feature)
        self.codes += int((codes[places] != "").sum())
        some = who.some(places)
        ids = np.array(about, object)
        at, values = table.columns[column_id], codes[places]
        self.said.add(some.said(FEATURE + ids, values, at, some.coders, some.versions))
        if "note" in table.columns:
            notes = some.texts("note")
            self.said.add(some.said(NOTE + ids, notes, table.columns["note"], some.coders))


class _Answers(dict[str, str | None]):
    """What texts mean as answers, looked up once each; "" for a missing one."""

    def __init__(self, words: Vocabulary, meant: Callable[[str], str | None]) -> None:
        self.words, self.meant = words, meant

    def __missing__(self, text: str) -> str | None:
        self[text] = "" if self.words.is_missing(text) else self.meant(text)
        return self[text]


@dataclass
class Rows:
    """The rows of a table that say of which model, by which coder and version they are."""

    table: Table
    sheet: int
    rows: list[int]
    models: Any
    coders: Any
    versions: Any
    commented: int = 0

    @property
    def numbers(self) -> Any:
        """The rows as an array."""
        return np.array(self.rows, "int32")

    def some(self, places: list[int]) -> "Rows":
        """Return rows in another order, or several times."""
        rows = [self.rows[place] for place in places]
        known = (one[places] for one in (self.models, self.coders, self.versions))
        return Rows(self.table, self.sheet, rows, *known)

    def texts(self, column_id: str) -> Any:
        """Return the cells of a column."""
        return np.array(self.table.grid.column(self.table.columns[column_id], self.rows), object)

    def of(self, value: Any) -> Any:
        """Return an array of a value for each row, as it is if it is one."""
        return np.full(len(self.rows), value) if isinstance(value, str | int) else value

    def said(
        self,
        about: Any,
        values: Any,
        columns: Any,
        coders: Any,
        versions: Any = "",
        good: Any = None,
    ) -> Sequence[Any]:
        """State values, those that are no text left out unless it is said which are good."""
        good = values != "" if good is None else good
        fields = (self.models, coders, about, values, versions, self.sheet, self.numbers, columns)
        return [one if isinstance(one, str | int) else one[good] for one in fields]


def _lines(text: str) -> str:
    """Make line ends of what some programs write for them."""
    return text.replace("\x0b", "\n").replace("\x0c", "\n")


def hidden(grid: Grid, rows: set[int]) -> list[str]:
    """Tell what was read though it is hidden."""
    told = [f"{grid.hidden} sheet, read"] if grid.hidden else []
    if unseen := len(grid.hidden_rows & rows):
        told.append(f"{unseen:,} of these rows hidden")
    if grid.hidden_columns:
        told.append(f"{counted(len(grid.hidden_columns), 'column')} hidden, read")
    return told


def _is_ours(grid: Grid) -> bool:
    """Say whether a sheet is one of the instructions or the codebook that we write."""
    titles = {messages(lang)(f"sheet.{one}") for lang in LANGUAGES for one in ("title", "codebook")}
    return grid.text(1, 1) in titles


def counted(count: int, noun: str) -> str:
    """Say how many, such as ``1 row`` or ``2 rows``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"

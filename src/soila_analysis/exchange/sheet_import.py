"""From the sheets that coders return to a data set: every cell is understood, or named.

What a sheet says is taken apart into statements, each with its place: a code of a coder, a note, a
model's name, its goals. What an existing data set says comes first. Two statements on the same
matter agree, or the later one is a problem: goals belong to a model and not to a coder, so coders
who see different goals have to settle that, and no union hides it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from soila_analysis import taxonomy as library
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.metadata import DatasetInfo
from soila_analysis.dataset.problems import Problem, nearest
from soila_analysis.exchange import spreadsheets
from soila_analysis.exchange.spreadsheets import Cell, Grid
from soila_analysis.exchange.vocabulary import (
    FEATURE,
    FIXED,
    GOAL,
    MODEL,
    NOTE,
    NOTE_OF,
    Vocabulary,
)

HEADED = 20  # rows among which the headings are looked for
IN_DATASET = (0, 0, 0)
FAULTS = {
    "text": "",
    "date": "the spreadsheet program made a date of what was typed",
    "error": "the formula in this cell failed",
    "not computed": "the formula was never computed; open the file and save it, or type the value",
}
RECONSTRUCTED = Problem(
    "dataset.toml",
    None,
    "kind",
    "reconstructed",
    ("observed", "synthetic"),
    "made-up codes and those of coders do not mix; name a new folder",
)

Key: TypeAlias = tuple[str, str, str]  # model, coder or "" where it is none's, column id or "goals"
At: TypeAlias = tuple[int, int, int]  # sheet, row, column


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: what a cell of a sheet, or an existing data set, says on a matter."""

    key: Key
    value: str
    place: str
    at: At = IN_DATASET
    version: str = ""


@dataclass(frozen=True, slots=True)
class SheetImport:
    """What came of sheets.

    Parameters
    ----------
    dataset : Dataset or None
        None if there are problems and they were not to be left out, or if nothing is left.
    problems : tuple of Problem
        By file, sheet and cell; with a data set, what was left out of it.
    understood : mapping of tuple to int
        How often a text was read as something else: ``(what, found, read as)``, where what is
        ``code`` or ``goal``.
    codes : int
        How many codes were read.
    """

    dataset: Dataset | None
    problems: tuple[Problem, ...]
    understood: Mapping[tuple[str, str, str], int]
    codes: int


def collect(
    paths: Sequence[Path],
    dataset: Dataset | DatasetInfo,
    *,
    name: str = "",
    coder: str = "",
    partial: bool = False,
    update: bool = False,
) -> SheetImport:
    """Read the sheets of one or several coders.

    Parameters
    ----------
    paths : sequence of Path
        Files in .xlsx, .ods or .csv, written by `sheet.write` or by hand: columns in any order,
        headings as ids or labels in any language. They are not altered.
    dataset : Dataset or DatasetInfo
        The data set that the codes are added to, which knows its models; or what a new one is.
    name : str, optional
        The name of a new data set.
    coder : str, optional
        Who coded the rows that do not say so.
    partial : bool, default False
        Leave out what is wrong instead of refusing it all.
    update : bool, default False
        Take a coder's codes and notes on a model from the sheets, whatever the data set has.

    Returns
    -------
    SheetImport
    """
    old, info = (dataset, dataset.info) if isinstance(dataset, Dataset) else (None, dataset)
    if info.kind == "reconstructed":
        return SheetImport(None, (RECONSTRUCTED,), {}, 0)
    words = Vocabulary(old.taxonomy if old else library.load())
    models = frozenset(old.models["model_id"]) if old else None
    reading = _Reading(words, coder, models)
    for path in paths:
        reading.file(path)
    if not reading.rows and not reading.problems:
        reading.wrong(IN_DATASET, "all sheets", None, ["a filled-in row"], "there is none")
    known = _known(old, reading.rows if update else set()) if old else ()
    kept = reading.valid(reading.agreed([*known, *reading.said]))
    problems = tuple(problem for _, problem in sorted(reading.problems, key=lambda one: one[0]))
    wanted = (partial or not problems) and any(column_id == "goals" for _, _, column_id in kept)
    data = _dataset(kept, info, old, name) if wanted else None
    return SheetImport(data, problems, reading.understood, reading.codes)


def report(collected: SheetImport) -> list[str]:
    """Say what was read as what, and how often.

    Parameters
    ----------
    collected : SheetImport

    Returns
    -------
    list of str
        Such as ``read "kyllä" as yes in 52 goal cells``; by kind of cell and what it was read as.
    """
    order = sorted(collected.understood.items(), key=lambda one: (one[0][0], one[0][2], one[0][1]))
    return [
        f'read "{found}" as {answer} in {count} {what} cell{"s" * (count > 1)}'
        for (what, found, answer), count in order
    ]


# What the data set has


def _known(old: Dataset, anew: set[tuple[str, str]]) -> Iterator[Statement]:
    """State what the data set has, but for the models whose coder's sheet is taken instead."""
    for one in (*_models(old), *_memberships(old), *_codings(old)):
        if one.key[:2] not in anew:
            yield one


def _models(old: Dataset) -> Iterator[Statement]:
    for model in old.models.to_dict("records"):
        own = str(model.pop("model_id"))
        for column, value in model.items():
            column_id = str(column)
            key = (own, "", column_id if column_id == "name" else f"{MODEL}{column_id}")
            if column_id.startswith(NOTE_OF):
                key = (own, column_id.removeprefix(NOTE_OF), "note")
            if value:
                yield Statement(key, value, "models.csv")


def _memberships(old: Dataset) -> Iterator[Statement]:
    for own, goals in old.memberships.groupby("model_id")["goal_id"].agg(set).items():
        ordered = [goal for goal in old.taxonomy.goal_ids if goal in goals]
        yield Statement((str(own), "", "goals"), ", ".join(ordered), "memberships.csv")


def _codings(old: Dataset) -> Iterator[Statement]:
    for row in old.codings.to_dict("records"):
        model, coder, feature = row["model_id"], row["coder_id"], row["feature_id"]
        version = row.get("taxonomy_version") or old.info.taxonomy
        key = (model, coder, f"{FEATURE}{feature}")
        yield Statement(key, row["code"], "codings.csv", version=version)
        if row["note"]:
            yield Statement((model, coder, f"{NOTE}{feature}"), row["note"], "codings.csv")


# What the sheets say


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of one model in a sheet, by the ids of their columns."""

    grid: Grid
    sheet: int
    number: int
    columns: Mapping[str, int]

    def cell(self, column_id: str) -> Cell:
        place = (self.number, self.columns.get(column_id, 0))
        return self.grid.cells.get(place, Cell(""))

    def where(self, column_id: str) -> At:
        return self.sheet, self.number, self.columns[column_id]

    def place(self, column_id: str) -> str:
        return self.grid.place(self.number, self.columns[column_id])

    def filled(self) -> list[str]:
        return [column_id for column_id in self.columns if self.cell(column_id).text]


@dataclass
class _Reading:
    """What has been read so far, and what was wrong with it."""

    words: Vocabulary
    coder: str
    models: frozenset[str] | None
    said: list[Statement] = field(default_factory=list)
    rows: set[tuple[str, str]] = field(default_factory=set)
    problems: list[tuple[At, Problem]] = field(default_factory=list)
    doubtful: set[Key] = field(default_factory=set)
    understood: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    codes: int = 0
    sheets: int = 0

    def wrong(
        self,
        at: At,
        place: str,
        found: str | None = None,
        allowed: Sequence[str] = (),
        more: str = "",
    ) -> None:
        """Note a problem."""
        self.problems.append((at, Problem(place, None, None, found, tuple(allowed), more)))

    def file(self, path: Path) -> None:
        """Read the sheets of a file that have headings."""
        found, problems = spreadsheets.read(path)
        self.sheets += 1
        at = (self.sheets, 0, 0)
        self.problems += [(at, problem) for problem in problems]
        headed = [(grid, row) for grid in found if (row := self._headings(grid))]
        if found and not headed:
            sheets = ", ".join(grid.sheet for grid in found) or None
            allowed = ["a row of headings: model_id and a column for each feature"]
            self.wrong(at, path.name, sheets, allowed, "no sheet has such a row")
        for grid, row in headed:
            self.sheets += 1
            self._sheet(grid, row)

    def _headings(self, grid: Grid) -> int:
        """Find the row with most headings, ids below labels; 0 if there is none."""
        known: Counter[int] = Counter()
        for (row, _), cell in grid.cells.items():
            if row <= HEADED and len(self.words.column_ids(cell.text)) == 1:
                known[row] += 1
        best = max(known.values(), default=0)
        return max(row for row, count in known.items() if count == best) if best > 1 else 0

    def _sheet(self, grid: Grid, headings: int) -> None:
        columns = self._columns(grid, headings)
        if "model_id" not in columns:
            at, allowed = (self.sheets, headings, 0), ["a column model_id"]
            self.wrong(at, grid.whole, None, allowed, f"row {headings} has none")
            return
        for row in sorted({row for row, _ in grid.cells if row > headings}):
            self._row(_Row(grid, self.sheets, row, columns))

    def _columns(self, grid: Grid, headings: int) -> dict[str, int]:
        """Return the column of each id; an unknown, ambiguous or duplicate heading is a problem."""
        columns: dict[str, int] = {}
        twice = set()
        for column in sorted({c for row, c in grid.cells if row >= headings}):
            found = grid.cells.get((headings, column), Cell("")).text
            at, place = (self.sheets, headings, column), grid.place(headings, column)
            column_ids = self.words.column_ids(found)
            if len(column_ids) != 1:
                self._unknown(at, place, found, column_ids)
                continue
            (column_id,) = column_ids
            if column_id in columns:
                first = grid.place(headings, columns[column_id]).rpartition(" ")[2]
                self.wrong(
                    at, place, found, ["each column once"], f"cell {first} is {column_id} too"
                )
                twice.add(column_id)
            columns.setdefault(column_id, column)
        return {
            column_id: column for column_id, column in columns.items() if column_id not in twice
        }

    def _unknown(self, at: At, place: str, found: str, column_ids: frozenset[str]) -> None:
        if column_ids:
            self.wrong(at, place, found, sorted(column_ids), "ambiguous heading; write the id")
            return
        allowed = [*FIXED, "a goal", "a feature", "note:<feature>", f"{MODEL}<any name>"]
        self.wrong(at, place, found, allowed, self.words.nearest(found))

    def _row(self, row: _Row) -> None:
        """Take a row apart into statements, if it tells anything besides coder and version."""
        filled = row.filled()
        if not set(filled) - {"coder_id", "taxonomy_version"}:
            return
        model, coder, current = self._model(row), self._coder(row), self._current(row)
        if not model or not coder or not current:
            return
        self.rows.add((model, coder))
        self._say(row, "model_id", (model, "", "model_id"), model)
        for column_id in filled:
            if column_id.startswith(FEATURE):
                self._say(row, column_id, (model, coder, column_id), self._answer(row, column_id))
            elif column_id.startswith(NOTE) or column_id == "note":
                self._say(row, column_id, (model, coder, column_id), self._text(row, column_id))
            elif column_id.startswith(MODEL) or column_id == "name":
                self._say(row, column_id, (model, "", column_id), self._text(row, column_id))
        self._goals(row, model, [column_id for column_id in filled if column_id.startswith(GOAL)])

    def _fault(
        self, row: _Row, column_id: str, found: str | None, allowed: Sequence[str], more: str = ""
    ) -> None:
        self.wrong(row.where(column_id), row.place(column_id), found, allowed, more)

    def _say(self, row: _Row, column_id: str, key: Key, value: str | None) -> None:
        """State a value, or leave the matter doubtful if there is none."""
        if value is None:
            self.doubtful.add(key)
            return
        version = row.cell("taxonomy_version").text
        self.said.append(Statement(key, value, row.place(column_id), row.where(column_id), version))

    def _text(self, row: _Row, column_id: str, *, dated: bool = True) -> str | None:
        """Return the text of a cell, None if it is wrong."""
        cell = row.cell(column_id)
        if cell.kind == "text" or (dated and cell.kind == "date"):
            return cell.text
        self._fault(row, column_id, cell.text, ["a text"], FAULTS[cell.kind])
        return None

    def _model(self, row: _Row) -> str | None:
        model = self._text(row, "model_id", dated=False)
        if model == "":
            self._fault(row, "model_id", "", ["the model's id"], "the row is filled in")
        elif model and self.models is not None and model not in self.models:
            models = sorted(self.models)
            more = nearest(model, models) or "add a new model to models.csv and memberships.csv"
            self._fault(row, "model_id", model, models, more)
            return None
        return model

    def _coder(self, row: _Row) -> str | None:
        coder = self._text(row, "coder_id", dated=False) or self.coder
        if not coder and not row.cell("coder_id").text:
            column_id = "coder_id" if "coder_id" in row.columns else "model_id"
            self._fault(row, column_id, None, ["a coder's id"], "fill in coder_id, or say --coder")
        return coder

    def _current(self, row: _Row) -> bool:
        """Say whether the version of the features that a row was coded by is a known one."""
        version, known = row.cell("taxonomy_version").text, self.words.taxonomy.versions
        if version and version not in known:
            self._fault(row, "taxonomy_version", version, known, "unknown taxonomy version")
        return not version or version in known

    def _answer(self, row: _Row, column_id: str) -> str | None:
        """Understand a code, or whether a goal is served: yes or no."""
        goal, cell = column_id.startswith(GOAL), row.cell(column_id)
        answer = self.words.goal(cell.text) if goal else self.words.code(cell.text)
        if cell.kind != "text" or answer is None:
            allowed = ["yes", "no"] if goal else list(self.words.taxonomy.counts_as)
            self._fault(row, column_id, cell.text, allowed, FAULTS[cell.kind])
            return None
        if answer != cell.text:
            self.understood["goal" if goal else "code", cell.text, answer] += 1
        self.codes += not goal
        return answer

    def _goals(self, row: _Row, model: str, filled: Sequence[str]) -> None:
        """State the goals of a model if any cell of them is filled; blank is then no."""
        answers = {
            column_id.removeprefix(GOAL): self._answer(row, column_id) for column_id in filled
        }
        served = [g for g in self.words.taxonomy.goal_ids if answers.get(g) == "yes"]
        if filled:
            value = None if None in answers.values() else ", ".join(served)
            self._say(row, filled[0], (model, "", "goals"), value)

    # All sheets together

    def agreed(self, said: Sequence[Statement]) -> dict[Key, Statement]:
        """Keep one statement on each matter; a later one that differs is a problem."""
        first: dict[Key, Statement] = {}
        for one in said:
            known = first.setdefault(one.key, one)
            if known.value != one.value:
                model, coder, _ = one.key
                who = f"coder {coder}, model {model}" if coder else f"model {model}"
                more = f'{who}: {known.place} has "{known.value}"'
                more += "; --update takes the sheet's" * (bool(coder) and known.at == IN_DATASET)
                self.wrong(one.at, one.place, one.value, (), more)
                self.doubtful.add(one.key)
        return {k: s for k, s in first.items() if k not in self.doubtful or s.at == IN_DATASET}

    def valid(self, said: Mapping[Key, Statement]) -> dict[Key, Statement]:
        """Leave out models that lack a name or goal, and notes that lack a code."""
        lacking = {model for model in {key[0] for key in said} if self._lacks(model, said)}
        kept = {key: one for key, one in said.items() if key[0] not in lacking}
        for (model, coder, column_id), one in list(kept.items()):
            code = (model, coder, f"{FEATURE}{column_id.removeprefix(NOTE)}")
            if column_id.startswith(NOTE) and code not in kept:
                del kept[model, coder, column_id]
                if code not in self.doubtful:
                    more = f"coder {coder}, model {model}: the note has no code beside it"
                    self.wrong(one.at, one.place, one.value, (), more)
        self._goals_served(kept)
        return kept

    def _lacks(self, model: str, said: Mapping[Key, Statement]) -> bool:
        lacks = False
        for column_id, what in (("name", "a name"), ("goals", "at least one goal")):
            key = (model, "", column_id)
            if key in said and said[key].value:
                continue
            lacks = True
            if key not in self.doubtful:
                one = said[model, "", "model_id"]
                self.wrong(one.at, one.place, model, (), f"the model needs {what}")
        return lacks

    def _goals_served(self, said: Mapping[Key, Statement]) -> None:
        served = {g for k, s in said.items() if k[2] == "goals" for g in s.value.split(", ")}
        if not served or any(column_id == "goals" for _, _, column_id in self.doubtful):
            return
        for goal in self.words.taxonomy.goal_ids:
            if goal not in served:
                allowed, more = ["a model for each goal"], f'no model has the goal "{goal}"'
                self.wrong((self.sheets + 1, 0, 0), "all sheets", None, allowed, more)


def _dataset(
    said: Mapping[Key, Statement], info: DatasetInfo, old: Dataset | None, name: str
) -> Dataset:
    """Build the tables from statements."""
    models: dict[str, dict[str, str]] = {}
    memberships, codings = [], []
    for (model, coder, column_id), one in said.items():
        row = models.setdefault(model, {"model_id": model})
        if column_id == "goals":
            memberships += [(model, goal) for goal in one.value.split(", ")]
        elif column_id.startswith(FEATURE):
            feature = column_id.removeprefix(FEATURE)
            note = said.get((model, coder, f"{NOTE}{feature}"))
            version = one.version if one.version != info.taxonomy else ""
            codings.append((model, feature, coder, one.value, note.value if note else "", version))
        elif column_id == "note":
            row[f"{NOTE_OF}{coder}"] = one.value
        elif not column_id.startswith(NOTE):
            row[column_id.removeprefix(MODEL)] = one.value
    columns = ["model_id", "feature_id", "coder_id", "code", "note", "taxonomy_version"]
    coded = pd.DataFrame(codings, columns=columns, dtype="str")
    if not coded["taxonomy_version"].any():
        coded = coded.drop(columns="taxonomy_version")
    tables: dict[str, Any] = {
        "models": _in_order(pd.DataFrame(list(models.values()), dtype="str"), old),
        "memberships": pd.DataFrame(memberships, columns=["model_id", "goal_id"], dtype="str"),
        "codings": coded,
    }
    return replace(old, **tables) if old else Dataset(name, info, **tables)


def _in_order(models: pd.DataFrame, old: Dataset | None) -> pd.DataFrame:
    """Put the columns of models in order: those there were, new ones, notes by coder."""
    known = list(old.models.columns) if old else ["model_id", "name"]
    new = [column for column in models if column not in known]
    return models.reindex(
        columns=[*known, *sorted(new, key=lambda c: c if c.startswith(NOTE_OF) else "")]
    )

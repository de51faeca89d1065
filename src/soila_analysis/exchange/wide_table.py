"""Any wide table as a data set: a row a model, columns whose meaning the user says."""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from soila_analysis import files, taxonomy
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.metadata import DatasetInfo
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.exchange import spreadsheets
from soila_analysis.exchange.grids import Grid, name
from soila_analysis.exchange.sheet_reading import counted, hidden
from soila_analysis.exchange.sheet_tables import ABOVE
from soila_analysis.exchange.vocabulary import Vocabulary
from soila_analysis.language import LANGUAGES
from soila_analysis.language.likeness import nearest, visible

ROLES = ("model", "name", "goal", "feature", "column", "leave out")
BLANKS = ("absent", "not assessed")
UNDECIDED = "?"
ADVICE = "Say it by options or in the mapping file, or correct the cells, and import again."
HELP = f"""\
# What each column of {{file}} is: {", ".join(ROLES)}.
# A semicolon (or another character) after goal or feature: cells name several, separated by it.
# A column of goals or features holds yes or no, codes, or (with a separator) names.
# Replace each "{UNDECIDED}", then: soila import {{file}} FOLDER --mapping {{mapping}}
"""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What the user says of a table: each column's role, whose codes they are, what blank means."""

    columns: Mapping[str, str]
    coder: str = UNDECIDED
    blank: str = UNDECIDED


def draft(file: Path, to: Path) -> None:
    """Write a mapping file to be filled in.

    Parameters
    ----------
    file : Path
        The table.
    to : Path
        A new TOML file.

    Raises
    ------
    DatasetError
        If the table cannot be read.
    FileExistsError
        If the mapping is there already.
    """
    if to.exists():
        raise FileExistsError(f"{to}: it exists; fill it in and name it by --mapping")
    _, grid, row = _table(file, ())
    known = Vocabulary(taxonomy.load())
    roles = {"model_id": "model", "name": "name", "goal_id": "goal;"}
    lines = [HELP.format(file=file.name, mapping=to.name)]
    lines += [f'{key} = "{UNDECIDED}"  # {what}' for key, what in _asked()]
    lines.append("\n[columns]")
    for heading in filter(None, grid.rows[row - 1]):
        (meant, *more) = [*known.column_ids(heading), ""]
        role = UNDECIDED if more[:-1] else roles.get(meant, UNDECIDED)
        lines.append(f"{json.dumps(heading, ensure_ascii=False)} = {json.dumps(role)}")
    files.write(to, "\n".join([*lines, ""]))


def _asked() -> Iterator[tuple[str, str]]:
    yield "coder", "who coded"
    yield "blank", f"what a feature without an answer is: {' or '.join(BLANKS)}"


def load(path: Path) -> ColumnMapping:
    """Read a mapping file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ColumnMapping

    Raises
    ------
    DatasetError
        If it is not TOML of that form.
    """
    try:
        said = tomllib.loads(path.read_text("utf-8-sig"))
        return ColumnMapping(dict(said.pop("columns", {})), **said)
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise DatasetError(path, [Problem(path.name, message=str(error))], ADVICE) from error


def read(
    file: Path, mapping: ColumnMapping, info: DatasetInfo, title: str
) -> tuple[Dataset, list[str]]:
    """Make a table a data set with features and goals of its own.

    Parameters
    ----------
    file : Path
        An .xlsx, .ods or .csv file.
    mapping : ColumnMapping
        Every column has a role; nothing is assumed of one that is not named.
    info : DatasetInfo
        What the data set is.
    title : str
        Its name.

    Returns
    -------
    dataset : Dataset
        Its labels are those of the table, in all languages.
    tally : list of str
        What was read of each sheet, what was not and why.

    Raises
    ------
    DatasetError
        With every column that is not mapped and every cell that is not understood.
    """
    grids, grid, row = _table(file, [*mapping.columns])
    table = _Wide(grid, row, mapping)
    if table.problems:
        raise DatasetError(file, table.problems, ADVICE)
    data = table.dataset(info, title)
    if table.problems:
        raise DatasetError(file, table.problems, ADVICE)
    return data, [*_tally(grids, grid, row, set(table.rows))]


def _tally(grids: Sequence[Grid], read: Grid, row: int, rows: set[int]) -> Iterator[str]:
    """Account for each sheet, and for each row of the one that was read."""
    for grid in grids:
        filled = [n for n, texts in enumerate(grid.rows, start=1) if any(texts)]
        if grid is not read:
            told = [f"{counted(len(filled), 'row')}, not read"] * bool(filled)
        else:
            above = sum(n < row for n in filled)
            told = [f"{counted(len(rows), 'row')} read"]
            told += [f"{above:,} {ABOVE} skipped"] * bool(above)
            told += hidden(grid, rows)
            told += [f"{counted(len(grid.comments), 'cell comment')} not read"] * bool(
                grid.comments
            )
        if told:
            yield f"{grid.whole}: {'; '.join(told)}"


def _table(file: Path, named: Sequence[str]) -> tuple[list[Grid], Grid, int]:
    """Find the sheet and the row that has the headings: those named, else most cells."""
    grids, problems = spreadsheets.read(file)
    wanted = {visible(one) for one in named}
    best = (0, 0)
    for number, grid in enumerate(grids):
        for row, texts in enumerate(grid.rows[:20], start=1):
            seen = {visible(text) for text in texts if text}
            found = len(seen & wanted) if wanted else len(seen)
            best = max(best, (found, -number * 1000 - row))
    if problems or not best[0]:
        missing = Problem(file.name, None, None, None, tuple(named), "no row has these headings")
        raise DatasetError(file, problems or [missing], ADVICE)
    number, row = divmod(-best[1], 1000)
    return grids, grids[number], row


class _Wide:
    """A table while it is read, with what is wrong with it."""

    def __init__(self, grid: Grid, row: int, mapping: ColumnMapping) -> None:
        self.grid, self.row, self.mapping = grid, row, mapping
        self.words = Vocabulary(taxonomy.load())
        self.problems: list[Problem] = []
        roles = {visible(heading): role for heading, role in mapping.columns.items()}
        heads = [visible(text) for text in grid.rows[row - 1]]
        self.columns = {head: n for n, head in enumerate(heads, start=1) if head}
        self.roles = {head: roles.get(head, UNDECIDED) for head in self.columns}
        for head in self.columns:
            if heads.count(head) > 1:
                self._wrong(row, self.columns[head], ("each heading once",))
            elif not self.roles[head].startswith(ROLES):
                self._wrong(row, self.columns[head], ROLES, "it is not said what this column is")
        for head in roles.keys() - self.columns.keys():
            more = nearest(head, list(self.columns)) or "there is no such column"
            self.problems.append(Problem(grid.whole, None, None, head, (), more))
        for role in ("model", "goal", "feature"):
            if not self._of(role):
                what = f"a column that is {role}"
                self.problems.append(Problem(grid.whole, None, None, None, (what,)))
        if mapping.coder.strip() in ("", UNDECIDED):
            self.problems.append(Problem(grid.whole, message="it is not said who coded"))
        for top, left, bottom, _ in grid.merged:
            if bottom >= row and grid.text(top, left):
                self._wrong(top, left, (), "merged cells; unmerge them")
        self.rows = [n for n in range(row + 1, len(grid.rows) + 1) if any(grid.rows[n - 1])]

    def _of(self, role: str) -> list[str]:
        return [head for head, own in self.roles.items() if own.startswith(role)]

    def _wrong(self, row: int, column: int, allowed: Sequence[str] = (), more: str = "") -> None:
        found = self.grid.text(row, column)
        place = name(row, column)
        self.problems.append(
            Problem(self.grid.whole, None, None, found, tuple(allowed), more, place, more)
        )

    def dataset(self, info: DatasetInfo, title: str) -> Dataset:
        """Read the rows."""
        models = self._models()
        goals = list(self._answers("goal", models))
        codes = list(self._answers("feature", models))
        members = [(m, goal) for m, goal, code in goals if code == self.words.present]
        served = {model for model, _ in members}
        for row, model in models.items():
            if model not in served:
                self._wrong(row, self.columns[self._of("model")[0]], (), "the model has no goal")
        kept = self._of("column")
        named = (self._of("name") or self._of("model"))[0]
        rows = [[models[r], *self._texts(r, [named, *kept])] for r in models]
        coder = self.mapping.coder
        return Dataset(
            title,
            info,
            pd.DataFrame(rows, columns=["model_id", "name", *kept], dtype="str"),
            pd.DataFrame(members, columns=["model_id", "goal_id"], dtype="str"),
            pd.DataFrame(
                [(m, feature, coder, code, "") for m, feature, code in codes],
                columns=["model_id", "feature_id", "coder_id", "code", "note"],
                dtype="str",
            ),
            features=_own("feature_id", dict.fromkeys(f for _, f, _ in codes), self.labels),
            goals=_own("goal_id", dict.fromkeys(g for _, g, _ in goals), self.labels),
        )

    def _texts(self, row: int, heads: Sequence[str]) -> list[str]:
        return [self.grid.text(row, self.columns[head]) for head in heads]

    def _models(self) -> dict[int, str]:
        (column, *_) = (self.columns[head] for head in self._of("model"))
        self.labels: dict[str, str] = {}
        models: dict[int, str] = {}
        for row in self.rows:
            model = visible(self.grid.text(row, column))
            if not model or model in models.values():
                self._wrong(row, column, ("a model of its own",) if model else ("a model",))
            else:
                models[row] = model
        return models

    def _answers(self, role: str, models: dict[int, str]) -> Iterator[tuple[str, str, str]]:
        """Yield model, id and code for each goal or feature that a cell answers or names."""
        meant = self.words.code
        for head in self._of(role):
            separator = self.roles[head].removeprefix(role)
            cells = {row: self._texts(row, [head])[0] for row in models}
            answers = {row: meant(text) for row, text in cells.items() if self._is_said(text)}
            listed = bool(separator) or (role == "goal" and None in answers.values())
            if not listed:
                yield from self._flags(role, head, cells, models)
                continue
            named = {
                row: [visible(part) for part in text.split(separator or "\0") if visible(part)]
                for row, text in cells.items()
                if self._is_said(text)
            }
            every = dict.fromkeys(one for parts in named.values() for one in parts)
            for row, model in models.items():
                for one in every:
                    said = one in named.get(row, ())
                    code = self.words.present if said else self._blank(role, row, head)
                    yield from self._given(model, one, code)

    def _flags(
        self, role: str, head: str, cells: dict[int, str], models: dict[int, str]
    ) -> Iterator[tuple[str, str, str]]:
        for row, text in cells.items():
            code = self.words.code(text) if self._is_said(text) else self._blank(role, row, head)
            if code is None:
                self._wrong(row, self.columns[head], [*self.words.taxonomy.counts_as], "an answer")
            else:
                yield from self._given(models[row], head, code)

    def _given(self, model: str, label: str, code: str) -> Iterator[tuple[str, str, str]]:
        own = _slug(label)
        if self.labels.setdefault(own, label) != label:
            other = self.labels[own]
            more = f'its id would be "{own}", as that of "{other}"'
            self.problems.append(Problem(self.grid.whole, None, None, label, (), more, kind=label))
        elif code:
            yield model, own, code

    def _is_said(self, text: str) -> bool:
        return bool(text) and not self.words.is_missing(text)

    def _blank(self, role: str, row: int, head: str) -> str:
        """Return the code of what is not answered, "" for none; goals not named are not served."""
        if role == "goal" or self.mapping.blank == "not assessed":
            return ""
        if self.mapping.blank != "absent":
            more = "it is not said whether what is blank is absent"
            self._wrong(row, self.columns[head], BLANKS, more)
        return self.words.code("0") or ""


def _slug(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or label


def _own(key: str, ids: Mapping[str, None], labels: Mapping[str, str]) -> pd.DataFrame:
    columns = [key, *(f"label_{lang}" for lang in LANGUAGES)]
    return pd.DataFrame([[own, *[labels[own]] * 3] for own in ids], columns=columns, dtype="str")

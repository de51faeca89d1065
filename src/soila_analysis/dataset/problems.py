"""What is wrong with a data set, told so that whoever typed it can put it right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from soila_analysis.files import UserError
from soila_analysis.language.likeness import listed, quoted

SINGLE = 3  # more problems of one kind are told in one line


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a data set: where it is, what was found and what is allowed.

    Parameters
    ----------
    file : str
        The file within the folder, or the folder itself.
    line : int, optional
        The physical line, counted from 1, on which the row or key starts.
    column : str, optional
        The column of a table, or the key of ``dataset.toml``.
    found : str, optional
        The value as it stands in the file.
    allowed : tuple of str
        The values, or a description of the values, that may stand there.
    message : str
        What else helps, such as the nearest known id.
    cell : str, optional
        The cell of a sheet, such as ``G7``.
    kind : str
        What is equal in problems of one cause, if their messages are not.

    Examples
    --------
    >>> print(Problem("codings.csv", 17, "code", "2", ("0", "1", "?", "-")))
    codings.csv:17, column code: found "2", allowed 0, 1, ?, -
    """

    file: str
    line: int | None = None
    column: str | None = None
    found: str | None = None
    allowed: tuple[str, ...] = ()
    message: str = ""
    cell: str | None = None
    kind: str = ""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        if self.column is not None:
            noun = "key" if self.file.endswith((".toml", ".jsonl")) else "column"
            where += f", {noun}{'s' if ', ' in self.column else ''} {self.column}"
        where += f", cell {self.cell}" if self.cell else ""
        values = []
        if self.found is not None:
            values.append(f"found {quoted(self.found)}")
        if self.allowed:
            values.append(f"allowed {listed(self.allowed)}")
        what = [", ".join(values), self.message]
        return f"{where}: {'; '.join(part for part in what if part)}"


class DatasetError(UserError):
    """A data set cannot be used; all its problems at once.

    Parameters
    ----------
    folder : Path or str
        The data set's folder.
    problems : sequence of Problem
        Everything that is wrong.
    advice : str, optional
        What to do next; by default to correct the files and validate again.
    """

    def __init__(self, folder: Path | str, problems: Sequence[Problem], advice: str = "") -> None:
        advice = advice or f"Correct what is listed above and run `soila validate {folder}` again."
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"{folder}: {count}", *(f"  {line}" for line in listing(problems))]
        super().__init__("\n".join([*lines, f"Nothing was written. {advice}"]))
        self.problems = tuple(problems)


def listing(problems: Sequence[Problem]) -> list[str]:
    """List problems, a line each; of more than `SINGLE` of one kind the first, and where all are.

    Parameters
    ----------
    problems : sequence of Problem

    Returns
    -------
    list of str
    """
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for one in problems:
        kind = (one.file, one.column, one.cell is None, one.allowed, one.kind or one.message)
        groups.setdefault(kind, []).append(one)
    lines = []
    for group in groups.values():
        if len(group) <= SINGLE:
            lines += [str(one) for one in group]
            continue
        places = [one.cell or (f"line {one.line}" if one.line else one.found) for one in group[1:]]
        known = [place for place in dict.fromkeys(places) if place]
        shown = ", ".join([*known[:SINGLE], *["..."] * (len(known) > SINGLE)])
        lines.append(f"{group[0]} (and {len(group) - 1:,} more of this kind: {shown})")
    return lines

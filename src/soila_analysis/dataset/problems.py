"""What is wrong with a data set, told so that whoever typed it can put it right."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from soila_analysis.files import UserError

LISTED = 20  # longer lists of allowed values are cut when shown
COMPARED = 500  # among more ids than this a nearest one takes too long to find


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

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        if self.column is not None:
            noun = "key" if self.file.endswith(".toml") else "column"
            where += f", {noun}{'s' if ', ' in self.column else ''} {self.column}"
        values = []
        if self.found is not None:
            values.append(f"found {_quoted(self.found)}")
        if self.allowed:
            values.append(f"allowed {_listed(self.allowed)}")
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
        advice = advice or f"Correct the rows above and run `soila validate {folder}` again."
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"{folder}: {count}", *(f"  {problem}" for problem in problems)]
        super().__init__("\n".join([*lines, f"Nothing was written. {advice}"]))
        self.problems = tuple(problems)


def nearest(found: str, known: Sequence[str]) -> str:
    """Ask whether the nearest known id was meant; empty where none is near."""
    if len(known) > COMPARED:
        return ""
    by_name = {folded(one): one for one in known}
    near = get_close_matches(folded(found), by_name, n=1)
    return f"did you mean {_quoted(by_name[near[0]])}?" if near else ""


def folded(text: str) -> str:
    """Bring a text to a form in which case, spacing and composed letters do not count."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _quoted(value: str) -> str:
    if not value:
        return "nothing"
    return json.dumps(value if len(value) <= 60 else f"{value[:57]}...", ensure_ascii=False)


def _listed(values: tuple[str, ...]) -> str:
    if len(values) <= LISTED:
        return ", ".join(values)
    return f"{', '.join(values[:3])}, ... ({len(values)} in all)"

"""What is wrong with a data set, told so that whoever typed it can put it right."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from soila_analysis.files import UserError

SINGLE = 3  # more problems of one kind are told in one line
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
            noun = "key" if self.file.endswith(".toml") else "column"
            where += f", {noun}{'s' if ', ' in self.column else ''} {self.column}"
        where += f", cell {self.cell}" if self.cell else ""
        values = []
        if self.found is not None:
            values.append(f"found {quoted(self.found)}")
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


def nearest(found: str, known: Sequence[str]) -> str:
    """Ask whether the nearest known id was meant; empty where none is near."""
    if len(known) > COMPARED:
        return ""
    by_name = {folded(one): one for one in known}
    near = get_close_matches(folded(found), by_name, n=1)
    if not near:
        return ""
    meant = by_name[near[0]]
    unseen = visible(found) == visible(meant)
    return (
        f"did you mean {quoted(meant)}?" + f" They differ by {difference(found, meant)}." * unseen
    )


def visible(text: str) -> str:
    """Bring a text to what a reader sees of it: letters composed, single spaces, nothing unseen."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(c for c in composed if unicodedata.category(c) != "Cf").split())


def folded(text: str) -> str:
    """Bring a text to a form in which case, spacing and composed letters do not count."""
    return visible(unicodedata.normalize("NFC", visible(text).casefold()))


def identity(text: str) -> str:
    """Bring an id or a name to a form that is equal where two are likely to mean the same."""
    number = re.fullmatch(r"0*(\d+)(?:[.,]0+)?", folded(text))
    return number[1] if number else folded(text)


def difference(one: str, other: str) -> str:
    """Say in what two texts of equal `identity` differ, such as ``U+200B, leading zeros``."""
    both = one + other
    unseen = {c for c in both if unicodedata.category(c) == "Cf" or (c.isspace() and c != " ")}
    parts = sorted(f"U+{ord(c):04X}" for c in unseen)
    if any(unicodedata.normalize("NFC", text) != text for text in (one, other)):
        parts.append("the way in which letters are composed")
    if one.split(" ") != other.split(" ") and visible(one) == visible(other) and not parts:
        parts.append("spaces")
    if folded(one) != folded(other):
        parts.append("zeros")
    elif visible(one) != visible(other):
        parts.append("upper and lower case")
    return ", ".join(parts)


def quoted(value: str) -> str:
    """Quote a text, cut if it is long, with its unseen characters as such as ``<U+200B>``."""
    if not value:
        return "nothing"
    shown = json.dumps(value if len(value) <= 60 else f"{value[:57]}...", ensure_ascii=False)
    return "".join(
        f"<U+{ord(c):04X}>" if unicodedata.category(c) == "Cf" or (c.isspace() and c != " ") else c
        for c in shown
    )


def _listed(values: tuple[str, ...]) -> str:
    if len(values) <= LISTED:
        return ", ".join(values)
    return f"{', '.join(values[:3])}, ... ({len(values)} in all)"

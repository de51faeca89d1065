"""The figures of a build, with their words, their tables and how they were made."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from soila_analysis.figures import read_table
from soila_analysis.files import root
from soila_analysis.language import messages

SENTENCE = re.compile(r"(?<=[.;]) (?=\S)")
TOGETHER = 5  # sentences of a paragraph


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One figure of a build, with its words, its table and how it was made.

    Its title is that of no other figure of the build.
    """

    stem: str
    title: str
    words: Mapping[str, Any]
    table: pd.DataFrame
    notebook: str

    @property
    def name(self) -> str:
        """What kind of figure it is, such as ``feature-shares``."""
        return str(self.words["figure"])

    @property
    def as_published(self) -> bool:
        """Whether it is drawn as the publication has it."""
        return bool(self.words["variant"] == "as-published")

    def of_same_table(self, figures: Sequence["Drawn"]) -> list["Drawn"]:
        """List the other variants of the figure."""
        return [f for f in figures if f.words["table"] == self.words["table"] and f is not self]

    @property
    def part(self) -> str:
        """Which part of the models it shows, if not all."""
        part: str = self.table["selection"].iloc[0] if "selection" in self.table else ""
        return part.rstrip(".")

    @property
    def number(self) -> str:
        """The number of its notebook."""
        return self.notebook.partition("_")[0].lstrip("0")

    @property
    def made(self) -> Mapping[str, Any]:
        """The record of what the figure was made from."""
        record: Mapping[str, Any] = self.words["provenance"]
        return record

    @property
    def command(self) -> str:
        """The command that makes the figure again."""
        made = self.made
        given = (("-p", f"{name}={made['parameters'][name]}") for name in made["given"])
        own = root() / "data" / made["dataset"]  # of another folder only the name is told
        folder = f"data/{own.name}" if own.is_dir() else own.name
        words = ["soila", "run", f"notebooks/{made['notebook']}", "-d", folder]
        return shlex.join([*words, *(word for pair in given for word in pair)])

    @property
    def paragraphs(self) -> list[str]:
        """The long description, a few sentences a paragraph."""
        sentences = SENTENCE.split(self.words["description"])
        starts = range(0, len(sentences), TOGETHER)
        return [" ".join(sentences[start : start + TOGETHER]) for start in starts]


def drawn(built: Path) -> list[Drawn]:
    """Find the figures of a build in one language.

    Parameters
    ----------
    built : Path
        ``build/<data set>/<language>``.

    Returns
    -------
    list of Drawn
        In the order of the notebooks that drew them.
    """
    found = [
        _drawn(built, Path(output).stem, listing.stem)
        for listing in sorted((built / "notebooks").glob("*.outputs"))
        for output in listing.read_text(encoding="utf-8").split()
        if output.startswith("figures/") and output.endswith(".svg")
    ]
    t = messages(built.name)
    titles = distinct((f.title, f.part or t("site.of-notebook", number=f.number)) for f in found)
    return [replace(f, title=title) for f, title in zip(found, titles, strict=True)]


def _drawn(built: Path, stem: str, notebook: str) -> Drawn:
    words = json.loads((built / f"figures/{stem}.json").read_text(encoding="utf-8"))
    table = read_table(built / "tables" / words["table"])
    form = messages(built.name)("site.in-form") if words["variant"] == "as-published" else ""
    return Drawn(stem, told_apart(words["title"], form), words, table, notebook)


def distinct(named: Iterable[tuple[str, str]]) -> list[str]:
    """Tell apart what has the same title, all but the first, by what else it is called."""
    titles: list[str] = []
    for title, other in named:
        titles.append(told_apart(title, other) if title in titles else title)
    return titles


def told_apart(title: str, other: str) -> str:
    """Add to a title what tells it apart, if anything does."""
    return f"{title} ({other})" if other else title

"""From the sheets that coders return to a data set: every cell is understood, or named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from soila_analysis import taxonomy as library
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.metadata import DatasetInfo
from soila_analysis.dataset.problems import Problem
from soila_analysis.exchange import statements
from soila_analysis.exchange.sheet_reading import Reading
from soila_analysis.exchange.vocabulary import Vocabulary
from soila_analysis.language.likeness import quoted, visible
from soila_analysis.taxonomy import Taxonomy

RECONSTRUCTED = Problem(
    "dataset.toml",
    None,
    "kind",
    "reconstructed",
    ("observed", "synthetic"),
    "made-up codes and those of coders do not mix; name a new folder",
)


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
        ``code``, ``goal``, ``model`` or ``coder``.
    codes : int
        How many codes were read.
    tally : tuple of str
        What was read of each file and sheet, what was not and why; the last one sums up.
    """

    dataset: Dataset | None
    problems: tuple[Problem, ...]
    understood: Mapping[tuple[str, str, str], int]
    codes: int
    tally: tuple[str, ...] = ()


def collect(
    paths: Sequence[Path],
    dataset: Dataset | DatasetInfo,
    *,
    name: str = "",
    coder: str = "",
    partial: bool = False,
    update: bool = False,
    coded_by: Taxonomy | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> SheetImport:
    """Read the sheets of one or several coders.

    Parameters
    ----------
    paths : sequence of Path
        Files in .xlsx, .ods or .csv, written by `sheet_template.write` or by hand: columns in any
        order, headings as ids or labels in any language. They are not altered.
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
    coded_by : Taxonomy, optional
        That of a new data set, by default the library's.
    tables : mapping of str to DataFrame, optional
        Features, goals and codes of its own that a new data set has.
    progress : callable, optional
        Takes a line when a file has been read.

    Returns
    -------
    SheetImport
    """
    old, info = (dataset, dataset.info) if isinstance(dataset, Dataset) else (None, dataset)
    if info.kind == "reconstructed":
        return SheetImport(None, (RECONSTRUCTED,), {}, 0)
    words = Vocabulary(old.taxonomy if old else coded_by or library.load())
    known = list(old.models["model_id"]) if old else None
    reading = Reading(words, visible(coder), known)
    for part in statements.of_dataset(old) if old else ():
        reading.said.add(part)
    for path, shown in _told_apart(paths).items():
        progress(reading.file(path, shown))
    if not reading.rows and not reading.problems:
        reading.problem((0, 0, 0), "all sheets", None, ("a filled-in row",), "there is none")
    said = reading.said.table()
    earlier = said[:0]
    if update:
        anew = pd.MultiIndex.from_frame(said[["model", "coder"]]).isin(list(reading.rows))
        replaced = (said["sheet"] == 0) & anew
        earlier, said = said[replaced], said[~replaced].reset_index(drop=True)
    agreed = statements.Agreement(said, reading.doubtful, reading.place)
    agreed.keep_earlier(earlier)
    kept, lacking = statements.valid(agreed)
    found = sorted([*reading.problems, *agreed.problems(), *lacking], key=lambda one: one[0])
    problems = tuple(problem for _, problem in found)
    wanted = (partial or not problems) and (kept["about"] == "goals").any()
    new = Dataset(name, info, *[pd.DataFrame()] * 3, **tables or {}) if old is None else old
    data = statements.dataset(kept, new) if wanted else None
    return SheetImport(data, problems, reading.understood, reading.codes, reading.tally())


def report(collected: SheetImport) -> list[str]:
    """Say what was read as what, how often, and what was read of each sheet.

    Parameters
    ----------
    collected : SheetImport

    Returns
    -------
    list of str
        Such as ``read "kyllä" as yes in 52 goal cells``, by kind of cell and what it was read as;
        then the tally.
    """
    order = sorted(collected.understood.items(), key=lambda one: (one[0][0], one[0][2], one[0][1]))
    read = [
        f"read {quoted(found)} as {answer} in {count} {what} cell{'s' * (count > 1)}"
        for (what, found, answer), count in order
    ]
    return [*read, *collected.tally]


def _told_apart(paths: Iterable[Path]) -> dict[Path, str]:
    """Name files by their names, and by as many folders as tell two of one name apart."""
    shown = {path: path.name for path in dict.fromkeys(paths)}
    for path in shown:
        others = [other.absolute().parts for other in shown if other != path]
        own = path.absolute().parts
        depth = 1
        while depth < len(own) and any(other[-depth:] == own[-depth:] for other in others):
            depth += 1
        shown[path] = "/".join(own[-depth:])
    return shown

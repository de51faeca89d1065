"""Features, goals and codes of a data set's own, which its folder holds before the data set."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from soila_analysis import taxonomy
from soila_analysis.dataset import tables
from soila_analysis.dataset.metadata import FILE
from soila_analysis.dataset.problems import DatasetError
from soila_analysis.dataset.schema import COLUMNS, OWN, faults
from soila_analysis.dataset.validation import no_files
from soila_analysis.taxonomy import Taxonomy


def load(folder: Path) -> tuple[Taxonomy, dict[str, pd.DataFrame]]:
    """Read what a new data set will be coded by.

    Parameters
    ----------
    folder : Path
        Where it will be; it may hold ``features.csv``, ``goals.csv``, ``codes.csv`` and
        ``changes.csv``.

    Returns
    -------
    taxonomy : Taxonomy
        The library's under these tables. Its version is the last one of ``changes.csv``, else the
        folder's name where there are features of its own.
    tables : dict of str to DataFrame

    Raises
    ------
    DatasetError
        With all that is wrong with the tables.
    """
    library = taxonomy.load()
    found: dict[str, pd.DataFrame] = {}
    problems = no_files(folder)
    unread = {one.file for one in problems}
    for name in OWN:
        file = folder / f"{name}.csv"
        if file.name in unread or not file.is_file() or (folder / FILE).is_file():
            continue
        table, wrong = tables.read(file, COLUMNS[name])
        if table is not None:
            found[name] = table
            known = {"feature_id": None, "goal_id": None, "code": None, "taxonomy_version": None}
            wrong += [replace(one, file=file.name) for one in faults(name, table, known)]
        problems += wrong
    if problems:
        raise DatasetError(folder, problems, "Correct what is listed above and try again.")
    version = folder.name if "features" in found else library.version
    if "changes" in found:
        version = found["changes"]["version"].iloc[-1]
    return library.with_tables(version=version, **found), found

"""Where coders differ, and the decisions that settle it; the codes themselves never change."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from soila_analysis.dataset import tables
from soila_analysis.dataset.consensus import DECIDED
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.query import outdated
from soila_analysis.dataset.schema import COLUMNS, KEYS, faults
from soila_analysis.dataset.validation import not_coded

COLUMNS_OF_DECISIONS = list(COLUMNS["decisions"])
CELL = list(KEYS["decisions"])
DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")  # as Finnish spreadsheets write a date
CODE, NOTE = "code:", "note:"  # then a coder's id: columns of a list of disagreements


def disagreements(dataset: Dataset) -> pd.DataFrame:
    """List each model and feature on which coders differ, and the decision on it if there is one.

    Codes are compared by what they count as, as `consensus` does: two codes for "present" agree.

    Parameters
    ----------
    dataset : Dataset
        The coded models.

    Returns
    -------
    DataFrame
        One row a model and feature, by model, then in the taxonomy's order. The columns of
        ``decisions.csv``, empty where nothing is decided; ``status``, what the cell counts as
        now; ``code:`` and ``note:`` with the id of each coder, empty where there is none.
    """
    dataset = dataset.counted
    codings = dataset.codings[_differ(dataset)]
    in_order = pd.Categorical(codings["feature_id"], dataset.taxonomy.feature_ids, ordered=True)
    cells = codings.assign(order=in_order).sort_values(["model_id", "order"])[CELL]
    key = pd.MultiIndex.from_frame(cells.drop_duplicates())
    listed = _decisions(dataset).set_index(CELL).reindex(key).fillna("").reset_index()
    status = dataset.status
    listed["status"] = [str(status.loc[cell]) for cell in key]
    for coder, rows in codings.set_index(CELL).groupby("coder_id"):
        said = rows.reindex(key).fillna("").reset_index()
        listed[f"{CODE}{coder}"], listed[f"{NOTE}{coder}"] = said["code"], said["note"]
    return listed


def decide(dataset: Dataset, file: Path, table: pd.DataFrame | None = None) -> Dataset:
    """Add the decisions of a filled-in list to a data set.

    Parameters
    ----------
    dataset : Dataset
        The coded models.
    file : Path
        CSV with at least the columns of ``decisions.csv``; a row in which none of those that say
        what was decided is filled in is left out. A date may be day first, with points, as Finnish
        spreadsheets save it. On a cell that was decided before, the file counts.
    table : DataFrame, optional
        What the file holds, by the number of the row, if it is no CSV and was read otherwise.

    Returns
    -------
    Dataset
        A new one; nothing is written.

    Raises
    ------
    DatasetError
        With all that is wrong with the file.
    """
    problems: list[Problem] = []
    if table is None:
        table, problems = tables.read(file, COLUMNS_OF_DECISIONS)
    if table is not None:
        table = table[[column for column in COLUMNS_OF_DECISIONS if column in table]]
        table = table[table.drop(columns=CELL, errors="ignore").ne("").any(axis=1)]
        if "decided_on" in table:
            table = table.assign(decided_on=table["decided_on"].map(_iso))
        known = {
            "model_id": tuple(dataset.models["model_id"]),
            "feature_id": dataset.taxonomy.feature_ids,
            "code": tuple(dataset.taxonomy.counts_as),
        }
        found = [*faults("decisions", table, known), *not_coded(table, dataset.codings)]
        problems += [replace(problem, file=file.name) for problem in found]
    if table is None or problems:
        raise DatasetError(file, problems, "Correct what is listed above and decide again.")
    both = pd.concat([_decisions(dataset), table]).drop_duplicates(CELL, keep="last")
    return replace(dataset, decisions=both)


def notices(dataset: Dataset) -> list[str]:
    """Tell what is no fault of a data set, but what its users should know.

    Parameters
    ----------
    dataset : Dataset
        A valid one.

    Returns
    -------
    list of str
        A sentence each; empty where there is nothing to tell.
    """
    listed, decisions = disagreements(dataset), _decisions(dataset)
    told = []
    if len(listed):
        decided = int(listed["code"].ne("").sum())
        told += [f"coders differ on {len(listed)} cells, {decided} of them decided"]
    rule = dataset.info.consensus
    if len(decisions) and rule != DECIDED:
        told += [f'decisions.csv is not used: consensus is "{rule}", not "{DECIDED}"']
    agreed = len(decisions) - int(listed["code"].ne("").sum())
    if agreed:
        told += [f"decisions on cells where the coders agree: {agreed}"]
    left_out = [c for c in dataset.cube.coders if c not in dataset.counted.cube.coders]
    if left_out:
        told += [f"codes of language models, which do not count: {', '.join(left_out)}"]
    old = outdated(dataset).drop_duplicates([*CELL, "coder_id"])
    if len(old):
        told += [f"codes made under definitions that have changed since: {len(old)}"]
    return told


def _differ(dataset: Dataset) -> pd.Series:
    """Tell of each coding whether the codes of its cell count as different things."""
    counts_as = dataset.codings["code"].map(dataset.taxonomy.counts_as)
    cell = [dataset.codings[column] for column in CELL]
    return counts_as.groupby(cell).transform("nunique") > 1


def _iso(text: str) -> str:
    day = DAY_FIRST.fullmatch(text)
    return f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}" if day else text


def _decisions(dataset: Dataset) -> pd.DataFrame:
    if dataset.decisions is None:
        return pd.DataFrame(columns=COLUMNS_OF_DECISIONS, dtype="str")
    return dataset.decisions

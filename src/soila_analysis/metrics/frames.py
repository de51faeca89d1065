"""What frames the metrics take, and errors that say so where they are handed another one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

STATUSES = ("present", "absent", "unclear", "not-applicable", "disagreement", "not-assessed")
COLUMNS = {
    "groups": ("model_id",),
    "memberships": ("model_id", "goal_id"),
    "codings": ("model_id", "feature_id", "coder_id", "code"),
    "sample": ("model_id", "use"),
    "counts": STATUSES,
    "cells": ("feature_id", "goal_id", "k", "n"),
}
"""By the name of an argument: the columns that it needs; any other holds statuses."""
TAKE = {
    "groups": 'data.memberships, or two columns such as data.models[["model_id", "region"]]',
    "memberships": "data.memberships",
    "codings": "data.codings",
    "sample": "data.sample",
    "counts": "metrics.tally(data.status)",
    "cells": "metrics.evidence_map(data.status, data.memberships, goals)",
}


class Profiles(NamedTuple):
    """Distinct rows, and how often each occurs.

    Attributes
    ----------
    first : array of int
        The position of the first row of each profile.
    weight : array of int
        How many rows have it.
    """

    first: npt.NDArray[np.intp]
    weight: npt.NDArray[np.int64]


def check(**frames: Any) -> None:
    """Check that frames are what metrics take.

    Parameters
    ----------
    **frames : DataFrame
        By the name of the argument. Those named in `COLUMNS` need these columns; ``groups`` needs
        one more than ``model_id``. All others are models x features with one of `STATUSES` a cell.

    Raises
    ------
    TypeError
        If one is no DataFrame.
    ValueError
        If columns are missing, or a cell holds no status. All problems are listed, each with what
        is needed, what was found, and what to take instead.
    """
    problems = [problem for name, frame in frames.items() for problem in _problems(name, frame)]
    if problems:
        typed = all(isinstance(frame, pd.DataFrame) for frame in frames.values())
        raise (ValueError if typed else TypeError)("\n".join(problems))


def numbers(status: pd.DataFrame) -> npt.NDArray[np.int8]:
    """Give each status of models x features its number.

    Parameters
    ----------
    status : DataFrame, models x features
        One of `STATUSES` a cell.

    Returns
    -------
    array, models x features
        Positions in `STATUSES`; -1 for anything else.
    """
    found = np.empty(status.shape, dtype=np.int8, order="F")
    for column in range(status.shape[1]):
        cells = status.iloc[:, column]
        if isinstance(cells.dtype, pd.CategoricalDtype):
            number, values = cells.cat.codes.to_numpy(), cells.cat.categories
        else:
            number, values = pd.factorize(cells)
        known = pd.Index(STATUSES).get_indexer(pd.Index(values, dtype=object)).astype(np.int8)
        found[:, column] = np.append(known, np.int8(-1))[number]
    return found


def members(models: pd.Index, groups: pd.DataFrame, named: Sequence[str]) -> npt.NDArray[np.int8]:
    """Lay out which models are in which group.

    Parameters
    ----------
    models : Index
        The ids of the models.
    groups : DataFrame
        ``model_id`` and a column of groups.
    named : sequence of str
        The groups in their order; others are left out.

    Returns
    -------
    array, models x groups
        1 where the model is in the group, else 0.
    """
    (column,) = groups.columns.drop("model_id")
    model = positions(models, groups["model_id"])
    group = pd.Index(named).get_indexer(groups[column])
    inside = (model >= 0) & (group >= 0)
    member = np.zeros((len(models), len(named)), dtype=np.int8)
    member[model[inside], group[inside]] = 1
    return member


def positions(models: pd.Index, ids: pd.Series) -> npt.NDArray[np.intp]:
    """Find models by their ids, which needs no look into a table where both are in one order.

    Parameters
    ----------
    models : Index of str
        Each once.
    ids : Series of str
        Those to find.

    Returns
    -------
    array of int
        Positions in `models`; -1 for an id that is not there.
    """
    own, text = models.to_numpy(dtype=object), ids.to_numpy(dtype=object)
    starts = np.append(np.ones(min(1, len(text)), dtype=bool), text[1:] != text[:-1])
    if np.array_equal(text[starts], own):
        return np.cumsum(starts) - 1
    return models.get_indexer(ids)


def profiles(*numbers: npt.NDArray[np.integer[Any]]) -> Profiles:
    """Find the distinct profiles of models, and how many models have each.

    Every table is a function of these counts: whatever is added up over models is added up over
    profiles, times their weight, and who draws models draws profiles in proportion to it.

    Parameters
    ----------
    *numbers : array of int, models x anything
        What makes the profile, side by side: statuses, groups, counts.

    Returns
    -------
    Profiles
        In the order in which they first occur.
    """
    columns = [column for block in numbers for column in block.T]
    least = min((int(column.min(initial=0)) for column in columns), default=0)
    base = max((int(column.max(initial=0)) for column in columns), default=0) - least + 1
    size = int(62 / np.log2(base + 1))  # digits of a whole number of 64 bits
    words = np.zeros((-(-len(columns) // size), len(numbers[0])), dtype=np.int64)
    for place, column in enumerate(columns):
        words[place // size] *= base
        words[place // size] += column
        words[place // size] -= least
    number = pd.DataFrame(words.T).groupby([*range(len(words))], sort=False).ngroup()
    highest = np.maximum.accumulate(number)
    first = np.flatnonzero(np.diff(highest, prepend=-1))
    return Profiles(first, np.bincount(number, minlength=len(first)))


def _problems(name: str, frame: Any) -> list[str]:
    needed = COLUMNS.get(name, ())
    what = f"the columns {', '.join(needed)}" if needed else "models x features, a status a cell"
    what += " and the group" if name == "groups" else ""
    wrong = f"{name} must be a DataFrame of {what}; take {TAKE.get(name, 'data.status')}; got "
    if not isinstance(frame, pd.DataFrame):
        return [f"{wrong}a {type(frame).__name__}"]
    if needed:
        fits = set(needed) <= set(frame) and (name != "groups" or frame.shape[1] == 2)
    else:
        fits = not {"model_id", "feature_id"} & set(frame)
    if not fits:
        return [f"{wrong}the columns {', '.join(map(str, frame)) or '(none)'}"]
    return [] if needed else _not_statuses(name, frame)


def _not_statuses(name: str, frame: pd.DataFrame) -> list[str]:
    """Describe each value that is no status, with its first cell."""
    if (numbers(frame) >= 0).all():
        return []
    cells = frame.to_numpy(dtype=object)
    unknown = [value for value in pd.unique(cells.ravel()) if value not in STATUSES]
    places = [(cells == value if value == value else pd.isna(cells)) for value in unknown]
    first = [divmod(int(place.argmax()), frame.shape[1]) for place in places]
    return [
        f'{name}: "{value}" in row {frame.index[i]}, column {frame.columns[j]}; '
        f"allowed: {', '.join(STATUSES)}"
        for value, (i, j) in zip(unknown, first, strict=True)
    ]

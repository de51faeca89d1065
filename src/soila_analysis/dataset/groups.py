"""Groups of models by a column of ``models.csv``, which can take the place of goals."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from soila_analysis import taxonomy
from soila_analysis.files import UserError
from soila_analysis.language.likeness import unknown
from soila_analysis.taxonomy import LANGUAGES

SEPARATOR = ";"  # between several values of one cell


class GroupError(UserError, ValueError):
    """Models that a column cannot group; the message says why."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What has taken the place of goals: see `Dataset.grouped`.

    Attributes
    ----------
    column : str
        The column of the models.
    regions : bool
        Whether its values are those of `taxonomy.regions`, in any language.
    without : int
        How many models have no value, and are in no group.
    """

    column: str
    regions: bool
    without: int

    @property
    def told(self) -> tuple[str, str]:
        """What the groups are and the column, as `language.messages` takes them."""
        return ("region" if self.regions else "group"), self.column


def values(models: pd.DataFrame, column: str) -> pd.DataFrame:
    """Give each value of a column a row; several of one cell stand between semicolons.

    Parameters
    ----------
    models : DataFrame
        With ``model_id``.
    column : str
        Any further column.

    Returns
    -------
    DataFrame
        ``model_id``, ``value``, by model. Values that are all regions, by id or by name in any
        language, are given by the region's id. A model without a value has no row.

    Raises
    ------
    ValueError
        For a column that there is not; the message lists those there are.
    """
    columns = [name for name in models if name != "model_id"]
    if column not in columns:
        raise GroupError(unknown("models.csv has no column", column, columns))
    code, cells = pd.factorize(models[column])
    split = [_split(cell) for cell in cells]
    known = _regions()
    if all(value.casefold() in known for cell in split for value in cell):
        split = [[known[value.casefold()] for value in cell] for cell in split]
    each = pd.Series([list(dict.fromkeys(cell)) for cell in split], dtype=object)
    frame = {"model_id": models["model_id"].to_numpy(), "value": each.take(code).to_numpy()}
    return pd.DataFrame(frame).explode("value").dropna().reset_index(drop=True)


def named(value: str) -> set[str]:
    """Return a value and, if it names a region, the region's id.

    Parameters
    ----------
    value : str
        Such as "Lappi".

    Returns
    -------
    set of str
    """
    return {value, _regions().get(value.casefold(), value)}


def ordered(found: Iterable[str]) -> list[str]:
    """List the different values of a column: regions in their order, numbers by size, then words.

    Parameters
    ----------
    found : iterable of str
        As `values` gives.

    Returns
    -------
    list of str

    Examples
    --------
    >>> ordered(["10", "b", "9", "b"])
    ['9', '10', 'b']
    """
    there = set(found)
    regions = [one.id for one in taxonomy.regions()]
    if there <= set(regions):
        return [one for one in regions if one in there]
    return sorted(there, key=_place)


def groups(models: pd.DataFrame, column: str) -> tuple[pd.DataFrame, pd.DataFrame, Grouping]:
    """Lay out groups by a column in the form of goals.

    Parameters
    ----------
    models, column
        As for `values`.

    Returns
    -------
    memberships : DataFrame
        ``model_id``, ``goal_id``: the region's id, or column and value, such as ``year=2024``.
    goals : DataFrame
        ``goal_id``, ``label_fi``, ``label_sv``, ``label_en``: groups with models, regions in their
        order, numbers by size, any other value by its letters.
    grouping : Grouping

    Raises
    ------
    ValueError
        For a column that there is not, or that has no value for any model.
    """
    found = values(models, column)
    if found.empty:
        raise GroupError(f'no model has a value in the column "{column}" of models.csv')
    there, known = ordered(found["value"]), {one.id: one for one in taxonomy.regions()}
    regions = set(there) <= set(known)
    if regions:
        rows = [(i, *(known[i].label[lang] for lang in LANGUAGES)) for i in there]
    else:
        found["value"] = f"{column}=" + found["value"]
        rows = [(f"{column}={one}", *(one,) * len(LANGUAGES)) for one in there]
    memberships = found.rename(columns={"value": "goal_id"})
    without = len(models) - found["model_id"].nunique()
    table = pd.DataFrame(rows, columns=list(taxonomy.GOAL_COLUMNS))
    return memberships, table, Grouping(column, regions, without)


def _split(cell: str) -> list[str]:
    return [value.strip() for value in cell.split(SEPARATOR) if value.strip()]


@cache
def _regions() -> dict[str, str]:
    """Map ids and names of regions, in all languages and in small letters, to their ids."""
    return {
        name.casefold(): one.id
        for one in taxonomy.regions()
        for name in (one.id, *(one.label[lang] for lang in LANGUAGES))
    }


def _place(value: str) -> tuple[Any, ...]:
    """Put numbers first, by size, then words."""
    try:
        return 0, float(value), value
    except ValueError:
        return 1, value.casefold(), value

"""A part of a data set: the models of one goal, or those that further columns single out."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from soila_analysis.coding.dataset import Dataset
from soila_analysis.coding.problems import LISTED, nearest


def select(dataset: Dataset, only: str = "", goal: str = "") -> Dataset:
    """Keep some of the models, with their memberships and codes.

    Parameters
    ----------
    dataset : Dataset
        What to choose from; it is not changed.
    only : str, optional
        Values of columns of ``models.csv``, such as ``region=Uusimaa; year=2024``. Several values
        of one column are alternatives; of several columns all must hold.
    goal : str, optional
        The id of a goal that the models serve.

    Returns
    -------
    Dataset
        The part; all of it if nothing is asked for.

    Raises
    ------
    ValueError
        With every column, value or goal that does not exist; the message lists what does.

    Examples
    --------
    >>> from soila_analysis import coding
    >>> data = coding.load("data/review-2024")
    >>> select(data, "name=Malli 07; name=Malli 08").models["model_id"].tolist()
    ['M07', 'M08']
    """
    models, goals = dataset.models, dataset.taxonomy.goal_ids
    wanted = [_pair(part) for part in only.split(";") if part.strip()]
    problems = [problem for pair in wanted for problem in _wrong(models, *pair)]
    if goal and goal not in goals:
        problems.append(f'no goal "{goal}"; allowed: {", ".join(goals)}')
    if problems:
        raise ValueError("\n".join(problems))
    for column in dict(wanted):
        models = models[models[column].isin([value for name, value in wanted if name == column])]
    if goal:
        served = dataset.memberships.query("goal_id == @goal")["model_id"]
        models = models[models["model_id"].isin(served)]
    parts = {name: _of(table, models) for name, table in dataset.tables() if "model_id" in table}
    return replace(dataset, **parts)


def _pair(text: str) -> tuple[str, str]:
    column, _, value = text.partition("=")
    return column.strip(), value.strip()


def _wrong(models: pd.DataFrame, column: str, value: str) -> Iterator[str]:
    if column not in models:
        hint = nearest(column, list(models))
        yield f'no column "{column}" in models.csv; allowed: {", ".join(models)}{_asked(hint)}'
    elif value not in set(models[column]):
        known = sorted(set(models[column]))
        listed = known if len(known) <= LISTED else [*known[:LISTED], f"... ({len(known)} in all)"]
        hint = nearest(value, known)
        yield f'no model has {column} "{value}"; allowed: {", ".join(listed)}{_asked(hint)}'


def _asked(hint: str) -> str:
    return f"; {hint}" if hint else ""


def _of(table: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    return table[table["model_id"].isin(models["model_id"])]

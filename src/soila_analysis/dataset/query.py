"""Questions to a data set: a part of it, the codes behind a number, codes that no longer hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from soila_analysis import files
from soila_analysis.dataset.cube import Cube, of_models
from soila_analysis.dataset.dataset import Dataset, Part, load
from soila_analysis.dataset.groups import named, values
from soila_analysis.dataset.schema import COLUMNS
from soila_analysis.language.likeness import unknown
from soila_analysis.taxonomy import LANGUAGES

CHOICES = ("largest", "all")  # of goals, besides their ids


def select(dataset: Dataset, only: str = "", goal: str = "") -> Dataset:
    """Keep some of the models, with their memberships and codes.

    Parameters
    ----------
    dataset : Dataset
        What to choose from; it is not changed.
    only : str, optional
        Values of columns of ``models.csv``, such as ``region=Lapland; year=2024``. Several values
        of one column are alternatives; of several columns all must hold. Of a cell with several
        values one suffices; regions can be named in any language.
    goal : str, optional
        The id of a goal that the models serve, ``largest`` for the one with most models of
        `dataset`, the first of several, or ``all``.

    Returns
    -------
    Dataset
        The part, which says so under ``part``; all of it if nothing is asked for.

    Raises
    ------
    ValueError
        With every column, value or goal that does not exist; the message lists what does.

    Examples
    --------
    >>> from soila_analysis import dataset as datasets
    >>> data = datasets.load("data/review-2024")
    >>> select(data, "name=Malli 07; name=Malli 08").models["model_id"].tolist()
    ['M07', 'M08']
    """
    models, known = dataset.models, dataset.taxonomy.goal_ids
    wanted = [_pair(part) for part in only.split(";") if part.strip()]
    held = {name: _values(models, name) for name, _ in wanted if name in models}
    problems = [problem for pair in wanted for problem in _wrong(models, held, *pair)]
    if goal not in ("", *CHOICES, *known):
        problems.append(unknown("no goal", goal, (*CHOICES, *known)))
    if problems:
        raise ValueError("\n".join(problems))
    for column in dict(wanted):
        told = {one for name, value in wanted if name == column for one in named(value)}
        fitting = held[column].loc[held[column]["value"].isin(told), "model_id"]
        models = models[models["model_id"].isin(fitting)]
    goal = _chosen(goal, dataset)
    if goal:
        served = dataset.memberships.query("goal_id == @goal")["model_id"]
        models = models[models["model_id"].isin(served)]
    if not (wanted or goal):
        return dataset
    tables = {name: getattr(dataset, name) for name in COLUMNS if name != "codings"}
    tables["codings"] = dataset.held
    parts = {name: _of(table, models["model_id"]) for name, table in tables.items()}
    parts = {name: part for name, part in parts.items() if part is not None}
    before = dataset.part or Part("", "", len(dataset.models))
    joined = "; ".join(text for text in (before.only, only) if text)
    return replace(dataset, **parts, part=Part(joined, goal or before.goal, before.of))


def rounds(dataset: Dataset, earlier: str | Sequence[Dataset] = "") -> tuple[Dataset, ...]:
    """Load the rounds of coding that a data set is the last of.

    Parameters
    ----------
    dataset : Dataset
        The last round. Of a part of it, the same part of the others is taken.
    earlier : str or sequence of Dataset, optional
        The earlier rounds, oldest first: data sets, or their folders as seen from that of
        `dataset`, separated by semicolons. By default those that ``earlier`` in ``dataset.toml``
        leads to.

    Returns
    -------
    tuple of Dataset
        Oldest first; `dataset` alone if there is no earlier round.

    Raises
    ------
    ValueError
        If folders are named and the data set was not read from one, or the part cannot be taken.
    DatasetError, UserError
        As `load`, of any of them.
    """
    if isinstance(earlier, str):
        if not (earlier or dataset.info.earlier):
            return (dataset,)
        if dataset.origin is None:
            raise ValueError(f"{dataset.name}: not read from a folder; give the earlier rounds")
        earlier = [load(folder) for folder in files.earlier(dataset.origin[0], earlier)]
    if dataset.part:
        earlier = [select(one, dataset.part.only, dataset.goal) for one in earlier]
    return (*earlier, dataset)


def trace(dataset: Dataset, feature: str, goal: str | None = None) -> pd.DataFrame:
    """List the codes behind one share: one row a model and coder.

    Parameters
    ----------
    dataset : Dataset
        The coded models.
    feature : str
        The feature's id.
    goal : str, optional
        Only models that serve this goal; all models by default.

    Returns
    -------
    DataFrame
        ``model_id``, ``name``, ``coder_id`` and ``code`` (missing where not assessed; not those
        of language models, which do not count), the
        ``decision`` on them if the data set has any (else missing), ``status``, what they came
        to, and the ``kind`` of the data set: rows of a reconstruction are made up. Counting
        present, and present or absent, over the distinct models gives k and n of the figures.

    Raises
    ------
    ValueError
        For a feature or goal that the taxonomy does not have; the message lists those it has.
    """
    taxonomy = dataset.taxonomy
    for name, value, known in (
        ("feature", feature, taxonomy.feature_ids),
        ("goal", goal, taxonomy.goal_ids),
    ):
        if value is not None and value not in known:
            raise ValueError(unknown(f"no {name}", value, known))
    models = dataset.models[["model_id", "name"]]
    if goal is not None:
        members = dataset.memberships.query("goal_id == @goal")["model_id"]
        models = models[models["model_id"].isin(members)]
    cube = dataset.counted.cube
    own = cube.codes[:, :, taxonomy.feature_ids.index(feature)].T
    model, coder = np.nonzero(own >= 0)
    given = {
        "model_id": cube.models[model],
        "coder_id": np.array(cube.coders)[coder],
        "code": np.array([*taxonomy.counts_as])[own[model, coder]],
    }
    codes = pd.DataFrame(given, dtype="str")
    status = dataset.status[feature].rename("status")
    listed = models.merge(codes, on="model_id", how="left")
    if dataset.decisions is not None:
        decided = dataset.decisions.query("feature_id == @feature").set_index("model_id")["code"]
        listed["decision"] = listed["model_id"].map(decided)
    listed = listed.merge(status, left_on="model_id", right_index=True).reset_index(drop=True)
    return listed.assign(kind=dataset.info.kind)


def outdated(dataset: Dataset) -> pd.DataFrame:
    """List the codes made under a definition that a later version changed.

    Parameters
    ----------
    dataset : Dataset
        Its taxonomy tells which version changed what, and whether codes made before still hold.
        A coding without ``taxonomy_version`` was made under the version in use.

    Returns
    -------
    DataFrame
        One row a coding and change, by model, feature, coder and version: ``model_id``,
        ``feature_id``, ``coder_id``, ``code``; ``coded_under``; ``version``, ``date`` and
        ``change_fi``, ``change_sv``, ``change_en`` of the change.
    """
    taxonomy = dataset.taxonomy
    age = {version: i for i, version in enumerate(taxonomy.versions)}
    rows = _telling_versions(dataset)
    codings = rows.drop(columns=["note", "taxonomy_version"], errors="ignore")
    told = rows.get("taxonomy_version", pd.Series("", codings.index))
    codings["coded_under"] = told.mask(told == "", taxonomy.version)
    rows = [
        (feature, change.version, change.date, *(change.text[lang] for lang in LANGUAGES))
        for change in taxonomy.changes
        if change.recode and age[change.version] <= age[taxonomy.version]
        for feature in ([change.feature_id] if change.feature_id else taxonomy.feature_ids)
    ]
    texts = [f"change_{lang}" for lang in LANGUAGES]
    changes = pd.DataFrame(rows, columns=["feature_id", "version", "date", *texts], dtype="str")
    both = codings.merge(changes, on="feature_id")
    earlier = both["coded_under"].map(age) < both["version"].map(age)
    return both[earlier].reset_index(drop=True)


def _chosen(goal: str, dataset: Dataset) -> str:
    """Resolve the choice of a goal: its id, empty for all."""
    if goal == "largest":
        sizes = dataset.memberships["goal_id"].value_counts()
        return str(sizes.reindex(list(dataset.taxonomy.goal_ids), fill_value=0).idxmax())
    return "" if goal == "all" else goal


def _pair(text: str) -> tuple[str, str]:
    column, _, value = text.partition("=")
    return column.strip(), value.strip()


def _values(models: pd.DataFrame, column: str) -> pd.DataFrame:
    """Give each value of a column a row; ids stand alone in their cells."""
    if column == "model_id":
        return models[["model_id"]].assign(value=models["model_id"])
    return values(models, column)


def _wrong(
    models: pd.DataFrame, held: Mapping[str, pd.DataFrame], column: str, value: str
) -> Iterator[str]:
    if column not in models:
        yield unknown("models.csv has no column", column, list(models))
    elif not named(value) & set(held[column]["value"]):
        yield unknown(f"no model has {column}", value, sorted(set(held[column]["value"])))


def _of(held: Any, models: pd.Series) -> Any:
    """Keep what a table, or codes as numbers, say of some models; None where they say nothing."""
    if isinstance(held, Cube):
        return of_models(held, models)
    if held is None or "model_id" not in held:
        return None
    return held[held["model_id"].isin(models)]


def _telling_versions(dataset: Dataset) -> pd.DataFrame:
    """Give the codes; none of many that all were made under the version in use."""
    held = dataset.held
    if isinstance(held, Cube) and held.told and "taxonomy_version" not in held.told():
        return pd.DataFrame(columns=COLUMNS["codings"], dtype="str")
    return dataset.codings

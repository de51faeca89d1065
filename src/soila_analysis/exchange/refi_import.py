"""A coded project into a data set's folder: a new one, or one that holds its models already."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from soila_analysis import files, taxonomy
from soila_analysis.dataset import dataset as datasets
from soila_analysis.dataset import metadata
from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.metadata import DatasetInfo, Trilingual
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.schema import KEYS, NEEDED
from soila_analysis.exchange.refi_project import CodedProject, read_project
from soila_analysis.exchange.sheet_import import RECONSTRUCTED
from soila_analysis.language.likeness import difference, identity, nearest, quoted, visible
from soila_analysis.taxonomy import Taxonomy

UNSTATED = "not stated"
NO_GOALS = (
    "Apply the goals' codes to the texts, or give the cases a variable goal_id; "
    "or read the project into a folder that holds models.csv and memberships.csv."
)
OTHER_CODES = "Settle what differs, or let the project replace these coders' codes by --update."
NO_MODELS = "Name the texts or cases by ids or names of models.csv, or use --partial."


def read(
    path: Path,
    folder: str | Path,
    *,
    absent: bool = False,
    partial: bool = False,
    update: bool = False,
    coder: str = "",
) -> CodedProject:
    """Read a project into a data set's folder.

    A new folder becomes a data set of the library's taxonomy. In a folder that holds a data set,
    the project's models are found by id or name, and its codes are added; all else stays, models
    and goals among it. Codes of another version of the taxonomy say so.

    Parameters
    ----------
    path, absent, partial, coder
        As for `read_project`.
    folder : str or Path
        As for `soila_analysis.dataset.save`.
    update : bool, default False
        Take a coder's codes of a model from the project, whatever the data set has. Where something
        of the project was left out, what it does not say of a model stays.

    Returns
    -------
    CodedProject
        As it was saved.

    Raises
    ------
    DatasetError
        If the project or the resulting data set is not valid, the data set has other codes by the
        same coder, or its codes are made up; the folder is left as it was.
    """
    held = (files.dataset_folder(folder) / metadata.FILE).is_file()
    into = datasets.load(folder) if held else None
    if into and into.info.kind == "reconstructed":
        raise DatasetError(folder, [RECONSTRUCTED], "Name a folder of observed codes.")
    coded_by = into.taxonomy if into else taxonomy.load()
    coded = read_project(path, coded_by, absent=absent, partial=partial, coder=coder)
    if coded.version not in ("", coded_by.version):
        coded = replace(coded, codings=coded.codings.assign(taxonomy_version=coded.version))
    if into:
        coded = _placed(coded, into, partial)
    datasets.save(_added(into, coded, update) if into else _new(coded, coded_by), folder)
    return coded


def _new(coded: CodedProject, coded_by: Taxonomy) -> Dataset:
    models, goals = set(coded.memberships["model_id"]), set(coded.memberships["goal_id"])
    problems = [
        *(
            Problem(coded.file, None, None, model, (), "no goal is given for this model")
            for model in coded.models["model_id"]
            if model not in models
        ),
        *(
            Problem(coded.file, None, None, goal, (), "no model has this goal")
            for goal in coded_by.goal_ids
            if goal not in goals
        ),
    ]
    if problems:
        raise DatasetError(coded.file, problems, NO_GOALS)
    name, program = coded.name or Path(coded.file).stem, coded.origin or "REFI-QDA"
    about = DatasetInfo(
        title=Trilingual(fi=name, sv=name, en=name),
        kind="observed",
        source=Trilingual(
            fi=f"Koodattu teksteistä: {coded.file} ({program}).",
            sv=f"Kodat utifrån texter: {coded.file} ({program}).",
            en=f"Coded from texts: {coded.file} ({program}).",
        ),
        licence=UNSTATED,
        round=coded.year or UNSTATED,
        taxonomy=coded_by.version,
    )
    return Dataset(name, about, coded.models, coded.memberships, coded.codings)


def _placed(coded: CodedProject, data: Dataset, partial: bool) -> CodedProject:
    """Give the project's models and codings the ids of a data set's models."""
    named = [text for pair in _names(data.models) for text in pair]
    known = {visible(name): own for own, name in _names(data.models)}
    known |= {visible(own): own for own, _ in _names(data.models)}
    alike = {identity(text): text for text in reversed(named)}
    ids: dict[str, str] = {}
    problems = []
    for own, name in _names(coded.models):
        model = known.get(visible(own)) or known.get(visible(name))
        if model and model not in ids.values():
            ids[own] = model
            continue
        other = alike.get(identity(own)) or alike.get(identity(name))
        hint = "" if model else nearest(name, named)
        if other and not model:
            hint = f"{quoted(other)} differs only by {difference(own, other)}; write both the same"
        wrong = f"a second text of model {model}" if model else "no model of this id or name"
        message = f"{wrong}; {hint}" if hint else wrong
        problems.append(Problem(coded.file, None, None, own, (), message))
    if problems and not partial:
        raise DatasetError(coded.file, problems, NO_MODELS)
    tables = [getattr(coded, name) for name in ("models", "memberships", "codings")]
    kept = [table[table["model_id"].isin(list(ids))] for table in tables]
    models, memberships, codings = (
        table.assign(model_id=table["model_id"].map(ids)) for table in kept
    )
    left_out = (*coded.left_out, *problems)
    return replace(
        coded, models=models, memberships=memberships, codings=codings, left_out=left_out
    )


def _names(models: pd.DataFrame) -> Iterator[tuple[str, str]]:
    yield from models[list(NEEDED["models"])].itertuples(index=False, name=None)


def _added(data: Dataset, coded: CodedProject, update: bool) -> Dataset:
    """Add the project's codings; an update takes the place of what a coder said of a model."""
    held, given = data.codings, coded.codings
    of_model, of_cell = ["model_id", "coder_id"], list(KEYS["codings"])
    if update:
        held = held[~_among(held, given, of_cell if coded.left_out else of_model)]
    both = held.merge(given, on=of_cell, suffixes=("", "_given"))
    problems = [
        Problem(
            coded.file,
            found=row.code_given,
            allowed=(row.code,),
            message=f"{row.feature_id} of {row.model_id} by {row.coder_id}, as in codings.csv",
        )
        for row in both[both["code"] != both["code_given"]].itertuples()
    ]
    if problems:
        raise DatasetError(coded.file, problems, OTHER_CODES)
    new = given[~_among(given, held, of_cell)]
    return replace(data, codings=pd.concat([held, new], ignore_index=True))


def _among(table: pd.DataFrame, other: pd.DataFrame, key: list[str]) -> "pd.Series[bool]":
    """Say of each row whether its key stands in another table."""
    known = pd.MultiIndex.from_frame(other[key])
    return pd.Series(pd.MultiIndex.from_frame(table[key]).isin(known), table.index)

"""A data set: one folder of plain files, loaded whole or not at all."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from shutil import copy2, copytree, rmtree
from typing import Any

import numpy as np
import pandas as pd

from soila_analysis import files, taxonomy
from soila_analysis.dataset import cube as cubes
from soila_analysis.dataset import datapackage, tables
from soila_analysis.dataset import metadata as information
from soila_analysis.dataset.consensus import ONE_CODER, settled, uncounted
from soila_analysis.dataset.cube import Cube
from soila_analysis.dataset.groups import GroupError, Grouping, groups
from soila_analysis.dataset.metadata import DatasetInfo
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.schema import (
    COLUMNS,
    FURTHER,
    KEYS,
    LANGUAGE_MODEL,
    LARGE,
    OWN,
    REFERENCE,
    TEXTS,
)
from soila_analysis.dataset.tidy import described, tidied
from soila_analysis.dataset.validation import examine, no_files
from soila_analysis.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the models of a data set were kept: see `select`.

    Attributes
    ----------
    only : str
        What their columns hold, as `select` was told.
    goal : str
        The goal that they serve; empty for all.
    of : int
        How many models there were.
    """

    only: str
    goal: str
    of: int


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Models, the goals that they serve, and their codes.

    However it is built, its tables are text throughout and sorted by id, so that the same data in
    any file form give equal data sets; the folder's name does not count.

    Parameters
    ----------
    name : str
        The folder's name.
    info : DatasetInfo
        What ``dataset.toml`` says.
    models : DataFrame
        ``model_id``, ``name`` and any further columns.
    memberships : DataFrame
        ``model_id``, ``goal_id``: one row for each goal of a model.
    codings : DataFrame or Cube
        ``model_id``, ``feature_id``, ``coder_id``, ``code``, ``note``; no row: not assessed.
        ``taxonomy_version``, if any row has one: the version that it was coded under. Of a cube,
        the table is laid out when it is first asked for.
    features, goals, codes, changes : DataFrame, optional
        Tables of the data set's own in place of the library's; their order has a meaning and stays.
    decisions : DataFrame, optional
        What a cell is to count as, whatever the coders found: ``model_id``, ``feature_id``,
        ``code``, ``decided_by``, ``decided_on``, ``reason``.
    claims : DataFrame, optional
        Numbers and statements that were published of it; see the data dictionary.
    coders : DataFrame, optional
        Who coded: ``coder_id``, ``kind`` (``person`` or ``language-model``), ``role``, ``name``,
        ``version``, ``prompt_sha256``, ``date``.
    sample : DataFrame, optional
        Models that people and a language model code: ``model_id``, ``use`` (``tuning`` its prompt,
        or ``frozen``: kept to measure it by).
    part : Part, optional
        Which models were kept, where it is a part of a data set.
    grouping : Grouping, optional
        Which column of the models has taken the place of goals, if one has: see `grouped`.
    origin : tuple, optional
        Folder and hashes of the files that it was read from: `save` does not overwrite others.
    """

    name: str
    info: DatasetInfo
    models: pd.DataFrame
    memberships: pd.DataFrame
    codings: pd.DataFrame
    features: pd.DataFrame | None = None
    goals: pd.DataFrame | None = None
    codes: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None
    decisions: pd.DataFrame | None = None
    claims: pd.DataFrame | None = None
    coders: pd.DataFrame | None = None
    sample: pd.DataFrame | None = None
    part: Part | None = None
    grouping: Grouping | None = None
    origin: tuple[Path, Mapping[str, str]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.codings, Cube):
            vars(self)["cube"] = vars(self).pop("codings")
        for name in COLUMNS:
            if vars(self).get(name) is not None:
                object.__setattr__(self, name, _canonical(name, getattr(self, name)))
        utf8 = self.info.model_copy(update={"encoding": "utf-8"})
        object.__setattr__(self, "info", utf8)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dataset):
            return NotImplemented
        ours, theirs = dict(self.tables()), dict(other.tables())
        return (
            self.info == other.info
            and ours.keys() == theirs.keys()
            and all(ours[one].astype("str").equals(theirs[one].astype("str")) for one in ours)
        )

    def __getattr__(self, name: str) -> pd.DataFrame:
        """Lay the codes of a cube out as a table."""
        if name != "codings" or "cube" not in vars(self):
            raise AttributeError(
                f"{type(self).__name__} has no attribute {name}", name=name, obj=self
            )
        return vars(self).setdefault("codings", cubes.table(self.cube, self.taxonomy))

    @cached_property
    def cube(self) -> Cube:
        """The codes of all coders as numbers."""
        return cubes.of_table(self.codings, self.taxonomy, self.models["model_id"])

    @cached_property
    def language_models(self) -> tuple[str, ...]:
        """The coders that are language models, whether they have coded anything or not."""
        listed = self.coders
        return () if listed is None else (*listed["coder_id"][listed["kind"] == LANGUAGE_MODEL],)

    @property
    def references(self) -> tuple[str, ...]:
        """The coders whose codes are taken to be right: those in the role ``reference``."""
        if self.coders is None:
            return ()
        return tuple(self.coders.loc[self.coders["role"] == REFERENCE, "coder_id"])

    @cached_property
    def kind(self) -> str:
        """What ``dataset.toml`` says, but ``language-model`` where no person is among the coders.

        It is what figures and pages say on their face.
        """
        kind, listed = self.info.kind, self.coders
        alone = listed is not None and 0 < len(self.language_models) == len(listed)
        return LANGUAGE_MODEL if alone and kind == "observed" else kind

    @property
    def held(self) -> pd.DataFrame | Cube:
        """The codes in the form that they are held in: a table, or numbers only."""
        own: pd.DataFrame | Cube = vars(self).get("codings", vars(self).get("cube"))
        return own

    @cached_property
    def counted(self) -> "Dataset":
        """The data set without codes of language models, which do not count in the consensus.

        The data set itself where there are none, or where no person is among the coders.
        """
        left_out = uncounted(self.cube.coders, self.coders) if self.language_models else ()
        if not left_out:
            return self
        if isinstance(self.held, Cube):
            return replace(self, codings=cubes.without(self.held, left_out))
        return replace(self, codings=self.codings[~self.codings["coder_id"].isin(left_out)])

    @cached_property
    def apart(self) -> dict[str, pd.DataFrame]:
        """As `status`, by the codes of each coder alone; nothing where only one coder counts."""
        coders = self.counted.cube.coders
        several = coders if len(coders) > 1 else ()
        return {coder: self.consensus(f"coder:{coder}") for coder in several}

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """What the models are coded by: the library's taxonomy under the tables of its own."""
        return taxonomy.load().with_tables(
            version=self.info.taxonomy,
            features=self.features,
            goals=self.goals,
            codes=self.codes,
            changes=self.changes,
        )

    @cached_property
    def status(self) -> pd.DataFrame:
        """One status for each model and feature, by the data set's own rule; see `consensus`."""
        return self.consensus(self.info.consensus)

    @cached_property
    def contested(self) -> pd.DataFrame:
        """As `status`, but where coders differ and nobody decided, a disagreement stays one."""
        settled = self.info.consensus == "majority" and len(self.cube.coders) > 1
        return self.consensus("unanimous") if settled else self.status

    def consensus(self, rule: str) -> pd.DataFrame:
        """Bring the codes to one status for each model and feature by another rule.

        Parameters
        ----------
        rule : str
            As for `dataset.consensus`; codes of language models do not count, see `counted`. Under
            ``coder:`` and the id of a language model, what it found alone.

        Returns
        -------
        DataFrame, models x features
        """
        alone = rule.removeprefix(ONE_CODER) in self.language_models
        cube = self.cube if alone else self.counted.cube
        return settled(cube, self.taxonomy, rule, self.decisions)

    @property
    def goal(self) -> str:
        """The goal whose models it is narrowed to; empty for all."""
        return self.part.goal if self.part else ""

    def grouped(self, by: str) -> "Dataset":
        """Put the groups by a column of the models in the place of goals.

        Every figure, metric and map that takes goals then takes these groups. Nothing that was
        published of goals is said of them.

        Parameters
        ----------
        by : str
            A column of ``models.csv``. Several values of one cell stand between semicolons: the
            model is then in several groups. A model without a value is in none.

        Returns
        -------
        Dataset
            The same models and codes. The groups stand under ``memberships`` and ``goals``, in the
            words of `taxonomy.regions` where all values are regions.

        Raises
        ------
        ValueError
            For a column that there is not, or without any value; for a reconstruction.
        """
        if self.info.kind == "reconstructed":
            raise GroupError(f"{self.name} is a reconstruction: groups of its models are made up")
        memberships, goals, grouping = groups(self.models, by)
        held = vars(self)
        made = replace(
            self,
            info=self.info.model_copy(update={"claims": None}),
            memberships=memberships,
            codings=self.held,
            goals=goals,
            claims=None,
            grouping=grouping,
        )
        same = ("cube", "status", "contested")  # as codes and features are
        vars(made).update({name: one for name, one in held.items() if name in same})
        return made

    def tidy(self, lang: str = "fi") -> pd.DataFrame:
        """Lay the codes out for plotting: one row a model, feature and coder.

        Parameters
        ----------
        lang : {"fi", "sv", "en"}, default "fi"
            Language of the labels.

        Returns
        -------
        DataFrame
            ``model_id``, ``name``, ``feature_id``, ``feature``, ``coder_id``, ``code``;
            ``status``, what the code counts as; ``present``, 1.0 or 0.0, missing for what is
            neither present nor absent, so that means of it are shares of the assessed codes;
            ``goal_id`` and ``goal``, those of a model with several goals joined by "; ";
            ``note``; and the further columns of ``models.csv``. Features and goals are ordered
            categories, in the order of the taxonomy. No row: not assessed. Codes of language models
            are among them; ``data.counted.tidy()`` has those that count.

        Examples
        --------
        >>> data = load("data/review-2024")
        >>> data.tidy("en").groupby("feature", observed=True)["present"].mean().head(1).tolist()
        [0.7333333333333333]
        """
        return tidied(self.models, self.memberships, self.codings, self.taxonomy, lang)

    def __repr__(self) -> str:
        """Say in a line what the data set is; laying all codes out for it would take long."""
        numbers = {"model": len(self.models), "feature": len(self.taxonomy.feature_ids)}
        numbers["coder"] = len(self.cube.coders)
        told = ", ".join(f"{number} {one}{'s' * (number != 1)}" for one, number in numbers.items())
        return f"<Dataset {self.name}, {self.kind}: {told}>"

    def _repr_html_(self) -> str:
        """Say in a notebook what the data set is, and how to go on."""
        told = (self.name, self.info, self.models, self.cube, self.status)
        return described(*told, self.language_models)

    def tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Go through the tables that it has.

        Yields
        ------
        name : str
            The file's name without ``.csv``.
        table : DataFrame
        """
        for name in COLUMNS:
            table = getattr(self, name)
            if table is not None:
                yield name, table


def load(folder: str | Path, *, codings: Any = None) -> Dataset:
    """Read a data set.

    Parameters
    ----------
    folder : str or Path
        Relative to here or to the project's root, such as ``data/review-2024``.
    codings : frame, optional
        Codes in place of the folder's: what narwhals takes, such as a DataFrame of pandas, Polars
        or PySpark, or a relation of DuckDB, with the columns of ``codings.csv``.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        With all problems that `validate` finds.
    UserError
        If there is no such folder; the message names the nearest one, and where it was looked for.
    """
    path = files.existing(folder).resolve()
    read = {} if no_files(path) else _hashes(path)
    contents = examine(path, codings)
    if contents.problems or contents.info is None:
        raise DatasetError(folder, contents.problems)
    held: dict[str, Any] = {**contents.tables}
    if contents.cube:
        held["codings"] = contents.cube
    return Dataset(path.name, contents.info, **held, origin=(path, read))


def validate(folder: str | Path) -> list[Problem]:
    """Find all that is wrong with a data set, at once; nothing is written.

    Parameters
    ----------
    folder : str or Path
        Relative to here or to the project's root, such as ``data/review-2024``.

    Returns
    -------
    list of Problem
        By file and line; empty for a valid data set.

    Raises
    ------
    UserError
        As `load`.
    """
    return examine(files.existing(folder)).problems


def save(dataset: Dataset, folder: str | Path, *, parquet: bool = False) -> None:
    """Write a data set in its one form: UTF-8, comma, sorted by id.

    It is written beside the folder and read back, and takes the folder's place only when it is
    valid; its ``datapackage.json`` is written with it, other files in the folder stay. The same
    data give the same bytes.

    Parameters
    ----------
    dataset : Dataset
        What to write.
    folder : str or Path
        A new folder, or one that holds a data set; relative as for `load`.
    parquet : bool, default False
        Write models, memberships, codings and decisions in Parquet, as is done anyway with those
        that the folder has in Parquet.

    Raises
    ------
    DatasetError
        If the data set is not valid, the folder holds something else, or its files were changed
        since the data set was read from it; it is left as it was.
    """
    path = files.dataset_folder(folder).resolve()
    own = {f"{name}.csv" for name in OWN}  # a new one may have its features and goals already
    there = {one.name for one in path.iterdir()} if path.is_dir() else {path.name}
    if path.exists() and information.FILE not in there and there - own:
        problem = Problem(str(folder), message=f"it exists without {information.FILE}")
        raise DatasetError(folder, [problem], "Name a new folder.")
    if problems := no_files(path):
        raise DatasetError(folder, problems)
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.alone(path.parent), files.replacing(path) as written:
        if path.exists():
            copytree(path, written, symlinks=True, copy_function=_same, dirs_exist_ok=True)
        _write(dataset, written, parquet)
        contents = examine(written)
        if contents.problems:
            raise DatasetError(folder, contents.problems, "Correct the data set and save it again.")
        about = datapackage.text(written, contents)
        (written / datapackage.FILE).write_text(about, encoding="utf-8", newline="\n")
        _refuse_changed(dataset, path, folder)
    if dataset.origin and dataset.origin[0] == path:
        object.__setattr__(dataset, "origin", (path, _hashes(path)))


def describe(folder: str | Path) -> Path:
    """Write ``datapackage.json`` of a data set as it is, for programs that read that.

    Parameters
    ----------
    folder : str or Path
        Relative as for `load`.

    Returns
    -------
    Path
        The file; it is replaced.

    Raises
    ------
    DatasetError
        If the data set is not valid.
    """
    path = files.existing(folder)
    contents = examine(path)
    if contents.problems:
        raise DatasetError(folder, contents.problems)
    return files.write(path / datapackage.FILE, datapackage.text(path, contents))


def _canonical(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Put columns and rows in order, and text in every cell."""
    columns = list(dict.fromkeys([*COLUMNS[name], *table.columns]))
    order = None if name in (*OWN, "claims") else _order(table, list(KEYS[name]))
    table = table.reindex(columns=columns, fill_value="")
    text = table.astype("str").fillna("") if table.isna().any(axis=None) else table.astype("str")
    spare = [one for one in (*FURTHER.get(name, ()), *TEXTS.get(name, ())) if one in text]
    empty = [one for one in spare if (text[one] == "").all()]
    text = text.drop(columns=empty)
    return (text if order is None else text.iloc[order]).reset_index(drop=True)


def _order(table: pd.DataFrame, keys: list[str]) -> Any:
    """Give the places of the rows in the order of their keys; None where they stand in it."""
    if table.empty:
        return None
    ranks = []
    for key in keys:
        ids = table[key].astype("category").cat
        names = ids.categories.astype("str")
        sorted_ = names.is_monotonic_increasing
        place = np.arange(len(names)) if sorted_ else names.argsort().argsort()
        ranks.append(np.append(place, -1)[ids.codes.to_numpy()])  # the last of what is missing
    later = np.zeros(len(table) - 1, dtype=bool)  # than the row before, by the last keys
    for rank in reversed(ranks):
        later = (rank[1:] > rank[:-1]) | ((rank[1:] == rank[:-1]) & later)
    return None if later.all() else np.lexsort(ranks[::-1])


def _same(file: str, copy: str) -> None:
    """Give a file a second name, where that can be done, so that nothing is copied."""
    try:
        os.link(file, copy, follow_symlinks=False)
    except OSError:
        copy2(file, copy)


def _hashes(folder: Path) -> dict[str, str]:
    """Hash the files of a data set as they are now."""
    there = files.plain(folder)
    return {file.relative_to(folder).as_posix(): files.hashed(file) for file in there}


def _refuse_changed(dataset: Dataset, path: Path, folder: str | Path) -> None:
    """Refuse to write over what somebody changed since it was read."""
    if not dataset.origin or dataset.origin[0] != path:
        return
    then, now = dataset.origin[1], _hashes(path)
    names = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    problems = [Problem(name, message="it was changed since it was read") for name in names]
    if problems:
        raise DatasetError(folder, problems, "Do it again: then what is there now is read.")


def _write(dataset: Dataset, folder: Path, parquet: bool) -> None:
    packed = [name for name in LARGE if parquet or (folder / f"{name}.parquet").exists()]
    written = (f"{name}.{end}" for name in COLUMNS for end in ("csv", "parquet"))
    for name in (information.FILE, datapackage.FILE, *written):
        place = folder / name  # a second name of the file that is replaced
        rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    information.write(dataset.info, folder / information.FILE)
    for name, table in dataset.tables():
        if name in packed:
            from soila_analysis.dataset import engine

            engine.write(table, folder / f"{name}.parquet")
        else:
            tables.write(table, folder / f"{name}.csv")

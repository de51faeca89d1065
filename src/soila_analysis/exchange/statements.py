"""Statements: what each cell of coders' files says on a matter; whether they agree; the tables.

A statement is a model, a coder (or "" where it is none's), what it is about (the id of a column, or
``goals``), a value, and its place: sheet, row and column. An existing data set's come first, from
sheet 0. Two statements on the same matter agree, or the later one is a problem: goals belong to a
model and not to a coder, so coders who see different goals have to settle that.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from soila_analysis.dataset.dataset import Dataset
from soila_analysis.dataset.problems import Problem
from soila_analysis.exchange.vocabulary import FEATURE, MODEL, NOTE, NOTE_OF
from soila_analysis.language.likeness import difference, identity, quoted, visible

Key: TypeAlias = tuple[str, str, str]  # model, coder, about
At: TypeAlias = tuple[int, int, int]  # sheet, row, column
Found: TypeAlias = Iterator[tuple[At, Problem]]
KEY, AT = ["model", "coder", "about"], ["sheet", "row", "column"]
TEXTS = [*KEY, "value", "version"]
FIELDS = [*TEXTS, *AT]
SOURCES = {
    "name": "models.csv",
    MODEL: "models.csv",
    "note": "models.csv",
    "goals": "memberships.csv",
}


class Statements:
    """Statements as they come, texts as numbers of categories, which take little memory."""

    def __init__(self) -> None:
        self.known: list[dict[str, int]] = [{} for _ in TEXTS]
        self.columns: list[list[Any]] = [[np.empty(0, "int32")] for _ in FIELDS]

    def add(self, part: Sequence[Any]) -> None:
        """Add some.

        Parameters
        ----------
        part : sequence
            `FIELDS`, each one value for all or an array; one of them at least is an array.
        """
        length = next(len(one) for one in part if not isinstance(one, str | int))
        for n, one in enumerate(part):
            if isinstance(one, str):
                number = self.known[n].setdefault(one, len(self.known[n]))
                self.columns[n].append(np.full(length, number, "int32"))
            elif n < len(TEXTS):
                codes, texts = pd.factorize(one)
                ours = [self.known[n].setdefault(t, len(self.known[n])) for t in texts]
                self.columns[n].append(np.array(ours, "int32")[codes])
            else:
                self.columns[n].append(np.full(length, one, "int32"))

    def table(self) -> pd.DataFrame:
        """Lay them out, and hold them no more.

        Returns
        -------
        DataFrame
            `FIELDS`, in the order given; texts as categories.
        """
        joined: dict[str, Any] = {}
        for name in reversed(FIELDS):
            joined[name] = np.concatenate(self.columns.pop())
        for name, texts in zip(TEXTS, self.known, strict=True):
            joined[name] = pd.Categorical.from_codes(joined[name], list(texts))
        return pd.DataFrame(joined)[FIELDS]


def of_dataset(old: Dataset) -> Iterator[Sequence[Any]]:
    """State what a data set has.

    Parameters
    ----------
    old : Dataset

    Yields
    ------
    sequence
        As `Statements.add` takes.
    """
    ids = old.models["model_id"].to_numpy(object)
    for column in old.models.columns[1:]:
        about, coder = column if column == "name" else f"{MODEL}{column}", ""
        if column.startswith(NOTE_OF):
            about, coder = "note", column.removeprefix(NOTE_OF)
        values = old.models[column].to_numpy(object)
        filled = values != ""
        yield ids[filled], coder, about, values[filled], "", 0, 0, 0
    order = {goal: n for n, goal in enumerate(old.taxonomy.goal_ids)}
    goals = old.memberships.groupby("model_id")["goal_id"].agg(
        lambda found: ", ".join(sorted(found, key=lambda goal: order.get(goal, 0)))
    )
    yield goals.index.to_numpy(object), "", "goals", goals.to_numpy(object), "", 0, 0, 0
    rows = {name: column.to_numpy(object) for name, column in old.codings.items()}
    version = rows.get("taxonomy_version", np.full(len(old.codings), "", object))
    version = np.where(version == "", old.info.taxonomy, version)
    features, key = rows["feature_id"], (rows["model_id"], rows["coder_id"])
    yield *key, FEATURE + features, rows["code"], version, 0, 0, 0
    noted = rows["note"] != ""
    about = NOTE + features[noted]
    yield *(part[noted] for part in key), about, rows["note"][noted], "", 0, 0, 0


class Agreement:
    """What was stated, brought to one statement on each matter.

    Parameters
    ----------
    said : DataFrame
        As `Statements.table` gives.
    doubtful : iterable of Key
        Matters of which a cell was not understood; they are left out but for what a data set has.
    place : callable
        From sheet, row and column to the sheet's name and the cell.
    """

    def __init__(
        self, said: pd.DataFrame, doubtful: Iterable[Key], place: Callable[..., tuple[str, str]]
    ) -> None:
        self.place = place
        sizes = [len(said[part].cat.categories) for part in KEY]
        codes = [said[part].cat.codes.to_numpy("int64") for part in KEY]
        key = np.ravel_multi_index(codes, [max(size, 1) for size in sizes])
        _, first, group = np.unique(key, return_index=True, return_inverse=True)
        values = said["value"].cat.codes.to_numpy()
        differ = values != values[first[group]]
        for row in np.flatnonzero((said["about"] == "name").to_numpy() & differ):
            texts = said["value"].iloc[[row, first[group[row]]]]
            differ[row] = len(set(map(visible, texts))) > 1
        self.conflicts = list(zip(np.flatnonzero(differ), first[group[differ]], strict=True))
        self.said = said
        self.doubtful = {*doubtful, *said.loc[differ, KEY].itertuples(index=False, name=None)}
        keep = np.zeros(len(said), bool)
        keep[first] = True
        if self.doubtful:
            parts = zip(KEY, zip(*self.doubtful, strict=True), strict=True)
            unsure = [said[part].cat.categories.get_indexer(list(own)) for part, own in parts]
            known = np.min(unsure, axis=0) >= 0
            lost = np.ravel_multi_index([one[known] for one in unsure], sizes)
            keep &= ~np.isin(key, lost) | (said["sheet"] == 0).to_numpy()
        kept = said[keep]
        self.alike = {part: list(_alike(kept, part)) for part in ("model", "coder")}
        for part, pairs in self.alike.items():
            left_out = [getattr(one, part) for one, _ in pairs]
            kept = kept[~kept[part].isin(left_out) | (kept["sheet"] == 0)]
        self.namesakes = list(_namesakes(kept))
        self.kept = kept[~kept["model"].isin([one.model for one, _ in self.namesakes])]

    def keep_earlier(self, earlier: pd.DataFrame) -> None:
        """Keep what was to be replaced, and the note beside it, where nothing understood does."""
        about = earlier["about"].astype(object).str.replace(NOTE, FEATURE, regex=False)
        matter = pd.MultiIndex.from_frame(earlier[KEY].astype(object).assign(about=about))
        known = pd.MultiIndex.from_frame(self.kept[KEY].astype(object))
        own = pd.MultiIndex.from_frame(earlier[KEY].astype(object))
        lost = earlier[matter.isin(list(self.doubtful)) & ~own.isin(known)]
        self.kept = pd.concat([self.kept, lost]) if len(lost) else self.kept

    def problems(self) -> Found:
        """Tell of statements that differ, and of what looks the same but is not.

        Yields
        ------
        tuple of At and Problem
        """
        for row, first in self.conflicts:
            one, known = self.said.iloc[row], self.said.iloc[first]
            who = f"coder {one.coder}, " * bool(one.coder) + f"model {one.model}"
            more = f'{who}: {self._where(known)} has "{known.value}"'
            kind = "--update takes the sheet's" if one.coder and known.sheet == 0 else ""
            yield self.problem(one, one.value, f"{more}; {kind}".rstrip("; "), kind or "differs")
        for part, pairs in self.alike.items():
            for one, other in pairs:
                own, meant = getattr(one, part), getattr(other, part)
                told = f"{part} {quoted(meant)} in {self._where(other)} differs only by "
                advice = f"{told}{difference(own, meant)}; write both the same if they are"
                yield self.problem(one, own, advice, f"alike {part}")
        for one, other in self.namesakes:
            more = f"model {quoted(one.model)} has the name of model {quoted(other.model)} in "
            advice = f"{more}{self._where(other)}; one id a model, and a name of its own"
            yield self.problem(one, one.value, advice, "same name")

    def problem(self, one: Any, found: str, more: str, kind: str = "") -> tuple[At, Problem]:
        """Make a problem of a statement."""
        file, cell = self.place(one.sheet, one.row, one.column)
        at = (int(one.sheet), int(one.row), int(one.column))
        return at, Problem(file, None, None, found, (), more, cell or None, kind)

    def _where(self, one: Any) -> str:
        if one.sheet:
            return ", cell ".join(filter(None, self.place(one.sheet, one.row, one.column)))
        known = (
            file
            for start, file in SOURCES.items()
            if one.about.startswith(start) and one.about != NOTE
        )
        coded = one.about.startswith((FEATURE, NOTE))
        return "codings.csv" if coded else next(known, "models.csv")


def _alike(kept: pd.DataFrame, part: str) -> Iterator[tuple[Any, Any]]:
    """Find ids that differ only by case, zeros or what cannot be seen, each with the first one."""
    first: dict[str, Any] = {}
    for one in kept[kept[part] != ""].drop_duplicates(part).itertuples():
        other = first.setdefault(identity(getattr(one, part)), one)
        if other is not one and one.sheet:
            yield one, other


def _namesakes(kept: pd.DataFrame) -> Iterator[tuple[Any, Any]]:
    """Find models that have the name of another one, each with the first one."""
    first: dict[str, Any] = {}
    for one in kept[kept["about"] == "name"].itertuples():
        other = first.setdefault(identity(one.value), one)
        if other is not one and one.sheet:
            yield one, other


def valid(agreed: Agreement) -> tuple[pd.DataFrame, list[tuple[At, Problem]]]:
    """Leave out models that lack a name or goal, and notes that lack a code.

    Parameters
    ----------
    agreed : Agreement

    Returns
    -------
    kept : DataFrame
        Statements that make a data set.
    problems : list of tuple
    """
    kept, problems = agreed.kept, []
    have = {
        about: set(kept.loc[(kept["about"] == about) & (kept["value"] != ""), "model"])
        for about in ("name", "goals")
    }
    first = kept.drop_duplicates("model")
    for one in first[~first["model"].isin(have["name"] & have["goals"])].itertuples():
        for about, what in (("name", "a name"), ("goals", "at least one goal")):
            if one.model not in have[about] and (one.model, "", about) not in agreed.doubtful:
                more = f"the model needs {what}"
                problems.append(agreed.problem(one, one.model, more))
    kept = kept[kept["model"].isin(have["name"] & have["goals"])]
    notes = kept[kept["about"].str.startswith(NOTE)]
    asked = notes[KEY].assign(about=FEATURE + notes["about"].str.removeprefix(NOTE))
    coded = asked.merge(kept[KEY].astype(object), "left", indicator=True)["_merge"] == "both"
    lost = notes[~coded.to_numpy()]
    for one in lost.itertuples():
        if (one.model, one.coder, FEATURE + one.about.removeprefix(NOTE)) not in agreed.doubtful:
            more = f"coder {one.coder}, model {one.model}: the note has no code beside it"
            problems.append(agreed.problem(one, one.value, more, "a note without a code"))
    return kept.drop(lost.index), problems


def dataset(kept: pd.DataFrame, into: Dataset) -> Dataset:
    """Build a data set from statements.

    Parameters
    ----------
    kept : DataFrame
        As `valid` gives.
    into : Dataset
        The one that they are added to, or a new one without rows.

    Returns
    -------
    Dataset
    """
    feature, note = (kept["about"].str.startswith(start) for start in (FEATURE, NOTE))
    notes = kept[note].assign(about=FEATURE + kept.loc[note, "about"].str.removeprefix(NOTE))
    noted = notes.astype(dict.fromkeys(KEY, object)).set_index(KEY)["value"].astype(object)
    codes = kept[feature]
    beside = noted.reindex(pd.MultiIndex.from_frame(codes[KEY])).fillna("") if len(noted) else ""
    version = codes["version"].astype(object).where(codes["version"] != into.info.taxonomy, "")
    coded = pd.DataFrame(
        {
            "model_id": codes["model"],
            "feature_id": codes["about"].str.removeprefix(FEATURE),
            "coder_id": codes["coder"],
            "code": codes["value"],
            "note": beside if isinstance(beside, str) else beside.to_numpy(object),
            "taxonomy_version": version,
        }
    )
    goals = kept.loc[kept["about"] == "goals", ["model", "value"]]
    members = goals.assign(value=goals["value"].str.split(", ")).explode("value")
    members.columns = pd.Index(["model_id", "goal_id"])
    tables: dict[str, Any] = {
        "models": _models(kept[~feature & ~note & (kept["about"] != "goals")], into),
        "memberships": members,
        "codings": coded if version.any() else coded.drop(columns="taxonomy_version"),
    }
    return replace(into, **tables)


def _models(kept: pd.DataFrame, into: Dataset) -> pd.DataFrame:
    """Put the columns of models in order: those there were, new ones, notes by coder."""
    kept = kept[~kept["about"].isin(["model_id", "coder_id"])].astype(dict.fromkeys(TEXTS, object))
    about = kept["about"].where(kept["about"] != "note", NOTE_OF + kept["coder"])
    cells = kept.assign(about=about.str.removeprefix(MODEL))
    wide = cells.set_index(["model", "about"])["value"].unstack(fill_value="")  # noqa: PD010 - texts
    known = list(into.models.columns)
    new = [column for column in dict.fromkeys(cells["about"]) if column not in known]
    models = wide.rename_axis("model_id").reset_index()
    ordered = [*known, *sorted(new, key=lambda c: c if c.startswith(NOTE_OF) else "")]
    return models.reindex(columns=ordered, fill_value="")

"""Everything that can be wrong with a data set, found in one pass over its files."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from soila_analysis import files, taxonomy
from soila_analysis.dataset import metadata, tables
from soila_analysis.dataset.consensus import ONE_CODER, uncounted
from soila_analysis.dataset.cube import Cube, positions
from soila_analysis.dataset.metadata import DatasetInfo
from soila_analysis.dataset.problems import Problem
from soila_analysis.dataset.schema import (
    COLUMNS,
    KEYS,
    LANGUAGE_MODEL,
    LARGE,
    MEASURES,
    NEEDED,
    Ids,
    Known,
    faults,
    sound,
)
from soila_analysis.language.likeness import difference, identity, nearest, quoted
from soila_analysis.taxonomy import Taxonomy

NUMBER = re.compile(r"\d+(?:\.\d+)?")
LIKENESS = re.compile(r"\t|  |^0|^\d+[.,]0", re.MULTILINE)  # ids that may equal others
CODES = ("codings.parquet", "codings.csv")
MUCH = 4_000_000  # bytes of codes from which an engine is sooner done
TOLD = ("name", "version")  # of a language model
ADD = "add who coded to coders.csv"
MAY_BE_EMPTY = (  # a round begins before anything is coded
    "memberships",
    "codings",
    "decisions",
    "coders",
    "sample",
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the files of a data set hold; valid if there are no problems."""

    info: DatasetInfo | None
    tables: Mapping[str, pd.DataFrame]
    problems: list[Problem]
    cube: Cube | None = None


def examine(folder: Path, codings: Any = None) -> Contents:
    """Read the files of a data set and find all that is wrong with them.

    Parameters
    ----------
    folder : Path
        The data set's folder; it is there.
    codings : frame, optional
        Codes in place of the folder's, of any engine that narwhals knows.

    Returns
    -------
    Contents
        Tables by name, indexed by physical line; those that cannot be read are left out. Problems
        by file and line. Codes in Parquet, or in a frame, as a cube in place of a table.
    """
    sound = _examined(folder, codings, exact=False)
    return sound if not sound.problems else _examined(folder, codings, exact=True)


def _examined(folder: Path, codings: Any, *, exact: bool) -> Contents:
    """Examine files fast, which finds whether there are problems, or with exact lines."""
    others = no_files(folder)
    unread = {one.file for one in others}
    there = {one.name for one in folder.iterdir()} - unread
    about, keys, problems = _declared(folder, there)
    held, double = _held(folder, keys, there, codings, exact=exact)
    packed = {*held, *(name for name in LARGE if f"{name}.parquet" in there)}
    present = [name for name in COLUMNS if f"{name}.csv" in there or name in packed]
    problems += double
    problems += [
        Problem(f"{name}.csv", message="the file is missing")
        for name in NEEDED
        if name not in present
    ]
    problems = [*others, *(one for one in problems if one.file not in unread)]
    csv = [name for name in present if name not in packed]
    read, malformed = _tables(folder, csv, keys, exact=exact)
    read |= {name: frame for name, frame in held.items() if name != "codings"}
    known = _known(read, present, keys)
    cube = None
    if "codings" in held:
        file = "codings" if codings is not None else min(there & {*CODES}, key=CODES.index)
        cube, wrong = _added_up(folder, keys, held.pop("codings"), known, read, file)
        problems += wrong
    _name_codes(read, known["code"])
    telling = {n: t.astype("str") if exact else _telling(n, t, known) for n, t in read.items()}
    found = [fault for name, table in telling.items() for fault in faults(name, table, known)]
    lines = {(problem.file, problem.line) for problem in malformed}
    problems += [*malformed, *(fault for fault in found if (fault.file, fault.line) not in lines)]
    problems += [*_no_rows(read), *_wrong_version(folder, keys, present)]
    problems += [*_unknown_coder(folder, keys, read), *_unlisted_version(folder, keys, read)]
    problems += [*_unlisted_coders(read), *_nameless(read)]
    problems += [*_claims_unsaid(folder, keys, present), *_no_numbers(read), *_no_language(read)]
    problems += [*_look_alike(read), *_no_earlier(folder, keys)]
    if "decisions" in read and "codings" in read:
        problems += not_coded(read["decisions"], read["codings"])
    elif "decisions" in read and cube and not problems:
        problems += not_coded(read["decisions"], _cells(cube, read["decisions"], known))
    return Contents(about, read, sorted(_in_parquet(problems, packed), key=_place), cube)


def not_coded(decisions: pd.DataFrame, codings: pd.DataFrame) -> list[Problem]:
    """Find decisions on what nobody has coded.

    Parameters
    ----------
    decisions : DataFrame
        Indexed by physical line.
    codings : DataFrame
        The codes that were to be decided on.

    Returns
    -------
    list of Problem
        None where a column that it takes is missing.
    """
    cell = list(KEYS["decisions"])
    if not set(cell) <= {*decisions} & {*codings}:
        return []
    coded = pd.MultiIndex.from_frame(codings[cell])
    without = decisions[~pd.MultiIndex.from_frame(decisions[cell]).isin(coded)]
    advice = "nobody has coded it; a decision settles codes and does not replace them"
    return [
        Problem("decisions.csv", int(line), ", ".join(cell), ", ".join(ids), (), advice)
        for line, *ids in without[cell].itertuples()
    ]


def no_files(folder: Path) -> list[Problem]:
    """Name what in a folder is neither a file that can be read nor a folder.

    Parameters
    ----------
    folder : Path
        Nothing is found where there is none.

    Returns
    -------
    list of Problem
    """
    found = files.others(folder) if folder.is_dir() else {}
    return [Problem(name, message=f"{what}; {files.INSTEAD}") for name, what in found.items()]


def _held(
    folder: Path, keys: Mapping[str, Any], there: Collection[str], codings: Any, *, exact: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """Open what is in Parquet; all but the codes is taken over as text."""
    if codings is None and not any(f"{name}.parquet" in there for name in LARGE):
        return {} if exact else _much(folder, keys, there), []
    from soila_analysis.dataset import engine  # engines take a while to import

    held, problems = engine.held(folder, keys, there)
    texts: dict[str, Any] = {} if codings is None else {"codings": codings}
    models = None
    for name in [*held]:
        table = held.pop(name)  # so that its engine can give memory back
        texts.setdefault(name, table if name == "codings" else engine.text(name, table, models))
        del table
        if name == "models" and "model_id" in texts[name]:
            models = texts[name]["model_id"].cat.categories
    return texts, problems


def _much(folder: Path, keys: Mapping[str, Any], there: Collection[str]) -> dict[str, Any]:
    """Open codes in CSV that are many, for an engine to add them up."""
    path = folder / "codings.csv"
    utf8 = keys.get("encoding", "utf-8") == "utf-8"
    if path.name not in there or not utf8 or path.stat().st_size < MUCH:
        return {}
    from soila_analysis.dataset import engine

    opened = engine.from_csv(path)
    return {} if opened is None else {"codings": opened}


def _in_parquet(problems: list[Problem], packed: Collection[str]) -> list[Problem]:
    """Name the files of tables that are in Parquet."""
    ends = {f"{name}.csv": f"{name}.parquet" for name in packed}
    return [replace(one, file=ends.get(one.file, one.file)) for one in problems]


def _added_up(
    folder: Path,
    keys: Mapping[str, Any],
    codings: Any,
    known: Known,
    read: Mapping[str, pd.DataFrame],
    file: str,
) -> tuple[Cube | None, list[Problem]]:
    """Read the codes that an engine holds."""
    from soila_analysis.dataset import engine

    cube, wrong = engine.examined(codings, known, _coded_by(read, keys), file)
    if cube and cube.told and file.endswith(".csv"):  # which people change while it is open
        rows = cube.told()
        cube = cube._replace(told=lambda: rows)
    elif cube and cube.told and file.endswith(".parquet"):  # what is open takes memory
        cube = cube._replace(told=lambda: _told(folder, keys, file))
    coders = {"codings": pd.DataFrame({"coder_id": cube.coders if cube else ()})}
    coders |= {name: read[name] for name in ("coders",) if name in read}
    ids = [*_look_alike(coders), *_unlisted_coders(coders)]
    wrong += [replace(one, file=file, line=None) for one in ids]
    return cube, [*wrong, *_unknown_coder(folder, keys, coders)]


def _told(folder: Path, keys: Mapping[str, Any], file: str) -> pd.DataFrame:
    from soila_analysis.dataset import engine

    opened, _ = engine.held(folder, keys, {file})
    return engine.told(opened["codings"])


def _coded_by(read: Mapping[str, pd.DataFrame], keys: Mapping[str, Any]) -> Taxonomy:
    """Give the features, goals and codes as far as they can be told, for what is added up."""
    own = {name: read[name] for name in ("features", "goals", "codes") if name in read}
    try:
        return taxonomy.load().with_tables(version=str(keys.get("taxonomy", "")), **own)
    except (KeyError, ValueError):  # found to be wrong elsewhere
        return taxonomy.load()


def _cells(cube: Cube, decisions: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Keep the decisions on what somebody has coded."""
    model = positions(decisions["model_id"], cube.models, "model")
    feature = positions(decisions["feature_id"], known["feature_id"] or (), "feature")
    return decisions[(cube.codes[:, model, feature] >= 0).any(axis=0)]


def _declared(
    folder: Path, there: Collection[str]
) -> tuple[DatasetInfo | None, dict[str, Any], list[Problem]]:
    if metadata.FILE not in there:
        return None, {}, [Problem(metadata.FILE, message="the file is missing")]
    return metadata.read(folder / metadata.FILE)


def _tables(
    folder: Path, present: Collection[str], keys: Mapping[str, Any], *, exact: bool
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """Read the tables that can be read, with what is wrong with their form."""
    encoding = keys.get("encoding")
    encoding = encoding if encoding in tables.ENCODINGS else "utf-8"
    read, malformed = {}, []
    for name in present:
        told = (folder / f"{name}.csv", COLUMNS[name], encoding)
        table = tables.swift(*told) if name in LARGE and not exact else None
        if table is None:
            table, problems = tables.read(*told)
            malformed += problems
        if table is not None:
            read[name] = table
    return read, malformed


def _telling(name: str, table: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Keep the rows that tell of all problems: the first with each value, and repeated keys."""
    keys = [key for key in KEYS[name] if key in table]
    repeated = table.duplicated(keys, keep=False) if keys else pd.Series(False, table.index)
    doubted = [one for one in table if not sound(name, one, table[one], known)]
    first = [~table[column].duplicated() for column in doubted]
    return table[np.logical_or.reduce([repeated, *first])].astype("str")


def _known(
    read: Mapping[str, pd.DataFrame], present: Collection[str], keys: Mapping[str, Any]
) -> Known:
    """Collect the ids that may be referred to: the data set's, else the library's."""

    def ids(name: str, column: str, library: Ids | None = None) -> Ids | None:
        if name not in present:
            return library
        table = read.get(name)
        if table is None or column not in table:
            return None
        return tuple(filter(None, table[column].unique().tolist()))

    library = taxonomy.load()
    return {
        "feature_id": ids("features", "feature_id", library.feature_ids),
        "goal_id": ids("goals", "goal_id", library.goal_ids),
        "code": ids("codes", "code", tuple(library.counts_as)),
        "model_id": ids("models", "model_id"),
        "served": ids("memberships", "model_id"),
        "taxonomy_version": _versions(read, present, keys),
    }


def _versions(
    read: Mapping[str, pd.DataFrame], present: Collection[str], keys: Mapping[str, Any]
) -> Ids | None:
    """Collect the versions of the taxonomy that codes may have been made under."""
    if "changes" in present:
        changes = read.get("changes")
        return None if changes is None or "version" not in changes else (*changes["version"],)
    current = (str(keys["taxonomy"]),) if keys.get("taxonomy") else ()
    return current if "features" in present else (*taxonomy.load().versions,)


def _name_codes(read: Mapping[str, pd.DataFrame], codes: Ids | None) -> None:
    """Write codes that are numbers as the scale does: programs make 1.0 of 1."""
    numbers = {float(code): code for code in codes or () if NUMBER.fullmatch(code)}
    for name in ("codings", "decisions"):
        if name in read and "code" in read[name] and numbers:
            found = [one for one in read[name]["code"].unique() if NUMBER.fullmatch(one)]
            same = {one: numbers[float(one)] for one in found if float(one) in numbers}
            if any(one != code for one, code in same.items()):
                read[name]["code"] = read[name]["code"].astype("str").replace(same)


def _look_alike(read: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Find ids of models or coders that differ by nothing that a reader would go by."""
    problems = []
    for name, column in (("models", "model_id"), ("codings", "coder_id")):
        if name not in read or column not in read[name]:
            continue
        first: dict[str, str] = {}
        ids = read[name][column].drop_duplicates()
        for line, own in ids.items() if not _differ(list(ids)) else ():
            other = first.setdefault(identity(own), own)
            if other != own:
                told = f"it differs from {quoted(other)} only by {difference(own, other)}"
                advice = f"{told}; write both the same if they are"
                problems.append(Problem(f"{name}.csv", int(line), column, own, (), advice))
    return problems


def _differ(ids: list[str]) -> bool:
    """Say of many ids, at a glance, that each differs from all others to a reader."""
    own = "\n".join(ids)
    text = own.lower()
    plain = text.isascii() and not LIKENESS.search(text) and text.count("\n") == len(ids) - 1
    return plain and (own in (text, own.upper()) or len(set(text.split("\n"))) == len(ids))


def _no_rows(read: Mapping[str, pd.DataFrame]) -> list[Problem]:
    return [
        Problem(f"{name}.csv", None, None, "no rows", ("at least one row",))
        for name, table in read.items()
        if table.empty and name not in MAY_BE_EMPTY
    ]


def _no_language(read: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Find tables whose labels have no language in common, so that no figure could be drawn."""
    labelled = {
        name: [lang for lang in taxonomy.LANGUAGES if f"label_{lang}" in read[name]]
        for name in ("features", "goals", "codes")
        if name in read
    }
    if not all(labelled.values()) or not labelled:
        return []
    if set.intersection(*map(set, labelled.values())):
        return []
    said = "; ".join(f"{name}.csv: {', '.join(langs)}" for name, langs in labelled.items())
    advice = "no language has labels in all of them"
    return [Problem(f"{min(labelled)}.csv", 1, None, said, (), advice)]


def _wrong_version(
    folder: Path, keys: Mapping[str, Any], present: Collection[str]
) -> list[Problem]:
    version, library = keys.get("taxonomy"), taxonomy.load().version
    if "features" in present or version == library or not isinstance(version, str) or not version:
        return []
    advice = "bring features.csv to use a taxonomy of your own"
    return [_wrong_key(folder, "taxonomy", version, (library,), advice)]


def _unknown_coder(
    folder: Path, keys: Mapping[str, Any], read: Mapping[str, pd.DataFrame]
) -> list[Problem]:
    rule, codings = str(keys.get("consensus", "")), read.get("codings")
    if not rule.startswith(ONE_CODER) or codings is None or "coder_id" not in codings:
        return []
    coders = sorted(codings["coder_id"].unique())
    models = uncounted(coders, read.get("coders"))
    allowed = tuple(f"{ONE_CODER}{coder}" for coder in coders if coder not in models)
    if rule == ONE_CODER or rule in allowed or codings.empty:
        return []
    model = rule.removeprefix(ONE_CODER) in models
    advice = "the codes of a language model do not count" if model else nearest(rule, allowed)
    return [_wrong_key(folder, "consensus", rule, allowed, advice)]


def _unlisted_coders(read: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Find who coded and is not among the coders, where these are listed."""
    listed, codings = read.get("coders"), read.get("codings")
    if listed is None or codings is None or "coder_id" not in {*listed} & {*codings}:
        return []
    known = tuple(listed["coder_id"])
    coders = codings["coder_id"].drop_duplicates()
    return [
        Problem("codings.csv", int(line), "coder_id", coder, known, nearest(coder, known) or ADD)
        for line, coder in coders[~coders.isin(known)].items()
    ]


def _nameless(read: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Find language models of which it is not said which they are."""
    coders = read.get("coders", pd.DataFrame())
    if not {"kind", *TOLD} <= {*coders}:
        return []
    models = coders[coders["kind"] == LANGUAGE_MODEL]
    return [
        Problem("coders.csv", int(line), column, "", ("any text",), "needed of a language model")
        for column in TOLD
        for line in models.index[models[column] == ""]
    ]


def _unlisted_version(
    folder: Path, keys: Mapping[str, Any], read: Mapping[str, pd.DataFrame]
) -> list[Problem]:
    """Find a version in use that the data set's own list of changes does not have."""
    version, changes = keys.get("taxonomy"), read.get("changes")
    if changes is None or "version" not in changes or not isinstance(version, str):
        return []
    versions = tuple(changes["version"].unique())
    if version in versions:
        return []
    return [_wrong_key(folder, "taxonomy", version, versions, "add the version to changes.csv")]


def _claims_unsaid(
    folder: Path, keys: Mapping[str, Any], present: Collection[str]
) -> list[Problem]:
    """Hold claims.csv and what dataset.toml says of claims against each other."""
    said, there = keys.get("claims") == metadata.CLAIMS, "claims" in present
    if said and not there:
        return [_wrong_key(folder, "claims", metadata.CLAIMS, (), "there is no such file")]
    if there and not said:
        advice = f'not read; write claims = "{metadata.CLAIMS}" in {metadata.FILE}'
        return [Problem(metadata.CLAIMS, message=advice)]
    return []


def _no_numbers(read: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Find printed values of claims that should be numbers."""
    claims = read.get("claims", pd.DataFrame(columns=["measure", "printed"]))
    if not {"measure", "printed"} <= {*claims}:
        return []
    numeric = claims["measure"].map(MEASURES).isin(("count", "percent", "models"))
    wrong = claims[numeric & ~claims["printed"].str.fullmatch(r"[0-9]+")]
    return [
        Problem(metadata.CLAIMS, int(line), "printed", row.printed, ("a whole number",))
        for line, row in wrong.iterrows()
    ]


def _no_earlier(folder: Path, keys: Mapping[str, Any]) -> list[Problem]:
    """Find that an earlier round is not there, or that rounds lead in a circle."""
    told = keys.get("earlier")
    if not isinstance(told, str):
        return []
    try:
        files.earlier(folder)
    except files.UserError as error:
        return [_wrong_key(folder, "earlier", told, (), str(error))]
    return []


def _wrong_key(folder: Path, key: str, found: str, allowed: Ids, advice: str) -> Problem:
    line = metadata.line_of(folder / metadata.FILE, key)
    return Problem(metadata.FILE, line, key, found, allowed, advice)


def _place(problem: Problem) -> tuple[int, int, str]:
    order, name = [metadata.FILE, *COLUMNS], problem.file
    name = name if name in order else name.rpartition(".")[0]
    place = order.index(name) if name in order else -1
    return place, problem.line or 0, problem.column or ""

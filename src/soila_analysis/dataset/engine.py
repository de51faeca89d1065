"""Codes of whatever number, by the engine that holds them: added up in one pass, and so checked.

The one pass gives a row a model and coder: its codes as the digits of a number, a place a feature.
The base leaves room, so that a code given twice, or one that is not known, shows in the number of
digits; only then is it asked which rows these are.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from soila_analysis.dataset import tables
from soila_analysis.dataset.cube import Cube
from soila_analysis.dataset.problems import Problem
from soila_analysis.dataset.schema import COLUMNS, FURTHER, KEYS, LARGE, Known, faults
from soila_analysis.files import UserError
from soila_analysis.taxonomy import Taxonomy

EXACT = 52  # bits of whole numbers that a float holds, so that no engine overflows
SHOWN = 1000  # rows of one kind of fault that are looked at
ROW = "row"  # the number of a row, where an engine tells it


def held(
    folder: Path, keys: Mapping[str, Any], there: Collection[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """Open the tables of a data set that are in Parquet, without reading them.

    Parameters
    ----------
    folder : Path
        The data set's folder.
    keys : mapping
        What ``dataset.toml`` says: ``engine``, by default DuckDB, and ``address``, of Spark.
    there : collection of str
        Names in the folder: ``codings.parquet`` is a file, or a folder of parts.

    Returns
    -------
    tables : dict of str to frame
        By name; of one file that DuckDB reads, with a column ``row``, the number of the row.
    problems : list of Problem
        Tables that are there as CSV too, or cannot be opened.

    Raises
    ------
    UserError
        If the engine is not installed.
    """
    named = [name for name in LARGE if f"{name}.parquet" in there]
    twice = [name for name in named if f"{name}.csv" in there]
    problems = [
        Problem(f"{name}.parquet", message=f"{name}.csv is there as well; keep one of the two")
        for name in twice
    ]
    opened = {}
    for name in named:
        place = folder / f"{name}.parquet"
        files_of = sorted(place.glob("*.parquet")) if place.is_dir() else [place]
        try:
            opened[name] = _opened([str(one) for one in files_of], keys)
        except Exception as error:  # each engine has errors of its own
            if isinstance(error, UserError):
                raise
            problems.append(_unreadable(place.name, error))
    return opened, problems


def from_csv(path: Path) -> Any | None:
    """Open codes in CSV without reading them.

    Parameters
    ----------
    path : Path
        ``codings.csv``, in UTF-8.

    Returns
    -------
    relation of DuckDB or None
        None where `tables.read` is to look at the file.
    """
    form = tables.plain(path, COLUMNS["codings"])
    if form is None:
        return None
    import duckdb

    names, delimiter, spaced = form
    options = {"quotechar": '"', "escapechar": '"', "strict_mode": True, "auto_detect": False}
    options |= {"connection": duckdb.connect()}
    types = dict.fromkeys(names, "varchar")
    opened = duckdb.read_csv(str(path), header=True, delimiter=delimiter, columns=types, **options)
    bare = ", ".join(f'trim("{name}") as "{name}"' for name in names)
    return opened.project(bare) if spaced else opened


def _unreadable(file: str, error: Exception) -> Problem:
    return Problem(file, message=f"it cannot be read: {str(error).splitlines()[0]}")


def _opened(names: list[str], keys: Mapping[str, Any]) -> Any:
    if keys.get("engine") == "spark":
        return _session(str(keys.get("address", "local[*]"))).read.parquet(*names)
    import duckdb

    alone = duckdb.connect()  # whose memory is given back when nobody holds its tables any more
    if len(names) != 1:
        return alone.read_parquet(names)
    table = alone.read_parquet(names, file_row_number=True)
    return table.project(f"* exclude (file_row_number), file_row_number + 1 as {ROW}")


def _session(address: str) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        advice = "install it with: .venv/bin/python -m pip install 'soila-analysis[spark]'"
        raise UserError(f'engine = "spark" needs pyspark; {advice}') from error
    builder = SparkSession.builder.config("spark.ui.enabled", "false")
    remote = address.startswith("sc://")
    return (builder.remote(address) if remote else builder.master(address)).getOrCreate()


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table in Parquet.

    Parameters
    ----------
    table : DataFrame
        Text, or categories of text; its index is not written.
    path : Path
        The file.
    """
    import duckdb

    with duckdb.connect() as alone:
        alone.execute("set threads to 1")  # equal tables, equal bytes
        held = ", ".join(f'"{name}"::varchar as "{name}"' for name in table)
        alone.from_df(table).project(held).write_parquet(str(path), compression="zstd")


def text(name: str, table: Any, models: pd.Index | None = None) -> pd.DataFrame:
    """Take a whole table over as text.

    Parameters
    ----------
    name : str
        A key of `COLUMNS`.
    table : frame
        Of any engine that narwhals knows.
    models : Index of str, optional
        Ids that it may have as well, to be held once.

    Returns
    -------
    DataFrame
        Indexed by the number of the row, from 1; what is missing is empty. What its rows are known
        by as categories.
    """
    rows = _collected(nw.from_native(table).lazy())
    rows = rows.set_index(ROW) if ROW in rows else rows.set_axis(range(1, len(rows) + 1))
    rows = rows.fillna("").astype("str")
    held = {key: tables.encoded(rows[key], models) for key in KEYS[name] if key in rows}
    return rows.assign(**held)


def examined(
    codings: Any, known: Known, taxonomy: Taxonomy, file: str
) -> tuple[Cube | None, list[Problem]]:
    """Read the codes of an engine, and find what is wrong with them.

    Parameters
    ----------
    codings : frame
        Of any engine that narwhals knows: ``model_id``, ``feature_id``, ``coder_id``, ``code``.
    known : mapping
        As for `schema.faults`.
    taxonomy : Taxonomy
        The features and codes.
    file : str
        What problems are said to be of.

    Returns
    -------
    cube : Cube or None
        None if there are problems.
    problems : list of Problem
    """
    names = nw.from_native(codings).lazy().collect_schema().names()
    if missing := _missing(names, file):
        return None, missing
    try:
        sums = added_up(codings, taxonomy, once=file.endswith(".csv"))
    except Exception as error:  # each engine has errors of its own
        return None, [_unreadable(file, error)]
    models = pd.Index(sorted(known["model_id"] or ()), name="model_id", dtype="str")
    read = cube(sums, taxonomy, models)
    if read is None or not _versions(codings, names) <= {*(known["taxonomy_version"] or ())}:
        return None, problems(codings, sums, known, file)
    if "told" in sums and not sums["told"].any():
        return read, []
    return read._replace(told=lambda: told(codings)), []


def _versions(codings: Any, names: Collection[str]) -> set[str]:
    if "taxonomy_version" not in names:
        return set()
    version = nw.from_native(codings).lazy().select("taxonomy_version").unique()
    return {*_collected(version)["taxonomy_version"].dropna()} - {""}


def told(codings: Any) -> pd.DataFrame:
    """Read the rows that say more than a code.

    Parameters
    ----------
    codings : frame
        As for `added_up`.

    Returns
    -------
    DataFrame
        ``model_id``, ``feature_id``, ``coder_id``, and ``note`` and ``taxonomy_version`` if they
        are there; text.
    """
    frame = nw.from_native(codings).lazy()
    further, keys = _further(frame.collect_schema().names()), list(KEYS["codings"])
    if not further:
        return pd.DataFrame(columns=keys)
    rows = frame.filter(_says(further)).select(*keys, *further)
    return _collected(rows).fillna("").astype("str")


def _further(names: Collection[str]) -> list[str]:
    return [name for name in ("note", *FURTHER["codings"]) if name in names]


def _says(further: Sequence[str]) -> Any:
    """Say of each row whether it has more than a code."""
    said = [~nw.col(name).is_null() & (nw.col(name) != "") for name in further]
    return nw.any_horizontal(*said, ignore_nulls=True)


def added_up(codings: Any, taxonomy: Taxonomy, *, once: bool = False) -> pd.DataFrame:
    """Add the codes of each model and coder up, in one pass.

    Parameters
    ----------
    codings : frame
        Of any engine that narwhals knows: ``model_id``, ``feature_id``, ``coder_id``, ``code``.
    taxonomy : Taxonomy
        The features and codes.
    once : bool, default False
        It is slow to go through the codes: do not look first whether there is one coder only, whose
        models are sooner told apart, and count the rows that have more than a code.

    Returns
    -------
    DataFrame
        ``model_id``, ``coder_id``, ``rows`` and the columns of `_words`; sorted. Under `once` also
        ``told``, how many of the rows have more than a code, if there is room for more.
    """
    words, base = _words(taxonomy)
    frame = nw.from_native(codings).lazy()
    alone, text = "" if once else _only_coder(frame), _texts(frame)
    further = _further(text) if once else []
    keys = ["model_id"] if alone else ["model_id", "coder_id"]
    digits = {code: i + 1.0 for i, code in enumerate(taxonomy.counts_as)}
    places = {
        name: {one: base**i for i, one in enumerate(features)} for name, features in words.items()
    }
    if frame.implementation.is_duckdb():
        frame = nw.from_native(_looked_up(frame.to_native(), places, digits, further)).lazy()
        parts = {name: nw.col(name) for name in words}
    else:
        digit = _chosen(text["code"], digits)
        parts = {n: _chosen(text["feature_id"], place) * digit for n, place in places.items()}
    told = {"told": _says(further).cast(nw.Int64)} if further else {}
    sums = _collected(
        frame.select(*(text[key] for key in keys), **parts, **told)
        .group_by(*keys)
        .agg(nw.len().alias("rows"), *(nw.col(name).sum() for name in (*words, *told)))
        .sort(*keys, nulls_last=True)
    )
    if alone:
        same = pd.Categorical.from_codes(np.zeros(len(sums), dtype=np.int8), [alone])
        sums.insert(1, "coder_id", same)
    return sums


def _only_coder(frame: nw.LazyFrame[Any]) -> str:
    """Name the coder where there is but one, so that models are told apart by one text."""
    coder = frame.select(_texts(frame)["coder_id"])
    found = [*_collected(coder.group_by("coder_id").agg(nw.len()))["coder_id"]]
    return "" if len(found) != 1 or pd.isna(found[0]) else str(found[0])


def _collected(frame: Any) -> pd.DataFrame:
    """Run what was asked for, and take the result over."""
    if not frame.implementation.is_polars():
        return frame.collect("pandas").to_native()
    held = frame.collect("polars")  # it would ask for pyarrow otherwise
    return pd.DataFrame({name: held[name].to_numpy() for name in held.columns})


def _words(taxonomy: Taxonomy) -> tuple[dict[str, Sequence[str]], float]:
    """Share the features out among numbers; with the base of their digits."""
    base = 2 * len(taxonomy.counts_as) + 1
    size, features = int(EXACT / math.log2(base)), taxonomy.feature_ids
    starts = range(0, len(features), size)
    return {f"word{i}": features[i : i + size] for i in starts}, float(base)


def _texts(frame: Any) -> dict[str, Any]:
    """Give the columns as text."""
    return {
        name: nw.col(name) if kind == nw.String else nw.col(name).cast(nw.String)
        for name, kind in frame.collect_schema().items()
    }


def _chosen(text: Any, values: Mapping[str, float]) -> Any:
    """Give each text its number; 0 for others and for none."""
    return reduce(
        lambda rest, pair: nw.when(text == pair[0]).then(nw.lit(pair[1])).otherwise(rest),
        reversed([*values.items()]),
        nw.lit(0.0),
    )


def _looked_up(
    codings: Any,
    places: Mapping[str, Mapping[str, float]],
    digits: Mapping[str, float],
    further: Sequence[str],
) -> Any:
    """Do what `_chosen` does as DuckDB does it soonest, by lists in place of cases."""
    from duckdb import CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

    def number(column: str, values: Mapping[str, float]) -> Any:
        text = ColumnExpression(column).cast("varchar")
        place = FunctionExpression("list_position", ConstantExpression([*values]), text)
        found = FunctionExpression("list_extract", ConstantExpression([*values.values()]), place)
        return CoalesceOperator(found, ConstantExpression(0.0))

    digit = number("code", digits)
    words = [(number("feature_id", one) * digit).alias(name) for name, one in places.items()]
    return codings.select("model_id", "coder_id", *words, *further)


def cube(sums: pd.DataFrame, taxonomy: Taxonomy, models: pd.Index) -> Cube | None:
    """Take sums apart into codes.

    Parameters
    ----------
    sums : DataFrame
        As `added_up` gives.
    taxonomy : Taxonomy
        As it was added up by.
    models : Index of str
        All models.

    Returns
    -------
    Cube or None
        None if a row is of no known model, feature or code, or given twice.
    """
    words, base = _words(taxonomy)
    if sums[["model_id", "coder_id"]].isna().any(axis=None):
        return None
    coder, coders = pd.factorize(sums["coder_id"], sort=True)
    own = tables.encoded(sums["model_id"]).cat
    if own.categories.equals(models):
        model = own.codes.to_numpy()
    elif own.categories.isin(models).all():
        model = models.get_indexer(own.categories)[own.codes]
    else:
        return None
    codes = np.full((len(coders), len(models), len(taxonomy.feature_ids)), -1, dtype=np.int8)
    counted = np.zeros(len(sums), dtype=np.int64)
    column = 0
    for name, features in words.items():
        left = sums[name].to_numpy().astype(np.int64)
        for _ in features:
            left, digit = np.divmod(left, int(base))
            counted += digit > 0
            codes[coder, model, column] = digit - 1
            column += 1
            if digit.max(initial=0) > len(taxonomy.counts_as):
                return None
        if left.any():
            return None
    whole = (counted == sums["rows"].to_numpy()).all()
    return Cube(codes, tuple(map(str, coders)), models) if whole else None


def problems(codings: Any, sums: pd.DataFrame, known: Known, file: str) -> list[Problem]:
    """Find which rows of a table of codes are wrong; of each kind, the first thousand.

    Parameters
    ----------
    codings : frame
        As for `added_up`; a column ``row`` has the numbers of rows, counted from 1.
    sums : DataFrame
        As `added_up` gave.
    known : mapping
        As for `schema.faults`.
    file : str
        What the problems are said to be of.

    Returns
    -------
    list of Problem
        With the number of rows that were not looked at.
    """
    frame = nw.from_native(codings).lazy()
    text = _texts(frame) | {ROW: nw.col(ROW)}
    columns = [c for c in (*COLUMNS["codings"], *FURTHER["codings"], ROW) if c in frame.columns]
    frame = frame.select(*(text[name] for name in columns))
    listed, further = [], 0
    for wrong in _wrong(frame, sums, known):
        rows = (
            _collected(wrong.head(SHOWN)).fillna("").astype({c: "str" for c in columns if c != ROW})
        )
        further += max(0, int(_collected(wrong.select(nw.len())).iloc[0, 0]) - SHOWN)
        numbered = ROW in rows
        rows = rows.set_index(ROW).sort_index() if numbered else rows
        for one in faults("codings", rows, known):
            line = one.line if numbered else None
            message = one.message if numbered else one.message.split(" on line ")[0]
            listed.append(Problem(file, line, one.column, one.found, one.allowed, message))
    listed = list(dict.fromkeys(listed))
    if further:
        told = f"{further:,} more rows with such faults were not looked at"
        listed.append(Problem(file, message=told))
    return listed or [Problem(file, message="some rows are given twice, or cannot be read")]


def _missing(names: Sequence[str], file: str) -> list[Problem]:
    needed = [name for name in COLUMNS["codings"] if name != "note"]
    header = ",".join(names)
    return [
        Problem(file, None, name, header, (), "the column is missing")
        for name in needed
        if name not in names
    ]


def _wrong(frame: Any, sums: pd.DataFrame, known: Known) -> Iterator[Any]:
    """Yield the rows of each kind of fault: unknown values, unknown models, repeated keys."""
    for column in ("feature_id", "code", "taxonomy_version"):
        if (ids := known[column]) is not None and column in frame.columns:
            none = nw.col(column).is_null() | (nw.col(column) == "")
            free = column == "taxonomy_version"
            yield frame.filter((~nw.col(column).is_in([*ids]) & ~none) | (none & (not free)))
    strange = sums[~sums["model_id"].isin(known["model_id"] or ())]["model_id"]
    unknown = [*strange.dropna().unique()[:SHOWN]]
    yield frame.filter(nw.col("model_id").is_in(unknown) | nw.col("model_id").is_null())
    yield frame.filter(nw.col("coder_id").is_null() | (nw.col("coder_id") == ""))
    keys = list(KEYS["codings"])
    twice = frame.group_by(*keys).agg(nw.len().alias("times")).filter(nw.col("times") > 1)
    yield frame.join(twice.select(*keys), on=keys, how="semi")

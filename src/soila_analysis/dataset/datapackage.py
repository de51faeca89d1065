"""``datapackage.json``: a data set described for programs that know nothing of this one.

It says what `dataset.toml` and the taxonomy say, and is never read here.

References
----------
Frictionless Data, Tabular Data Package, version 1, https://specs.frictionlessdata.io
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from soila_analysis import taxonomy
from soila_analysis.dataset import tables
from soila_analysis.dataset.metadata import DatasetInfo
from soila_analysis.dataset.schema import (
    CODER_KINDS,
    COLUMNS,
    KEYS,
    OPTIONAL,
    OWN,
    REFERENCES,
    TO_NONE,
    USES,
    WHOLE_NUMBERS,
)
from soila_analysis.dataset.validation import Contents
from soila_analysis.taxonomy import COUNTS_AS, Taxonomy

FILE = "datapackage.json"
CHOICES = {"counts_as": COUNTS_AS, "kind": CODER_KINDS, "use": USES}  # of the schema's columns
HOLDERS = {"model_id": "models", "goal_id": "goals", "feature_id": "features", "code": "codes"}
QUOTED = "Wordings of THL, of SOILA and of authorities are quoted and not ours to license."
MEANINGS = {
    "model_id": "the model that was coded (toimintamalli)",
    "name": "the model's name",
    "goal_id": "the strategic goal",
    "feature_id": "the feature of a social innovation",
    "coder_id": "who coded: a person's id, or how the code came about",
    "code": "what was found; no row: not assessed",
    "note": "why",
    "counts_as": "what the code counts as; only present and absent enter a share",
    "taxonomy_version": "the version of the taxonomy that was coded by; empty: the data set's",
    "decided_by": "who decided where the coders disagree",
    "decided_on": "when it was decided",
    "reason": "why it was decided so",
    "claim_id": "a published number or statement",
    "measure": "what it is about",
    "printed": "its value as published",
    "rounding": "the rule by which it was rounded; empty where it was not",
    "prompt_sha256": "of the text that a language model was given, as `soila codebook prompt` says",
    "use": "tuning: the prompt was tuned on the model; frozen: kept to measure by",
}


def text(folder: Path, contents: Contents) -> str:
    """Write the description of a data set out.

    Parameters
    ----------
    folder : Path
        The data set's folder.
    contents : Contents
        What its files hold, without problems.

    Returns
    -------
    str
        JSON; equal data sets give equal bytes, whatever the folder's name.
    """
    return json.dumps(describe(folder, contents), indent=1, ensure_ascii=False) + "\n"


def describe(folder: Path, contents: Contents) -> dict[str, Any]:
    """Describe a data set as a Tabular Data Package.

    Parameters
    ----------
    folder, contents
        As for `text`.

    Returns
    -------
    dict
        With a resource for each file, and for each table of the library's taxonomy that the data
        set does not bring itself, which holds its rows: features, goals and codes are always
        there for the foreign keys to lead to.

    Raises
    ------
    ValueError
        If the data set has problems.
    """
    about = contents.info
    if about is None or contents.problems:
        raise ValueError("a data set with problems cannot be described")
    own = {name: contents.tables.get(name) for name in OWN}
    held = {*contents.tables, *(("codings",) if contents.cube else ())}
    coded_by = taxonomy.load().with_tables(version=about.taxonomy, **own)
    return {
        "profile": "tabular-data-package",
        **_about(about),
        "resources": [
            _file(name, folder, contents, about.encoding) if name in held else _rows(name, coded_by)
            for name in COLUMNS
            if name in held or name in HOLDERS.values()
        ],
    }


def _about(about: DatasetInfo) -> dict[str, Any]:
    kept = ("kind", "reading", "claims", "round", "date", "taxonomy", "consensus")
    licence = re.sub(r"[^-\w.]+", "-", about.licence, flags=re.ASCII).strip("-") or "other"
    return {
        "title": about.title.main,
        "titles": about.title.model_dump(exclude_none=True),
        "description": about.source.main,
        "sources": [{"title": text.main} for text in (about.citation, about.source) if text],
        "licenses": [{"name": licence, "title": about.licence}],
        **about.model_dump(include=set(kept), exclude_none=True),
    }


def _file(name: str, folder: Path, contents: Contents, encoding: str) -> dict[str, Any]:
    path = folder / f"{name}.csv"
    table = contents.tables.get(name)
    schema = _schema(name, COLUMNS[name] if table is None else table.columns)
    if not path.exists():
        packed = path.with_suffix(".parquet")
        parts = sorted(packed.glob("*.parquet")) if packed.is_dir() else [packed]
        return {
            "name": name,
            "path": [part.relative_to(folder).as_posix() for part in parts],
            "format": "parquet",
            "mediatype": "application/vnd.apache.parquet",
            "schema": schema,
        }
    return {
        "name": name,
        "profile": "tabular-data-resource",
        "path": path.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": encoding,
        "dialect": {"delimiter": tables.delimiter(path, COLUMNS[name], encoding)},
        "schema": schema,
    }


def _rows(name: str, coded_by: Taxonomy) -> dict[str, Any]:
    key = KEYS[name][0]
    rows = [_row(key, asdict(record)) for record in getattr(coded_by, name)]
    return {
        "name": name,
        "profile": "tabular-data-resource",
        "description": f"The {name} of taxonomy {coded_by.version} of soila_analysis. {QUOTED}",
        "data": rows,
        "schema": _schema(name, rows[0]),
    }


def _row(key: str, record: Mapping[str, Any]) -> dict[str, str]:
    """Lay out a record of the taxonomy as its table has it: wordings by language."""
    wordings = {
        f"{name}_{language}": record[name][language]
        for name in ("label", "definition", "long")
        if name in record
        for language in taxonomy.LANGUAGES
    }
    counts_as = {"counts_as": record["counts_as"]} if "counts_as" in record else {}
    return {key: record.get("id", record.get("code", "")), **counts_as, **wordings}


def _schema(name: str, columns: Any) -> dict[str, Any]:
    keys = [
        {"fields": [column], "reference": {"resource": HOLDERS[column], "fields": [column]}}
        for column in REFERENCES.get(name, ())
        if column in HOLDERS
    ]
    return {
        "fields": [_field(name, column) for column in columns],
        "missingValues": [""],
        "primaryKey": list(KEYS[name]),
        **({"foreignKeys": keys} if keys else {}),
    }


def _field(name: str, column: str) -> dict[str, Any]:
    whole = name in OWN and column in WHOLE_NUMBERS
    may_be_empty = column in OPTIONAL or (name, column) in TO_NONE
    required = column in COLUMNS[name] and not may_be_empty
    constraints = {
        **({"required": True} if required else {}),
        **({"enum": list(CHOICES[column])} if required and column in CHOICES else {}),
    }
    return {
        "name": column,
        "type": "integer" if whole else "string",
        **({"description": MEANINGS[column]} if column in MEANINGS else {}),
        **({"constraints": constraints} if constraints else {}),
    }

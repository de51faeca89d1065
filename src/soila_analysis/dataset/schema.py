"""What each table may hold, as pandera schemas, and their failures as problems."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import TypeAlias

import pandas as pd
import pandera.pandas as pa

from soila_analysis import taxonomy
from soila_analysis.dataset.problems import Problem
from soila_analysis.language.likeness import nearest
from soila_analysis.taxonomy import LANGUAGES

Ids: TypeAlias = tuple[str, ...]
Known: TypeAlias = Mapping[str, Ids | None]  # None: cannot be told, so it is not checked

OWN = {  # a data set may bring these in place of the library's, with further columns
    "features": taxonomy.FEATURE_COLUMNS,
    "goals": taxonomy.GOAL_COLUMNS,
    "codes": taxonomy.CODE_COLUMNS,
    "changes": taxonomy.CHANGE_COLUMNS,
}
NEEDED = {
    "models": ("model_id", "name"),  # further columns are kept
    "memberships": ("model_id", "goal_id"),
    "codings": ("model_id", "feature_id", "coder_id", "code", "note"),
}
OFFERED = {
    "decisions": ("model_id", "feature_id", "code", "decided_by", "decided_on", "reason"),
    "claims": ("claim_id", "measure", "feature_id", "goal_id", "printed", "rounding", "status"),
    "coders": ("coder_id", "kind", "role", "name", "version", "prompt_sha256", "date"),
    "sample": ("model_id", "use"),
}
COLUMNS = {**OWN, **NEEDED, **OFFERED}
LARGE = (*NEEDED, "decisions")  # tables that grow with the models; they may be in Parquet
FURTHER = {  # columns that may be there
    "codings": ("taxonomy_version",),
    "claims": ("goal_id_chart", "base", "source_line", "text_fi", "text_sv", "text_en"),
}
TEXTS = {  # in each language that there is; one suffices
    name: tuple(column for column in columns if column[-3:] in {f"_{one}" for one in LANGUAGES})
    for name, columns in OWN.items()
}
KEYS = {
    "features": ("feature_id",),
    "goals": ("goal_id",),
    "codes": ("code",),
    "changes": ("version", "feature_id"),
    "models": ("model_id",),
    "memberships": ("model_id", "goal_id"),
    "codings": ("model_id", "feature_id", "coder_id"),
    "decisions": ("model_id", "feature_id"),
    "claims": ("claim_id",),
    "coders": ("coder_id",),
    "sample": ("model_id",),
}
REFERENCES = {  # each to the ids under the same name in `Known`
    "memberships": ("model_id", "goal_id"),
    "codings": ("model_id", "feature_id", "code", "taxonomy_version"),
    "decisions": ("model_id", "feature_id", "code"),
    "changes": ("feature_id",),
    "claims": ("feature_id", "goal_id"),
    "sample": ("model_id",),
}
TO_NONE = (  # may be empty
    ("codings", "taxonomy_version"),
    ("changes", "feature_id"),
    ("claims", "feature_id"),
    ("claims", "goal_id"),
    ("claims", "rounding"),
    *(("coders", column) for column in OFFERED["coders"][2:]),
)
MEASURES = {  # what a claim may be about, and the unit in which it is printed
    "memberships": "count",
    "goal-share": "percent",
    "feature-share": "percent",
    "feature-share-by-goal": "percent",
    "most-common": "features",
    "rarest": "features",
    "leading-goal": "goal",
    "axis-maximum": "models",
}
ROUNDINGS = ("half-up", "half-even", "truncation", "ceiling", "largest-remainder", "pie")
CERTAINTY = ("printed", "order-uncertain", "weak")  # of a claim
PERSON, LANGUAGE_MODEL = CODER_KINDS = ("person", "language-model")
REFERENCE = "reference"  # the role of a coder whose codes are taken to be right
TUNING, FROZEN = USES = ("tuning", "frozen")  # of a model that people and a language model code
WHOLE_NUMBERS = {"position": r"^\d+$", "box": r"^\d*$"}  # optional columns of the own tables
FREE = ("note", *FURTHER["claims"])  # any text, or none
OPTIONAL = (*FREE, "taxonomy_version", *WHOLE_NUMBERS)
RECODE = ("yes", "no")
ID = r"[^\W_][\w.\-]{0,79}", "letters, digits, - _ . and at most 80, a letter or digit first"
NAME = r"[^\s=+\-@.][^\x00-\x1f\x7f-\x9f]{0,79}", "at most 80 characters, none of = + - @ . first"
ODD = re.compile(r"^(?![A-Za-z0-9][ -~]{0,79}$)", re.MULTILINE)  # what may be no name
IDS = {  # ids of ours go into names of files; those of models and coders are somebody's
    ("features", "feature_id"): ID,
    ("goals", "goal_id"): ID,
    ("models", "model_id"): NAME,
    ("codings", "coder_id"): NAME,
    ("coders", "coder_id"): NAME,
}


def is_day(text: str) -> bool:
    """Say whether a text is a day of the calendar in the form of ISO 8601.

    Parameters
    ----------
    text : str
        Such as ``2025-03-31``.

    Returns
    -------
    bool
    """
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_date(text: str) -> bool:
    """Say whether a text is a year, a month of a year, or a day, in the form of ISO 8601.

    Parameters
    ----------
    text : str
        Such as ``2025``, ``2025-03`` or ``2025-03-31``.

    Returns
    -------
    bool
    """
    missing = {4: "-01-01", 7: "-01", 10: ""}.get(len(text))
    return missing is not None and is_day(text + missing)


FORMS = {
    ("decisions", "decided_on"): pa.Check(
        is_day, element_wise=True, description="a date such as 2025-03-31"
    ),
    ("changes", "date"): pa.Check(
        is_date, element_wise=True, description="a date such as 2025-03-31, 2025-03 or 2025"
    ),
    ("changes", "recode"): pa.Check.isin(RECODE),
    ("claims", "measure"): pa.Check.isin(MEASURES),
    ("claims", "rounding"): pa.Check.isin(["", *ROUNDINGS]),
    ("claims", "status"): pa.Check.isin(CERTAINTY),
    ("coders", "kind"): pa.Check.isin(CODER_KINDS),
    ("coders", "prompt_sha256"): pa.Check.str_matches(
        r"(?:[0-9a-f]{64})?\Z", description="64 hexadecimal digits, as sha256 gives"
    ),
    ("coders", "date"): pa.Check(
        lambda text: not text or is_date(text),
        element_wise=True,
        description="a date such as 2025-03-31, 2025-03 or 2025",
    ),
    ("sample", "use"): pa.Check.isin(USES),
}


def faults(name: str, table: pd.DataFrame, known: Known) -> list[Problem]:
    """Find what is wrong with the cells and the header of a table.

    Parameters
    ----------
    name : str
        A key of `COLUMNS`.
    table : DataFrame
        Text throughout, indexed by physical line.
    known : mapping
        The ids that may be referred to, by column; under ``served`` the models that have a goal.

    Returns
    -------
    list of Problem
    """
    unknown = {
        column: None if ids and column in table and _all_in(table[column], ids) else ids
        for column, ids in known.items()
    }
    schema, texts = _schema(name, table, unknown), TEXTS.get(name, ())
    found = []
    if texts and not set(texts) & set(table):
        header, advice = ",".join(table.columns), "one of these columns is needed"
        found.append(Problem(f"{name}.csv", 1, None, header, texts, advice))
    try:
        schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        found += _problems(name, table, schema, errors.failure_cases)
    return found


def _all_in(values: pd.Series, ids: Ids) -> bool:
    return values.empty or bool(values.isin(ids).all())


def sound(name: str, column: str, cells: pd.Series, known: Known) -> bool:
    """Say at a glance that no cell of a column can be a fault.

    Parameters
    ----------
    name : str
        A key of `COLUMNS`.
    column : str
        A column of the table.
    cells : Series of str
        That column; told soonest of categories.
    known : mapping
        As for `faults`.

    Returns
    -------
    bool
        False where `faults` is to look at the cells.
    """
    refers = column in REFERENCES.get(name, ())
    ids = known[column] if refers else ()
    if column not in _columns(name) or ids is None:
        return True
    if not refers and not _checks(name, column, known):
        return True
    categories = isinstance(cells.dtype, pd.CategoricalDtype)
    own = tuple((cells.unique() if categories else cells).tolist())
    if refers:
        return own == ids or {*own} <= {*ids}
    served = known["served"] if (name, column) == ("models", "model_id") else None
    glance = (name, column) in IDS or (name, column) == ("models", "name")
    text = "\n".join(own)
    plain = glance and text.count("\n") == len(own) - 1 and not ODD.search(text)
    return plain and (served is None or own == served or {*own} <= {*served})


def _schema(name: str, table: pd.DataFrame, known: Known) -> pa.DataFrameSchema:
    keyed = set(KEYS[name]) <= set(table)
    return pa.DataFrameSchema(
        {
            column: pa.Column(
                str,
                _checks(name, column, known),
                required=column not in (*OPTIONAL, *TEXTS.get(name, ())),
            )
            for column in _columns(name)
        },
        unique=list(KEYS[name]) if keyed else None,
        report_duplicates="exclude_first",
        strict=name not in OWN and name in REFERENCES,
    )


def _columns(name: str) -> list[str]:
    return [*COLUMNS[name], *(WHOLE_NUMBERS if name in OWN else FURTHER.get(name, ()))]


def _checks(name: str, column: str, known: Known) -> list[pa.Check]:
    if column in REFERENCES.get(name, ()):
        ids, none = known[column], [""] if (name, column) in TO_NONE else []
        return [] if ids is None else [pa.Check.isin([*ids, *none])]
    if column in FREE:
        return []
    if (name, column) in FORMS:
        return [FORMS[name, column]]
    if (name, column) in TO_NONE:
        return []
    if column == "counts_as":
        return [pa.Check.isin(taxonomy.COUNTS_AS)]
    if column in WHOLE_NUMBERS:
        return [pa.Check.str_matches(WHOLE_NUMBERS[column], description="a whole number")]
    served = known["served"] if (name, column) == ("models", "model_id") else None
    error = "the model has no goal in memberships.csv"
    has_goal = (
        []
        if served is None
        else [pa.Check(lambda ids: ids.isin(served if len(ids) else ()), error=error)]
    )
    form = [_of_form(*IDS[name, column])] if (name, column) in IDS else []
    return [pa.Check.ne("", description="any text"), *form, *has_goal]


def _of_form(pattern: str, description: str) -> pa.Check:
    return pa.Check.str_matches(rf"(?:{pattern})?\Z", description=description)


def _problems(
    name: str, table: pd.DataFrame, schema: pa.DataFrameSchema, cases: pd.DataFrame
) -> Iterator[Problem]:
    file, header = f"{name}.csv", ",".join(table.columns)
    hint = cache(nearest)
    for case in cases.to_dict("records"):
        found = str(case["failure_case"])
        match case["check"]:
            case "column_in_dataframe":
                yield Problem(file, 1, found, header, (), "the column is missing")
            case "column_in_schema":
                columns = (*COLUMNS[name], *FURTHER.get(name, ()))
                yield Problem(file, 1, None, found, columns, hint(found, columns))
            case "multiple_fields_uniqueness":
                continue
            case _:
                check = schema.columns[case["column"]].checks[int(case["check_number"])]
                allowed = _allowed(check)
                message = check.error if check.name == "<lambda>" else hint(found, allowed)
                yield Problem(file, int(case["index"]), case["column"], found, allowed, message)
    if schema.unique:
        yield from _repeated(file, table[schema.unique])


def _repeated(file: str, keys: pd.DataFrame) -> Iterator[Problem]:
    first = keys.index.to_series().groupby([keys[key] for key in keys]).transform("min")
    for line, *ids in keys[keys.duplicated()].itertuples():
        message = f"already on line {first[line]}"
        yield Problem(file, int(line), ", ".join(map(str, keys)), ", ".join(ids), (), message)


def _allowed(check: pa.Check) -> Ids:
    stated = check.statistics.get("allowed_values", ()) if check.statistics else ()
    values = tuple(value for value in stated if value)
    return values or ((check.description,) if check.description else ())

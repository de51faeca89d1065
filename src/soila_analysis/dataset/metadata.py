"""``dataset.toml``: what a data set is, where it comes from and how it is to be read."""

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from soila_analysis import files
from soila_analysis.dataset.consensus import DEFAULT, RULES_ALLOWED, is_rule
from soila_analysis.dataset.problems import Problem
from soila_analysis.dataset.schema import is_date
from soila_analysis.dataset.tables import decoded
from soila_analysis.language.likeness import nearest
from soila_analysis.taxonomy import LANGUAGES

FILE = files.ABOUT
REVIEW: Final = "review-2024"  # the one publication whose claims the library knows
CLAIMS = "claims.csv"  # those of any other, beside the data

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Trilingual(BaseModel):
    """One text in the three languages, or in those that it has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fi: Text | None = None
    sv: Text | None = None
    en: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_for_all(cls, given: Any) -> Any:
        return dict.fromkeys(LANGUAGES, given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _some_text(self) -> Self:
        if not self.languages:
            raise PydanticCustomError("languages", "no text in any of fi, sv and en")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it has."""
        return tuple(language for language in LANGUAGES if getattr(self, language))

    @property
    def main(self) -> str:
        """The English text, else the first."""
        return self.en or self[self.languages[0]]

    def __getitem__(self, language: str) -> str:
        text: str | None = getattr(self, language)
        if text is None:
            there = ", ".join(self.languages)
            raise ValueError(f'{FILE} has "{self.main}" in {there} only, not in {language}')
        return text


class DatasetInfo(BaseModel):
    """What ``dataset.toml`` says of a data set.

    Parameters
    ----------
    title, source : Trilingual
        Name and provenance; one string stands for all languages.
    citation : Trilingual, optional
        The publication that the data set is of, as it is to be cited.
    claims : str, optional
        Which published numbers and statements the data set is of: `REVIEW`, or `CLAIMS` for those
        in the file beside it. Without it none is, and nothing is said of any.
    place : Trilingual, optional
        Where the models are from, such as a country or a region.
    author, publisher : Trilingual, optional
        Who answers for the data set, and who publishes it, for the title page of a report.
    date : str, optional
        When the codes were last given, such as ``2025-03``.
    kind : {"observed", "reconstructed", "synthetic"}
        Travels with every table and shows on every figure.
    reading : str, optional
        Which reading of the published figures a reconstruction follows; for reconstructions only.
    licence, round : str
        Terms of use; the review or year that was coded.
    earlier : str, optional
        The folder of the round before, as seen from this one.
    taxonomy : str
        The version of the taxonomy that was coded by.
    encoding : {"utf-8", "latin-1", "windows-1252"}
        Of the CSV files.
    consensus : str
        The rule by which several coders are brought to one status.
    engine : {"duckdb", "spark"}, optional
        What reads tables in Parquet; by default DuckDB.
    address : str, optional
        Where Spark is: ``local[2]``, ``spark://...`` or ``sc://...``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Trilingual
    kind: Literal["observed", "reconstructed", "synthetic"]
    reading: Text | None = Field(default=None, validate_default=True)
    source: Trilingual
    citation: Trilingual | None = None
    place: Trilingual | None = None
    author: Trilingual | None = None
    publisher: Trilingual | None = None
    claims: Literal["review-2024", "claims.csv"] | None = None
    licence: Text
    round: Text
    earlier: Text | None = None
    date: Text | None = None
    taxonomy: Text
    encoding: Literal["utf-8", "latin-1", "windows-1252"] = "utf-8"
    consensus: str = DEFAULT
    engine: Literal["duckdb", "spark"] | None = None
    address: Text | None = None

    @property
    def of_review(self) -> bool:
        """Whether it is of the review of 2024."""
        return self.claims == REVIEW

    @field_validator("reading")
    @classmethod
    def _reading_of_a_reconstruction(
        cls, reading: str | None, before: ValidationInfo
    ) -> str | None:
        kind = before.data.get("kind")
        if kind == "reconstructed" and reading is None:
            raise PydanticCustomError("reading", "a reconstruction needs the reading it follows")
        if kind in ("observed", "synthetic") and reading is not None:
            raise PydanticCustomError("reading", "only a reconstruction follows a reading")
        return reading

    @field_validator("date")
    @classmethod
    def _a_date(cls, date: str | None) -> str | None:
        if date is not None and not is_date(date):
            raise PydanticCustomError("date", "not a date")
        return date

    @field_validator("consensus")
    @classmethod
    def _known_rule(cls, rule: str) -> str:
        if not is_rule(rule):
            raise PydanticCustomError("rule", "no such consensus rule", {"allowed": RULES_ALLOWED})
        return rule


def read(path: Path) -> tuple[DatasetInfo | None, dict[str, Any], list[Problem]]:
    """Read ``dataset.toml``.

    Parameters
    ----------
    path : Path
        The file, in UTF-8 as TOML prescribes.

    Returns
    -------
    info : DatasetInfo or None
        None if there are problems.
    keys : dict
        What stands in the file, right or wrong; empty if it is not TOML.
    problems : list of Problem
    """
    text, problems = decoded(path.read_bytes(), path.name)
    if problems:
        return None, {}, problems
    try:
        keys = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers and depths beyond Python's own
        at = re.search(r" \(at line (\d+), column \d+\)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        reason = str(error).partition(" (at ")[0]
        return None, {}, [Problem(path.name, line, message=f"not valid TOML: {reason}")]
    try:
        return DatasetInfo.model_validate(keys), keys, []
    except ValidationError as invalid:
        return None, keys, [_problem(error, path) for error in invalid.errors()]


def write(info: DatasetInfo, path: Path) -> None:
    """Write ``dataset.toml`` in its one form, without ``encoding``: what is written is UTF-8.

    Parameters
    ----------
    info : DatasetInfo
    path : Path
    """
    keys = info.model_dump(exclude={"encoding"}, exclude_none=True)
    for key in ("source", "citation", "place", "author", "publisher"):
        if key in keys and len(keys[key]) > 1 and len(set(keys[key].values())) == 1:
            keys[key] = next(iter(keys[key].values()))
    lines = []
    for key, value in keys.items():
        if isinstance(value, dict):
            lines += [f"{key}.{language} = {_string(text)}" for language, text in value.items()]
        else:
            lines.append(f"{key} = {_string(value)}")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")


def line_of(path: Path, *keys: str) -> int | None:
    """Find the line on which a key, or else the table that holds it, is set.

    Parameters
    ----------
    path : Path
        A TOML file.
    *keys : str
        The key's parts, outermost first.

    Returns
    -------
    int or None
    """
    text = path.read_text("utf-8-sig")
    for depth in range(len(keys), 0, -1):
        dotted = r"\s*\.\s*".join(map(re.escape, keys[:depth]))
        at = re.search(rf"^[ \t]*(\[[ \t]*)?{dotted}[ \t]*[\].=]", text, re.MULTILINE)
        if at:
            return text.count("\n", 0, at.start()) + 1
    return None


def _problem(error: ErrorDetails, path: Path) -> Problem:
    keys = tuple(map(str, error["loc"]))
    fields = Trilingual.model_fields if len(keys) > 1 else DatasetInfo.model_fields
    given = error["input"]
    found = given if isinstance(given, str) else _shown(given)
    line, key, file = line_of(path, *keys), ".".join(keys), path.name
    match error["type"]:
        case "missing":
            return Problem(file, line, key, message="the key is missing")
        case "extra_forbidden":
            return Problem(file, line, None, keys[-1], tuple(fields), nearest(keys[-1], [*fields]))
        case "literal_error":
            kinds = (fields[keys[-1]].annotation, *get_args(fields[keys[-1]].annotation))
            allowed = tuple(a for kind in kinds for a in get_args(kind) if isinstance(a, str))
            return Problem(file, line, key, found, allowed, nearest(found, allowed))
        case "rule":
            return Problem(file, line, key, found, error["ctx"]["allowed"])
        case "reading":
            return Problem(file, line, key, found if given else None, message=error["msg"])
        case "date":
            return Problem(file, line, key, found, ("a date such as 2025-03-31, 2025-03 or 2025",))
        case "model_type" | "languages":
            return Problem(file, line, key, found, ("a text in fi, sv or en",))
        case _:
            return Problem(file, line, key, found, ("a text in quotation marks",))


def _shown(value: Any) -> str:
    try:
        return json.dumps(value, default=str).strip('"')
    except (ValueError, RecursionError):
        return "a value too large to show"


def _string(text: str) -> str:
    """Return a TOML basic string: JSON's, but that TOML escapes DEL as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

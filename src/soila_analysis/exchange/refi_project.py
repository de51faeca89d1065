"""Coded texts as codings: what a REFI-QDA project says of each model, feature and coder."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pandas as pd
from lxml import etree

from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.schema import NEEDED
from soila_analysis.exchange import refi_codebook, safe_files
from soila_analysis.exchange.refi_codebook import QdaCode, local, reference
from soila_analysis.exchange.vocabulary import GOAL, Vocabulary
from soila_analysis.language.likeness import nearest, visible
from soila_analysis.taxonomy import Taxonomy

COLUMN = "columns"  # what is said with a variable that is neither a feature nor a goal
PARTED = re.compile(r"\s*(?:::|:|/|\\|>| [-–] )\s*")  # the parts of names of nested codes
SUFFIX = re.compile(r"\.(docx?|html?|md|odt|pdf|rtf|txt)$", re.IGNORECASE)
HINTED = 100  # more unknown codes than that get no hint, which takes long to find
SEVERAL = 4  # cases of a text: enough to say that it has several
NOBODY = "nobody is named as the coder; name one with --coder"
ADVICE = (
    "Correct the project and export it again, or leave out what is listed by --partial. "
    "`soila refi codebook` writes a codebook whose codes are all known."
)


@dataclass(frozen=True, eq=False)
class CodedProject:
    """What a project says of models.

    Parameters
    ----------
    file : str
        The name of the exchange file.
    name, origin, year, version : str
        The project's title, the program that wrote it, the year of its last change, and the
        version of the taxonomy that its codebook is of; "" where the file does not say.
    models, memberships, codings : DataFrame
        As the tables of a data set; further variables are columns of ``models``.
    left_out : tuple of Problem
        What could not be used, where that was allowed.
    """

    file: str
    name: str
    origin: str
    year: str
    version: str
    models: pd.DataFrame
    memberships: pd.DataFrame
    codings: pd.DataFrame
    left_out: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Project:
    """The elements of a project by GUID; ``owners`` are the cases of sources and selections."""

    file: str
    root: etree._Element
    codes: dict[str, QdaCode]
    variables: dict[str, QdaCode]
    users: dict[str, str]
    cases: dict[str, etree._Element]
    sources: dict[str, etree._Element]
    owners: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Applied:
    """A code applied in a unit, which is a case or a source."""

    unit: str
    code: str
    coder: str
    note: str
    line: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """What is said of a unit: the code of a feature, a goal, or the value of a column."""

    unit: str
    kind: str
    target: str
    value: str
    coder: str
    note: str
    line: int | None


Found = TypeVar("Found", _Applied, _Row)
_Meant = tuple[tuple[str, str] | None, str | None]  # feature or goal, and the answer stated


def read_project(
    path: Path,
    coded_by: Taxonomy,
    *,
    absent: bool = False,
    partial: bool = False,
    coder: str = "",
) -> CodedProject:
    """Read the codes of a REFI-QDA project.

    A case is a model, and so is a source that belongs to no case. A feature's code anywhere in a
    model, or a code nested in it, is one coding by the user who applied it: present. A goal's code
    makes the model serve that goal. A variable named as a feature gives that feature's code, one
    named as a goal, or ``goal_id``, the goals; others become columns of the models. Notes, links,
    sets and graphs are not read.

    Parameters
    ----------
    path : Path
        A ``.qdpx`` or ``.qde`` file.
    coded_by : Taxonomy
        The features, goals and codes.
    absent : bool, default False
        Take each feature that a coder did not apply in a model as absent, if that coder applied
        any code there, and that of some feature anywhere. By default it is not assessed: a text
        without a code records no decision, and nobody may have looked.
    partial : bool, default False
        Leave out what cannot be used instead of refusing the project.
    coder : str, optional
        Who coded where the file does not say; by default the project's creator, or its only user.

    Returns
    -------
    CodedProject

    Raises
    ------
    DatasetError
        If the file cannot be read safely, is no project, or holds what cannot be used: codes and
        values that fit nothing, codings by nobody, texts of several cases, contradictions. All at
        once.
    """
    file, root = refi_codebook.read_root(path)
    if local(root) != "Project":
        problem = Problem(file, message=f"<{local(root)}> is not a project")
        raise DatasetError(path, [problem], "Export it as REFI-QDA Project (.qdpx).")
    found, problems = _elements(file, root)
    someone = coder or _someone(found)
    applied, nobodys = _sorted(_codings(found, someone))
    of_codes, unknown = _sorted(_of_codes(found, applied, coded_by))
    of_values, unusable = _sorted(_of_values(found, coded_by, someone))
    rows = [*of_codes, *of_values]
    cells, conflicts = _cells(found, rows)
    problems += [*nobodys, *unknown, *unusable, *conflicts]
    if problems and not partial:
        raise DatasetError(path, list(dict.fromkeys(problems)), ADVICE)
    if absent:
        _fill(cells, applied, {row.coder for row in of_codes if row.kind == "features"}, coded_by)
    return CodedProject(
        path.name,
        root.get("name", "").strip(),
        root.get("origin", "").strip(),
        (root.get("modifiedDateTime") or root.get("creationDateTime") or "")[:4],
        refi_codebook.version(found.codes.values()),
        *_tables(found, rows, cells, applied),
        tuple(dict.fromkeys(problems)),
    )


def _sorted(yielded: Iterable[Found | Problem]) -> tuple[list[Found], list[Problem]]:
    """Tell what was found from what is wrong."""
    found: list[Found] = []
    problems: list[Problem] = []
    for one in yielded:
        if isinstance(one, Problem):
            problems.append(one)
        else:
            found.append(one)
    return found, problems


# The elements of a project


def _elements(file: str, root: etree._Element) -> tuple[_Project, list[Problem]]:
    problems: list[Problem] = []
    cases = _by_guid(file, root.iterfind("{*}Cases/{*}Case"), problems)
    sources = _by_guid(file, root.iterfind("{*}Sources/*"), problems)
    variables = _by_guid(file, root.iterfind("{*}Variables/{*}Variable"), problems)
    owners: dict[str, list[str]] = {}
    for own, case in cases.items():
        for name in ("SourceRef", "SelectionRef"):
            for one in case.iterfind(f"{{*}}{name}"):
                owning = owners.setdefault(reference(one.get("targetGUID")), [])
                owning += [own] * (own not in owning and len(owning) < SEVERAL)
    found = _Project(
        file,
        root,
        {code.guid: code for code in refi_codebook.codes(root, file)},
        {own: _variable(own, element) for own, element in variables.items()},
        _users(root),
        cases,
        sources,
        owners,
    )
    return found, problems


def _by_guid(
    file: str, elements: Iterable[etree._Element], problems: list[Problem]
) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for element in elements:
        own = reference(element.get("guid"))
        if not own or own in found:
            wrong = "duplicate guid" if own else "it has no guid"
            name = f"{local(element)} {element.get('name', '')}".strip()
            problems.append(Problem(file, refi_codebook.line(element), None, name, (), wrong))
        found[own] = element
    return found


def _variable(own: str, element: etree._Element) -> QdaCode:
    name, description = element.get("name", "").strip(), refi_codebook.text(element, "Description")
    return QdaCode(own, name, description, True, "", refi_codebook.line(element))


def _users(root: etree._Element) -> dict[str, str]:
    """Map users to coder ids: their names, with the GUID where two have the same."""
    users = {
        reference(one.get("guid")): visible(one.get("name") or one.get("id") or "")
        for one in root.iterfind("{*}Users/{*}User")
    }
    times = Counter(users.values())
    return {
        own: name if name and times[name] == 1 else f"{name} {own}".strip()
        for own, name in users.items()
    }


def _someone(found: _Project) -> str:
    """Name who coded where the file does not say: the project's creator, else its only user."""
    creator = found.root.get("creatingUserGUID") or found.root.get("creatingUser")
    only = [*found.users.values()] if len(found.users) == 1 else [""]
    return found.users.get(reference(creator), only[0])


def _unit(element: etree._Element, found: _Project) -> str | Problem:
    """Find the case or source that an element is in; "" for one that is in neither."""
    for one in (element, *element.iterancestors()):
        own = reference(one.get("guid"))
        cases = found.owners.get(own, [])
        if len(set(cases)) > 1:
            names = ", ".join(found.cases[case].get("name", case) for case in dict.fromkeys(cases))
            name, message = one.get("name") or own, f"it belongs to several cases: {names}"
            return Problem(found.file, refi_codebook.line(one), None, name, (), message)
        if cases or own in found.cases or own in found.sources:
            return cases[0] if cases else own
    return ""


def _coder(coding: etree._Element, found: _Project, someone: str) -> str:
    """Name the user of a coding, else of the selection that it is in."""
    for one in (coding, *coding.iterancestors()):
        if reference(one.get("guid")) in found.sources:
            break
        if user := reference(one.get("creatingUser")):
            return found.users.get(user, user)
    return someone


def _codings(found: _Project, someone: str) -> Iterator[_Applied | Problem]:
    for coding in found.root.iter("{*}Coding"):
        unit, coder = _unit(coding, found), _coder(coding, found, someone)
        if isinstance(unit, Problem):
            yield unit
        elif unit and not coder:
            yield Problem(found.file, message=NOBODY)
        elif unit:
            selection = coding.getparent()
            note = refi_codebook.text(selection, "Description") if selection is not None else ""
            for code in coding.iterfind("{*}CodeRef"):
                target = reference(code.get("targetGUID"))
                yield _Applied(
                    unit, target, coder, " ".join(note.split()), refi_codebook.line(coding)
                )


# What codes and variables say


def _of_codes(
    found: _Project, applied: Sequence[_Applied], coded_by: Taxonomy
) -> Iterator[_Row | Problem]:
    matched = refi_codebook.match([*found.codes.values()], coded_by)
    words, present = Vocabulary(coded_by), _first(coded_by, "present")
    unknown: Counter[str] = Counter()
    seen: dict[str, _Meant] = {}
    for one in applied:
        target, said = _target(one.code, found, matched, words, seen)
        if target and said is not None:
            value = said or present
            row = _Row(one.unit, *target, value, one.coder, one.note, one.line)
            if target[0] == "features" or coded_by.counts_as[value] == "present":
                yield row
        unknown[one.code] += not target or said is None
    names = [name for lang in coded_by.languages for name in coded_by.labels(lang).values()]
    known = [*coded_by.feature_ids, *coded_by.goal_ids, *names]
    wrong = [(code, times) for code, times in unknown.items() if times]
    for code, times in wrong:
        yield _unknown(code, times, found, words, known * (len(wrong) <= HINTED))


def _target(
    code: str,
    found: _Project,
    matched: dict[str, tuple[str, str]],
    words: Vocabulary,
    seen: dict[str, _Meant],
) -> _Meant:
    """Find what a code, or one that it is nested in, stands for, and which answer it states.

    The answer is "" where nothing but the feature or goal is said, and None where a name says no
    in words that are not known.
    """
    if code not in found.codes or code in matched:
        return matched.get(code), ""
    if code not in seen:
        name = found.codes[code].name
        *before, last = PARTED.split(name)
        stated = words.code(name) or words.code(last) or (None if words.denies(last) else "")
        own = refi_codebook.named(words, before[-1]) if before and stated else None
        target, above = own, stated
        if not own:
            target, above = _target(found.codes[code].parent, found, matched, words, seen)
        seen[code] = (target, above if stated == "" else stated)
    return seen[code]


def _unknown(
    code: str, times: int, found: _Project, words: Vocabulary, known: Sequence[str]
) -> Problem:
    applied = f"applied {times} times" if times > 1 else "applied once"
    if code not in found.codes:
        return Problem(found.file, None, None, code, (), f"not a code of the codebook; {applied}")
    name, line = found.codes[code].name, found.codes[code].line
    if words.denies(PARTED.split(name)[-1]):
        told = f"its name seems to say that a feature is absent; {applied}; name it as a code"
        return Problem(found.file, line, None, name, tuple(words.taxonomy.counts_as), told)
    hint = nearest(name, known)
    message = f"neither a feature nor a goal; {applied}"
    return Problem(found.file, line, None, name, (), f"{message}; {hint}" if hint else message)


def _of_values(found: _Project, coded_by: Taxonomy, someone: str) -> Iterator[_Row | Problem]:
    matched = refi_codebook.match([*found.variables.values()], coded_by)
    words = Vocabulary(coded_by)
    for element in found.root.iter("{*}VariableValue"):
        unit, value = _unit(element, found), _value(element)
        ref = element.find("{*}VariableRef")
        own = reference(ref.get("targetGUID") if ref is not None else "")
        if isinstance(unit, Problem):
            yield unit
        elif own not in found.variables:
            message = "not one of the project's variables"
            yield Problem(found.file, refi_codebook.line(element), None, own, (), message)
        elif unit and value and not words.is_missing(value):
            name, line = found.variables[own].name, refi_codebook.line(element)
            said = _Row(unit, COLUMN, name, value, someone, "", line)
            yield from _of_value(said, matched.get(own), words, found.file, coded_by)


def _of_value(
    said: _Row,
    target: tuple[str, str] | None,
    words: Vocabulary,
    file: str,
    coded_by: Taxonomy,
) -> Iterator[_Row | Problem]:
    if target:
        code = words.code(said.value)
        if code is None:
            allowed = tuple(coded_by.counts_as)
            message = f"the value of {said.target}"
            yield Problem(file, said.line, None, said.value, allowed, message, kind="value")
            yield replace(said, kind=target[0], target=target[1], value="")
        elif target[0] == "features" and not said.coder:
            yield Problem(file, message=NOBODY)
        elif target[0] == "features" or coded_by.counts_as[code] == "present":
            yield replace(said, kind=target[0], target=target[1], value=code)
    elif words.column_ids(said.target) == {"goal_id"}:
        yield from _goals(said, file, words)
    elif said.target in NEEDED["models"]:
        message = "models.csv has a column of this name; rename the variable"
        yield Problem(file, None, None, said.target, (), message)
    else:
        yield said


def _goals(said: _Row, file: str, words: Vocabulary) -> Iterator[_Row | Problem]:
    for part in re.split(r"[;|\n]", said.value):
        named = words.listed(part, GOAL)
        for goal in named or ():
            yield replace(said, kind="goals", target=goal)
        if named is None and part.strip():
            message = f"the value of {said.target}"
            yield Problem(file, said.line, None, part.strip(), words.taxonomy.goal_ids, message)


def _value(element: etree._Element) -> str:
    """Return the value of a variable as text; numbers without trailing zeros."""
    for child in element:
        found, name = (child.text or "").strip(), local(child)
        if name == "BooleanValue":
            return {"1": "true", "0": "false"}.get(found, found)
        if name == "FloatValue" and "." in found:
            return found.rstrip("0").rstrip(".")
        if name.endswith("Value"):
            return found
    return ""


def _first(coded_by: Taxonomy, status: str) -> str:
    """Return the first code that counts as a status."""
    found = [code for code, counts_as in coded_by.counts_as.items() if counts_as == status]
    if not found:
        problem = Problem("codes.csv", None, "counts_as", message=f"no code counts as {status}")
        raise DatasetError("codes.csv", [problem], "Add a row for it.")
    return found[0]


# From what is said to tables

_Cells = dict[tuple[str, str, str], tuple[str, str]]


def _cells(found: _Project, rows: Sequence[_Row]) -> tuple[_Cells, list[Problem]]:
    """Bring what is said of each unit, feature and coder to one code, "" if it is none."""
    given: dict[tuple[str, str, str], list[_Row]] = {}
    for row in rows:
        if row.kind == "features":
            given.setdefault((row.unit, row.target, row.coder), []).append(row)
    cells: _Cells = {}
    conflicts = []
    for cell, said in given.items():
        notes = dict.fromkeys(row.note for row in said if row.note)
        codes = {row.value for row in said}
        cells[cell] = (said[0].value, "; ".join(notes)) if len(codes) == 1 else ("", "")
        if len(codes) > 1 and all(codes):
            conflicts.append(_conflict(found, *cell, said))
    return cells, conflicts


def _conflict(
    found: _Project, unit: str, feature: str, coder: str, said: Sequence[_Row]
) -> Problem:
    codes = ", ".join(dict.fromkeys(row.value for row in said))
    message = f'contradictory codes of {feature} for "{_name(unit, found)}" by {coder}'
    return Problem(found.file, said[-1].line, None, codes, (), message)


def _fill(cells: _Cells, applied: Sequence[_Applied], coders: set[str], coded_by: Taxonomy) -> None:
    """Take what a coder of features did not apply, where they applied anything, as absent."""
    code = _first(coded_by, "absent")
    units = ((one.unit, one.coder) for one in applied if one.coder in coders)
    for unit, coder in dict.fromkeys(units):
        for feature in coded_by.feature_ids:
            cells.setdefault((unit, feature, coder), (code, ""))


def _tables(
    found: _Project, rows: Sequence[_Row], cells: _Cells, applied: Sequence[_Applied]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    used = {one.unit for one in applied} | {row.unit for row in rows}
    ids = _model_ids(found, used)
    columns: dict[str, dict[str, dict[str, None]]] = {}
    for row in rows:
        if row.kind == COLUMN:
            columns.setdefault(row.target, {}).setdefault(ids[row.unit], {})[row.value] = None
    models = pd.DataFrame(
        [(own, _name(unit, found)) for unit, own in ids.items()], columns=list(NEEDED["models"])
    )
    if len(columns) * len(models) > safe_files.CELLS:
        message = f"{len(columns):,} variables of {len(models):,} models are too many"
        raise DatasetError(found.file, [Problem(found.file, message=message)], ADVICE)
    for name, values in columns.items():
        models[name] = ["; ".join(values.get(own, ())) for own in models["model_id"]]
    members = dict.fromkeys(
        (ids[row.unit], row.target) for row in rows if row.kind == "goals" and row.value
    )
    coded = [(ids[unit], *cell, *given) for (unit, *cell), given in cells.items() if given[0]]
    return (
        models,
        pd.DataFrame([*members], columns=list(NEEDED["memberships"])),
        pd.DataFrame(coded, columns=list(NEEDED["codings"])),
    )


def _model_ids(found: _Project, used: set[str]) -> dict[str, str]:
    """Give each model its id: its name, without a suffix if that is its own, else its GUID."""
    inside = {
        source
        for source, element in found.sources.items()
        if any(reference(one.get("guid")) in found.owners for one in element.iter("*"))
    }
    units = [*found.cases, *(s for s in found.sources if s not in inside or s in used)]
    names = {unit: _name(unit, found) for unit in units}
    short = {unit: SUFFIX.sub("", name) for unit, name in names.items()}
    full = Counter(names.values())
    either = Counter(name for unit in units for name in {names[unit], short[unit]})
    return {
        unit: short[unit]
        if short[unit] and either[short[unit]] == 1
        else (names[unit] if full[names[unit]] == 1 else unit)
        for unit in units
    }


def _name(unit: str, found: _Project) -> str:
    """Name a case or source, as a reader sees it: some systems take letters apart."""
    element = found.cases.get(unit, found.sources.get(unit))
    name = "" if element is None else element.get("name", "").strip()
    return visible(name) or unit

"""REFI-QDA, the exchange format of programs for qualitative analysis: what its files say.

Codebooks (``.qdc``) are written strictly by the published schema. Codebooks and projects
(``.qdpx``) are read leniently, as programs write them: elements by their local names, whatever the
namespace; GUIDs in any case, with or without braces; the project file under any name.

References
----------
REFI-QDA 1.5, Exchange of processed data between qualitative data analysis software packages
(2019), https://www.qdasoftware.org
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid5

import pandas as pd
from lxml import etree

from soila_analysis import __version__, files
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.dataset.tables import write
from soila_analysis.exchange import safe_files
from soila_analysis.exchange.vocabulary import FEATURE, GOAL, Vocabulary
from soila_analysis.taxonomy import LANGUAGES, Feature, Goal, Taxonomy, Wording

CODEBOOK = "urn:QDA-XML:codebook:1.0"
NAMESPACE = UUID("70d09327-bbe0-5e05-9ad8-76632f27e1a8")  # of every GUID; it must never change
GROUPS = {
    "features": Wording("Ominaispiirteet", "Särdrag", "Features"),
    "goals": Wording("Strategiset tavoitteet", "Strategiska mål", "Strategic goals"),
}
HEADINGS = {  # part of the file form, so that what was written is found again
    "label": Wording("Nimi", "Namn", "Label"),
    "definition": Wording("Määritelmä", "Definition", "Definition"),
    "sources": Wording("Lähteet", "Källor", "Sources"),
}
FIELDS = {
    f"{heading[lang]} ({lang})": f"{name}_{lang}"
    for name, heading in HEADINGS.items()
    for lang in LANGUAGES
} | {"Id": "id", "Taxonomy": "version"}
FIELD = re.compile(rf"({'|'.join(map(re.escape, FIELDS))}): ?(.*)", re.DOTALL)
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class QdaCode:
    """One code of a codebook.

    ``parent`` is the GUID of the code that it is nested in, else "". GUIDs are in lower case and
    without braces.
    """

    guid: str
    name: str
    description: str
    codable: bool
    parent: str
    line: int | None


def guid(kind: str, name: str) -> str:
    """Derive the GUID by which programs know a feature or a goal in every version and language.

    Parameters
    ----------
    kind : {"features", "goals"}
    name : str
        The id of the feature or goal; "" for the group of them all.

    Returns
    -------
    str

    Examples
    --------
    >>> guid("features", "participation")
    'a8ba8fd0-a4b2-529d-ace8-25bb4748d662'
    """
    return str(uuid5(NAMESPACE, f"{kind}/{name}"))


def write_codebook(taxonomy: Taxonomy, path: Path, lang: str) -> None:
    """Write features and goals as a REFI-QDA codebook.

    Each is a code under its group, which itself cannot be used for coding and tells the version of
    the taxonomy. The description holds the definition, the sources, the wordings in the other
    languages and the id, under fixed headings.

    Parameters
    ----------
    taxonomy : Taxonomy
    path : Path
        The file, such as ``codebook.qdc``; it is replaced.
    lang : {"fi", "sv", "en"}
        The language of the codes' names.

    Raises
    ------
    ValueError
        For a text with a character that XML cannot hold; all such records at once.
    """
    _check_characters(taxonomy)
    labels = taxonomy.labels(lang)
    root = etree.Element(f"{{{CODEBOOK}}}CodeBook", nsmap={None: CODEBOOK})  # type: ignore[dict-item]
    root.set("origin", f"soila_analysis {__version__}")
    codes = etree.SubElement(root, f"{{{CODEBOOK}}}Codes")
    for kind, records in _groups(taxonomy):
        group = _code(codes, guid(kind, ""), GROUPS[kind][lang], codable=False)
        _described(group, f"Taxonomy: {taxonomy.version}")
        for record in records:
            code = _code(group, guid(kind, record.id), labels[record.id], codable=True)
            _described(code, _description(record, lang, taxonomy))
    files.write(
        path, etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    )


def read_codebook(path: Path) -> tuple[QdaCode, ...]:
    """Read the codes of a REFI-QDA codebook, or of a project.

    Parameters
    ----------
    path : Path
        A ``.qdc``, ``.qde`` or ``.qdpx`` file, of any program.

    Returns
    -------
    tuple of QdaCode
        In the file's order, a code before those nested in it.

    Raises
    ------
    DatasetError
        If the file cannot be read safely, or holds no codes.
    """
    file, root = read_root(path)
    found = codes(root, file)
    if not found:
        problem = Problem(file, message=f"no codes in <{local(root)}>")
        raise DatasetError(path, [problem], "Export the codebook again as REFI-QDA Codebook.")
    return found


def tables(found: Sequence[QdaCode], file: str) -> dict[str, pd.DataFrame]:
    """Make a codebook the tables of a data set's own taxonomy.

    Codes are features, but for those in the group of goals that `write_codebook` writes. What a
    codebook has in one language stands for all three.

    Parameters
    ----------
    found : sequence of QdaCode
        As `read_codebook` gives.
    file : str
        The file's name, for problems.

    Returns
    -------
    dict of str to DataFrame
        ``features`` and, if there are any, ``goals``: as ``features.csv`` and ``goals.csv``, with
        definitions. An id is the one that the description tells, else made of the name.

    Raises
    ------
    DatasetError
        If no code can be used for coding, or codes would share an id; all of them at once.
    """
    goals = [code for code in found if code.parent == guid("goals", "")]
    features = [code for code in found if code.codable and code not in goals]
    features, goals = (_told_apart(group, found) for group in (features, goals))
    groups = (("feature_id", "definition", features), ("goal_id", "long", goals))
    problems = [] if features else [Problem(file, message="no code that can be used for coding")]
    problems += [p for key, _, group in groups for p in _repeated(group, key, file)]
    if problems:
        raise DatasetError(file, problems, "Rename the codes in the program, and export again.")
    made = [pd.DataFrame([_row(c, *names) for c in group]) for *names, group in groups]
    return {name: table for name, table in zip(GROUPS, made, strict=True) if len(table)}


def write_tables(found: Sequence[QdaCode], file: str, folder: Path) -> dict[Path, int]:
    """Write a codebook as the tables of a data set's own taxonomy; nothing is replaced.

    Parameters
    ----------
    found, file
        As for `tables`.
    folder : Path
        The data set's folder; made if need be.

    Returns
    -------
    dict of Path to int
        The files and how many rows each has.

    Raises
    ------
    DatasetError
        As for `tables`, or if a file is there already.
    """
    made = {folder / f"{name}.csv": table for name, table in tables(found, file).items()}
    there = [Problem(path.name, message="it is there already") for path in made if path.exists()]
    if there:
        raise DatasetError(folder, there, "Name a new folder, or move the file away.")
    folder.mkdir(parents=True, exist_ok=True)
    for path, table in made.items():
        write(table, path)
    return {path: len(table) for path, table in made.items()}


def match(found: Sequence[QdaCode], taxonomy: Taxonomy) -> dict[str, tuple[str, str]]:
    """Find out which codes stand for which features and goals.

    Parameters
    ----------
    found : sequence of QdaCode
        Codes, or whatever has a ``guid``, a ``name`` and a ``description``.
    taxonomy : Taxonomy

    Returns
    -------
    dict of str to tuple
        From a code's GUID to ``("features", id)`` or ``("goals", id)``: by GUID, else by the id
        in the description, else by a name that is an id or a label in any language, which may
        follow that of a group (``group::name``). Codes that fit nothing, or several, are left
        out.
    """
    words = Vocabulary(taxonomy)
    by_guid = {
        guid(kind, record.id): (kind, record.id)
        for kind, records in _groups(taxonomy)
        for record in records
    }
    matched = {}
    for code in found:
        given = (_fields(code.description).get("id", ""), code.name, code.name.split("::")[-1])
        fitting = [by_guid.get(code.guid), *(named(words, name) for name in given)]
        target = next((one for one in fitting if one), None)
        if target:
            matched[code.guid] = target
    return matched


def named(words: Vocabulary, name: str) -> tuple[str, str] | None:
    """Find the feature or goal that a name stands for; None if it stands for none, or several."""
    found = {one for one in words.column_ids(name) if one.startswith((FEATURE, GOAL))}
    kind, _, own = found.pop().partition(":") if len(found) == 1 else ("", "", "")
    return (f"{kind}s", own) if kind else None


def version(found: Iterable[QdaCode]) -> str:
    """Tell by which version of the taxonomy a codebook was written, "" if it does not say.

    Parameters
    ----------
    found : iterable of QdaCode

    Returns
    -------
    str
    """
    told = [
        _fields(c.description).get("version", "") for c in found if c.guid == guid("features", "")
    ]
    return told[0] if told else ""


def read_root(path: Path) -> tuple[str, etree._Element]:
    """Read the XML of an exchange file.

    Parameters
    ----------
    path : Path
        XML, or for ``.qdpx`` a zip archive with one ``.qde`` file at its top.

    Returns
    -------
    file : str
        The name of the XML file.
    root : Element

    Raises
    ------
    DatasetError
        If it cannot be read safely.
    """
    if path.suffix.lower() == ".qdpx":
        file, content = safe_files.member(path, ".qde", "project.qde")
    else:
        file, content = path.name, safe_files.content(path)
    return file, safe_files.parse(content, file)


def codes(root: etree._Element, file: str) -> tuple[QdaCode, ...]:
    """List the codes of a codebook or project, each before those nested in it.

    Parameters
    ----------
    root : Element
    file : str
        The file's name, for problems.

    Returns
    -------
    tuple of QdaCode

    Raises
    ------
    DatasetError
        If codes share a GUID: it would not be known in which of them others are nested.
    """
    found = tuple(map(_read, root.iter("{*}Code")))
    first: dict[str, QdaCode] = {}
    problems = [
        Problem(file, code.line, None, code.name, (), f'its guid is that of "{other.name}"')
        for code in found
        if (other := first.setdefault(code.guid, code)) is not code
    ]
    if problems:
        raise DatasetError(file, problems, "Export the file again from the program it comes from.")
    return found


def _read(element: etree._Element) -> QdaCode:
    parent = element.getparent()
    nested = parent is not None and local(parent) == "Code"
    return QdaCode(
        guid=reference(element.get("guid")),
        name=element.get("name", "").strip(),
        description=text(element, "Description"),
        codable=element.get("isCodable", "true").strip().lower() in ("true", "1"),
        parent=reference(parent.get("guid")) if nested and parent is not None else "",
        line=line(element),
    )


def local(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return etree.QName(element).localname


def line(element: etree._Element) -> int | None:
    """Return the line on which an element starts."""
    return element.sourceline  # type: ignore[return-value] # the stubs know no number


def text(element: etree._Element, name: str) -> str:
    """Return the text of the first child of a name, "" if there is none."""
    return element.findtext(f"{{*}}{name}") or ""


def reference(value: str | None) -> str:
    """Bring a GUID to the one form in which they are compared."""
    return (value or "").strip().strip("{}").lower()


def _groups(taxonomy: Taxonomy) -> tuple[tuple[str, Sequence[Feature | Goal]], ...]:
    return ("features", taxonomy.features), ("goals", taxonomy.goals)


def _check_characters(taxonomy: Taxonomy) -> None:
    wrong = [
        f"{record.id}: a character that XML cannot hold in {found!r}"
        for _, records in _groups(taxonomy)
        for record in records
        for found in (record.id, *_texts(record))
        if NOT_IN_XML.search(found)
    ]
    if NOT_IN_XML.search(taxonomy.version):
        wrong.append(f"taxonomy: a character that XML cannot hold in {taxonomy.version!r}")
    if wrong:
        raise ValueError("\n  ".join(["the codebook cannot be written:", *wrong]))


def _texts(record: Feature | Goal) -> Iterator[str]:
    for lang in LANGUAGES:
        yield record.label[lang]
        yield _definition(record)[lang]


def _definition(record: Feature | Goal) -> Wording:
    return record.definition if isinstance(record, Feature) else record.long


def _code(parent: etree._Element, own: str, name: str, codable: bool) -> etree._Element:
    attributes = {"guid": own, "name": name, "isCodable": "true" if codable else "false"}
    return etree.SubElement(parent, f"{{{CODEBOOK}}}Code", attributes)


def _described(code: etree._Element, description: str) -> None:
    etree.SubElement(code, f"{{{CODEBOOK}}}Description").text = description


def _description(record: Feature | Goal, lang: str, taxonomy: Taxonomy) -> str:
    definition, citations = _definition(record), {r.id: r.citation for r in taxonomy.references}
    sources = "; ".join(citations.get(source, source) for source in record.sources)
    rows = [("definition", lang, definition[lang]), ("sources", lang, sources)]
    for other in LANGUAGES:
        if other != lang:
            rows += [
                ("label", other, record.label[other]),
                ("definition", other, definition[other]),
            ]
    lines = [(f"{HEADINGS[name][own]} ({own})", found) for name, own, found in rows if found]
    indented = [(heading, found.replace("\n", "\n  ")) for heading, found in lines]
    return "\n".join(f"{heading}: {found}" for heading, found in [*indented, ("Id", record.id)])


def _fields(description: str) -> dict[str, str]:
    """Read a description back by its headings; nothing if it has none."""
    fields: dict[str, list[str]] = {}
    lines: list[str] = []
    for row in description.split("\n"):
        field = FIELD.fullmatch(row)
        if field:
            lines = fields.setdefault(FIELDS[field[1]], [])
        lines.append(field[2] if field else row.removeprefix("  "))
    return {name: "\n".join(lines) for name, lines in fields.items()}


def _told_apart(group: Sequence[QdaCode], found: Sequence[QdaCode]) -> list[QdaCode]:
    """Name codes of one name by those that they are nested in, such as ``Osallisuus: vahva``."""
    by_guid = {code.guid: code for code in found}
    while True:
        times = Counter(_id(code) for code in group)
        nested = [times[_id(code)] > 1 and code.parent in by_guid for code in group]
        if not any(nested):
            return list(group)
        group = [
            replace(code, name=f"{above.name}: {code.name}", parent=above.parent)
            if one and (above := by_guid[code.parent])
            else code
            for code, one in zip(group, nested, strict=True)
        ]


def _row(code: QdaCode, key: str, definition: str) -> dict[str, str]:
    fields = _fields(code.description)
    everywhere = "" if fields else code.description.strip()
    row = {key: _id(code)}
    row |= {f"label_{lang}": fields.get(f"label_{lang}", code.name) for lang in LANGUAGES}
    own = {
        f"{definition}_{lang}": fields.get(f"definition_{lang}", everywhere) for lang in LANGUAGES
    }
    return row | own


def _id(code: QdaCode) -> str:
    plain = unicodedata.normalize("NFKD", code.name).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return _fields(code.description).get("id", "") or made or code.guid


def _repeated(group: Sequence[QdaCode], key: str, file: str) -> Iterator[Problem]:
    first: dict[str, QdaCode] = {}
    for code in group:
        before = first.setdefault(_id(code), code)
        if before is not code:
            message = f'its {key} would be "{_id(code)}", as that of "{before.name}"'
            yield Problem(file, code.line, None, code.name, (), message)

"""What is coded: the features, the strategic goals and the codes, as frozen records.

The wordings are data. They live in the CSV files beside this module, each with its status:
``official`` is quoted from a source, ``own`` is this project's translation or words.
"""

import tomllib
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import pandas as pd

from soila_analysis.language import LANGUAGES, messages

__all__ = [
    "CHANGE_COLUMNS",
    "CODE_COLUMNS",
    "COUNTS_AS",
    "FEATURE_COLUMNS",
    "GOAL_COLUMNS",
    "LANGUAGES",
    "Change",
    "Code",
    "Definition",
    "Feature",
    "Goal",
    "Reference",
    "Region",
    "Taxonomy",
    "Wording",
    "load",
    "regions",
]

COUNTS_AS = ("present", "absent", "unclear", "not-applicable")

_LABELS = tuple(f"label_{language}" for language in LANGUAGES)
FEATURE_COLUMNS = ("feature_id", *_LABELS)
GOAL_COLUMNS = ("goal_id", *_LABELS)
CODE_COLUMNS = ("code", "counts_as", *_LABELS)
CHANGE_COLUMNS = (
    *("version", "date", "feature_id"),
    *(f"change_{language}" for language in LANGUAGES),
    "recode",
)

Row: TypeAlias = dict[Hashable, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in three languages, each ``official`` or ``own``.

    Examples
    --------
    >>> label = Wording("Osallisuus", "Delaktighet", "Participation", fi_status="official")
    >>> label["sv"], label.status("fi"), label.status("sv")
    ('Delaktighet', 'official', 'own')
    """

    fi: str
    sv: str
    en: str
    fi_status: str = "own"
    sv_status: str = "own"
    en_status: str = "own"

    def __getitem__(self, language: str) -> str:
        return {"fi": self.fi, "sv": self.sv, "en": self.en}[language]

    def status(self, language: str) -> str:
        """Say whether the text in a language is ``official`` or ``own``."""
        return {"fi": self.fi_status, "sv": self.sv_status, "en": self.en_status}[language]


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature that a model is coded for.

    ``basis`` tells how far sources carry the definition: ``sourced``, ``partly inferred`` or
    ``inferred``; ``note`` says what is inferred. ``box`` is the text block of the slide that
    shows the feature, which is no official grouping.
    """

    id: str
    label: Wording
    definition: Wording
    basis: str
    note: str
    sources: tuple[str, ...]
    box: int


@dataclass(frozen=True, slots=True)
class Goal:
    """One strategic goal: a short label and the long text of the programme.

    ``year`` is that of the call or page that words the long text so, in each language; ``summary``
    says in our words what a long text that is cut before its point goes on to say.
    """

    id: str
    label: Wording
    long: Wording
    year: Wording
    summary: Wording
    sources: tuple[str, ...]
    note: str

    def worded(self, language: str) -> str:
        """Quote the long text, with its year and what it goes on to say, if these are known.

        Examples
        --------
        >>> load().goals[3].worded("en")[-50:]
        'substance-use problems] (official wording of 2023)'
        """
        t, text = messages(language), self.long[language]
        rest = t("taxonomy.summary", text=self.summary[language]) if self.summary[language] else ""
        year = t("taxonomy.wording", year=self.year[language]) if self.year[language] else ""
        return " ".join(part for part in (text, rest, year) if part)


@dataclass(frozen=True, slots=True)
class Code:
    """One code of the scale, and which of `COUNTS_AS` it counts as."""

    code: str
    counts_as: str
    label: Wording


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition that the slides quote, of one feature or (``feature_id`` None) of them all."""

    id: str
    feature_id: str | None
    text: Wording
    references: tuple[str, ...]
    original: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A source, with its ``status``.

    ``seen`` was read in a stored copy when the taxonomy was compiled; ``not seen`` is known from
    other sources only; ``as cited in the slides`` is known from its citation there. ``short`` names
    it in a text; ``note`` says what is not known of it.
    """

    id: str
    citation: str
    short: Wording
    note: Wording
    url: str
    status: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a version changed in a feature, or (``feature_id`` None) in the whole taxonomy.

    ``recode`` tells that codes made under an earlier version no longer hold.
    """

    version: str
    date: str
    feature_id: str | None
    text: Wording
    recode: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A Finnish wellbeing services county, Helsinki or Åland.

    ``row`` and ``column`` are those of its tile in a grid of tiles, from the upper left;
    ``county`` tells that it is one of the 21 counties.
    """

    id: str
    label: Wording
    row: int
    column: int
    county: bool


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """What a data set is coded by; every tuple is in its fixed order."""

    version: str
    features: tuple[Feature, ...]
    goals: tuple[Goal, ...]
    codes: tuple[Code, ...]
    definitions: tuple[Definition, ...]
    references: tuple[Reference, ...]
    changes: tuple[Change, ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """All versions that are known of, oldest first; `version` is the one in use."""
        return tuple(dict.fromkeys([*(change.version for change in self.changes), self.version]))

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of `LANGUAGES` in which everything that is coded has a label."""
        records: tuple[Feature | Goal | Code, ...] = (*self.features, *self.goals, *self.codes)
        return tuple(one for one in LANGUAGES if all(record.label[one] for record in records))

    @property
    def feature_ids(self) -> tuple[str, ...]:
        """The ids of the features, in order."""
        return tuple(feature.id for feature in self.features)

    @property
    def goal_ids(self) -> tuple[str, ...]:
        """The ids of the goals, in order."""
        return tuple(goal.id for goal in self.goals)

    @property
    def counts_as(self) -> dict[str, str]:
        """What each code counts as: one of `COUNTS_AS`."""
        return {code.code: code.counts_as for code in self.codes}

    def citation(self, reference: str) -> str:
        """Return the citation of a reference.

        Parameters
        ----------
        reference
            The id of one of `references`.

        Returns
        -------
        str
            As in a list of references.

        Raises
        ------
        ValueError
            For an id that is not there; the message lists those that are.

        Examples
        --------
        >>> load().citation("demos-helsinki-2022")
        'Demos Helsinki 2022.'
        """
        citations = {r.id: r.citation for r in self.references}
        if reference not in citations:
            raise ValueError(f'no reference "{reference}"; allowed: {", ".join(citations)}')
        return citations[reference]

    def short(self, reference: str, language: str) -> str:
        """Name a reference in a text; an id that is none of `references` stands for itself."""
        known = {r.id: r.short[language] for r in self.references}
        return known.get(reference, reference)

    def attributed(self, definition: Definition, language: str) -> str:
        """Say whose words a definition is, and which of them are our translation.

        Examples
        --------
        >>> load().attributed(load().definitions[0], "fi")
        'Young Foundation 2012 (THL: SOILA-diat)'
        """
        slides, source, *_ = definition.references
        t, named = messages(language), self.short(source, language)
        told = f"{named} ({self.short(slides, language)})"
        if definition.text.status(language) == "official":
            return told
        original = self.short(definition.original, language)
        known = [t("taxonomy.original", reference=original)] if original else []
        return "; ".join([told, t("taxonomy.translated"), *known])

    def cited(self) -> tuple[Reference, ...]:
        """Return the references that its features, goals and definitions name, in their order."""
        records: tuple[Feature | Goal, ...] = (*self.features, *self.goals)
        named = {source for record in records for source in record.sources}
        named |= {r for d in self.definitions for r in (*d.references, d.original)}
        return tuple(reference for reference in self.references if reference.id in named)

    def labels(self, language: str) -> dict[str, str]:
        """Map the id of each feature and goal to its label.

        Parameters
        ----------
        language
            One of `LANGUAGES`.

        Returns
        -------
        dict
            Features first, then goals, each in their order.

        Raises
        ------
        ValueError
            For a language in which not everything has a label; the message lists the others.

        Examples
        --------
        >>> load().labels("sv")["participation"]
        'Delaktighet'
        """
        if language not in self.languages:
            has = ", ".join(self.languages)
            raise ValueError(f'the taxonomy has no labels in "{language}"; allowed: {has}')
        records: tuple[Feature | Goal, ...] = (*self.features, *self.goals)
        return {record.id: record.label[language] for record in records}

    def with_tables(
        self,
        *,
        version: str,
        features: pd.DataFrame | None = None,
        goals: pd.DataFrame | None = None,
        codes: pd.DataFrame | None = None,
        changes: pd.DataFrame | None = None,
    ) -> "Taxonomy":
        """Replace tables by those of a data set.

        The tables are text throughout ("" for empty) and taken as valid. Labels in one language
        suffice; `languages` says which there are. Other columns beyond the required ones may be
        missing: a status is then ``own``, a text empty, and each feature stands in a box of its
        own. The order is that of ``position``, else that of the rows.

        Parameters
        ----------
        version
            The version of the taxonomy that results.
        features, goals, codes
            Tables with at least `FEATURE_COLUMNS`, `GOAL_COLUMNS` and `CODE_COLUMNS`;
            None keeps the present ones.
        changes
            A table with at least `CHANGE_COLUMNS`, its versions oldest first; None keeps the
            present changes, unless the features are replaced.

        Returns
        -------
        Taxonomy
            A new one, without definitions of what it no longer has.
        """
        past = self.changes if features is None else ()
        taxonomy = replace(
            self,
            version=version,
            features=self.features if features is None else _features(features),
            goals=self.goals if goals is None else _goals(goals),
            codes=self.codes if codes is None else _codes(codes),
            changes=past if changes is None else _changes(changes),
        )
        shared = {*self.feature_ids} & {*taxonomy.feature_ids}
        known = {*shared, None} if shared else shared
        kept = tuple(record for record in self.definitions if record.feature_id in known)
        return replace(taxonomy, definitions=kept)


@cache
def load() -> Taxonomy:
    """Read the taxonomy that comes with the package.

    Returns
    -------
    Taxonomy
        Sixteen features, four goals and four codes, with the definitions that the slides quote,
        the references, and what each version changed.
    """
    metadata = tomllib.loads(files(__name__).joinpath("taxonomy.toml").read_text("utf-8"))
    return Taxonomy(
        version=metadata["version"],
        features=_features(_table("features")),
        goals=_goals(_table("goals")),
        codes=_codes(_table("codes")),
        definitions=_definitions(_table("definitions")),
        references=_references(_table("references")),
        changes=_changes(_table("changes")),
    )


@cache
def regions() -> tuple[Region, ...]:
    """Read the regions that come with the package: a column of models may hold their names.

    Returns
    -------
    tuple of Region
        The 21 wellbeing services counties, Helsinki and Åland, in the order of the law.

    Examples
    --------
    >>> regions()[0].label["sv"], sum(region.county for region in regions())
    ('Östra Nyland', 21)
    """
    return tuple(
        Region(
            id=row["region_id"],
            label=_wording(row, "label"),
            row=int(row["row"]),
            column=int(row["column"]),
            county=row["county"] == "yes",
        )
        for row in _rows(_table("regions"))
    )


def _table(name: str) -> pd.DataFrame:
    with files(__name__).joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)


def _features(table: pd.DataFrame) -> tuple[Feature, ...]:
    return tuple(
        Feature(
            id=row["feature_id"],
            label=_wording(row, "label"),
            definition=_wording(row, "definition"),
            basis=row.get("basis", ""),
            note=row.get("note", ""),
            sources=_ids(row.get("sources", "")),
            box=int(row.get("box") or ordinal),
        )
        for ordinal, row in enumerate(_rows(table), start=1)
    )


def _goals(table: pd.DataFrame) -> tuple[Goal, ...]:
    return tuple(
        Goal(
            id=row["goal_id"],
            label=_wording(row, "label"),
            long=_wording(row, "long"),
            year=_wording(row, "year"),
            summary=_wording(row, "summary"),
            sources=_ids(row.get("sources", "")),
            note=row.get("note", ""),
        )
        for row in _rows(table)
    )


def _codes(table: pd.DataFrame) -> tuple[Code, ...]:
    return tuple(
        Code(code=row["code"], counts_as=row["counts_as"], label=_wording(row, "label"))
        for row in _rows(table)
    )


def _definitions(table: pd.DataFrame) -> tuple[Definition, ...]:
    return tuple(
        Definition(
            id=row["definition_id"],
            feature_id=row["feature_id"] or None,
            text=_wording(row, "text"),
            references=_ids(row["references"]),
            original=row["original"],
        )
        for row in _rows(table)
    )


def _references(table: pd.DataFrame) -> tuple[Reference, ...]:
    return tuple(
        Reference(
            id=row["reference_id"],
            citation=row["citation"],
            short=_wording(row, "short"),
            note=_wording(row, "note"),
            url=row["url"],
            status=row["status"],
        )
        for row in _rows(table)
    )


def _changes(table: pd.DataFrame) -> tuple[Change, ...]:
    return tuple(
        Change(
            version=row["version"],
            date=row["date"],
            feature_id=row["feature_id"] or None,
            text=_wording(row, "change"),
            recode=row["recode"] == "yes",
        )
        for row in _rows(table)
    )


def _rows(table: pd.DataFrame) -> list[Row]:
    """Return the rows in the order of ``position``, else as they stand."""
    rows = table.to_dict("records")
    return sorted(rows, key=lambda row: int(row["position"])) if "position" in table else rows


def _wording(row: Row, name: str) -> Wording:
    """Read ``name_fi``, ... with ``name_fi_status``, ... or one ``name_status`` for all."""
    texts = [row.get(f"{name}_{language}", "") for language in LANGUAGES]
    shared = row.get(f"{name}_status") or "own"
    statuses = [row.get(f"{name}_{language}_status") or shared for language in LANGUAGES]
    return Wording(*texts, *statuses)


def _ids(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(";")) if joined else ()

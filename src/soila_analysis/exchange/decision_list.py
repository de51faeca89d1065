"""The list of disagreements as coders take it in hand: a CSV file that a spreadsheet opens."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from soila_analysis.dataset.decisions import CODE, COLUMNS_OF_DECISIONS, NOTE
from soila_analysis.dataset.problems import DatasetError, Problem
from soila_analysis.exchange import spreadsheets
from soila_analysis.files import for_spreadsheets, regular
from soila_analysis.language import Messages, messages
from soila_analysis.taxonomy import Taxonomy

CLAIM = "claim:"
# What spreadsheets take for the end of a cell where a comma ends the whole part of a number.
DELIMITERS = {"fi": ";", "sv": ";", "en": ","}


def worded(
    listed: pd.DataFrame,
    names: Mapping[str, str],
    taxonomy: Taxonomy,
    claims: Mapping[str, str],
    lang: str,
) -> pd.DataFrame:
    """Put a list of disagreements into words.

    Parameters
    ----------
    listed : DataFrame
        As `review.worklist.worklist` gives.
    names : mapping
        Of models, by id.
    taxonomy : Taxonomy
        Gives the labels and definitions of the features.
    claims : mapping
        Texts of the published claims in that language, by id.
    lang : {"fi", "sv", "en"}
        Language.

    Returns
    -------
    DataFrame
        Text throughout: the columns of ``decisions.csv``, to be filled in; then, under headings in
        that language, model, feature, what a decision could change, each coder's code and note,
        and the definition.
    """
    t = messages(lang)
    coders = [column.removeprefix(CODE) for column in listed if column.startswith(CODE)]
    features = {feature.id: feature for feature in taxonomy.features}
    asked = listed["feature_id"].map(features)
    said = {
        heading: listed[f"{prefix}{coder}"]
        for coder in coders
        for heading, prefix in (
            (t("disagreements.code", coder=coder), CODE),
            (t("disagreements.note", coder=coder), NOTE),
        )
    }
    return listed[COLUMNS_OF_DECISIONS].assign(
        **{
            t("disagreements.model"): listed["model_id"].map(names),
            t("disagreements.feature"): [feature.label[lang] for feature in asked],
            t("disagreements.changes"): [_changes(ids, claims, t) for ids in listed["changes"]],
            **said,
            t("disagreements.definition"): [feature.definition[lang] for feature in asked],
        }
    )


def write(table: pd.DataFrame, file: Path, lang: str) -> None:
    r"""Write a list so that a spreadsheet of that language opens it by a double click.

    Parameters
    ----------
    table : DataFrame
        As `worded` gives.
    file : Path
        A new one.
    lang : {"fi", "sv", "en"}
        Decides on the delimiter: a semicolon in Finnish and Swedish. UTF-8 with a byte order mark,
        without which spreadsheets misread ä.
    """
    text = for_spreadsheets(table, sep=DELIMITERS[lang])
    with file.open("x", encoding="utf-8-sig", newline="") as new:
        new.write(text)


def read(file: Path) -> pd.DataFrame | None:
    """Read a list that a spreadsheet program saved as a workbook.

    Parameters
    ----------
    file : Path
        A list of disagreements, filled in.

    Returns
    -------
    DataFrame or None
        Text, by the number of the row; None for a CSV file, which `dataset.decide` reads itself.

    Raises
    ------
    DatasetError
        If the workbook is refused, or not one sheet of it has the columns of ``decisions.csv``.
    """
    with regular(file).open("rb") as start:
        if start.read(2) != b"PK":
            return None
    grids, problems = spreadsheets.read(file)
    fitting = []
    for grid in grids:
        for row, heads in enumerate(grid.rows, start=1):
            if set(COLUMNS_OF_DECISIONS[:3]) <= set(heads):
                width = range(1, len(heads) + 1)
                rows = range(row + 1, len(grid.rows) + 1)
                texts = [[grid.text(one, column) for column in width] for one in rows]
                fitting.append(pd.DataFrame(texts, index=[*rows], columns=heads, dtype="str"))
    if len(fitting) != 1:
        wanted = (f"one sheet with {', '.join(COLUMNS_OF_DECISIONS)}",)
        found = Problem(file.name, None, None, f"{len(fitting)} such sheets", wanted)
        raise DatasetError(file, problems or [found], "Save the list again, and decide again.")
    return fitting[0][COLUMNS_OF_DECISIONS]


def _changes(ids: str, claims: Mapping[str, str], t: Messages) -> str:
    return "; ".join(
        t("disagreements.claim", claim=claims[one.removeprefix(CLAIM)].rstrip("."))
        if one.startswith(CLAIM)
        else t(f"disagreements.{one}")
        for one in ids.split()
    )

"""Figures of the review: from a table to a matplotlib figure, its words, and its files."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis.figures import (
    agreement,
    agreement_by_coders,
    change_over_rounds,
    claims,
    coder_error,
    contrasts,
    disagreement,
    evidence_map,
    feature_by_goal,
    feature_shares,
    features_per_model,
    fragility,
    model_people,
    models_by_goal,
    ranks,
    regions,
    share_bases,
    taxonomy,
    together,
)
from soila_analysis.figures.page import style
from soila_analysis.figures.save import Output, read_table, save_figure, save_table, save_texts
from soila_analysis.figures.spec import Spec, found
from soila_analysis.figures.taxonomy import definitions, tabulate
from soila_analysis.figures.texts import Texts, scoped, sourced, without_figure
from soila_analysis.language import messages
from soila_analysis.taxonomy import Taxonomy

__all__ = [
    "SPECS",
    "Output",
    "Saved",
    "Spec",
    "Texts",
    "definitions",
    "draw",
    "label",
    "publish",
    "read_table",
    "save_figure",
    "save_table",
    "scoped",
    "selected",
    "sourced",
    "spec",
    "tabulate",
    "texts",
]

REDESIGNED = "redesigned"

SPECS: Mapping[str, Spec] = MappingProxyType(
    {
        module.SPEC.name: module.SPEC
        for module in (
            taxonomy,
            models_by_goal,
            feature_shares,
            feature_by_goal,
            features_per_model,
            evidence_map,
            claims,
            share_bases,
            fragility,
            agreement,
            agreement_by_coders,
            disagreement,
            contrasts,
            ranks,
            change_over_rounds,
            coder_error,
            model_people,
            regions,
            together,
        )
    }
)
"""The figures by their names: the one place that knows them all."""


def spec(figure: str) -> Spec:
    """Look up a figure.

    Parameters
    ----------
    figure : str
        Its name.

    Returns
    -------
    Spec

    Raises
    ------
    ValueError
        For an unknown name; the message lists those there are.
    """
    return found("no figure", figure, SPECS)


def label(
    table: pd.DataFrame,
    taxonomy: Taxonomy,
    lang: str,
    source: str,
    *,
    scope: str = "",
    selection: str = "",
) -> pd.DataFrame:
    """Add to a table the source and the labels of one language, as its last columns.

    Parameters
    ----------
    table : DataFrame
        With ``feature_id``, ``other_feature_id`` and/or ``goal_id`` (empty where a row is about all
        goals).
    taxonomy : Taxonomy
        Gives the labels.
    lang : {"fi", "sv", "en"}
        Language of the labels.
    source : str
        Where the numbers come from, in that language.
    scope : str, optional
        Where and when the models are from, as `scoped` says.
    selection : str, optional
        Which of the models they are about, as `selected` says; empty for all.

    Returns
    -------
    DataFrame
        The table with ``source``, ``scope``, of a part ``selection``, and then
        ``feature``, ``other_feature`` and/or ``goal``.
    """
    labels = taxonomy.labels(lang)
    part = {"selection": selection} if selection else {}
    labelled = table.assign(source=source, scope=scope, **part)
    for column in ("feature", "other_feature", "goal"):
        if f"{column}_id" in table:
            labelled[column] = table[f"{column}_id"].map(labels).fillna("")
    return labelled


def selected(lang: str, *conditions: str, n: int, of: int) -> str:
    """Say which of the models a figure is about.

    Parameters
    ----------
    lang : {"fi", "sv", "en"}
        Language.
    *conditions : str
        What singles them out, such as the label of a goal; empty ones are left out.
    n, of : int
        Models chosen, and models in all.

    Returns
    -------
    str
        A sentence; empty without conditions.
    """
    t, named = messages(lang), "; ".join(c for c in conditions if c)
    return t("common.selection", what=named, ratio=t.ratio(n, of)) if named else ""


def texts(figure: str, table: pd.DataFrame, lang: str, variant: str = REDESIGNED) -> Texts:
    """Return the words of a figure.

    Parameters
    ----------
    figure : str
        Its name.
    table : DataFrame
        The figure's labelled table.
    lang : {"fi", "sv", "en"}
        Language.
    variant : {"as-published", "redesigned"}
        Which of its variants.

    Returns
    -------
    Texts
        Title, subtitle, badge, source, alternative texts and findings.
    """
    own = spec(figure)
    if table.empty:  # a figure about published claims, of a data set without any
        t = messages(lang)
        return without_figure(table, lang, t("claims.none-title"), t("claims.none"))
    return own.texts(table, lang, variant)


def draw(figure: str, table: pd.DataFrame, lang: str, variant: str = REDESIGNED) -> Figure:
    """Draw a figure from its table alone.

    Parameters
    ----------
    figure, table, lang, variant
        As for `texts`.

    Returns
    -------
    Figure
        16 cm wide; not registered with pyplot.

    Raises
    ------
    ValueError
        For an unknown figure or variant; the message lists those there are. For a table with
        nothing to draw; the message is the sentence that says why.
    """
    own = spec(figure)
    drawing = found(f"{figure} has no variant", variant, own.variants)
    words = texts(figure, table, lang, variant)
    if not own.shows(table, variant):
        raise ValueError(f"{figure}: {words.findings[0]}")
    with style():
        return drawing(table, words)


@dataclass(frozen=True, slots=True)
class Saved:
    """Figures that were saved; shown in a notebook with their alternative texts."""

    words: tuple[Texts, ...]
    files: tuple[Mapping[str, Path], ...]

    def _repr_html_(self) -> str:
        pairs = zip(self.words, self.files, strict=True)
        told = dict.fromkeys(f for words in self.words for f in words.findings)
        sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in told)
        figures = "".join(_figure_html(w, files["svg"]) for w, files in pairs if "svg" in files)
        return f'<section lang="{self.words[0].lang}">{figures}{sentences}</section>'


def publish(
    figure: str,
    table: pd.DataFrame,
    lang: str,
    variants: tuple[str, ...],
    folder: Path,
    *,
    stem: str | None = None,
) -> Saved:
    """Draw a figure, save it with its table and texts, and show it.

    Where the table has nothing to draw, its texts are saved and shown, which say why.

    Parameters
    ----------
    figure, table, lang
        As for `texts`.
    variants : tuple of str
        Which of its variants.
    folder : Path
        ``figures/`` and ``tables/`` go below it.
    stem : str, optional
        File name without its ending, by default the figure's name.

    Returns
    -------
    Saved
        What was saved; a notebook shows the figures as the cell's result.
    """
    own, name = spec(figure), stem or figure
    source = save_table(table, name, folder / "tables", figure=figure, lang=lang)
    words: list[Texts] = []
    files: list[Mapping[str, Path]] = []
    for one in variants:
        output = Output(figure, one, f"{name}-{one}", folder / "figures", source)
        words.append(texts(figure, table, lang, one))
        if own.shows(table, one):
            files.append(save_figure(draw(figure, table, lang, one), words[-1], output))
        else:
            files.append({"json": save_texts(words[-1], output)})
    return Saved(tuple(words), tuple(files))


def _figure_html(words: Texts, svg: Path) -> str:
    data = b64encode(svg.read_bytes()).decode()
    return (
        f'<figure style="margin:0 0 1em"><img alt="{escape(words.alt)}" style="max-width:16cm" '
        f'src="data:image/svg+xml;base64,{data}"></figure>'
    )

"""Figures of the review: from a table to a matplotlib figure, its words, and its files."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis.figures import (
    agreement,
    agreement_by_coders,
    claims,
    disagreement,
    evidence_map,
    feature_by_goal,
    feature_shares,
    features_per_model,
    fragility,
    models_by_goal,
    rounds,
    share_bases,
    taxonomy,
)
from soila_analysis.figures.page import style
from soila_analysis.figures.save import save_figure, save_table, save_texts
from soila_analysis.figures.taxonomy import definitions, tabulate
from soila_analysis.figures.texts import Texts
from soila_analysis.language import messages
from soila_analysis.taxonomy import Taxonomy

__all__ = [
    "PLOTS",
    "Plot",
    "Published",
    "Texts",
    "definitions",
    "draw",
    "label",
    "publish",
    "save_figure",
    "save_table",
    "selected",
    "tabulate",
    "texts",
]

Draw = Callable[[pd.DataFrame, Texts], Figure]


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure of the review.

    Attributes
    ----------
    texts : callable
        (table, lang, variant) -> `Texts`.
    variants : mapping of str to callable
        By name: ``as-published`` and ``redesigned``; (table, texts) -> Figure.
    drawable : callable
        table -> whether there is something to draw; where there is not, the texts say why.
    """

    texts: Callable[[pd.DataFrame, str, str], Texts]
    variants: Mapping[str, Draw]
    drawable: Callable[[pd.DataFrame], bool] = lambda _: True


def _plot(module: Any) -> Plot:
    names = [v for v in ("as-published", "redesigned") if hasattr(module, v.replace("-", "_"))]
    variants = MappingProxyType({v: getattr(module, v.replace("-", "_")) for v in names})
    return Plot(module.texts, variants, getattr(module, "drawable", lambda _: True))


PLOTS: Mapping[str, Plot] = MappingProxyType(
    {
        "taxonomy": _plot(taxonomy),
        "models-by-goal": _plot(models_by_goal),
        "feature-shares": _plot(feature_shares),
        "feature-by-goal": _plot(feature_by_goal),
        "features-per-model": _plot(features_per_model),
        "evidence-map": _plot(evidence_map),
        "claims": _plot(claims),
        "share-bases": _plot(share_bases),
        "fragility": _plot(fragility),
        "rounds": _plot(rounds),
        "agreement": _plot(agreement),
        "agreement-by-coders": _plot(agreement_by_coders),
        "disagreement": _plot(disagreement),
    }
)


def label(
    table: pd.DataFrame, taxonomy: Taxonomy, lang: str, source: str, *, selection: str = ""
) -> pd.DataFrame:
    """Add to a table the source and the labels of one language, as its last columns.

    Parameters
    ----------
    table : DataFrame
        With ``feature_id`` and/or ``goal_id`` (empty where a row is about all goals).
    taxonomy : Taxonomy
        Gives the labels.
    lang : {"fi", "sv", "en"}
        Language of the labels.
    source : str
        Where the numbers come from, in that language.
    selection : str, optional
        Which of the models they are about, as `selected` says; empty for all.

    Returns
    -------
    DataFrame
        The table with ``source``, of a part ``selection``, and then ``feature`` and/or ``goal``.
    """
    labels = taxonomy.labels(lang)
    part = {"selection": selection} if selection else {}
    labelled = table.assign(source=source, **part)
    for column in ("feature", "goal"):
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
    ratio = f"{t.number(n)}/{t.number(of)}"
    return t("common.selection", what=named, ratio=ratio) if named else ""


def texts(plot: str, table: pd.DataFrame, lang: str, variant: str = "redesigned") -> Texts:
    """Return the words of a figure.

    Parameters
    ----------
    plot : str
        A name in `PLOTS`.
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
    return PLOTS[plot].texts(table, lang, variant)


def draw(plot: str, table: pd.DataFrame, lang: str, variant: str = "redesigned") -> Figure:
    """Draw a figure from its table alone.

    Parameters
    ----------
    plot, table, lang, variant
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
    if plot not in PLOTS:
        raise ValueError(f'no figure "{plot}"; allowed: {", ".join(PLOTS)}')
    variants = PLOTS[plot].variants
    if variant not in variants:
        raise ValueError(f'{plot} has no variant "{variant}"; allowed: {", ".join(variants)}')
    words = texts(plot, table, lang, variant)
    if not PLOTS[plot].drawable(table):
        raise ValueError(f"{plot}: {words.findings[0]}")
    with style():
        return variants[variant](table, words)


@dataclass(frozen=True, slots=True)
class Published:
    """Figures that were saved; shown in a notebook with their alternative texts."""

    words: tuple[Texts, ...]
    files: tuple[Mapping[str, Path], ...]

    def _repr_html_(self) -> str:
        pairs = zip(self.words, self.files, strict=True)
        found = dict.fromkeys(f for words in self.words for f in words.findings)
        sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in found)
        figures = "".join(_figure_html(w, files["svg"]) for w, files in pairs if "svg" in files)
        return f'<section lang="{self.words[0].lang}">{figures}{sentences}</section>'


def publish(
    plot: str,
    table: pd.DataFrame,
    lang: str,
    variant: str,
    folder: Path,
    *,
    stem: str | None = None,
) -> Published:
    """Draw a figure, save it with its table and texts, and show it.

    Where the table has nothing to draw, its texts are saved and shown, which say why.

    Parameters
    ----------
    plot, table, lang
        As for `texts`.
    variant : {"as-published", "redesigned", "both"}
        Which of its variants; ``both`` means all that the figure has.
    folder : Path
        ``figures/`` and ``tables/`` go below it.
    stem : str, optional
        File name without its ending, by default the figure's name.

    Returns
    -------
    Published
        What was saved; a notebook shows the figures as the cell's result.
    """
    name = stem or plot
    chosen: Sequence[str] = tuple(PLOTS[plot].variants) if variant == "both" else (variant,)
    source = save_table(table, name, folder / "tables")
    words: list[Texts] = []
    files: list[Mapping[str, Path]] = []
    for one in chosen:
        where = (f"{name}-{one}", folder / "figures", source)
        words.append(texts(plot, table, lang, one))
        if PLOTS[plot].drawable(table):
            files.append(save_figure(draw(plot, table, lang, one), words[-1], *where))
        else:
            files.append({"json": save_texts(words[-1], *where)})
    return Published(tuple(words), tuple(files))


def _figure_html(words: Texts, svg: Path) -> str:
    data = b64encode(svg.read_bytes()).decode()
    return (
        f'<figure style="margin:0 0 1em"><img alt="{escape(words.alt)}" style="max-width:16cm" '
        f'src="data:image/svg+xml;base64,{data}"></figure>'
    )

"""Figure 1: the features of a social innovation."""

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis.figures.page import LABEL, SMALL, WIDTH, Page, height, lines
from soila_analysis.figures.palette import BLUE, BOX, MUTED
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, sourced
from soila_analysis.language import Messages, messages
from soila_analysis.taxonomy import Taxonomy

GAP = 0.25  # cm
NAMES = 5.5


def metric(data: Coded, lang: str) -> pd.DataFrame:
    """Make the table of the figure: see `tabulate`; its source is that of the features."""
    named = next((s for f in data.taxonomy.features for s in f.sources), "")
    cited = data.taxonomy.citation(named) if named else ""
    return tabulate(data.taxonomy, lang, sourced(data.info, lang, "taxonomy", cited))


def tabulate(taxonomy: Taxonomy, lang: str, source: str = "") -> pd.DataFrame:
    """Lay the taxonomy out as the table of this figure.

    Parameters
    ----------
    taxonomy : Taxonomy
        The features, in order.
    lang : {"fi", "sv", "en"}
        Language of names and definitions.
    source : str, optional
        Where the features come from.

    Returns
    -------
    DataFrame
        ``feature_id``, ``position``, ``box`` (the text block of the slide that names it),
        ``basis`` (how well its definition is founded), ``wording`` (official or own),
        ``sources``, ``kind`` (taxonomy: no codes are involved), ``reading``, ``source``,
        ``definition``, ``feature``.
    """
    labels = taxonomy.labels(lang)
    rows = [
        {
            "feature_id": f.id,
            "position": i,
            "box": f.box or i,
            "basis": f.basis,
            "wording": f.label.status(lang),
            "sources": "; ".join(taxonomy.short(one, lang) for one in f.sources),
            "kind": "taxonomy",
            "reading": "",
            "source": source,
            "definition": f.definition[lang],
            "feature": labels[f.id],
        }
        for i, f in enumerate(taxonomy.features, 1)
    ]
    return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class Definitions:
    """Definitions that the slides quote, shown in a notebook as quotations with their sources."""

    quotations: tuple[tuple[str, str, str], ...]
    lang: str

    def _repr_html_(self) -> str:
        blocks = "".join(
            f"<p><strong>{escape(name)}</strong></p><blockquote><p>{escape(text)}</p>"
            f"<footer>— {escape(citation)}</footer></blockquote>"
            for name, text, citation in self.quotations
        )
        return f'<section lang="{self.lang}">{blocks}</section>'


def definitions(taxonomy: Taxonomy, lang: str) -> Definitions:
    """Quote the definitions that the slides give: of a social innovation, and of single features.

    Parameters
    ----------
    taxonomy : Taxonomy
        With its definitions.
    lang : {"fi", "sv", "en"}
        Language of the texts; `Definition.text` says which are official.

    Returns
    -------
    Definitions
        Shown by a notebook as quotations.
    """
    t, labels = messages(lang), taxonomy.labels(lang)
    return Definitions(
        tuple(
            (
                labels[d.feature_id] if d.feature_id else t("taxonomy.general"),
                d.text[lang],
                taxonomy.attributed(d, lang),
            )
            for d in taxonomy.definitions
        ),
        lang,
    )


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    count = t.number(len(table))
    own = bool((table["wording"] == "own").any())
    theirs = bool(table["sources"].ne("").any())
    how = t(f"taxonomy.how-{variant}") if theirs else ""
    return compose(
        table,
        lang,
        chart=t(f"taxonomy.chart-{variant}"),
        title=t("taxonomy.title" if theirs else "taxonomy.own-title", count=count),
        measure=how,
        notes=[t("taxonomy.own-names") if own and theirs else ""],
        findings=[t("taxonomy.lead", count=count)],
        rows=[f"{r.position}. {r.feature}: {r.definition}" for r in table.itertuples()],
    )


def as_published(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the features as text boxes in two columns, grouped as on the slide."""
    width = (WIDTH - 0.6 - GAP) / 2
    groups = [
        [lines(name, width - 0.6, LABEL, words.lang) for name in group["feature"]]
        for _, group in table.groupby("box")
    ]
    heights = [sum(height(entry, LABEL) + 0.12 for entry in group) + 0.34 for group in groups]
    split = min(
        range(1, len(groups) + 1),
        key=lambda i: max(_stack(heights[:i]), _stack(heights[i:])),
    )
    page = Page(words, body=max(_stack(heights[:split]), _stack(heights[split:])) + 0.1)
    canvas = page.canvas()
    for first, last, x in ((0, split, 0.3), (split, len(groups), 0.3 + width + GAP)):
        y = 0.1
        for group, high in zip(groups[first:last], heights[first:last], strict=True):
            canvas.add_patch(Rectangle((x, y), width, high, facecolor=BOX, edgecolor="none"))
            canvas.add_patch(Rectangle((x, y), 0.1, high, facecolor=BLUE, edgecolor="none"))
            top = y + 0.23
            for entry in group:
                page.text(x + 0.35, top, entry)
                top += height(entry, LABEL) + 0.12
            y += high + GAP
    return page.figure


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a list: name, definition, and how well the definition is founded."""
    t = messages(words.lang)
    rows = [_definition(r, words.lang, t) for r in table.itertuples()]
    heights = [
        max(height(name, LABEL), height(text, LABEL) + height(note, SMALL)) + 0.3
        for name, text, note in rows
    ]
    page = Page(words, body=sum(heights) + 0.1)
    for (name, text, note), y in zip(rows, page.rows(page.canvas(), 0.1, heights), strict=True):
        page.text(0.3, y + 0.12, name, weight="bold", color=BLUE)
        page.text(NAMES + 0.7, y + 0.12, text)
        page.text(NAMES + 0.7, y + 0.12 + height(text, LABEL), note, size=SMALL, color=MUTED)
    return page.figure


def _stack(heights: list[float]) -> float:
    return sum(heights) + GAP * max(len(heights) - 1, 0)


def _definition(row: Any, lang: str, t: Messages) -> tuple[list[str], list[str], list[str]]:
    width = WIDTH - NAMES - 1.0
    known = t.catalogue["taxonomy"]["basis"].get(row.basis, "")
    sources = t("taxonomy.sources", sources=row.sources) if row.sources else ""
    note = " ".join(part for part in (known, sources) if part)
    return (
        lines(f"{row.position}. {row.feature}", NAMES, LABEL, lang, bold=True),
        lines(row.definition, width, LABEL, lang, even=False) if row.definition else [],
        lines(note, width, SMALL, lang, even=False) if note else [],
    )


SPEC = Spec("taxonomy", texts, (as_published, redesigned), metric)

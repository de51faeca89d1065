"""The words of a figure, generated from its table in the language of the reader."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from soila_analysis import __version__
from soila_analysis.figures.wording import badge, explained
from soila_analysis.language import messages


@dataclass(frozen=True, slots=True)
class Texts:
    """All that a figure says in words.

    Attributes
    ----------
    lang : str
        Language of the texts.
    title, subtitle, badge, notes, source : str
        As printed on the figure. The subtitle says what is measured, where, when and of how many;
        the badge is empty for observed data; the notes stand below, above the source.
    alt : str
        Short alternative text: kind of chart, what it shows, main finding.
    description : str
        Long description: all numbers of the figure in sentences.
    findings : tuple of str
        The sentences that state results.
    """

    lang: str
    title: str
    subtitle: str
    badge: str
    notes: str
    source: str
    alt: str
    description: str
    findings: tuple[str, ...]


def sourced(info: Any, lang: str, kind: str = "", cited: str = "") -> str:
    """Write the source of a figure: the publication, who made the figure, the licence.

    Parameters
    ----------
    info : DatasetInfo
        What ``dataset.toml`` says.
    lang : {"fi", "sv", "en"}
        Language.
    kind : str, optional
        The kind of the figure's table, by default that of the data set.
    cited : str, optional
        The publication, by default the one that the data set is of, else where its data come from.

    Returns
    -------
    str
        Sentences.
    """
    told = (cited or (info.citation or info.source)[lang]).rstrip(".")
    reconstructed = (kind or info.kind) == "reconstructed"
    key = "common.made-reconstructed" if reconstructed else "common.made"
    return f"{told}. " + messages(lang)(key, version=__version__, licence=info.licence)


def scoped(info: Any, lang: str) -> str:
    """Write where and when the models of a data set are from, as far as it says.

    Parameters
    ----------
    info : DatasetInfo
        What ``dataset.toml`` says.
    lang : {"fi", "sv", "en"}
        Language.

    Returns
    -------
    str
        Such as "Finland, 2024".
    """
    return f"{info.place[lang]}, {info.round}" if info.place else str(info.round)


def compose(
    table: pd.DataFrame,
    lang: str,
    *,
    chart: str,
    title: str,
    measure: str,
    n: str = "",
    notes: Sequence[str] = (),
    findings: Sequence[str],
    rows: Sequence[str] = (),
    marks: bool = True,
) -> Texts:
    """Put the parts of a figure's texts together with those that every figure shares.

    Parameters
    ----------
    table : DataFrame
        The labelled table; its ``kind``, ``reading``, ``basis``, ``scope``, ``source`` and, of a
        part of the models, ``selection`` are told.
    lang : str
        Language.
    chart : str
        Kind of chart, such as "Pie chart".
    title : str
        Title of the figure.
    measure : str
        A sentence that says what is measured.
    n : str, optional
        Of how many, such as "n = 52".
    notes : sequence of str, optional
        Sentences that say how, and what is left out.
    findings : sequence of str
        Sentences that state the results, the main one first.
    rows : sequence of str, optional
        A sentence for each row of the table, for the long description.
    marks : bool, default True
        Whether the figure has marks for where a number stands, which the description explains.

    Returns
    -------
    Texts
    """
    t = messages(lang)
    first = table.iloc[0] if len(table) else pd.Series()
    part = first.get("selection", "")
    findings = [_joined(part, findings[0]), *findings[1:]]
    meaning = explained(table["basis"], t) if marks else ""
    about = ", ".join(filter(None, (first.get("scope", ""), n)))
    subtitle = _joined(part, measure, f"{about}." if about else "")
    printed = _joined(*notes)
    kind = first.get("kind", "")
    kinds = table["kind"].unique() if "kind" in table else ()
    what = "".join(f"{said.capitalize()}. " for k in kinds if (said := badge(k, "", t)))
    alt = t("common.alt", chart=chart, title=title.rstrip("."), finding=findings[0])
    return Texts(
        lang=lang,
        title=title,
        subtitle=subtitle,
        badge=badge(kind, first.get("reading", ""), t),
        notes=printed,
        source=t("common.source", source=first.get("source", "")),
        alt=f"{what}{alt}",
        description=_joined(
            f"{chart}: {title.rstrip('.')}.", subtitle, meaning, printed, *rows, *findings
        ),
        findings=tuple(findings),
    )


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def without_figure(table: pd.DataFrame, lang: str, title: str, why: str) -> Texts:
    """Put together the texts that stand in place of a figure: the sentence that says why."""
    words = compose(table, lang, chart=title, title=title, measure="", findings=[why], marks=False)
    return replace(words, alt=why, description=why)

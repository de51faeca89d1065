"""The words of a figure, generated from its table in the language of the reader."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from soila_analysis.language import Messages, messages

BOUNDED = "bounded"
METHODS = {"wilson": "Wilson", "jeffreys": "Jeffreys", "clopper-pearson": "Clopper–Pearson"}


@dataclass(frozen=True, slots=True)
class Texts:
    """All that a figure says in words.

    Attributes
    ----------
    lang : str
        Language of the texts.
    title, subtitle, badge, source : str
        As printed on the figure; the badge is empty for observed data.
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
    source: str
    alt: str
    description: str
    findings: tuple[str, ...]


def compose(
    table: pd.DataFrame,
    lang: str,
    *,
    chart: str,
    title: str,
    subtitle: Sequence[str],
    findings: Sequence[str],
    rows: Sequence[str] = (),
    marks: bool = True,
) -> Texts:
    """Put the parts of a figure's texts together with those that every figure shares.

    Parameters
    ----------
    table : DataFrame
        The labelled table; its ``kind``, ``reading``, ``basis``, ``source`` and, of a part of the
        models, ``selection`` are told.
    lang : str
        Language.
    chart : str
        Kind of chart, such as "Pie chart".
    title : str
        Title of the figure.
    subtitle : sequence of str
        Sentences that say what is drawn and how.
    findings : sequence of str
        Sentences that state the results, the main one first.
    rows : sequence of str, optional
        A sentence for each row of the table, for the long description.
    marks : bool, default True
        Whether the figure has marks for where a number stands, so that they need explaining.

    Returns
    -------
    Texts
    """
    t = messages(lang)
    part = table["selection"].iloc[0] if "selection" in table else ""
    findings = [" ".join(s for s in (part, findings[0]) if s), *findings[1:]]
    meaning = explained(table["basis"], t) if marks else ""
    printed = " ".join(s for s in (part, *subtitle, meaning) if s)
    return Texts(
        lang=lang,
        title=title,
        subtitle=printed,
        badge=badge(table["kind"].iloc[0], table["reading"].iloc[0], t),
        source=t("common.source", source=table["source"].iloc[0]),
        alt=t("common.alt", chart=chart, title=title.rstrip("."), finding=findings[0]),
        description=" ".join([f"{chart}: {title.rstrip('.')}.", printed, *rows, *findings]),
        findings=tuple(findings),
    )


def without_figure(table: pd.DataFrame, lang: str, title: str, why: str) -> Texts:
    """Put together the texts that stand in place of a figure: the sentence that says why."""
    words = compose(table, lang, chart=title, title=title, subtitle=[], findings=[why], marks=False)
    return replace(words, alt=why, description=why)


def ratio(row: Any, t: Messages) -> str:
    """Write k/n; where k is only bounded, its range."""
    k = _span(row, t.number) if row.basis == BOUNDED else t.number(row.k)
    return f"{k}/{t.number(row.n)}"


def percent(row: Any, t: Messages) -> str:
    """Write the rounded percentage of a row, or its range, or that nothing was assessed."""
    if pd.isna(row.percent):
        return t("common.no-data")
    if row.basis == BOUNDED:
        low, high = (percent_of(k, row.n) for k in (row.bound_low, row.bound_high))
        return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"
    return t.percent(row.percent)


def percent_of(k: float, n: float) -> int:
    """Round k/n to a percentage, half-up, in integers."""
    return (200 * int(k) + int(n)) // (2 * int(n))


def by_share(table: pd.DataFrame) -> pd.DataFrame:
    """Order rows from the largest share down, ties and what is only bounded by name."""
    middle = table["share"]
    if "bound_low" in table:
        bounds = (table["bound_low"] + table["bound_high"]) / 2 / table["n"]
        middle = middle.mask(table["basis"] == BOUNDED, bounds)
    names = [column for column in ("feature", "goal") if column in table]
    ordered = table.assign(middle=middle).sort_values(
        ["middle", *names], ascending=[False, *(True for _ in names)], kind="stable"
    )
    return ordered.drop(columns="middle")


def _span(row: Any, write: Callable[[float], str]) -> str:
    return f"{write(row.bound_low)}–{write(row.bound_high)}"


def base(table: pd.DataFrame, t: Messages) -> str:
    """Write the base of a table's shares: n, or its range."""
    low, high = table["n"].min(), table["n"].max()
    if low == high:
        return t("common.n", n=t.number(low))
    return t("common.n-range", low=t.number(low), high=t.number(high))


def interval(table: pd.DataFrame, t: Messages) -> str:
    """Say what the intervals are, if there are any."""
    methods = [METHODS[m] for m in table["interval"].unique() if m in METHODS]
    return t("common.interval", method=methods[0]) if methods else ""


def open_codes(table: pd.DataFrame, t: Messages) -> str:
    """Say how many codes are unclear, and how many models were not assessed, if any."""
    per_feature = table.groupby("feature_id")[["unclear", "not_assessed"]].sum()
    unclear, missing = per_feature["unclear"].sum(), per_feature["not_assessed"].max()
    return " ".join(
        t(key, n=t.number(n))
        for key, n in (("common.unclear", unclear), ("common.not-assessed", missing))
        if n
    )


def other_reading(table: pd.DataFrame, t: Messages) -> str:
    """Explain the mark of the rival reading, where there is one."""
    readings = table.get("other_reading", pd.Series(dtype=str))
    named = [r for r in readings.unique() if r]
    name = t.catalogue["reading"].get(named[0], named[0]) if named else ""
    return t("feature-by-goal.other", reading=name) if named else ""


def badge(kind: str, reading: str, t: Messages) -> str:
    """Say what data are that were not observed, and under which reading."""
    if kind not in t.catalogue["badge"]:
        return ""
    badge, names = t(f"badge.{kind}"), t.catalogue["reading"]
    return f"{badge} · {names.get(reading, reading)}" if reading else badge


def explained(bases: pd.Series, t: Messages) -> str:
    """Say what the marks mean that tell where a number stands, if there are several."""
    basis = set(bases)
    return " ".join(
        t(f"marks.{name}")
        for name in ("published", "implied", "reconstructed", BOUNDED)
        if name in basis and basis != {"published"}
    )

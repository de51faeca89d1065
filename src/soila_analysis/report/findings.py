"""The findings of the front page: what figures say in plain words, and what they leave open."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from soila_analysis.dataset import Dataset
from soila_analysis.figures.wording import (
    BOUNDED,
    badge,
    base,
    by_share,
    open_codes,
    other_reading,
    percent,
    percent_of,
)
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.shares import WIDENED
from soila_analysis.report.chart import Chart, brief, chart
from soila_analysis.report.drawings import Drawn

NBSP = "\u00a0"
LONGEST = 240  # letters of a sentence that is said on the front page


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its figure, what it says, what is not known, and its chart in brief."""

    figure: Drawn
    heading: str
    text: str
    unknown: tuple[str, ...]
    chart: Chart | None
    caption: str


def findings(figures: Sequence[Drawn], dataset: Dataset, lang: str) -> list[Finding]:
    """State what the figures of a build find: features, goals, and a feature by goals.

    Parameters
    ----------
    figures : sequence of Drawn
        Of the build, in one language.
    dataset : Dataset
        What they were drawn from.
    lang : {"fi", "sv", "en"}

    Returns
    -------
    list of Finding
        Three, or fewer where the build lacks figures. Of the features that were drawn by goals, the
        first of which most is known.
    """
    found = (_best(figures, name) for name in UNKNOWN)
    bases = [f.words["title"] for f in figures if f.name == "share-bases"]
    return [_finding(figure, bases, dataset, lang) for figure in found if figure]


def _best(figures: Sequence[Drawn], name: str) -> Drawn | None:
    """Find the figure of all models of which most numbers are known."""
    candidates = [f for f in figures if f.name == name and not f.as_published]
    whole = [f for f in candidates if not f.part and len(f.table)]
    return max(whole, key=lambda f: (f.table["basis"] != BOUNDED).sum(), default=None)


def _finding(figure: Drawn, bases: Sequence[str], dataset: Dataset, lang: str) -> Finding:
    t, rows = messages(lang), by_share(figure.table)
    labels = dataset.taxonomy.labels(lang)
    whole = chart(figure.table, labels, lang, figure.name, figure.words["variant"])
    said = [text for text in figure.words["findings"][:2] if len(text) < LONGEST]
    kind = "".join(f"{b.capitalize()}. " for b in [badge(dataset.kind, "", t)] if b)
    unknown = [*UNKNOWN[figure.name](rows, dataset, t)]
    if figure.name == "feature-shares":
        unknown += [f"{title}." for title in bases]
    return Finding(
        figure=figure,
        heading=_heading(figure, rows, t),
        text=" ".join(said),
        unknown=tuple(filter(None, unknown)),
        chart=brief(whole, lang) if whole else None,
        caption=f"{kind}{figure.title}. {t('column.share')}, {base(rows, t).replace(' ', NBSP)}",
    )


def _heading(figure: Drawn, rows: pd.DataFrame, t: Messages) -> str:
    """Assert what the counts make certain; else the figure's own title, which is checked too."""
    first, last = (next(rows.iloc[[place]].itertuples()) for place in (0, -1))
    if figure.name == "feature-shares" and _leads(rows):
        return t("site.finding-feature-shares", name=first.feature, percent=percent(first, t))
    if figure.name == "feature-by-goal" and _spans(rows):
        span = f"{t.number(last.percent)}–{percent(first, t)}"
        return t("site.finding-feature-by-goal", name=first.feature, ends=span)
    return str(figure.words["title"])


def _leads(rows: pd.DataFrame) -> bool:
    """Say whether the first row has the largest share, whatever is unpublished or disputed."""
    low = high = rows["share"]
    if "bound_low" in rows:
        low, high = (low.fillna(rows[end] / rows["n"]) for end in ("bound_low", "bound_high"))
    disputed = rows["disagreed"] > 0
    low, high = low.mask(disputed, rows["share_min"]), high.mask(disputed, rows["share_max"])
    return bool(low.iloc[0] > high.iloc[1:].max())


def _spans(rows: pd.DataFrame) -> bool:
    """Say whether shares are known and differ, and are as far apart in the other reading."""
    low, high = rows["percent"].min(), rows["percent"].max()
    others = rows.get("other_share", rows["share"]).dropna()
    within = others.map(lambda share: percent_of(1000 * share, 1000)).between(low, high).all()
    return bool(rows["percent"].notna().all() and within and low < high)


def _of_shares(rows: pd.DataFrame, _dataset: Dataset, t: Messages) -> Iterator[str]:
    bounded = rows[rows["basis"] == BOUNDED]
    if len(bounded):
        low, high = (
            [percent_of(k, n) for k, n in zip(bounded[end], bounded["n"], strict=True)]
            for end in ("bound_low", "bound_high")
        )
        count, every = t.number(len(bounded)), t.number(len(rows))
        ends = f"{t.number(min(low))}–{t.percent(max(high))}"
        yield t("site.unknown-shares", n=count, all=every, ends=ends)
    elif rows["share"].notna().iloc[0]:
        first = rows.iloc[0]
        what = "widened" if str(first["interval"]).endswith(WIDENED) else "interval"
        start, end = (percent_of(1000 * first[end], 1000) for end in ("low", "high"))
        ends = f"{t.number(start)}–{t.percent(end)}"
        name, what = first["feature"], t(f"column.{what}")
        yield t("site.unknown-sample", name=name, what=what, ends=ends)
        yield open_codes(rows, t)


def _of_goals(_rows: pd.DataFrame, dataset: Dataset, t: Messages) -> Iterator[str]:
    assessed = dataset.status.isin(["present", "absent"]).any(axis=1).sum()
    if dataset.info.kind == "reconstructed":
        pairs = t.number(len(dataset.memberships))
        yield t("site.unknown-goals", n=t.number(assessed), pairs=pairs)
    else:
        yield t("site.unknown-others")


def _of_goal(rows: pd.DataFrame, _dataset: Dataset, t: Messages) -> Iterator[str]:
    if other_reading(rows, t):
        yield t("site.unknown-order")
    for n in rows.loc[rows["n"] > 0, "n"].nsmallest(1):
        yield t("report.small", n=t.number(n), points=t.number(percent_of(1, n)))


UNKNOWN: Mapping[str, Callable[[pd.DataFrame, Dataset, Messages], Iterator[str]]] = {
    "feature-shares": _of_shares,
    "models-by-goal": _of_goals,
    "feature-by-goal": _of_goal,
}
"""What is not known, by the figures that findings are of, in their order."""

"""Figure 3: which features are common and which are rare."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    LABEL,
    WIDTH,
    Page,
    bare,
    height,
    lines,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import BLUE, MUTED
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import (
    BOUNDED,
    base,
    by_share,
    interval,
    open_codes,
    other_reading,
    percent,
    ratio,
)
from soila_analysis.language import Messages, messages

LABELS = 6.9  # cm, width of the column of labels
ROW = 0.86
LISTED = 4  # features in each of the review's two lists


def metric(data: Coded, interval: str = "wilson") -> pd.DataFrame:
    """Make the table of the figure; of a data set narrowed to a goal, it names the goal."""
    shares = metrics.feature_shares(data.status, interval=interval)
    return shares.assign(goal_id=data.goal) if data.goal else shares


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    rows = by_share(table)
    top, bottom = rows[rows["rank"] == rows["rank"].min()], _last(rows)
    known = not pd.concat([top, bottom])["basis"].isin(marks.INFERRED).any()
    clear = known and variant == "redesigned" and len(top) == len(bottom) == 1 and len(rows) > 1
    title = t("feature-shares.title")
    if clear:
        title = t(
            "feature-shares.lead-title",
            top=top["feature"].iloc[0],
            bottom=bottom["feature"].iloc[0],
        )
    how = [t(f"feature-shares.how-{variant}", base=base(table, t))]
    if variant == "redesigned":
        how += [interval(table, t), other_reading(table, t)]
    return compose(
        table,
        lang,
        chart=t(f"feature-shares.chart-{variant}"),
        title=title,
        subtitle=[*how, open_codes(table, t)],
        findings=[_finding("top", top, t), _finding("bottom", bottom, t)]
        if known
        else [_unknown(table, t)],
        rows=[f"{r.feature}: {ratio(r, t)} ({percent(r, t)})." for r in rows.itertuples()],
        marks=variant == "redesigned",
    )


def as_published(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the review's two lists: the most common features and the rarest."""
    t = messages(words.lang)
    rows = by_share(table).dropna(subset=["percent"])
    size = min(LISTED, len(rows) // 2)
    top, bottom = rows.head(size), rows.tail(size).iloc[::-1]
    width = WIDTH / 2 - 0.45
    page = Page(words, body=0.9 + max(_list_height(r, width, words.lang) for r in (top, bottom)))
    for heading, part, x in (("most", top, 0.3), ("rarest", bottom, WIDTH / 2 + 0.15)):
        _list(page, t(f"feature-shares.{heading}"), part, x, width, t)
    return page.figure


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw one row a feature: share and interval on a scale from 0 to 100 %."""
    t = messages(words.lang)
    rows = by_share(table)
    step = row_height(rows["feature"], LABELS - 0.5, LABEL, t.lang, ROW)
    page = Page(words, body=step * len(rows) + 0.9)
    counts = max(text_width(ratio(r, t), LABEL) for r in rows.itertuples())
    shares = max(text_width(percent(r, t), LABEL, bold=True) for r in rows.itertuples())
    middle = WIDTH - 0.2 - shares - 0.25
    left, right = LABELS, middle - counts - 0.4
    axes = page.axes(left, 0.7, right - left, step * len(rows))
    percent_axis(axes, len(rows), t, ticks=(0, 25, 50, 75, 100))
    for i, row in enumerate(rows.itertuples()):
        y = 0.7 + step * (i + 0.5)
        page.label(left - 0.25, y, row.feature, LABELS - 0.5)
        marks.share(axes, row, i)
        page.text(middle, y, ratio(row, t), ha="right", va="center", color=MUTED)
        page.text(
            WIDTH - 0.2, y, percent(row, t), ha="right", va="center", **marks.type_of(row.basis)
        )
    return page.figure


def percent_axis(axes: Any, rows: int, t: Messages, ticks: tuple[int, ...]) -> None:
    """Lay a scale from 0 to 100 % above rows that run downwards."""
    axes.set(xlim=(0, 100), ylim=(rows - 0.5, -0.5), yticks=[])
    axes.set_xticks(ticks, [t.percent(x) for x in ticks])
    bare(axes, top=True, labeltop=True, bottom=False, labelbottom=False)


def _last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["share"] == rows["share"].min()]


def _unknown(table: pd.DataFrame, t: Messages) -> str:
    bounded = (table["basis"] == BOUNDED).any()
    return t("feature-shares.unknown") if bounded else t("common.reconstructed")


def _finding(which: str, rows: pd.DataFrame, t: Messages) -> str:
    first = rows.iloc[0]
    names = t.listing(rows["feature"].tolist())
    return t(
        f"feature-shares.{which}", names=names, ratio=ratio(first, t), percent=percent(first, t)
    )


def _entry(row: Any, width: float, lang: str) -> list[str]:
    return lines(row.feature, width - 2.9, LABEL, lang)


def _list_height(rows: pd.DataFrame, width: float, lang: str) -> float:
    return sum(height(_entry(r, width, lang), LABEL) + 0.42 for r in rows.itertuples())


def _list(
    page: Page, heading: str, rows: pd.DataFrame, x: float, width: float, t: Messages
) -> None:
    page.text(x, 0.1, heading, weight="bold", color=BLUE)
    y = 0.75
    canvas = page.canvas()
    for row in rows.itertuples():
        canvas.plot([x, x + width], [y, y], color="#bfbfbf", lw=0.8)
        entry = _entry(row, width, t.lang)
        page.text(x, y + 0.2, entry)
        page.text(x + width - 1.25, y + 0.2, ratio(row, t), ha="right", color=MUTED)
        page.text(x + width, y + 0.2, percent(row, t), ha="right", **marks.type_of(row.basis))
        y += height(entry, LABEL) + 0.42


SPEC = Spec(
    "feature-shares",
    texts,
    (as_published, redesigned),
    metric,
    ("feature-share", "feature-share-by-goal"),
)

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
    height,
    lines,
    percents,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import BLUE, MUTED
from soila_analysis.figures.rows import Rows
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import (
    BOUNDED,
    base,
    bounds,
    by_share,
    interval,
    leaders,
    open_codes,
    other_reading,
    percent,
    ratio,
    sentences,
)
from soila_analysis.language import Messages, messages

LABELS = 6.9  # cm, width of the column of labels
ROW = 0.86
LISTED = 4  # features in each of the review's two lists


def metric(data: Coded, interval: str = "wilson") -> pd.DataFrame:
    """Make the table of the figure; of a data set narrowed to a goal, it names the goal."""
    shares = metrics.feature_shares(data.status, interval=interval, contested=data.contested)
    shares = metrics.with_coders(shares, data.apart)
    return shares.assign(goal_id=data.goal) if data.goal else shares


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    rows = by_share(table)
    top, bottom = rows[rows["rank"] == rows["rank"].min()], _last(rows)
    known = not _may_be_beaten(rows, top, bottom)
    sure = (top["rank_max"] == 1).any() and (bottom["rank_min"] == rows["rank"].count()).any()
    clear = known and sure and variant == "redesigned" and len(rows) > 1
    title = t("feature-shares.title")
    if clear:
        title = t(
            "feature-shares.lead-title",
            top=top["feature"].iloc[0],
            bottom=bottom["feature"].iloc[0],
        )
    how = [interval(table, t), other_reading(table, t)] if variant == "redesigned" else []
    return compose(
        table,
        lang,
        chart=t(f"feature-shares.chart-{variant}"),
        title=title,
        measure=t("feature-shares.measure"),
        n=base(table, t),
        notes=[*how, open_codes(table, t)],
        findings=_findings(rows, top, bottom, t) if known else [t("feature-shares.unknown")],
        rows=sentences(rows, "feature", t),
        marks=variant == "redesigned",
    )


def as_published(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the review's two lists: the most common features and the rarest."""
    t = messages(words.lang)
    rows = by_share(table[table["n"] > 0])
    size = min(LISTED, len(rows) // 2)
    top, bottom = rows.head(size), rows.tail(size).iloc[::-1]
    if (pd.concat([top, bottom])["basis"] == BOUNDED).any():  # nobody knows what would be listed
        sentence = lines(words.findings[0], WIDTH - 0.6, LABEL, words.lang)
        page = Page(words, body=height(sentence, LABEL) + 0.4)
        page.text(0.3, 0.2, sentence)
        return page.figure
    width = WIDTH / 2 - 0.45
    page = Page(words, body=0.9 + max(_list_height(r, width, words.lang) for r in (top, bottom)))
    for heading, part, x in (("most", top, 0.3), ("rarest", bottom, WIDTH / 2 + 0.15)):
        _list(page, t(f"feature-shares.{heading}"), part, x, width, t)
    return page.figure


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw one row a feature: share and interval on a scale from 0 to 100 %, and the coders."""
    t = messages(words.lang)
    rows = by_share(table)
    step = row_height(rows["feature"], LABELS - 0.5, LABEL, t.lang, ROW)
    several = marks.Several(rows, step, t)
    top, high = 0.7, several.row
    key = [*marks.share_key(rows, t), *several.key]
    page = Page(words, top + high * len(rows) + 0.2, key)
    edge = WIDTH - 0.2 - (_bounds(page, rows, top, high, t) if several.key else 0)
    numbers = marks.Numbers(rows, edge, t)
    axes = page.axes(LABELS, top, numbers.left - 0.4 - LABELS, high * len(rows))
    percents(axes, len(rows), t, ticks=(0, 25, 50, 75, 100))
    axes.set_facecolor("none" if several.key else "white")  # the rules between rows run through
    for i, row in enumerate(rows.itertuples()):
        y = top + high * (i + 0.5)
        page.label(LABELS - 0.25, y, row.feature, LABELS - 0.5)
        several.draw(axes, row, i)
        numbers.set(page, row, y)
    return page.figure


def _bounds(page: Page, rows: pd.DataFrame, top: float, high: float, t: Messages) -> float:
    """Set the bounds as a column at the right edge, between rules, and return its width."""
    column = [bounds(row, t) for row in rows.itertuples()]
    heights = [high] * len(column)
    for y, text in zip(page.rows(page.canvas(), top, heights), column, strict=True):
        page.text(WIDTH - 0.2, y + high / 2, text, ha="right", va="center", color=MUTED)
    page.text(WIDTH - 0.2, top - 0.55, t("coders.head"), ha="right", color=MUTED)
    return max(text_width(text, LABEL) for text in [*column, t("coders.head")]) + 0.25


def _last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["share"] == rows["share"].min()]


def _may_be_beaten(rows: pd.DataFrame, top: pd.DataFrame, bottom: pd.DataFrame) -> bool:
    """Say whether a share of which only bounds are known may be the highest or the lowest."""
    ranges = rows[rows["basis"] == BOUNDED]
    if ranges.empty or top.empty:
        return len(ranges) > 0
    low, high = (ranges[bound] / ranges["n"] for bound in ("bound_low", "bound_high"))
    return bool(high.max() >= top["share"].iloc[0] or low.min() <= bottom["share"].iloc[0])


def _findings(
    rows: pd.DataFrame, top: pd.DataFrame, bottom: pd.DataFrame, t: Messages
) -> list[str]:
    """Name the most common features and the rarest, unless all are equally common."""
    if len(top) == len(rows) > 1:
        return [t("feature-shares.equal", leaders=leaders(rows, "feature", t))]
    parts = {"top": top, "bottom": bottom}
    return [
        t(f"feature-shares.{which}", leaders=leaders(part, "feature", t))
        for which, part in parts.items()
    ]


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
    rows=Rows("feature"),
)

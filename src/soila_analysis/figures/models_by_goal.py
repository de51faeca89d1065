"""Figure 2: how the operating models are divided among the strategic goals."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import LABEL, WIDTH, Page, height, lines, row_height, text_width
from soila_analysis.figures.palette import PALETTE
from soila_analysis.figures.rows import Rows
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import base, empty_goals, leaders, percent, ratio, spoken
from soila_analysis.language import Messages

LABELS = 4.4  # cm, width of the column of labels
ROW = 1.15
SQUARES = 24  # at most, in the longest row
SLICES = 4  # at most, of the pie


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure."""
    return metrics.goal_distribution(data.memberships, data.taxonomy.goal_ids)


def drawable(table: pd.DataFrame, variant: str) -> bool:
    """Say whether there are few enough slices for a pie; squares can be drawn of any number."""
    return _known(table) and (variant == "redesigned" or (table["k"] > 0).sum() <= SLICES)


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = spoken(table, lang)
    if not _known(table):
        return without_figure(table, lang, t("models-by-goal.title"), t("common.unpublished"))
    if not drawable(table, variant):
        title = t("models-by-goal.title")
        slices = t.number((table["k"] > 0).sum())
        why = t("models-by-goal.too-many", most=t.number(SLICES), n=slices)
        return without_figure(table, lang, title, why)
    if variant == "as-published":
        table = _as_the_review(table)
    first = table[table["k"] == table["k"].max()]
    lead = first.iloc[0]
    one_each = lead.n == lead.models
    clear = len(first) == 1 < len(table) and variant == "redesigned"
    title = t("models-by-goal.lead-title", goal=lead.goal) if clear else t("models-by-goal.title")
    return compose(
        table,
        lang,
        chart=t(f"models-by-goal.chart-{variant}"),
        title=title,
        measure=t(f"models-by-goal.{'measure' if one_each else 'measure-memberships'}"),
        n=base(table, t),
        notes=[
            "" if one_each else t("models-by-goal.memberships", models=t.number(lead.models)),
            _sum(table, t),
            empty_goals(table.assign(n=table["k"]), t),
        ],
        findings=[t("models-by-goal.lead", leaders=leaders(first, "goal", t))],
        rows=[f"{r.goal}: {ratio(r, t)} ({percent(r, t)})." for r in table.itertuples()],
    )


def as_published(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the review's pie: goals in their order, white gaps, labels outside."""
    t, table = spoken(table, words.lang), _as_the_review(table)
    labels = [_slice_label(row, angle, t) for row, angle in _slices(table) if row.k]
    above = max(0.0, -min(label.top for label in labels))
    page = Page(words, body=above + max(8.6, *(label.bottom for label in labels)))
    axes = page.axes(WIDTH / 2 - 3.2, above + 1.1, 6.4, 6.4)
    slices = table.loc[table["k"] > 0, "k"]
    axes.pie(
        slices,
        colors=PALETTE[: len(slices)],
        startangle=90,
        counterclock=False,
        wedgeprops={"edgecolor": "white", "linewidth": 2.5},
        radius=1,
    )
    axes.set(xlim=(-1, 1), ylim=(-1, 1))
    for label in labels:
        top = above + label.top
        page.text(label.x, top, label.name, ha=label.ha)
        top += height(label.name, LABEL)
        page.text(label.x, top, label.value, ha=label.ha, **marks.type_of(label.basis))
    return page.figure


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw one square a model, largest goal first."""
    t = spoken(table, words.lang)
    rows = table.sort_values("k", ascending=False, kind="stable")
    per = _models_per_square(table)
    unit = t("models-by-goal.square", count=per).rstrip(".")
    looks = [marks.boxes(basis)["has"] for basis in rows["basis"].unique()]
    key = [marks.box_entry(unit, **look) for look in looks]
    step = row_height(rows["goal"], LABELS - 0.5, LABEL, t.lang, ROW)
    page = Page(words, step * len(rows) + 0.2, key)
    axes = page.canvas()
    counts = [_count(row, t) for row in rows.itertuples()]
    room = WIDTH - LABELS - 0.35 - max(text_width(count, LABEL, bold=True) for count in counts)
    pitch = min(0.42, min(8.4, room) / math.ceil(rows["k"].max() / per or 1))
    for i, (row, count) in enumerate(zip(rows.itertuples(), counts, strict=True)):
        y = step * (i + 0.5)
        page.label(LABELS - 0.2, y, row.goal, LABELS - 0.5)
        marks.squares(axes, LABELS, y, pitch, row, per, row.k)
        x = LABELS + pitch * math.ceil(row.k / per) + 0.15
        page.text(x, y, count, va="center", **marks.type_of(row.basis))
    return page.figure


def _count(row: Any, t: Messages) -> str:
    if not row.k:
        return t("common.no-models")
    return f"{t('models-by-goal.models', count=row.k)} ({percent(row, t)})"


@dataclass(frozen=True, slots=True)
class _Label:
    """The label of a slice and where it stands, in cm from the top of an ordinary pie's page."""

    name: list[str]
    value: str
    basis: str
    x: float
    top: float
    bottom: float
    ha: str


def _slices(table: pd.DataFrame) -> Iterator[tuple[Any, float]]:
    """Go through the rows with the middle of each slice, clockwise from the top, in radians."""
    before = 0
    for row in table.itertuples():
        yield row, 2 * math.pi * (before + row.k / 2) / row.n
        before += row.k


def _slice_label(row: Any, angle: float, t: Messages) -> _Label:
    x, y = math.sin(angle), -math.cos(angle)
    name = lines(row.goal, 4.2, LABEL, t.lang)
    value = f"{percent(row, t)} ({t.number(row.k)})"
    high = height([*name, value], LABEL)
    top = 4.3 + 3.45 * y - high / 2 + (high / 2 - 0.2) * y
    ha = "left" if x >= 0 else "right"
    return _Label(name, value, row.basis, WIDTH / 2 + 3.45 * x, top, top + high, ha)


def _models_per_square(table: pd.DataFrame) -> int:
    return max(1, math.ceil(table["k"].max() / SQUARES))


def _as_the_review(table: pd.DataFrame) -> pd.DataFrame:
    """Round the labels as the review's pie does, so that they add up to 100 %."""
    labels = metrics.rounding.percents(table["k"].tolist(), "largest-remainder")
    return table.assign(percent=labels)


def _sum(table: pd.DataFrame, t: Messages) -> str:
    """Say what the labels add up to, if not to 100 %, or that they were made to."""
    plain, total = metrics.rounding.percents(table["k"].tolist()), int(table["percent"].sum())
    if table["percent"].tolist() != plain:
        return t("models-by-goal.sum")
    said = "" if total == 100 else t("models-by-goal.sum-other", sum=t.percent(total))
    if not said or not table["basis"].eq("published").any():
        return said
    review = _as_the_review(table).sort_values("k", ascending=False, kind="stable")
    printed = t.listing([t.percent(p) for p in review["percent"]])
    return f"{said} {t('models-by-goal.sum-review', printed=printed)}"


def _known(table: pd.DataFrame) -> bool:
    """Tell whether the numbers are known: of part of a reconstruction they are not."""
    return bool(table["k"].notna().all())


SPEC = Spec(
    "models-by-goal",
    texts,
    (as_published, redesigned),
    metric,
    ("goal-share",),
    drawable,
    Rows("goal"),
)

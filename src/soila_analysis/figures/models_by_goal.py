"""Figure 2: how the operating models are divided among the strategic goals."""

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis.figures import marks
from soila_analysis.figures.style import LABEL, PALETTE, WIDTH, Page, height, lines
from soila_analysis.figures.texts import Texts, compose, percent, ratio
from soila_analysis.language import Messages, messages

LABELS = 4.4  # cm, width of the column of labels
ROW = 1.15
SQUARES = 24  # at most, in the longest row


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    first = table[table["k"] == table["k"].max()]
    lead = first.iloc[0]
    clear = len(first) == 1 and variant == "better"
    title = t("models-by-goal.lead-title", goal=lead.goal) if clear else t("models-by-goal.title")
    return compose(
        table,
        lang,
        chart=t(f"models-by-goal.chart-{variant}"),
        title=title,
        subtitle=[_base(table, t), _unit(table, t) if variant == "better" else "", _sum(table, t)],
        findings=[
            t(
                "models-by-goal.lead",
                goal=t.listing(first["goal"].tolist()),
                ratio=ratio(lead, t),
                percent=percent(lead, t),
            )
        ],
        rows=[f"{r.goal}: {ratio(r, t)} ({percent(r, t)})." for r in table.itertuples()],
    )


def faithful(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw the review's pie: goals in their order, white gaps, labels outside."""
    t = messages(words.lang)
    page = Page(words, body=8.6)
    axes = page.axes(WIDTH / 2 - 3.2, 1.1, 6.4, 6.4)
    colours = [PALETTE[i % len(PALETTE)] for i in range(len(table))]
    if len(table) % len(PALETTE) == 1 and len(table) > 1:
        colours[-1] = PALETTE[1]  # the last slice meets the first
    wedges, _ = axes.pie(
        table["k"],
        colors=colours,
        startangle=90,
        counterclock=False,
        wedgeprops={"edgecolor": "white", "linewidth": 2.5},
        radius=1,
    )
    axes.set(xlim=(-1, 1), ylim=(-1, 1))
    for wedge, row in zip(wedges, table.itertuples(), strict=True):
        if row.k:
            _slice_label(page, wedge, row, t)
    return page.figure


def better(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw one square a model, largest goal first."""
    t = messages(words.lang)
    rows = table.sort_values("k", ascending=False, kind="stable")
    per = _models_per_square(table)
    page = Page(words, body=ROW * len(rows) + 0.2)
    axes = page.canvas()
    pitch = min(0.42, 8.4 / math.ceil(rows["k"].max() / per or 1))
    for i, row in enumerate(rows.itertuples()):
        y = ROW * (i + 0.5)
        label = lines(row.goal, LABELS - 0.5, LABEL, words.lang)
        page.text(LABELS - 0.2, y, label, ha="right", va="center")
        marks.squares(axes, LABELS, y, pitch, row, per, row.k)
        x = LABELS + pitch * math.ceil(row.k / per) + 0.15
        count = t("models-by-goal.models", count=row.k)
        page.text(x, y, f"{count} ({percent(row, t)})", va="center", **marks.type_of(row.basis))
    return page.figure


def _slice_label(page: Page, wedge: Any, row: Any, t: Messages) -> None:
    angle = math.radians((wedge.theta1 + wedge.theta2) / 2)
    x, y = math.cos(angle), -math.sin(angle)
    ha = "left" if x >= 0 else "right"
    label = lines(row.goal, 4.2, LABEL, t.lang)
    value = f"{percent(row, t)} ({t.number(row.k)})"
    high = height([*label, value], LABEL)
    top = 4.3 + 3.45 * y - high / 2 + (high / 2 - 0.2) * y
    at = WIDTH / 2 + 3.45 * x
    page.text(at, top, label, ha=ha)
    page.text(at, top + height(label, LABEL), value, ha=ha, **marks.type_of(row.basis))


def _models_per_square(table: pd.DataFrame) -> int:
    return max(1, math.ceil(table["k"].max() / SQUARES))


def _unit(table: pd.DataFrame, t: Messages) -> str:
    return t("models-by-goal.square", count=_models_per_square(table))


def _base(table: pd.DataFrame, t: Messages) -> str:
    n, models = int(table["n"].iloc[0]), int(table["models"].iloc[0])
    if n == models:
        return t("models-by-goal.base", n=t.number(n))
    return t("models-by-goal.base-memberships", n=t.number(n), models=t.number(models))


def _sum(table: pd.DataFrame, t: Messages) -> str:
    forced = (2 * (100 * table["k"] - table["percent"] * table["n"])).abs() > table["n"]
    return t("models-by-goal.sum") if forced.any() else ""

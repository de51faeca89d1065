"""Figure 7: every published number beside the number that the codes give."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soila_analysis.figures.page import SMALL, WIDTH, Page, height, lines, text_width
from soila_analysis.figures.palette import BLUE, MUTED, PLUM
from soila_analysis.figures.spec import Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.language import Messages, messages

NUMBERS = 6.35  # cm, width of the columns between the sentences and the verdicts


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    good, others = int((table["verdict"] == "reproduced").sum()), len(table)
    ratio = t.ratio(good, others)
    return compose(
        table,
        lang,
        chart=t(f"claims.chart-{variant}"),
        title=t("claims.title", ratio=ratio),
        measure=t("claims.how"),
        findings=[
            t("claims.lead", ratio=ratio),
            *(_sentence(r, t) for r in table.itertuples() if r.verdict != "reproduced"),
        ],
        rows=[_sentence(r, t) for r in table.itertuples()],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a claim: what was printed, what the codes give, and whether the two agree."""
    t = messages(words.lang)
    verdicts = max(text_width(_verdict(r, t), SMALL - 1) for r in table.itertuples())
    wide = WIDTH - 0.3 - verdicts - NUMBERS
    rows = [(r, lines(r.claim, wide, SMALL, words.lang, even=False)) for r in table.itertuples()]
    heights = [height(text, SMALL) + 0.22 for _, text in rows]
    page = Page(words, body=sum(heights) + 0.8)
    canvas = page.canvas()
    for x, key in ((2.0, "printed"), (3.9, "recomputed"), (5.5, "codes")):
        page.text(wide + x, 0.05, t(f"claims.{key}"), size=SMALL, weight="bold", ha="right")
    for (row, text), high, y in zip(rows, heights, page.rows(canvas, 0.65, heights), strict=True):
        page.text(0.3, y + high / 2, text, size=SMALL, va="center")
        _row(page, canvas, row, wide, y + high / 2, t)
    return page.figure


def _row(page: Page, canvas: Axes, row: Any, x: float, y: float, t: Messages) -> None:
    page.text(x + 2.0, y, _value(row.printed, row, t), size=SMALL, ha="right", va="center")
    good = row.verdict == "reproduced"
    weight, ink = ("normal", BLUE) if good else ("bold", PLUM)
    found = _value(row.recomputed, row, t)
    page.text(x + 3.9, y, found, size=SMALL, ha="right", va="center", weight=weight, color=ink)
    if not pd.isna(row.n):
        counts = t.ratio(row.k, row.n)
        page.text(x + 5.5, y, counts, size=SMALL, ha="right", va="center", color=MUTED)
    canvas.plot(x + 6.1, y, "o" if good else "D", ms=6, mec=ink, mfc=ink if good else "w")
    page.text(x + NUMBERS, y, _verdict(row, t), size=SMALL - 1, va="center", color=ink)


def _verdict(row: Any, t: Messages) -> str:
    return t(f"claims.verdict.{row.verdict.replace(' ', '-')}")


def _value(value: Any, row: Any, t: Messages) -> str:
    if pd.isna(value):
        return t("common.no-data")
    if row.unit == "percent":
        return t.percent(int(value))
    return t.number(int(value)) if str(value).isdigit() else "✓" if value == row.printed else "–"


def _sentence(row: Any, t: Messages) -> str:
    difference = "" if row.verdict != "differs" else f" ({_value(row.recomputed, row, t)})"
    return f"{row.claim} {_verdict(row, t)}{difference}."


SPEC = Spec("claims", texts, (redesigned,))

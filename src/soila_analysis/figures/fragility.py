"""Figure 9: how firmly each published number and statement stands."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soila_analysis.figures import marks
from soila_analysis.figures.page import SMALL, WIDTH, Entry, Page, height, lines
from soila_analysis.figures.palette import BLUE, GREY, HEAT, MUTED
from soila_analysis.figures.rows import Mark, Rows
from soila_analysis.figures.spec import Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.language import Messages, messages

TEXT = 8.4  # cm, width of the column of sentences
CODES, HOLDS = TEXT + 0.8, WIDTH - 3.6  # left edges of the two panels
SCALE = 0.28  # cm a code
BAR = 2.2  # cm for 100 %
CODE: dict[str, Any] = {"linestyle": "", "marker": "o", "ms": 5, "color": BLUE}
TRUE: dict[str, Any] = {"facecolor": BLUE, "linewidth": 0}
FAILS: dict[str, Any] = {"facecolor": HEAT[0], "edgecolor": GREY, "linewidth": 0.6}


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    counted = table.dropna(subset=["codes"])
    single = int((counted["codes"] == 1).sum())
    counts = {"k": t.number(single), "n": t.number(len(table))}
    most = counted[(counted["codes"] == counted["codes"].max()) & (counted["codes"] > 1)]
    return compose(
        table,
        lang,
        chart=t(f"fragility.chart-{variant}"),
        title=t("fragility.lead-title", **counts) if single else t("fragility.title"),
        measure=t("fragility.measure"),
        notes=[
            t("fragility.how-holds") if _known(table) else "",
            t("fragility.dash") if table["codes"].hasnans else "",
        ],
        findings=[
            t("fragility.single", **counts),
            *(t("fragility.firmest", codes=t.number(r.codes), **_held(r, t))
              for r in most.head(1).itertuples() if _known(table)),
            *(t(f"fragility.{'open' if r.holds else 'never'}", **_held(r, t))
              for r in table[table["holds"] < 1].itertuples()),
        ],
        rows=[_sentence(r, t) for r in table.itertuples()],
        marks=False,
    )  # fmt: skip


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a claim: the fewest codes that change it, and how often it holds."""
    t = messages(words.lang)
    rows = [(r, lines(r.claim, TEXT, SMALL, words.lang, even=False)) for r in table.itertuples()]
    heights = [height(text, SMALL) + 0.22 for _, text in rows]
    codes = lines(t("fragility.codes"), HOLDS - CODES - 0.3, SMALL, words.lang, bold=True)
    told = t("fragility.holds") if _known(table) else ""
    often = lines(told, WIDTH - HOLDS - 0.2, SMALL, words.lang, bold=True)
    head = max(height(codes, SMALL), height(often, SMALL)) + 0.25
    page = Page(words, sum(heights) + head, _key(table, t))
    canvas = page.canvas()
    page.text(CODES, 0.0, codes, size=SMALL, weight="bold")
    page.text(HOLDS, 0.0, often, size=SMALL, weight="bold")
    for (row, text), high, y in zip(rows, heights, page.rows(canvas, head, heights), strict=True):
        page.text(0.3, y + high / 2, text, size=SMALL, va="center")
        _codes(page, canvas, row, y + high / 2, t)
        _holds(page, canvas, row, y + high / 2, t)
    return page.figure


def _key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    codes = [marks.mark_entry(t("key.code"), **CODE)] if table["codes"].notna().any() else []
    if not _known(table):
        return codes
    bars = {"true": TRUE, "fails": FAILS}
    return [*codes, *(marks.box_entry(t(f"key.{name}"), **look) for name, look in bars.items())]


def _known(table: pd.DataFrame) -> bool:
    """Say whether it is known in how many other data sets a claim would hold."""
    return bool(table["holds"].notna().any())


def _codes(page: Page, canvas: Axes, row: Any, y: float, t: Messages) -> None:
    """Draw one dot a code, as many as there is room for, and their number."""
    if pd.isna(row.codes):
        page.text(CODES, y, "–", size=SMALL, va="center", color=MUTED)
        return
    dots = min(int(row.codes), int((HOLDS - CODES - 1.0) / SCALE))
    canvas.plot([CODES + 0.1 + SCALE * i for i in range(dots)], [y] * dots, **CODE)
    x = CODES + SCALE * dots + 0.2
    page.text(x, y, t.number(row.codes), size=SMALL, va="center", weight="bold")


def _holds(page: Page, canvas: Axes, row: Any, y: float, t: Messages) -> None:
    if pd.isna(row.holds):
        return
    canvas.barh(y, BAR, left=HOLDS, height=0.22, **FAILS)
    canvas.barh(y, BAR * row.holds, left=HOLDS, height=0.22, **TRUE)
    page.text(WIDTH - 0.2, y, _percent(row.holds, t), size=SMALL, ha="right", va="center")


def _held(row: Any, t: Messages) -> dict[str, str]:
    return {"claim": row.claim, "percent": _percent(row.holds, t)}


def _percent(share: float, t: Messages) -> str:
    """Round a share that was counted in draws; only certainty prints as 0 or 100 %."""
    return t.percent(round(100 * share) if share in (0, 1) else min(max(round(100 * share), 1), 99))


def _sentence(row: Any, t: Messages) -> str:
    codes = "–" if pd.isna(row.codes) else t.number(row.codes)
    told = t("fragility.row", claim=row.claim, codes=codes)
    if pd.isna(row.holds):
        return told
    return f"{told} {t('fragility.row-holds', percent=_percent(row.holds, t))}"


def _marks(row: Mapping[str, Any]) -> Iterator[Mark]:
    if not pd.isna(row["holds"]):
        yield Mark("bar", 0, row["holds"])


SPEC = Spec(
    "fragility",
    texts,
    (redesigned,),
    rows=Rows(
        "claim",
        _marks,
        lambda table: table,
        ("column.codes", "column.holds"),
        key=lambda _rows, t: {"bar": t("key.true")},
    ),
)

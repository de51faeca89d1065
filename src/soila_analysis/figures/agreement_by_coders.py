"""Figure 11b: how well each pair of coders agrees."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures.agreement import (
    ALPHA,
    PERCENT,
    beside,
    interval,
    marks_of,
    names,
    scale,
    value,
    with_interval,
)
from soila_analysis.figures.marks import box_entry
from soila_analysis.figures.page import SMALL, WIDTH, Entry, Page, height, lines, text_width
from soila_analysis.figures.palette import BLANK, HEAT, MUTED, TEXT
from soila_analysis.figures.rows import Rows
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import percent_of, percent_text, ratio
from soila_analysis.language import Messages, messages

LABELS = 3.4  # cm, width of the column of labels
CELL = 4.4  # at most
ROOMY = 3.0  # cells as wide as this say what they hold
OWN = "present"
OWN_LOOK: dict[str, Any] = {"facecolor": "white", "edgecolor": MUTED, "linewidth": 0.8}
BLANK_LOOK: dict[str, Any] = {"facecolor": BLANK, "linewidth": 0}
CLASSES = (0.67, 0.8, 0.9)  # a class holds its lower end


def metric(data: Coded, compared: str = "decided") -> pd.DataFrame:
    """Make the table of the figure, from the codes present and absent ("decided") or "all"."""
    counts_as, features = data.taxonomy.counts_as, data.taxonomy.feature_ids
    return metrics.agreement_by_coders(data.counted.cube, counts_as, features, compared=compared)


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether any two coders have coded the same model."""
    return len(_pairs(table, PERCENT)) > 0


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    pairs, alpha = _pairs(table, PERCENT), _pairs(table, ALPHA)
    title = t("agreement-by-coders.title")
    if pairs.empty:
        return without_figure(table, lang, title, t("agreement-by-coders.none"))
    rows = [*table[table["coefficient"] == OWN].itertuples(), *pairs.itertuples()]
    least, most = alpha["value"].min(), alpha["value"].max()
    ends = alpha[alpha["value"].isin([least, most])].groupby("value")
    return compose(
        table,
        lang,
        chart=t(f"agreement-by-coders.chart-{variant}"),
        title=title,
        measure=t("agreement-by-coders.how"),
        findings=[
            " ".join(
                t("agreement-by-coders.pair", **_pair(r), found=with_interval(r, t))
                for r in tied.itertuples()
            )
            for _, tied in ends
        ]
        or [_sentence(r, t) for r in pairs.itertuples()],
        rows=[_sentence(r, t) for r in rows],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a matrix: above the diagonal the same codes, below it alpha, on it the coder's own."""
    t = messages(words.lang)
    names = table.loc[table["coefficient"] == OWN, "coder_id"].tolist()
    wide = min(CELL, (WIDTH - LABELS - 0.3) / len(names))
    high = 1.6 if wide >= ROOMY else max(0.6, wide * 0.6)
    heads = [lines(n, wide - 0.15, SMALL, t.lang, bold=True) for n in names]
    head = max(height(h, SMALL) for h in heads) + 0.2
    page = Page(words, head + high * len(names) + 0.1, _key(table, t))
    canvas = page.canvas()
    for i, text in enumerate(heads):
        x, y = LABELS + wide * (i + 0.5), head - 0.1 - height(text, SMALL)
        page.text(x, y, text, size=SMALL, weight="bold", ha="center")
        y = head + high * (i + 0.5)
        page.label(LABELS - 0.2, y, names[i], LABELS - 0.5, weight="bold")
    for row in table.itertuples():
        i, j = names.index(row.coder_id), names.index(row.other_id)
        at = {OWN: (i, i), PERCENT: (i, j), ALPHA: (j, i)}.get(row.coefficient)
        if at:
            corner = (LABELS + wide * at[1], head + high * at[0])
            _cell(page, canvas, row, corner, (wide, high), t)
    return page.figure


def _pairs(table: pd.DataFrame, coefficient: str) -> pd.DataFrame:
    return table[(table["coefficient"] == coefficient) & (table["n"] > 0)].dropna(subset=["value"])


def _pair(row: Any) -> dict[str, str]:
    return {"one": row.coder_id, "other": row.other_id}


def _sentence(row: Any, t: Messages) -> str:
    values = {"ratio": ratio(row, t), "percent": _percent(row, t)}
    if row.coefficient == OWN:
        return t("agreement-by-coders.own", coder=row.coder_id, **values)
    return t("agreement-by-coders.same", **_pair(row), **values)


def _percent(row: Any, t: Messages) -> str:
    return percent_text(row.k, row.n, t) if row.n else "–"


def _cell(
    page: Page,
    canvas: Axes,
    row: Any,
    corner: tuple[float, float],
    size: tuple[float, float],
    t: Messages,
) -> None:
    """Fill a cell and print what has room in it; the table has it all."""
    (x, y), (wide, high) = corner, size
    look = _look(row)
    canvas.add_patch(Rectangle((x + 0.03, y + 0.03), wide - 0.06, high - 0.06, **look))
    first, second = _percent(row, t), ratio(row, t)
    if row.coefficient == ALPHA:
        first = value(row, t)
        second = interval(row, t) if row.low < row.high else ""
    said = t(f"agreement-by-coders.cell-{row.coefficient}") if wide >= ROOMY else ""
    blocks = [(said, "normal"), (first, "bold"), (second, "normal")]
    fits = [p for p in blocks if p[0] and text_width(p[0], SMALL, bold=True) < wide - 0.15]
    fits = fits if high > 0.9 else fits[:1]
    ink = "white" if look["facecolor"] == HEAT[-1] else TEXT
    for i, (text, weight) in enumerate(fits):
        at = y + high / 2 + 0.42 * (i - (len(fits) - 1) / 2)
        style: dict[str, Any] = {"size": SMALL, "color": ink, "weight": weight}
        page.text(x + wide / 2, at, text, ha="center", va="center", **style)


def _look(row: Any) -> dict[str, Any]:
    if row.coefficient == OWN:
        return OWN_LOOK
    if not row.n or pd.isna(row.value):
        return BLANK_LOOK
    printed = math.floor(100 * row.value + 0.5) / 100
    return {"facecolor": HEAT[sum(printed >= edge for edge in CLASSES)], "linewidth": 0}


def _key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    pairs = table[table["coefficient"].isin([PERCENT, ALPHA])]
    looks = {
        name: {"facecolor": c, "linewidth": 0} for name, c in zip(_classes(t), HEAT, strict=True)
    }
    looks[t("agreement-by-coders.cell-present")] = OWN_LOOK
    if any(_look(row) == BLANK_LOOK for row in pairs.itertuples()):
        looks[t("key.no-value")] = BLANK_LOOK
    return [box_entry(name, **look) for name, look in looks.items()]


def _classes(t: Messages) -> list[str]:
    edges = [t.number(edge, 2) for edge in CLASSES]
    tops = [t.number(edge - 0.01, 2) for edge in CLASSES[1:]] + [t.number(1)]
    return [f"< {edges[0]}", *(f"{low}–{top}" for low, top in zip(edges, tops, strict=True))]


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    """Give a row a pair of coders, the highest alpha first."""
    ids = ["coder_id", "other_id"]
    rows = beside(table[table["coefficient"] != OWN], ids).sort_values("value", ascending=False)
    pair = rows["coder_id"] + " – " + rows["other_id"]
    percent = [percent_of(r.k, r.n) if r.n else None for r in rows.itertuples()]
    return rows.assign(pair=pair, percent=percent).drop(columns=ids)


SPEC = Spec(
    "agreement-by-coders",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows("pair", marks_of, _rows, ("column.value", "column.share"), scale, 2, names),
)

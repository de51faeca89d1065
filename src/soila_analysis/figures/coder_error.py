"""Figure 12: shares corrected for coder error, or their bounds where nobody can know the errors."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    LABEL,
    SMALL,
    WIDTH,
    Entry,
    Page,
    height,
    lines,
    percents,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import BLUE, GREY, MUTED, RULE
from soila_analysis.figures.rows import Mark, Row, Rows, estimate
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import base, percent, ratio
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.coder_error import FEW

LABELS = 5.6  # cm, width of the column of labels
LANE, BELOW = 0.2, 0.6  # cm, height of a coder's lane, and of what stands below the lanes
HEAD = 0.75
GAP = 0.3  # cm between columns of numbers
MOVED = 0.05  # from where a correction is said to move a share
MOST = 3  # corrections that are named
RECONSTRUCTED = "reconstructed"
TICK: dict[str, Any] = {"color": BLUE, "lw": 3, "solid_capstyle": "butt", "clip_on": False}
DOT: dict[str, Any] = {"marker": "o", "ms": 7, "mfc": BLUE, "mec": "white", "mew": 1.3}
HATCHED: dict[str, Any] = {"facecolor": "white", "edgecolor": GREY, "hatch": "//////"}


def metric(data: Coded, least: float = 0.5) -> pd.DataFrame:
    """Make the table; for the bounds, coders are taken to be right at least as often as `least`."""
    counts_as, features = data.taxonomy.counts_as, data.taxonomy.feature_ids
    counted = metrics.tally(data.status, contested=data.contested)
    shares = metrics.shares(counted, interval="none")[["feature_id", "k", "n", "share", "percent"]]
    if data.info.kind == RECONSTRUCTED:  # nobody coded, so nobody erred
        return shares.drop(columns="share").assign(reason=RECONSTRUCTED)
    coders = [coder for coder in data.cube.coders if coder not in data.references]
    apart = {coder: data.consensus(f"coder:{coder}") for coder in coders}
    told = metrics.observed(data.cube, counts_as, features, data.decisions, data.references)
    corrected = metrics.corrected_shares(told, least=least)
    return metrics.with_coders(shares, apart).merge(corrected, on="feature_id")


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether any share is corrected, or bounded by the codes of two coders."""
    return bool(table["reason"].isin(["", "not-identified"]).any())


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    title = t("coder-error.title")
    if not drawable(table):
        made_up = (table["reason"] == RECONSTRUCTED).any()
        why = t(f"coder-error.none-{RECONSTRUCTED if made_up else 'one-coder'}")
        return without_figure(table, lang, title, why)
    known, bounded = _parts(table)
    moved = known[(known["corrected"] - known["share"]).abs() >= MOVED]
    if len(bounded) > len(known):
        title = t("coder-error.unknown-title", **_of(bounded, table, t))
    else:
        which = "lead-title" if len(moved) else "same-title"
        title = t(f"coder-error.{which}", **_of(moved, known, t))
    by = [one for one in ("anchor", "three-coders") if (known["identified_by"] == one).any()]
    return compose(
        table,
        lang,
        chart=t(f"coder-error.chart-{variant}"),
        title=title,
        measure=t("coder-error.measure"),
        n=base(table, t),
        notes=[
            *(t(f"coder-error.by-{one}") for one in by),
            t("coder-error.how", draws=t.number(table["draws"].iloc[0])) if len(known) else "",
            t("coder-error.bounds", least=_rounded(table["least"].iloc[0], t))
            if len(bounded)
            else "",
        ],
        findings=_findings(known, bounded, moved, t),
        rows=[_sentence(row, t) for row in _in_order(table).itertuples()],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a feature: the coders' own shares, their consensus, and the corrected share."""
    t = messages(words.lang)
    known, bounded = _parts(table)
    rows = pd.concat([known, bounded])
    own = marks.Several(rows.assign(share_min=0, share_max=0), 0, t)
    step = row_height(rows["feature"], LABELS - 0.5, LABEL, t.lang, 0)
    step = max(step, LANE * (max(own.lanes, default=0) + 1) + BELOW)
    why = lines(t("coder-error.unknown"), WIDTH - 0.6, SMALL, t.lang) if len(bounded) else []
    between = height(why, SMALL) + 0.45 if why else 0
    start, after = HEAD + (0 if len(known) else between), step * len(known)
    page = Page(words, HEAD + step * len(rows) + between, [*_key(known, bounded, t), *own.key])
    rights = _columns(page, rows, start, t)
    canvas = axes = page.canvas()
    for i, row in enumerate(rows.itertuples()):
        part, place = (known, i) if i < len(known) else (bounded, i - len(known))
        top = start + (after + between if 0 < len(known) <= i else 0)
        if place == 0:
            axes = page.axes(LABELS, top, rights[0] - LABELS, step * len(part))
            percents(axes, len(part), t, ticks=(0, 25, 50, 75, 100))
            axes.tick_params(labeltop=i == 0)
            axes.set_facecolor("none")
        else:
            canvas.plot([0.3, WIDTH - 0.3], [top + step * place] * 2, color=RULE, lw=0.8)
        y = top + step * (place + 0.5)
        page.label(LABELS - 0.25, y, row.feature, LABELS - 0.5)
        _draw(axes, row, place, step, [*zip(own.shares[i], own.looks, own.lanes, strict=False)])
        _print(page, row, y, rights[1:], t)
    if why:
        at = start + after if len(known) else 0
        page.text(0.3, at + 0.2, why, size=SMALL, color=MUTED)
    if why and len(known):
        canvas.plot([0.3, WIDTH - 0.3], [start + after + 0.05] * 2, color=RULE, lw=1.6)
    return page.figure


def _parts(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part the features: those with a corrected share, and those without; the largest first."""
    known, order = table["reason"] == "", {"ascending": [False, True], "na_position": "last"}
    return (
        table[known].sort_values(["corrected", "feature"], **order),
        table[~known].sort_values(["share", "feature"], **order),
    )


def _draw(axes: Axes, row: Any, place: int, step: float, own: list[Any]) -> None:
    """Draw the marks of a feature: lanes of the coders above, the corrected share below them."""
    lanes = max((lane for _, _, lane in own), default=0) + 1
    high = LANE * lanes + BELOW  # cm, from the upper edge; what is left over is shared out
    first = place - 0.5 + (step - high) / 2 / step
    for share, look, lane in own:
        axes.plot(100 * share, first + (0.17 + LANE * lane) / step, clip_on=False, **look)
    y = first + (LANE * lanes + 0.34) / step
    if row.share == row.share:
        axes.plot([100 * row.share] * 2, [first + 0.08 / step, y - 0.12 / step], **TICK)
    if row.reason == "":
        _corrected(axes, row, y, 0.08 / step)
    elif row.possible_low == row.possible_low:
        low, high = 100 * row.possible_low, 100 * row.possible_high
        corner = (low, y - 0.11 / step)
        axes.add_patch(Rectangle(corner, high - low, 0.22 / step, **HATCHED))


def _corrected(axes: Axes, row: Any, y: float, cap: float) -> None:
    """Draw a corrected share: sampling alone is thick, with coder error added thin."""
    ends = (100 * row.corrected_low, 100 * row.corrected_high)
    axes.plot(ends, [y, y], color=BLUE, lw=1.3, solid_capstyle="butt", clip_on=False)
    for end in ends:
        axes.plot([end, end], [y - cap, y + cap], color=BLUE, lw=1.3, clip_on=False)
    thick = (100 * row.sampling_low, 100 * row.sampling_high)
    axes.plot(thick, [y, y], color=BLUE, lw=5.5, solid_capstyle="butt", clip_on=False)
    axes.plot(100 * row.corrected, y, clip_on=False, **DOT)


def _key(known: pd.DataFrame, bounded: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the marks that occur, but for the coders' own."""

    def corrected(axes: Axes, x: float, y: float) -> None:
        ends = {"corrected": 0.0, "corrected_low": -0.7, "corrected_high": 0.7}
        ends |= {"sampling_low": -0.35, "sampling_high": 0.35}
        _corrected(axes, pd.Series(ends).add(x) / 100, y, 0.08)

    def box(axes: Axes, x: float, y: float) -> None:
        axes.add_patch(Rectangle((x - 0.4, y - 0.11), 0.8, 0.22, **HATCHED))

    share = pd.concat([known, bounded])["share"].notna().any()
    return [
        *([Entry(t("coder-error.key-corrected"), corrected, 1.6)] if len(known) else []),
        *([marks.upright_entry(t("coder-error.key-consensus"), 0.17, **TICK)] if share else []),
        *([Entry(t("coder-error.key-bounds"), box, marks.LONG)] if len(bounded) else []),
    ]


def _columns(page: Page, rows: pd.DataFrame, start: float, t: Messages) -> list[float]:
    """Set the headings of the columns of numbers; give the right ends of the scale and of each."""
    cells = [_cells(row, t) for row in rows.itertuples()]
    columns = zip(*cells, strict=True)
    wide = [max(text_width(c, LABEL, bold=True) for c in column) for column in columns]
    right, rights = WIDTH - 0.3, list[float]()
    for one in reversed(wide):
        rights.insert(0, right)
        right -= one + GAP
    y, consensus, corrected = start - 0.57, t("coder-error.consensus"), t("coder-error.corrected")
    page.text(rights[1], y, consensus, ha="right", color=MUTED)
    page.text(rights[3], y, corrected, ha="right", weight="bold")
    return [right - 0.35, *rights]


def _cells(row: Any, t: Messages) -> tuple[str, str, str, str]:
    """Write the numbers of a feature: consensus, and corrected share or bounds."""
    consensus = (ratio(row, t), percent(row, t)) if row.n else ("", percent(row, t))
    if row.reason == "":
        return (*consensus, _rounded(row.corrected, t), ends(row, "corrected", t))
    bounds = ends(row, "possible", t) if row.possible_low == row.possible_low else ""
    return (*consensus, "", bounds)


def _print(page: Page, row: Any, y: float, rights: list[float], t: Messages) -> None:
    bold: dict[str, Any] = {"weight": "bold"}
    looks = [{"color": MUTED}, {"color": MUTED}, bold, {"color": MUTED}]
    for cell, right, look in zip(_cells(row, t), rights, looks, strict=True):
        page.text(right, y, cell, ha="right", va="center", **look)


def _rounded(share: float, t: Messages) -> str:
    return t.percent(int(100 * share + 0.5))


def ends(row: Any, name: str, t: Messages) -> str:
    """Write an interval in per cent."""
    low, high = (getattr(row, f"{name}_{end}") for end in ("low", "high"))
    return f"{t.number(int(100 * low + 0.5))}–{_rounded(high, t)}"


def _findings(
    known: pd.DataFrame, bounded: pd.DataFrame, moved: pd.DataFrame, t: Messages
) -> list[str]:
    """Say which shares move most, what is not known, and what it all rests on."""
    if known.empty:
        why = ("five", "advice") if (bounded["coders"] < 3).all() else ("few",)
        return [t(f"coder-error.{one}", few=t.number(FEW)) for one in ("all-unknown", *why)]
    said = [t("coder-error.moved", points=t.number(100 * MOVED), **_of(moved, known, t))]
    if len(moved):
        by = (moved["corrected"] - moved["share"]).abs().sort_values(ascending=False, kind="stable")
        largest = moved.loc[by.index[:MOST]].itertuples()
        said.append(t("coder-error.most", named="; ".join(_moved(row, t) for row in largest)))
    if len(bounded):
        unknown = t("coder-error.some-unknown", **_of(bounded, pd.concat([known, bounded]), t))
        said.insert(0 if len(bounded) > len(known) else len(said), unknown)
    return [*said, t("coder-error.assumed"), t("coder-error.coverage")]


def _of(some: pd.DataFrame, features: pd.DataFrame, t: Messages) -> dict[str, str]:
    """Count some of the features, and all of them."""
    return {"k": t.number(len(some)), "n": t.number(len(features))}


def _moved(row: Any, t: Messages) -> str:
    """Write a share before and after its correction."""
    name = t("common.quoted", name=row.feature)
    after = _rounded(row.corrected, t)
    return t("coder-error.one", feature=name, before=percent(row, t), after=after)


def _sentence(row: Any, t: Messages) -> str:
    """Write all numbers of a feature."""
    values = {"feature": row.feature, "ratio": ratio(row, t), "percent": percent(row, t)}
    if row.reason == "":
        values |= {"corrected": _rounded(row.corrected, t), "ends": ends(row, "corrected", t)}
        return t("coder-error.row", **values, sampling=ends(row, "sampling", t))
    if row.possible_low != row.possible_low:
        return t("coder-error.row-none", **values)
    return t("coder-error.row-bounds", **values, bounds=ends(row, "possible", t))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(_parts(table))


def _marks(row: Row) -> Iterator[Mark]:
    """Give the corrected share with both kinds of uncertainty, or its bounds."""
    if pd.isna(row["corrected"]):
        if not pd.isna(row["possible_low"]):
            yield Mark("bounds", row["possible_low"], row["possible_high"])
        return
    yield from estimate("corrected", "corrected_low", "corrected_high")(row)


def _names(_rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    kinds = {"dot": "corrected-share", "interval": "corrected-ends", "bounds": "possible-ends"}
    return {kind: t(f"column.{name}") for kind, name in kinds.items()}


SPEC = Spec(
    "coder-error",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows(
        "feature",
        _marks,
        _in_order,
        ("column.corrected-share", "column.corrected-ends"),
        key=_names,
    ),
)

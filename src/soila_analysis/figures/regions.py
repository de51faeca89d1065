"""Figure 17: one feature, or the number of models, on a grid of tiles, one a region."""

from collections.abc import Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics, taxonomy
from soila_analysis.figures import marks
from soila_analysis.figures.classes import FEW, SCALES
from soila_analysis.figures.page import LINE, MARGIN, SMALL, WIDTH, Entry, Page, lines, text_width
from soila_analysis.figures.palette import GREY, HEAT, RULE, TEXT
from soila_analysis.figures.rows import Cell, Grid, Mark, Row, Rows, shares
from soila_analysis.figures.spec import Coded, Spec, found
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import (
    by_share,
    interval,
    leaders,
    missing,
    percent,
    percent_text,
    ratio,
    spoken,
)
from soila_analysis.language import Messages

MODELS = "models"  # in the place of a feature: how many models there are
SHARES = SCALES[1]
COUNTS = (1, 5, 10, 20)  # lower edges of the classes of numbers of models
SPACE, HIGH, FOOT, INSET = 0.1, 2.15, 0.5, 0.14  # cm: between tiles, of a tile, its foot, within
LARGE = 11.0  # points
EMPTY: dict[str, Any] = {"facecolor": "#e4e4e4", "linewidth": 0}
WHITE: dict[str, Any] = {"facecolor": "white", "edgecolor": RULE, "linewidth": 0.8}
DASHED: dict[str, Any] = {"facecolor": "white", "edgecolor": GREY, "linewidth": 1.2}
DASHED |= {"linestyle": (0, (4, 2))}


def metric(
    data: Coded, lang: str = "fi", by: str = "region", feature: str = "commonest"
) -> pd.DataFrame:
    """Make the table of the figure: of a feature (its id, "rarest" or "commonest"), or "models"."""
    status = data.status
    found("no feature", feature, dict.fromkeys((MODELS, "rarest", "commonest", *status.columns)))
    known, reason = taxonomy.regions(), _reason(data, by)
    ids = [region.id for region in known]
    grouped = None if reason else data.grouped(by)
    members = grouped.memberships if grouped else data.memberships.iloc[:0]
    if reason:
        counted = pd.DataFrame({"goal_id": ids, "k": 0, "n": 0})
    elif feature == MODELS:
        counted = metrics.goal_distribution(members, ids)
    else:
        counted = _having(data, members, ids, metrics.chosen_feature(status, feature))
    return counted.rename(columns={"goal_id": "region_id"}).assign(
        region=[region.label[lang] for region in known],
        row=[region.row for region in known],
        column=[region.column for region in known],
        county=[region.county for region in known],
        models=members["goal_id"].value_counts().reindex(ids, fill_value=0).to_numpy(),
        placed=members["model_id"].nunique(),
        undrawn=reason,
        groups="region",
        grouping=by,
        ungrouped=grouped.grouping.without if grouped else 0,
    )


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether it is known in which regions models are."""
    return bool((table["undrawn"] == "").all())


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t, first = spoken(table, lang), table.iloc[0]
    if not drawable(table):
        why = t(f"regions.none-{first['undrawn']}", column=first["grouping"])
        return without_figure(table, lang, t("models-by-goal.title"), why)
    if _counts(table):
        title, measure, n = t("models-by-goal.title"), t("regions.measure-models"), first["placed"]
    else:
        title = t("feature-by-goal.title", feature=first["feature"])
        measure, n = _measure(first, t), first["all_n"]
    of_shares = [] if _counts(table) else [interval(table, t), t("regions.rail")]
    empty = table.loc[table["models"] == 0, "region"].tolist()
    none = [t("common.empty-goals", names=t.listing(empty))] if empty else []
    return compose(
        table,
        lang,
        chart=t(f"regions.chart-{variant}"),
        title=title,
        measure=measure,
        n=t("common.n", n=t.number(n)),
        notes=[t("regions.tile"), *of_shares],
        findings=[*_findings(table, t), *none],
        rows=[f"{row.region}: {_said(row, table, t)}." for row in table.itertuples()],
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw one tile a region, roughly where it is."""
    t = spoken(table, words.lang)
    page = Page(words, table["row"].max() * (HIGH + SPACE) - SPACE, _key(table, t))
    canvas = page.canvas()
    wide = (WIDTH - 2 * MARGIN + SPACE) / table["column"].max() - SPACE
    for row in table.itertuples():
        x = MARGIN + (row.column - 1) * (wide + SPACE)
        _tile(page, canvas, row, (x, (row.row - 1) * (HIGH + SPACE), wide), table, t)
    return page.figure


def _reason(data: Coded, by: str) -> str:
    """Say why it is not known in which regions the models are; nothing if it is."""
    if data.info.kind == "reconstructed":
        return "reconstructed"
    if by not in data.models:
        return "no-column"
    if data.models[by].str.strip("; ").eq("").all():
        return "no-values"
    return "" if data.grouped(by).grouping.regions else "no-regions"


def _having(data: Coded, members: pd.DataFrame, ids: Sequence[str], feature: str) -> pd.DataFrame:
    """Count the models that have a feature, by region and in all of them together."""
    within = data.status.loc[data.status.index.isin(members["model_id"]), [feature]]
    contested = data.contested.loc[within.index, [feature]]
    counted = metrics.feature_by_goal(within, members, ids, feature, contested=contested)
    whole = metrics.tally(within).iloc[0]
    return counted.assign(all_k=whole["present"], all_n=whole["present"] + whole["absent"])


def _counts(table: pd.DataFrame) -> bool:
    """Say whether a table has numbers of models, and not of models that have a feature."""
    return "feature_id" not in table


def _measure(first: pd.Series, t: Messages) -> str:
    measure = t("feature-by-goal.measure-redesigned")
    if not first["all_n"]:
        return measure
    k, n = first["all_k"], first["all_n"]
    return f"{measure} {t('regions.whole', ratio=t.ratio(k, n), percent=percent_text(k, n, t))}"


def _findings(table: pd.DataFrame, t: Messages) -> list[str]:
    """Name the regions with the highest and the lowest number, and whether they can differ."""
    if _counts(table):
        return [t("models-by-goal.lead", leaders=_named(table, table["k"].max(), "k", t))]
    rows, few = table[table["n"] >= FEW], t.number(FEW)
    if rows.empty:
        return [t("regions.few", n=few)]
    high, low = rows["share"].max(), rows["share"].min()
    if high == low:
        return [t("regions.equal", n=few, leaders=_named(rows, high, "share", t))]
    top, bottom = (rows[rows["share"] == end] for end in (high, low))
    overlap = top["low"].max() <= bottom["high"].min()
    return [
        t("regions.high", n=few, leaders=leaders(top, "region", t)),
        t("regions.low", leaders=leaders(bottom, "region", t)),
        *([t("regions.overlap")] if overlap else []),
    ]


def _named(rows: pd.DataFrame, value: float, column: str, t: Messages) -> str:
    return leaders(rows[rows[column] == value], "region", t)


def _said(row: Any, table: pd.DataFrame, t: Messages) -> str:
    """Write the number of a region."""
    if not row.models or not row.n:
        return missing(row, t) if row.models else t("common.no-models")
    if _counts(table):
        return t("models-by-goal.models", count=row.k)
    return ratio(row, t) if row.n < FEW else f"{ratio(row, t)} ({percent(row, t)})"


def _class(row: Any, table: pd.DataFrame) -> int | None:
    """Return the class of colour of a region with models; none where there are few."""
    if _counts(table):
        return sum(row.k >= edge for edge in COUNTS) - 1
    return SHARES.place(row)


def _tile(
    page: Page,
    canvas: Axes,
    row: Any,
    place: tuple[float, float, float],
    table: pd.DataFrame,
    t: Messages,
) -> None:
    """Draw a region: its name and number, on the colour of its class, and a scale at its foot."""
    x, y, wide = place
    right, base = x + wide - INSET, y + HIGH - FOOT - 0.27
    name = lines(row.region, wide - 2 * INSET, SMALL, t.lang)
    if not row.models or not row.n:
        canvas.add_patch(Rectangle((x, y), wide, HIGH, **EMPTY))
        page.text(x + INSET, y + INSET, name, size=SMALL)
        page.text(right, base, _said(row, table, t), size=SMALL, ha="right", va="center")
        return
    shade = _class(row, table)
    look = DASHED if shade is None else {"facecolor": HEAT[shade], "linewidth": 0}
    ink = "white" if shade == len(HEAT) - 1 else TEXT
    canvas.add_patch(Rectangle((x, y), wide, HIGH, **look))
    page.text(x + INSET, y + INSET, name, size=SMALL, color=ink)
    bold: dict[str, Any] = {"size": LARGE, "weight": "bold", "color": ink, "va": "center"}
    if _counts(table):
        page.text(x + INSET, base, t.number(row.k), **bold)
        return
    if shade is not None:
        page.text(x + INSET, base, percent(row, t), **bold)
    taken = text_width(percent(row, t), LARGE, bold=True) + text_width(ratio(row, t), SMALL)
    up = LINE if taken > wide - 2 * INSET - 0.15 else 0
    page.text(right, base - up, ratio(row, t), size=SMALL, color=ink, ha="right", va="center")
    if shade is not None:
        canvas.add_patch(Rectangle((x + 0.03, y + HIGH - FOOT), wide - 0.06, FOOT - 0.03, **WHITE))
    _rail(canvas, row, x + INSET + 0.1, wide - 2 * INSET - 0.2, y + HIGH - FOOT / 2)


def _rail(canvas: Axes, row: Any, left: float, length: float, y: float) -> None:
    """Draw share and interval on a scale from 0 to 100 %; of few models the interval alone."""
    canvas.plot([left, left + length], [y, y], color=RULE, lw=1)
    for tick in (0, 0.5, 1):
        canvas.plot([left + tick * length] * 2, [y - 0.08, y + 0.08], color=RULE, lw=1)
    marks.interval(canvas, [left + end * length for end in (row.low, row.high)], y, row.basis)
    if row.n >= FEW:
        marks.dot(canvas, left + row.share * length, y, row.basis)


def _key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the classes of colour, the tiles without one, and the marks of a share."""
    rows = list(table.itertuples())
    names = _classes(t) if _counts(table) else SHARES.names(t)
    entries = [
        marks.box_entry(name, facecolor=colour, linewidth=0)
        for name, colour in zip(names, HEAT, strict=True)
    ]
    if not _counts(table) and any(0 < row.n < FEW for row in rows):
        entries.append(marks.box_entry(t("evidence-map.few", n=t.number(FEW)), **DASHED))
    without = dict.fromkeys(_said(row, table, t) for row in rows if not row.models or not row.n)
    if without:
        entries.append(marks.box_entry(" / ".join(without), **EMPTY))
    return entries if _counts(table) else [*entries, *_share_key(table, t)]


def _share_key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the marks of a share, as far as there are any."""

    def draw(axes: Axes, x: float, y: float, row: Any) -> None:
        axes.add_patch(Rectangle((x - 0.55, y - 0.2), 1.1, 0.4, **WHITE))
        _rail(axes, row, x - 0.45, 0.9, y)

    shown = table[table["n"] > 0].sort_values("n", ascending=False).head(1)
    sample = shown.assign(low=0.2, share=0.5, high=0.8)
    name = t("regions.share") if (table["n"] >= FEW).any() else t("regions.interval")
    return [Entry(name, partial(draw, row=row), 1.3) for row in sample.itertuples()]


def _classes(t: Messages) -> list[str]:
    """Write the classes of numbers of models."""
    *ends, most = zip(COUNTS, (*COUNTS[1:], 0), strict=True)
    between = [t("evidence-map.between", low=t.number(a), high=t.number(b - 1)) for a, b in ends]
    return [*between, t("regions.most", n=t.number(most[0]))]


def _marks(row: Row) -> Iterator[Mark]:
    """Draw a share with its interval; of few models the interval alone."""
    few = row["n"] < FEW and "feature_id" in row
    return (mark for mark in shares(row) if not (few and mark.kind == "dot"))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Order regions by their shares; those with few models, and with none, stand last."""
    rows = by_share(table)
    some, few = rows["n"] > 0, rows["n"] < FEW
    order = (~some * 2 + (some & few)).argsort(kind="stable")
    return rows.assign(few=some & few).iloc[order]


def _grid(table: pd.DataFrame, t: Messages) -> Grid:
    """Give the tiles of the map as cells."""
    tiles = {(row["row"], row["column"]): _cell(row, table, t) for row in table.to_dict("records")}
    rows, columns = (range(1, table[side].max() + 1) for side in ("row", "column"))
    cells = tuple(tuple(tiles.get((row, column)) for column in columns) for row in rows)
    names = _classes(t) if _counts(table) else SHARES.names(t)
    key = [(f"shade-{i}", name) for i, name in enumerate(names)]
    few, none = t("evidence-map.few", n=t.number(FEW)), t("common.no-models")
    looks = {cell.look for cell in tiles.values()}
    key += [one for one in (("tile-few", few), ("tile-none", none)) if one[0] in looks]
    return Grid(cells, tuple(key))


def _cell(row: Row, table: pd.DataFrame, t: Messages) -> Cell:
    """Give a region the class of its colour, its name, its number and its marks."""
    one = SimpleNamespace(**row)
    if not one.models or not one.n:
        return Cell("tile-none", (one.region, _said(one, table, t)))
    shade = _class(one, table)
    look = "tile-few" if shade is None else f"shade-{shade}"
    if _counts(table):
        return Cell(look, (one.region, t.number(one.k)))
    number = ratio(one, t) if shade is None else percent(one, t)
    marked = (Mark(mark.kind, 100 * mark.low, 100 * mark.high) for mark in _marks(row))
    return Cell(look, (one.region, number), tuple(marked))


SPEC = Spec(
    "regions",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows("region", _marks, _in_order, grid=_grid),
)

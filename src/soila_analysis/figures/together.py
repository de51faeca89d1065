"""Figure 16: which features go together, more or less often than chance explains."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    MARGIN,
    SMALL,
    WIDTH,
    Entry,
    Page,
    height,
    lines,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import BLANK, BLUE, MUTED, PLUM, RULE
from soila_analysis.figures.rows import Cell, Grid, Mark, Row, Rows
from soila_analysis.figures.spec import Coded, Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import base
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.together import STABLE

FEATURES, FOUND = 20, 16  # at most, of the matrix and of the pairs below it
CLEAREST = 3  # pairs that are named
LABELS, NUMBER = 5.0, 0.6  # cm, of the columns of names and of their numbers
CELL = 0.64  # cm at most, of a cell
NAMES, AXIS, SEEN = 7.6, 8.0, 4.7  # cm: end of names, begin of the scale, room right of it
TICKS = (0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10, 20)
LEAST = TICKS[0]  # what is below is drawn at the edge of the scale
LOOKS: dict[str, dict[str, Any]] = {
    "more": {"facecolor": BLUE, "linewidth": 0},
    "fewer": {"facecolor": "white", "edgecolor": PLUM, "linewidth": 1.6},
    "": {"facecolor": BLANK, "linewidth": 0},
}
MARKS: dict[str, dict[str, Any]] = {
    "more": {"marker": "o", "ms": 7, "color": BLUE},
    "fewer": {"marker": "D", "ms": 6.5, "mfc": "white", "mec": PLUM, "mew": 1.6},
}
BELOW: dict[str, Any] = {"marker": "<", "ms": 6, "color": PLUM}
LIVE = {"more": ("interval", "dot"), "fewer": ("interval-fewer", "fewer")}  # on pages, the same
INK = {"more": "white", "fewer": PLUM, "": MUTED}


def metric(data: Coded) -> pd.DataFrame:
    """Make the table of the figure; of a reconstruction, whose models are made up, of none."""
    made_up = data.info.kind == "reconstructed"
    status = data.status.iloc[:0] if made_up else data.status
    table, clusters = metrics.feature_pairs(status), metrics.feature_clusters(status)
    profiles = metrics.commonest_profiles(status, 1)
    clusters = clusters.reset_index(names="place").set_index("feature_id")
    for column, side in (("place", "feature_id"), ("other_place", "other_feature_id")):
        table[column] = table[side].map(clusters["place"]) + 1
    own, other = (table[c].map(clusters["cluster"]) for c in ("feature_id", "other_feature_id"))
    same = (own == other) & (own > 0)
    table["cluster"] = own.where(same, 0)
    table["stability"] = table["feature_id"].map(clusters["stability"]).where(same)
    table["stable"] = table["feature_id"].map(clusters["stable"]) & same
    told = {name: int(profiles[name].sum()) for name in ("k", "n", "profiles")}
    return table.assign(
        tested=int(table["p"].count()),
        profiles=told["profiles"],
        complete=told["n"],
        commonest=told["k"],
        models=len(status),
    )


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether any pair can be tested."""
    return bool(table["p"].notna().any())


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    if not drawable(table):
        made_up = (table["kind"] == "reconstructed").any()
        why = t("together.none-reconstructed" if made_up else "together.none-untested")
        return without_figure(table, lang, t("together.title"), why)
    pairs, found = t.number(table["tested"].iloc[0]), _found(table)
    shown, points = _shown(table), _values(table, t)[1]
    return compose(
        table,
        lang,
        chart=t(f"together.chart-{variant}"),
        title=_title(table, t),
        measure=t("together.measure-points" if points else "together.measure"),
        n=base(table, t),
        notes=[
            t("together.test", pairs=pairs),
            t("together.interval") if len(found) else "",
            _left_out(table, t),
            t("together.caveat"),
        ],
        findings=[*_findings(table, t), _clusters(table, t), *_profiles(table, t)],
        rows=[_row(row, t) for row in _within(table, shown).itertuples()],
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw half a matrix of pairs in the order of the clusters, and below it the pairs found."""
    t = messages(words.lang)
    shown, (values, _), found = _shown(table), _values(table, t), _found(table)
    step = row_height(shown.values(), LABELS - 0.2, SMALL, t.lang, CELL)
    names = [_names_of(row) for row in found.itertuples()]
    rows = [max(0.62, height(lines(n, NAMES - 1.5, SMALL, t.lang), SMALL) + 0.18) for n in names]
    top = step * len(shown) + (1.3 if rows else 0)
    page = Page(words, top + sum(rows) + 0.1, _key(table, t))
    canvas = page.canvas()
    _matrix(page, canvas, table, values, step, t)
    if rows:
        _listed(page, canvas, found, (top, rows), [*shown], t)
    return page.figure


def _names(table: pd.DataFrame) -> dict[str, str]:
    """Name the features by their ids, in the order of the clusters."""
    columns = (
        ("feature_id", "feature", "place"),
        ("other_feature_id", "other_feature", "other_place"),
    )
    parts = [table[[*c]].set_axis(["id", "name", "place"], axis=1) for c in columns]
    rows = pd.concat(parts).drop_duplicates("id").sort_values("place")
    return dict(zip(rows["id"], rows["name"], strict=True))


def _shown(table: pd.DataFrame) -> dict[str, str]:
    """Choose the features of the matrix: all, or those of the pairs with the smallest p-values."""
    names = _names(table)
    if len(names) <= FEATURES:
        return names
    pairs = table.sort_values("p", kind="stable")[["feature_id", "other_feature_id"]]
    first = list(dict.fromkeys(pairs.to_numpy().ravel()))[:FEATURES]
    return {one: name for one, name in names.items() if one in first}


def _within(table: pd.DataFrame, shown: dict[str, str]) -> pd.DataFrame:
    return table[table["feature_id"].isin(shown) & table["other_feature_id"].isin(shown)]


def _found(table: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that are listed, the highest ratio first."""
    found = table[table["found"] != ""].sort_values("p", kind="stable").head(FOUND)
    return found.sort_values("ratio", ascending=False, kind="stable")


def _values(table: pd.DataFrame, t: Messages) -> tuple[dict[tuple[str, str], str], bool]:
    """Write the difference of each pair that is shown: in models, or if too wide, per 100."""
    shown = _shown(table)
    rows = list(_within(table, shown).itertuples())
    written = [_signed(row.difference, t) for row in rows]
    points = max(text_width(one, SMALL, bold=True) for one in written) > _cell(len(shown)) - 0.1
    if points:
        written = [_signed(100 * row.difference / row.n, t) for row in rows]
    keys = ((row.feature_id, row.other_feature_id) for row in rows)
    return dict(zip(keys, written, strict=True)), points


def _signed(value: float, t: Messages) -> str:
    if pd.isna(value):
        return "–"
    written = t.number(abs(value))
    return written if written == t.number(0) else ("+" if value > 0 else "−") + written


def _cell(features: int) -> float:
    """Return the width of a cell of the matrix, in cm."""
    return min(CELL, (WIDTH - MARGIN - LABELS - NUMBER) / features)


def _title(table: pd.DataFrame, t: Messages) -> str:
    tested = table["tested"].iloc[0]
    said = {kind: t.ratio((table["found"] == kind).sum(), tested) for kind in ("more", "fewer")}
    kinds = [kind for kind in said if (table["found"] == kind).any()]
    key = {0: "title", 1: f"{''.join(kinds)}-title", 2: "both-title"}[len(kinds)]
    return t(f"together.{key}", **said)


def _left_out(table: pd.DataFrame, t: Messages) -> str:
    """Say what is not drawn, and what could not be tested."""
    names, shown, found = _names(table), _shown(table), (table["found"] != "").sum()
    tested = table[table["p"].notna()]
    varied = {*tested["feature_id"], *tested["other_feature_id"]}
    constant = [name for one, name in names.items() if one not in varied]
    said = []
    if len(shown) < len(names):
        said.append(t("together.shown", n=t.number(len(shown)), all=t.number(len(names))))
    if found > FOUND:
        said.append(t("together.listed", n=t.number(FOUND), all=t.number(found)))
    if constant:
        said.append(t("together.constant", names=t.listing(constant)))
    return " ".join(said)


def _names_of(row: Any) -> str:
    return f"{row.feature} + {row.other_feature}"


def _pair(row: Any, t: Messages) -> str:
    numbers = {"k": t.number(row.k), "expected": t.number(row.expected, 1)}
    return t("together.pair", names=_names_of(row), **numbers)


def _row(row: Any, t: Messages) -> str:
    said = t.number(row.expected, 1) if row.expected == row.expected else "–"
    return t("together.row", names=_names_of(row), ratio=t.ratio(row.k, row.n), expected=said)


def _findings(table: pd.DataFrame, t: Messages) -> list[str]:
    """Name the clearest pairs of either kind."""
    ordered = table.sort_values("p", kind="stable")
    said = [
        t(f"together.found-{kind}", names="; ".join(_pair(row, t) for row in rows.itertuples()))
        for kind in ("more", "fewer")
        if len(rows := ordered[ordered["found"] == kind].head(CLEAREST))
    ]
    pairs = t.number(table["tested"].iloc[0])
    if not said:
        return [t("together.none", pairs=pairs)]
    found = t.number((table["found"] != "").sum())
    return [t("together.tested", pairs=pairs, found=found), *said]


def _clusters(table: pd.DataFrame, t: Messages) -> str:
    """Name the stable clusters, or say that there are none."""
    least = t.number(STABLE, 2)
    said = []
    for _, rows in table[table["stable"]].groupby("cluster"):
        stability = t.number(rows["stability"].iloc[0], 2)
        said.append(f"{t.listing([*_names(rows).values()])} ({stability})")
    if not said:
        return t("together.unstable", least=least)
    return t("together.stable", least=least, names="; ".join(said))


def _profiles(table: pd.DataFrame, t: Messages) -> list[str]:
    first = table.iloc[0]
    if not first["complete"]:
        return []
    numbers = {"n": first["complete"], "profiles": first["profiles"], "k": first["commonest"]}
    return [t("together.profiles", **{name: t.number(n) for name, n in numbers.items()})]


def _matrix(
    page: Page,
    canvas: Axes,
    table: pd.DataFrame,
    values: dict[tuple[str, str], str],
    step: float,
    t: Messages,
) -> None:
    """Draw a row a feature with its number, a cell for each feature before it."""
    shown = _shown(table)
    wide, left = _cell(len(shown)), LABELS + NUMBER
    at = {one: i for i, one in enumerate(shown)}
    for one, i in at.items():
        y = step * (i + 0.5)
        number: dict[str, Any] = {"size": SMALL, "weight": "bold", "color": MUTED, "va": "center"}
        page.label(LABELS, y, shown[one], LABELS - 0.2, SMALL)
        page.text(left - 0.12, y, t.number(i + 1), ha="right", **number)
        page.text(left + wide * (i + 0.5), y, t.number(i + 1), ha="center", **number)
    for row in _within(table, shown).itertuples():
        j, i = sorted((at[row.feature_id], at[row.other_feature_id]))
        x, y = left + wide * j, step * i
        box = Rectangle((x + 0.03, y + 0.03), wide - 0.06, step - 0.06, **LOOKS[row.found])
        canvas.add_patch(box)
        weight = "bold" if row.found else "normal"
        look: dict[str, Any] = {"size": SMALL, "color": INK[row.found], "weight": weight}
        said = values[row.feature_id, row.other_feature_id]
        page.text(x + wide / 2, y + step / 2, said, ha="center", va="center", **look)


def _listed(
    page: Page,
    canvas: Axes,
    found: pd.DataFrame,
    place: tuple[float, list[float]],
    shown: Sequence[str],
    t: Messages,
) -> None:
    """List the pairs found, with their ratios and intervals on a scale of logarithms."""
    top, heights = place
    right, seen = WIDTH - MARGIN, WIDTH - MARGIN - 1.2
    scale, foot = _scale(found), top + sum(heights)
    page.text(MARGIN, top - 0.5, t("together.heading"), size=SMALL, weight="bold")
    page.text(seen, top - 0.5, t("together.observed"), size=SMALL, ha="right", color=MUTED)
    page.text(right, top - 0.5, t("together.ratio"), size=SMALL, ha="right", weight="bold")
    for tick, name in _ticks(scale, t):
        page.text(_x(tick, scale), top - 0.5, name, size=SMALL, ha="center", color=MUTED)
        wide = 1.8 if tick == 1 else 0.8
        canvas.plot([_x(tick, scale)] * 2, [top, foot], color=RULE, lw=wide, zorder=1)
    number = {one: i for i, one in enumerate(shown, start=1)}
    rows = zip(found.itertuples(), page.rows(canvas, top, heights), heights, strict=True)
    for row, y, high in rows:
        middle, look = y + high / 2, dict[str, Any](size=SMALL, va="center")
        numbers = sorted(number[i] for i in (row.feature_id, row.other_feature_id) if i in number)
        if len(numbers) == 2:
            said = " + ".join(map(t.number, numbers))
            page.text(MARGIN, middle, said, weight="bold", color=MUTED, **look)
        page.label(NAMES, middle, _names_of(row), NAMES - 1.5, SMALL)
        _mark(canvas, row, scale, middle)
        counts = f"{t.number(row.k)} / {t.number(row.expected, 1)}"
        page.text(seen, middle, counts, ha="right", color=MUTED, **look)
        page.text(right, middle, t.number(row.ratio, 2), ha="right", weight="bold", **look)


def _scale(found: pd.DataFrame) -> tuple[float, float]:
    """Return both ends of the scale, which holds 1 and all intervals but what is below `LEAST`."""
    low, high = min(found["low"].min(), 1 / 1.1), max(found["high"].max(), 1.1)
    return max(low / 1.03, LEAST), high * 1.03


def _x(ratio: float, scale: tuple[float, float]) -> float:
    """Return where a ratio stands on the scale, in cm."""
    low, high = map(math.log, scale)
    part = (math.log(max(ratio, scale[0])) - low) / (high - low)
    return AXIS + part * (WIDTH - SEEN - AXIS)


def _ticks(scale: tuple[float, float], t: Messages) -> Iterator[tuple[float, str]]:
    """Yield the ticks of the scale that have room, from 1 outwards."""
    taken: list[tuple[float, float]] = []
    for tick in sorted(TICKS, key=lambda tick: abs(math.log(tick))):
        name = t.number(tick, len(f"{tick:g}".partition(".")[2]))
        x, half = _x(tick, scale), text_width(name, SMALL) / 2 + 0.1
        if scale[0] <= tick <= scale[1] and all(abs(x - y) > half + other for y, other in taken):
            taken.append((x, half))
            yield tick, name


def _mark(canvas: Axes, row: Any, scale: tuple[float, float], y: float) -> None:
    """Draw a ratio with its interval; an arrow where either goes on below the scale."""
    low, middle, high = (_x(end, scale) for end in (row.low, row.ratio, row.high))
    canvas.plot([low, high], [y, y], color=_shade(row.found), lw=2, solid_capstyle="butt")
    if row.low < scale[0]:
        canvas.plot(low, y, **BELOW)
    if row.ratio >= scale[0]:
        canvas.plot(middle, y, **MARKS[row.found])


def _key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the cells and marks that occur."""
    kinds = [kind for kind in LOOKS if (_within(table, _shown(table))["found"] == kind).any()]
    entries = [
        marks.box_entry(t(f"together.key-{kind or 'none'}"), **LOOKS[kind]) for kind in kinds
    ]
    found = _found(table)
    marked = [kind for kind in MARKS if (found["found"] == kind).any()]

    def draw(axes: Axes, x: float, y: float) -> None:
        for i, kind in enumerate(marked):
            middle = x + 1.1 * (i - (len(marked) - 1) / 2)
            axes.plot([middle - 0.4, middle + 0.4], [y, y], color=_shade(kind), lw=2)
            axes.plot(middle, y, **MARKS[kind])

    if marked:
        entries.append(Entry(t("together.key-ratio"), draw, 1.1 * len(marked)))
    if marked and (found["low"] < _scale(found)[0]).any():
        entries.append(marks.mark_entry(t("together.key-below", least=t.number(LEAST, 1)), **BELOW))
    return entries


def _shade(kind: str) -> str:
    return BLUE if kind == "more" else PLUM


def _grid(table: pd.DataFrame, t: Messages) -> Grid:
    """Give half the matrix of pairs as cells, with the differences that are drawn."""
    shown, values = _shown(table), _values(table, t)[0]
    rows = _within(table, shown).itertuples()
    found = {(row.feature_id, row.other_feature_id): row.found for row in rows}

    def cell(one: str, other: str) -> Cell:
        pair = (one, other) if (one, other) in values else (other, one)
        return Cell(f"pair-{found[pair] or 'none'}", (values[pair],))

    cells = [tuple(cell(one, other) for other in [*shown][:i]) for i, one in enumerate(shown)]
    known = [kind for kind in LOOKS if kind in found.values()]
    key = [(f"pair-{kind or 'none'}", t(f"together.key-{kind or 'none'}")) for kind in known]
    names = [f"{t.number(i)} {name}" for i, name in enumerate(shown.values(), start=1)]
    return Grid(tuple(cells), tuple(key), tuple(names))


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Give a row to each pair that is listed."""
    rows = _found(table)
    told = rows["feature"] + " + " + rows["other_feature"]
    names = rows.assign(both=told, least=_scale(rows)[0] if len(rows) else LEAST)
    return names.drop(columns=["feature", "other_feature"])


def _marks(row: Row) -> Iterator[Mark]:
    """Give a ratio and its interval, as logarithms; an end where either goes on below the scale."""
    line, dot = LIVE[row["found"]]
    low, middle, high = (math.log(max(row[end], row["least"])) for end in ("low", "ratio", "high"))
    yield Mark("zero", 0, 0)
    yield Mark(line, low, high)
    if row["low"] < row["least"]:
        yield Mark("below", low, low)
    if row["ratio"] >= row["least"]:
        yield Mark(dot, middle, middle)


def _kinds(_rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    named = {kind: t(f"together.key-{found}") for found, kinds in LIVE.items() for kind in kinds}
    below = t("together.key-below", least=t.number(LEAST, 1))
    return {**named, "zero": t("together.key-expected"), "below": below}


def _ends(found: pd.DataFrame) -> tuple[float, float]:
    low, high = _scale(found)
    return math.log(low), math.log(high)


SPEC = Spec(
    "together",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows(
        "features-pair",
        _marks,
        _pairs,
        ("column.times", "column.ratio"),
        _ends,
        key=_kinds,
        ticks=lambda low, high, t: [
            (math.log(tick), name) for tick, name in _ticks((math.exp(low), math.exp(high)), t)
        ],
        grid=_grid,
    ),
)

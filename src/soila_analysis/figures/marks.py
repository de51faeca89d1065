"""Marks that say where a number stands: filled and bold, open and grey, or a range."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.transforms import offset_copy

from soila_analysis.figures.page import LABEL, Draw, Entry, Page, text_width
from soila_analysis.figures.palette import BLUE, GREY, HEAT, MUTED, PALETTE, PLUM, TEXT
from soila_analysis.figures.wording import BOUNDED, coders, percent, ratio
from soila_analysis.language import Messages

INFERRED = ("reconstructed", BOUNDED)
INNER = ("low", "high", "low_once", "high_once")  # two ranges of 95 %: see `review.basis`
LIKELY = {"likely": (1, GREY), "likely-once": (-1, MUTED)}  # above and below, of either prior
CODERS = (  # marker and colour of each coder; of more coders, all look the same
    *(("^", PALETTE[1]), ("s", PALETTE[2]), ("D", PALETTE[3])),
    *(("v", PALETTE[0]), ("P", MUTED), ("X", TEXT)),
)
OTHER: dict[str, Any] = {"marker": "D", "ms": 6, "mfc": "none", "mec": PLUM, "mew": 1.6}
LANE, ABOVE = 0.25, 0.72  # cm, height of a coder's lane, and of what stands above the lanes
LONG = 1.0  # cm, of the key, for a mark with a line


def colour(basis: str) -> str:
    """Return the colour of a mark."""
    return GREY if basis in INFERRED else BLUE


def face(basis: str) -> str:
    """Return the fill of a mark."""
    return "white" if basis in INFERRED else BLUE


def type_of(basis: str) -> dict[str, Any]:
    """Return weight and colour of a number in print."""
    if basis in INFERRED:
        return {"weight": "normal", "color": MUTED}
    return {"weight": "normal" if basis == "implied" else "bold", "color": TEXT}


def share(axes: Axes, row: Any, y: float) -> None:
    """Draw a share with its interval, or its range, on axes in per cent."""
    if row.basis == BOUNDED:
        bounds = (100 * row.bound_low / row.n, 100 * row.bound_high / row.n)
        span(axes, bounds, [100 * getattr(row, end) for end in INNER], y)
        return
    if row.share != row.share:  # nothing was assessed
        return
    if row.low == row.low:  # an interval was asked for
        interval(axes, (100 * row.low, 100 * row.high), y, row.basis)
    dot(axes, 100 * row.share, y, row.basis)
    other = getattr(row, "other_share", math.nan)
    if other == other:  # the rival reading takes it to be something else
        axes.plot(100 * other, y, clip_on=False, **OTHER)


def dot(axes: Axes, x: float, y: float, basis: str) -> None:
    """Draw a number."""
    axes.plot(x, y, "o", ms=7.5, color=colour(basis), mew=1.8, clip_on=False)


def interval(axes: Axes, ends: Sequence[float], y: float, basis: str) -> None:
    """Draw an interval."""
    axes.plot(ends, [y, y], color=colour(basis), lw=2, solid_capstyle="butt")


def span(
    axes: Axes, bounds: Sequence[float], inner: Sequence[float], y: float, thick: float = 3.5
) -> None:
    """Draw a range: all that is possible as a thin line, 95 % of it as bars, by either prior."""
    axes.plot(bounds, [y, y], color=GREY, lw=1.6, solid_capstyle="butt", clip_on=False)
    for which, ends in zip(LIKELY, (inner[:2], inner[2:]), strict=True):
        if len(ends):
            _likely(axes, ends, y, thick, which)
    for end in bounds:
        axes.plot(end, y, "|", color=GREY, ms=2.6 * thick, mew=1.6, clip_on=False)


def _likely(axes: Axes, ends: Sequence[float], y: float, thick: float, which: str) -> None:
    """Draw what encloses 95 % of the compatible data sets by one prior."""
    (side, shade), root = LIKELY[which], axes.get_figure(root=True)
    place = offset_copy(axes.transData, root, y=side * (thick + 0.3) / 2, units="points")
    look: dict[str, Any] = {"lw": thick, "solid_capstyle": "butt", "clip_on": False}
    axes.plot(ends, [y, y], color=shade, transform=place, **look)


class Numbers:
    """Columns of k/n and of percentages, set flush right.

    Parameters
    ----------
    rows : DataFrame
        As of a figure's table.
    edge : float
        Where they end, in cm.
    t : Messages
        The language.

    Attributes
    ----------
    left : float
        Where they begin, in cm.
    """

    def __init__(self, rows: pd.DataFrame, edge: float, t: Messages) -> None:
        cells = [(ratio(row, t), percent(row, t)) for row in rows.itertuples()]
        self.edge, self.t = edge, t
        self.middle = edge - max(text_width(one, LABEL, bold=True) for _, one in cells) - 0.25
        self.left = self.middle - max(text_width(one, LABEL) for one, _ in cells)

    def set(self, page: Page, row: Any, y: float) -> None:
        """Set those of a row, their middle at y."""
        look: dict[str, Any] = {"ha": "right", "va": "center"}
        page.text(self.middle, y, ratio(row, self.t), color=MUTED, **look)
        page.text(self.edge, y, percent(row, self.t), **type_of(row.basis), **look)


def share_key(rows: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the marks of shares: those of each basis, the rival reading's, those of ranges."""
    known = rows[(rows["basis"] != BOUNDED) & rows["share"].notna()]
    lined, several = bool(known["low"].notna().any()), len(rows["basis"].unique()) > 1
    plain = "key.share" if lined else "column.share"

    def draw(axes: Axes, x: float, y: float, basis: str) -> None:
        if lined:
            interval(axes, (x - 0.4, x + 0.4), y, basis)
        dot(axes, x, y, basis)

    entries = [
        Entry(
            t(f"key.{basis}" if basis in ("published", "implied") else plain),
            partial(draw, basis=basis),
            LONG if lined else 0.5,
            type_of(basis) if several else {},
        )
        for basis in known["basis"].unique()
    ]
    if "other_share" in rows and rows["other_share"].notna().any():
        entries.append(mark_entry(t("live.other"), **OTHER))
    return [*entries, *range_key(rows["basis"], t)]


def range_key(bases: pd.Series, t: Messages, thick: float = 3.5) -> list[Entry]:
    """Name the parts of a range, if there is one."""

    def possible(axes: Axes, x: float, y: float) -> None:
        span(axes, (x - 0.4, x + 0.4), (), y, thick)

    def bar(axes: Axes, x: float, y: float, which: str) -> None:
        _likely(axes, (x - 0.4, x + 0.4), y, thick, which)

    parts: dict[str, Draw] = {"range": possible}
    parts |= {which: partial(bar, which=which) for which in LIKELY}
    there = bool((bases == BOUNDED).any())
    return [
        Entry(t(f"live.{n}"), part, LONG, type_of(BOUNDED)) for n, part in parts.items() if there
    ]


def mark_entry(name: str, **look: Any) -> Entry:
    """Name a single mark with a look that `Axes.plot` takes."""

    def draw(axes: Axes, x: float, y: float) -> None:
        axes.plot(x, y, **look)

    return Entry(name, draw)


def upright_entry(name: str, half: float, **look: Any) -> Entry:
    """Make the entry of an upright line, which reaches so far up and down."""

    def draw(axes: Axes, x: float, y: float) -> None:
        axes.plot([x, x], [y - half, y + half], **look)

    return Entry(name, draw)


def box_entry(name: str, **look: Any) -> Entry:
    """Name a box with a look that `Rectangle` takes."""

    def draw(axes: Axes, x: float, y: float) -> None:
        axes.add_patch(Rectangle((x - 0.2, y - 0.17), 0.4, 0.34, **look))

    return Entry(name, draw)


def band_entry(name: str) -> Entry:
    """Name bounds."""
    return Entry(name, lambda axes, x, y: band(axes, (x - 0.4, x + 0.4), y, 0.34), LONG)


def boxes(basis: str) -> dict[str, dict[str, Any]]:
    """Return the looks of boxes by what they are of: models that have a feature, may, have not."""
    line = {"edgecolor": colour(basis), "linewidth": 1}
    open_ = {**line, "facecolor": "white"}
    full = {**line, "facecolor": colour(basis)}
    if basis == BOUNDED:
        return {"sure": full, "possible": {**open_, "hatch": "//////"}, "has-not": open_}
    return {"has": full, "has-not": open_}


def parts(row: Any, total: float) -> dict[str, tuple[float, float]]:
    """Divide `total` models, from and to which one they have a feature, may, have not."""
    if row.basis == BOUNDED:
        low, high = row.bound_low, row.bound_high
        return {"sure": (0, low), "possible": (low, high), "has-not": (high, total)}
    return {"has": (0, row.k), "has-not": (row.k, total)}


def box_key(rows: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the boxes that occur: of models that have a feature, may, have not."""
    looks = {
        kind: boxes(row.basis)[kind]
        for row in rows.itertuples()
        for kind, (low, high) in parts(row, row.n).items()
        if low < high
    }
    return [box_entry(t(f"key.{kind}"), **look) for kind, look in looks.items()]


def squares(axes: Axes, x: float, y: float, pitch: float, row: Any, per: int, total: int) -> None:
    """Draw a row of squares: those that have the feature full, the others, up to `total`, open.

    One square stands for `per` models. What is only bounded is hatched.
    """
    side = pitch * 0.8
    for kind, (low, high) in reversed(parts(row, total).items()):
        for start in range(int(low // per), math.ceil(high / per) if low < high else 0):
            width = side * min(1.0, high / per - start)
            corner = (x + pitch * start, y - side / 2)
            axes.add_patch(Rectangle(corner, width, side, **boxes(row.basis)[kind]))


class Several:
    """What several coders say of the rows of a table: bounds, own shares, and their key.

    Parameters
    ----------
    rows : DataFrame
        The rows in the order in which they are drawn.
    least : float
        Height in cm of a row of one coder.
    t : Messages
        The language.

    Attributes
    ----------
    row : float
        Height in cm of a row.
    key : list of Entry
        Empty without several coders.
    """

    def __init__(self, rows: pd.DataFrame, least: float, t: Messages) -> None:
        names = coders(rows)
        alike = len(names) > len(CODERS)
        said = [t("coders.each")] if alike else [t("coders.alone", coder=name) for name in names]
        self.shares = rows[[f"share:{name}" for name in names]].to_numpy()
        self.looks = [_own("|", MUTED)] * len(names) if alike else [_own(*c) for c in CODERS]
        self.lanes = [0 if alike else lane for lane in range(len(names))]
        self.row = max(least, ABOVE + LANE * len(said)) if names else least
        own = [mark_entry(one, **look) for one, look in zip(said, self.looks, strict=False)]
        bounds = (
            [band_entry(t("coders.bounds"))]
            if (rows["share_min"] < rows["share_max"]).any()
            else []
        )
        self.key = [*bounds, *own] if names else []

    def draw(self, axes: Axes, row: Any, i: int) -> None:
        """Draw one row: band of the bounds, share and interval, and each coder's own share."""
        top = i - 0.5 + 0.38 / self.row if self.key else i
        if self.key and row.share_min < row.share_max:
            band(axes, (100 * row.share_min, 100 * row.share_max), top, 0.4 / self.row)
        share(axes, row, top)
        for own, look, lane in zip(self.shares[i], self.looks, self.lanes, strict=False):
            y = i - 0.5 + (ABOVE + LANE * (lane + 0.3)) / self.row
            axes.plot(100 * own, y, clip_on=False, **look)


def band(axes: Axes, ends: Sequence[float], y: float, high: float) -> None:
    """Draw bounds: a light band with lines at both ends."""
    low, up = ends
    corner = (low, y - high / 2)
    axes.add_patch(Rectangle(corner, up - low, high, facecolor=HEAT[1], linewidth=0, zorder=0.9))
    for end in ends:
        axes.plot([end] * 2, [y - high / 2, y + high / 2], color=BLUE, lw=1.2, clip_on=False)


def _own(marker: str, shade: str) -> dict[str, Any]:
    return {"marker": marker, "ms": 5, "color": shade, "mew": 1.2 if marker == "|" else 0}

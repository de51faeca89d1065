"""Marks that say where a number stands: filled and bold, open and grey, or a range."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.transforms import offset_copy

from soila_analysis.figures.page import SMALL, WIDTH, Page, lines, placed
from soila_analysis.figures.palette import BLUE, GREY, HEAT, MUTED, PALETTE, PLUM, TEXT
from soila_analysis.figures.wording import BOUNDED, coders
from soila_analysis.language import Messages

INFERRED = ("reconstructed", BOUNDED)
INNER = ("low", "high", "low_once", "high_once")  # two ranges of 95 %: see `review.basis`
CODERS = (  # marker and colour of each coder; of more coders, all look the same
    *(("^", PALETTE[1]), ("s", PALETTE[2]), ("D", PALETTE[3])),
    *(("v", PALETTE[0]), ("P", MUTED), ("X", TEXT)),
)
LANE, ABOVE = 0.25, 0.72  # cm, height of a coder's lane, and of what stands above the lanes
SYMBOL = 0.9  # cm, width of a symbol of the key


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
    shade = colour(row.basis)
    if row.low == row.low:  # an interval was asked for
        axes.plot([100 * row.low, 100 * row.high], [y, y], color=shade, lw=2, solid_capstyle="butt")
    axes.plot(100 * row.share, y, "o", ms=7.5, color=shade, mew=1.8, clip_on=False)
    other = getattr(row, "other_share", math.nan)
    if other == other:  # the rival reading takes it to be something else
        axes.plot(100 * other, y, "D", ms=6, mfc="none", mec=PLUM, mew=1.6, clip_on=False)


def span(axes: Axes, bounds: Sequence[float], inner: Sequence[float], y: float) -> None:
    """Draw a range: all that is possible as a thin line, 95 % of it as bars."""
    axes.plot(bounds, [y, y], color=GREY, lw=1.6, solid_capstyle="butt", clip_on=False)
    likely(axes, inner, y, 3.5)
    for end in bounds:
        axes.plot(end, y, "|", color=GREY, ms=9, mew=1.6, clip_on=False)


def likely(axes: Axes, inner: Sequence[float], y: float, lw: float) -> None:
    """Draw what encloses 95 % of the compatible data sets by either prior, one above the other."""
    look: dict[str, Any] = {"lw": lw, "solid_capstyle": "butt", "clip_on": False}
    for ends, side, shade in ((inner[:2], 1, GREY), (inner[2:], -1, MUTED)):
        place = offset_copy(
            axes.transData, axes.get_figure(root=True), y=side * (lw + 0.3) / 2, units="points"
        )
        axes.plot(ends, [y, y], color=shade, transform=place, **look)


def squares(axes: Axes, x: float, y: float, pitch: float, row: Any, per: int, total: int) -> None:
    """Draw a row of squares: those that have the feature full, the others, up to `total`, open.

    One square stands for `per` models. What is only bounded is hatched.
    """
    side, shade = pitch * 0.8, colour(row.basis)
    sure, possible = row.k, row.k
    if row.basis == BOUNDED:
        sure, possible = row.bound_low, row.bound_high
    parts = ((total, "white", ""), (possible, "white", "//////"), (sure, shade, ""))
    for count, fill, hatch in parts:
        for start in range(math.ceil(count / per)):
            width = side * min(1.0, count / per - start)
            _box(axes, (x + pitch * start, y - side / 2), width, side, fill, shade, hatch)


def _box(
    axes: Axes,
    corner: tuple[float, float],
    width: float,
    height: float,
    fill: str,
    edge: str,
    hatch: str,
) -> None:
    axes.add_patch(
        Rectangle(corner, width, height, facecolor=fill, edgecolor=edge, linewidth=1, hatch=hatch)
    )


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
    row, head : float
        Heights in cm of a row, and of the key; 0 without several coders.
    """

    def __init__(self, rows: pd.DataFrame, least: float, t: Messages) -> None:
        names = coders(rows)
        alike = len(names) > len(CODERS)
        said = [t("coders.each")] if alike else [t("coders.alone", coder=name) for name in names]
        self.shares = rows[[f"share:{name}" for name in names]].to_numpy()
        self.looks = [("|", MUTED)] * len(names) if alike else list(CODERS[: len(names)])
        self.lanes = [0 if alike else lane for lane in range(len(names))]
        self.row = max(least, ABOVE + LANE * len(said)) if names else least
        said = [t("coders.share"), t("coders.bounds"), *said]
        self.key = [lines(one, WIDTH - 1.6, SMALL, t.lang) for one in said] if names else []
        self.places, self.head = placed(self.key, SYMBOL) if names else ([], 0.0)

    def draw_key(self, page: Page) -> None:
        """Set the key at the top of the body: the same marks, each with its name."""
        if not self.key:
            return
        canvas = page.canvas()
        for i, (said, (x, y)) in enumerate(zip(self.key, self.places, strict=True)):
            page.text(x + SYMBOL, y + 0.09, said, size=SMALL)
            middle, end = y + 0.27, x + SYMBOL - 0.2
            if i == 0:
                canvas.plot([x, end], [middle] * 2, color=BLUE, lw=2, solid_capstyle="butt")
                canvas.plot((x + end) / 2, middle, "o", ms=7.5, color=BLUE)
            elif i == 1:
                band(canvas, (x, end), middle, 0.34)
            else:
                _mark(canvas, end - 0.15, middle, *self.looks[i - 2])

    def draw(self, axes: Axes, row: Any, i: int) -> None:
        """Draw one row: band of the bounds, share and interval, and each coder's own share."""
        top = i - 0.5 + 0.38 / self.row if self.key else i
        if self.key and row.share_min < row.share_max:
            band(axes, (100 * row.share_min, 100 * row.share_max), top, 0.4 / self.row)
        share(axes, row, top)
        for own, look, lane in zip(self.shares[i], self.looks, self.lanes, strict=True):
            _mark(axes, 100 * own, i - 0.5 + (ABOVE + LANE * (lane + 0.3)) / self.row, *look)


def band(axes: Axes, ends: Sequence[float], y: float, high: float) -> None:
    """Draw bounds: a light band with lines at both ends."""
    low, up = ends
    corner = (low, y - high / 2)
    axes.add_patch(Rectangle(corner, up - low, high, facecolor=HEAT[1], linewidth=0, zorder=0.9))
    for end in ends:
        axes.plot([end] * 2, [y - high / 2, y + high / 2], color=BLUE, lw=1.2, clip_on=False)


def _mark(axes: Axes, x: float, y: float, marker: str, shade: str) -> None:
    axes.plot(x, y, marker, ms=5, color=shade, mew=1.2 if marker == "|" else 0, clip_on=False)

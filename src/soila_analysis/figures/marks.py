"""Marks that say where a number stands: filled and bold, open and grey, or a range."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.transforms import offset_copy

from soila_analysis.figures.palette import BLUE, GREY, MUTED, PLUM, TEXT
from soila_analysis.figures.wording import BOUNDED

INFERRED = ("reconstructed", BOUNDED)
INNER = ("low", "high", "low_once", "high_once")  # two ranges of 95 %: see `review.basis`


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

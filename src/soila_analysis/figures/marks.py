"""Marks that say where a number stands: filled and bold, or open and grey."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from soila_analysis.figures.style import BLUE, GREY, MUTED, TEXT

INFERRED = ("reconstructed", "bounded")


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
    return {"weight": "bold", "color": TEXT}


def interval(axes: Axes, row: Any, y: float) -> None:
    """Draw a share with its interval on axes in per cent."""
    if row.share != row.share:  # nothing was assessed
        return
    shade = colour(row.basis)
    if row.low == row.low:  # an interval was asked for
        axes.plot([100 * row.low, 100 * row.high], [y, y], color=shade, lw=2, solid_capstyle="butt")
    axes.plot(
        100 * row.share, y, "o", ms=7.5, mfc=face(row.basis), mec=shade, mew=1.8, clip_on=False
    )


def squares(
    axes: Axes, x: float, y: float, pitch: float, filled: float, *, basis: str, total: float = 0
) -> None:
    """Draw a row of squares: `filled` full ones, then open ones up to `total`."""
    side = pitch * 0.8
    for start in range(math.ceil(max(filled, total))):
        left = x + pitch * start
        share = min(1.0, max(0.0, filled - start))
        whole = min(1.0, max(filled, total) - start)
        if whole > share:
            _box(axes, left, y, side * whole, side, "white", colour(basis))
        if share:
            _box(axes, left, y, side * share, side, colour(basis), colour(basis))


def _box(axes: Axes, x: float, y: float, width: float, height: float, face: str, edge: str) -> None:
    axes.add_patch(
        Rectangle((x, y - height / 2), width, height, facecolor=face, edgecolor=edge, linewidth=1)
    )

"""How an evidence map is laid out: its panels, the widths of its columns, and their headings."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from soila_analysis.figures.page import (
    LINE,
    MARGIN,
    SMALL,
    WIDTH,
    Page,
    height,
    lines,
    text_width,
)
from soila_analysis.figures.palette import MUTED
from soila_analysis.figures.wording import BOUNDED, by_share, percent, ratio
from soila_analysis.language import Messages

DEEP = 4  # lines at most of a level heading, whose words are whole
COUNTS = 1.2  # cm, beyond which numbers leave no room beside them
FEW_GOALS = 4  # up to so many have wide columns with level headings, and bars in the margin
GOALS, FEATURES = 12, 40  # at most, of a panel
ROW, ROW_NARROW, ROW_BOUNDED = 0.87, 0.74, 1.1
SLANT = 58  # degrees
SLANTED = 5.5  # cm, the longest line of a slanted heading


@dataclass(frozen=True, slots=True)
class Panel:
    """Some features by some goals; `top` is the upper edge of its first row, in cm."""

    features: Sequence[str]
    goals: Sequence[str]
    heights: Sequence[float]
    top: float

    def rows(self) -> Iterator[tuple[float, float]]:
        """Yield upper edge and height of each row."""
        top = self.top
        for high in self.heights:
            yield top, high
            top += high


@dataclass(frozen=True, slots=True)
class Plan:
    """The layout of a map, in cm.

    Attributes
    ----------
    labels, wide, end : float
        Width of the column of labels and of a goal's column, and where the margin begins.
    stacked : bool
        Whether share and k/n stand above each other in a cell.
    bars : bool
        Whether the margin has room for bars.
    heads : mapping of str to list of str
        Lines of each goal's heading; they are slanted, or numbers with a key, as `style` says.
    panels : tuple of Panel
    height : float
        Of all of it.
    """

    labels: float
    wide: float
    end: float
    stacked: bool
    bars: bool
    style: str
    heads: Mapping[str, list[str]]
    numbers: Sequence[tuple[str, list[str]]]
    panels: tuple[Panel, ...]
    height: float

    def left(self, column: int) -> float:
        """Return the left edge of a goal's column."""
        return self.labels + self.wide * column

    def set_numbers(self, page: Page) -> None:
        """Set the key to numbered headings, in two columns."""
        half = math.ceil(len(self.numbers) / 2)
        for x, part in ((MARGIN, self.numbers[:half]), (WIDTH / 2, self.numbers[half:])):
            y = 0.0
            for number, rows in part:
                page.text(x, y, number, size=SMALL, weight="bold")
                page.text(x + 0.8, y, rows, size=SMALL)
                y += height(rows, SMALL) + 0.06

    def set_heads(self, page: Page, panel: Panel, cells: pd.DataFrame, t: Messages) -> None:
        """Set the headings of a panel's columns, with the number of assessed models below."""
        bases = [cells.xs(goal, level=1) for goal in (*panel.goals, "")]
        right, widths = WIDTH - 0.2, [self.wide] * len(panel.goals) + [WIDTH - 0.4 - self.end]
        over = [_base(rows, wide, t) for rows, wide in zip(bases, widths, strict=True)]
        foot = panel.top - 0.18 - max(height(said, SMALL) for said in over)
        for j, (goal, said) in enumerate(zip(panel.goals, over, strict=False)):
            x, rows = self.left(j) + self.wide / 2, self.heads[goal]
            top = panel.top - 0.08 - height(said, SMALL)
            page.text(x, top, said, size=SMALL, ha="center", color=MUTED)
            if self.style == "slanted":
                page.text(x, foot, rows, size=SMALL, slant=SLANT)
                continue
            weight = "bold" if self.style == "numbered" else "normal"
            up = foot - height(rows, SMALL)
            page.text(x, up, rows, size=SMALL, weight=weight, ha="center")
        page.text(right, foot - LINE, t("common.all"), weight="bold", size=SMALL, ha="right")
        top = panel.top - 0.08 - height(over[-1], SMALL)
        page.text(right, top, over[-1], size=SMALL, ha="right", color=MUTED)
        page.text(self.labels - 0.2, panel.top - 0.42, "n =", size=SMALL, ha="right", color=MUTED)


def plan(table: pd.DataFrame, t: Messages) -> Plan:
    """Lay a map out.

    Parameters
    ----------
    table : DataFrame
        Of the evidence map, labelled.
    t : Messages
        Language of the numbers.

    Returns
    -------
    Plan
    """
    inside = table[table["goal_id"] != ""]
    goals = dict(inside.drop_duplicates("goal_id")[["goal_id", "goal"]].itertuples(index=False))
    ordered = by_share(table[table["goal_id"] == ""])
    counts = max(text_width(ratio(row, t), SMALL - 0.5) for row in ordered.itertuples())
    few = len(goals) <= FEW_GOALS and counts <= COUNTS
    labels, margin = (5.7, 2.6) if few else (4.1, max(1.7, counts + 0.4))
    room = WIDTH - labels - margin - (0 if few else 0.1)
    per = len(goals) if few else _columns(inside, room, len(goals), t)
    wide = room / per
    least = ROW_BOUNDED if (table["basis"] == BOUNDED).any() else ROW if few else ROW_NARROW
    rows = {
        row.feature_id: max(
            least, height(lines(row.feature, labels - 0.4, SMALL, t.lang), SMALL) + 0.15
        )
        for row in ordered.itertuples()
    }
    style, heads, numbers = _headings(goals, wide, per, labels, t)
    parts, y = [], _numbers_height(numbers) + (0.2 if numbers else 0)
    for some in _even([*goals], per):
        for features in _even([*rows], FEATURES):
            y += _head(heads, some, style)
            parts.append(Panel(features, some, [rows[f] for f in features], y))
            y += sum(parts[-1].heights) + 0.35
    return Plan(
        labels,
        wide,
        labels + wide * per,
        stacked=not few or _widest(inside, t, beside=True) > wide - 0.12,
        bars=few,
        style=style,
        heads=heads,
        numbers=numbers,
        panels=tuple(parts),
        height=y - 0.35,
    )


def _even(items: Sequence[str], most: int) -> list[Sequence[str]]:
    """Split items into as few parts of at most so many as can be, as even as can be."""
    parts = math.ceil(len(items) / most)
    size = math.ceil(len(items) / parts)
    return [items[start : start + size] for start in range(0, len(items), size)]


def _columns(inside: pd.DataFrame, room: float, goals: int, t: Messages) -> int:
    """Return how many columns a panel has: those that the widest number leaves room for."""
    fit = min(GOALS, max(1, int(room / (_widest(inside, t, beside=False) + 0.12))))
    return math.ceil(goals / math.ceil(goals / fit))


def _widest(inside: pd.DataFrame, t: Messages, *, beside: bool) -> float:
    """Return the width of the widest cell's numbers, beside or above each other."""
    said = {(percent(row, t), ratio(row, t)) for row in inside.itertuples() if row.n}
    if beside:
        widths = (text_width(a, SMALL, bold=True) + 0.12 + text_width(b, SMALL) for a, b in said)
    else:
        widths = (max(text_width(a, SMALL), text_width(b, SMALL)) for a, b in said)
    return max(widths, default=0)


def _headings(
    goals: Mapping[str, str], wide: float, per: int, labels: float, t: Messages
) -> tuple[str, dict[str, list[str]], list[tuple[str, list[str]]]]:
    """Choose level, slanted or numbered headings, whichever first has room for every label."""
    level = {goal: lines(name, wide - 0.15, SMALL, t.lang) for goal, name in goals.items()}
    whole = all(" ".join(rows) == goals[goal] for goal, rows in level.items())
    if len(goals) <= FEW_GOALS and whole and max(map(len, level.values())) <= DEEP:
        return "level", level, []
    angle, slanted = math.radians(SLANT), {}
    for i, (goal, name) in enumerate(goals.items()):
        room = (WIDTH - 0.15 - labels - wide * (i % per + 0.5)) / math.cos(angle)
        slanted[goal] = lines(name, min(SLANTED, room), SMALL, t.lang)
    if max(map(len, slanted.values())) <= int(wide * math.sin(angle) / LINE):
        return "slanted", slanted, []
    numbers = [
        (t.number(i), lines(name, WIDTH / 2 - 1.3, SMALL, t.lang))
        for i, name in enumerate(goals.values(), start=1)
    ]
    heads = {goal: [number] for goal, (number, _) in zip(goals, numbers, strict=True)}
    return "numbered", heads, numbers


def _numbers_height(numbers: Sequence[tuple[str, list[str]]]) -> float:
    half = math.ceil(len(numbers) / 2)
    parts = (numbers[:half], numbers[half:])
    return max(sum(height(rows, SMALL) + 0.06 for _, rows in part) for part in parts)


def _head(heads: Mapping[str, list[str]], goals: Sequence[str], style: str) -> float:
    """Return the height of a panel's headings."""
    shown = [heads[goal] for goal in goals]
    if style == "level":
        return max(height(rows, SMALL) for rows in shown) + 0.95
    if style == "numbered":
        return 1.3
    angle = math.radians(SLANT)
    longest = max(text_width(row, SMALL) for rows in shown for row in rows)
    return 0.95 + longest * math.sin(angle) + max(map(len, shown)) * LINE * math.cos(angle)


def _base(rows: pd.DataFrame, wide: float, t: Messages) -> list[str]:
    """Write the number of assessed models of a column; a range that is too wide on two lines."""
    low, high = rows["n"].min(), rows["n"].max()
    said = [t.number(low)] if low == high else [f"{t.number(low)}–{t.number(high)}"]
    return (
        said if text_width(said[0], SMALL) <= wide - 0.06 else [f"{t.number(low)}–", t.number(high)]
    )

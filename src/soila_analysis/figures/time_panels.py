"""Panels of features over time: shares with their intervals, and the change below each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    LABEL,
    LINE,
    MARGIN,
    SMALL,
    WIDTH,
    Entry,
    Page,
    height,
    lines,
    text_width,
)
from soila_analysis.figures.palette import BLUE, GREY, HEAT, MUTED, PALETTE, PLUM, RULE
from soila_analysis.figures.wording import BOUNDED, percent, ratio, signed
from soila_analysis.language import Messages

LEVEL = 0.05  # of the tests of models in two rounds
SCALE = 1.15  # cm, width of the labels of the scale
GAP = 0.6  # cm between panels
PANELS = 4  # side by side, at most
SHARES = (0, 50, 100)  # that have a rule
HIGH = 2.0  # cm, height of a panel
BELOW = 0.25  # cm between a panel and the names of its rounds
SIDE = 0.4  # of the distance of two rounds, beyond the first and the last
STEP = 0.12  # of that distance, half the width of the band of a single round
LINES: Mapping[bool, dict[str, Any]] = {
    True: {"color": BLUE, "lw": 2.6, "solid_capstyle": "round"},
    False: {"color": GREY, "lw": 1.5, "solid_capstyle": "round"},
}
DOTS: Mapping[bool, dict[str, Any]] = {
    True: {"marker": "o", "ms": 6.5, "color": BLUE, "mew": 0},
    False: {"marker": "o", "ms": 5.5, "mfc": "white", "mec": GREY, "mew": 1.5},
}
BANDS = {True: HEAT[1], False: RULE}
BREAK: dict[str, Any] = {"color": PLUM, "lw": 1.6, "ls": (0, (3, 2))}
CHANGED: Mapping[str, dict[str, Any]] = {  # on the axis of time
    "coders": {"marker": "^", "ms": 7, "color": PALETTE[3], "mew": 0},
    "rule": {"marker": "D", "ms": 5.5, "color": PALETTE[1], "mew": 0},
}
RANGE: Mapping[str, dict[str, Any]] = {  # of what is only bounded
    "line": {"color": GREY, "lw": 1.6, "solid_capstyle": "butt"},
    "end": {"marker": "_", "ms": 8, "color": GREY, "mew": 1.6},
}


@dataclass(frozen=True, slots=True)
class Series:
    """One feature: its rows, a round each, and the first of them for what is the same in all."""

    rows: tuple[Any, ...]

    @property
    def first(self) -> Any:
        """What the rows have in common."""
        return self.rows[0]

    @property
    def survives(self) -> bool:
        """Whether the models in two rounds changed more than chance explains."""
        return bool(self.first.p_holm < LEVEL)

    @property
    def known(self) -> list[Any]:
        """The rounds that assessed it."""
        return [row for row in self.rows if row.n > 0]


def series(table: pd.DataFrame) -> list[Series]:
    """Go through the features: what survives the test first, then by the change, then by name.

    Parameters
    ----------
    table : DataFrame
        The labelled table.

    Returns
    -------
    list of Series
    """
    found = [Series(tuple(rows.itertuples())) for _, rows in table.groupby("feature_id")]

    def place(one: Series) -> tuple[bool, float, str]:
        row = one.first
        change = row.paired_difference if paired(row) else row.difference
        return not one.survives, -abs(change) if change == change else 1.0, row.feature

    return sorted(found, key=place)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of panels: their features and titles, how high these are, and how high all is."""

    all: Sequence[Series]
    titles: Sequence[Sequence[str]]
    head: float
    high: float


class Grid:
    """All panels, as many side by side as their numbers leave room for."""

    def __init__(self, found: list[Series], rounds: list[Any], t: Messages) -> None:
        self.all, self.rounds, self.t = found, rounds, t
        needed = max(self._needed(one) for one in found)
        room = WIDTH - SCALE - MARGIN + GAP
        across = max(1, min(PANELS, int(room / (needed + GAP))))
        self.wide = room / across - GAP
        self.rows = [self._row(found[i : i + across]) for i in range(0, len(found), across)]

    @cached_property
    def pitch(self) -> float:
        """The distance of two rounds in cm."""
        return self.wide / (len(self.rounds) - 1 + 2 * SIDE)

    @property
    def high(self) -> float:
        """How high all panels are in cm."""
        return sum(row.high for row in self.rows)

    def draw(self, page: Page) -> None:
        """Draw all panels on a page."""
        top = 0.0
        for row in self.rows:
            y = top + row.head
            for i, (one, title) in enumerate(zip(row.all, row.titles, strict=True)):
                x = SCALE + (self.wide + GAP) * i
                weight = "bold" if one.survives else "normal"
                page.text(x, y - 0.2 - height(title, LABEL), title, size=LABEL, weight=weight)
                _panel(page.axes(x, y, self.wide, HIGH), one, self.rounds)
                _below(page, self, one, x, y + HIGH + BELOW)
            for share in SHARES:
                at, label = y + HIGH * (1 - share / 100), [self.t.percent(share)]
                look: dict[str, Any] = {"size": SMALL, "color": MUTED}
                page.text(SCALE - 0.12, at, label, ha="right", va="center", **look)
            top += row.high

    def ends(self, one: Series) -> list[tuple[str, str]]:
        """Write percentage and k/n of the first and the last round that assessed a feature."""
        rows = one.known[:: max(len(one.known) - 1, 1)]
        return [(percent(row, self.t), ratio(row, self.t)) for row in rows]

    def change(self, one: Series) -> list[str]:
        """Write the change, and between which rounds where these are not the first and last."""
        first = one.first
        whole = (first.since, first.until) == (self.rounds[0].round, self.rounds[-1].round)
        written = change(first, self.t)
        return [written, *([] if whole else [f"{first.since}–{first.until}"])] if written else []

    def ticks(self) -> list[str]:
        """Name the rounds on the axis: all, else their numbers, of many the first and last."""
        names = [row.round for row in self.rounds]
        numbers = [self.t.number(row.ordinal) for row in self.rounds]
        if self._fit(names):
            return names
        if self._fit(numbers):
            return numbers
        return [n if i in (0, len(numbers) - 1) else "" for i, n in enumerate(numbers)]

    def _fit(self, names: Sequence[str]) -> bool:
        return max(text_width(name, SMALL) for name in names) + 0.15 < self.pitch

    def _needed(self, one: Series) -> float:
        sides = [
            max(text_width(a, LABEL, bold=True), text_width(b, SMALL)) for a, b in self.ends(one)
        ]
        below = [text_width(line, SMALL, bold=True) for line in self.change(one)]
        return max([sum(sides) + 0.3, *below, 2.4])

    def _row(self, found: Sequence[Series]) -> _Row:
        titles = [
            lines(one.first.feature, self.wide + 0.3, LABEL, self.t.lang, bold=one.survives)
            for one in found
        ]
        head = max(height(title, LABEL) for title in titles) + 0.3
        below = BELOW + LINE + height([""], LABEL) + LINE
        below += LINE * max(len(self.change(one)) for one in found) + 0.5
        return _Row(found, titles, head, head + HIGH + below)


def _panel(axes: Axes, one: Series, rounds: Sequence[Any]) -> None:
    """Draw one feature over time; the line breaks where its definition changed."""
    last = len(rounds)
    axes.set(xlim=(1 - SIDE, last + SIDE), ylim=(0, 100), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for share in SHARES:
        axes.plot(axes.get_xlim(), [share] * 2, color=RULE, lw=0.8, clip_on=False, zorder=0.5)
    for run in _runs(one):
        _run(axes, run, survives=one.survives)
    for row in one.known:
        if row.basis == BOUNDED:
            _range(axes, row)
    for before, now in pairwise(one.rows):
        if before.segment != now.segment:
            axes.plot([(before.ordinal + now.ordinal) / 2] * 2, [0, 100], **BREAK)
    for row in rounds:
        marked = [name for name in CHANGED if name in row.changed.split()]
        for i, name in enumerate(marked):
            at = row.ordinal + 0.3 * (i - (len(marked) - 1) / 2)
            axes.plot(at, 0, clip_on=False, zorder=3, **CHANGED[name])


def _runs(one: Series) -> Iterator[list[Any]]:
    """Go through the rounds in a row whose shares are known and are of one definition."""
    run: list[Any] = []
    for row in one.known:
        if row.basis == BOUNDED:
            continue
        if run and (run[-1].segment, run[-1].ordinal + 1) != (row.segment, row.ordinal):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _run(axes: Axes, run: Sequence[Any], *, survives: bool) -> None:
    """Draw shares in a row, and the band of their intervals."""
    at = [row.ordinal for row in run]
    bands = [(row.ordinal, 100 * row.low, 100 * row.high) for row in run if row.low == row.low]
    if len(bands) == 1:
        ((x, low, high),) = bands
        bands = [(x - STEP, low, high), (x + STEP, low, high)]
    if bands:
        corners = [(x, low) for x, low, _ in bands] + [(x, high) for x, _, high in bands[::-1]]
        axes.add_patch(Polygon(corners, facecolor=BANDS[survives], linewidth=0, zorder=0.9))
    shares = [100 * row.share for row in run]
    if len(run) > 1:
        axes.plot(at, shares, clip_on=False, zorder=2, **LINES[survives])
    for x, share in zip(at, shares, strict=True):
        axes.plot(x, share, clip_on=False, zorder=3, **DOTS[survives])


def _range(axes: Axes, row: Any) -> None:
    """Draw what is possible where a share is only bounded."""
    ends = [100 * bound / row.n for bound in (row.bound_low, row.bound_high)]
    axes.plot([row.ordinal] * 2, ends, **RANGE["line"])
    for end in ends:
        axes.plot(row.ordinal, end, clip_on=False, **RANGE["end"])


def _below(page: Page, grid: Grid, one: Series, x: float, y: float) -> None:
    """Set what stands below a panel: rounds, the first and last share, the change."""
    for i, name in enumerate(grid.ticks()):
        at = x + grid.pitch * (i + SIDE)
        page.text(at, y, [name] if name else [], size=SMALL, ha="center", color=MUTED)
    y += LINE
    rows = one.known[:: max(len(one.known) - 1, 1)]
    for row, (share, counts), ha in zip(rows, grid.ends(one), ("left", "right"), strict=False):
        at = x if ha == "left" else x + grid.wide
        page.text(at, y, share, size=LABEL, ha=ha, **marks.type_of(row.basis))
        page.text(at, y + height([""], LABEL), counts, size=SMALL, ha=ha, color=MUTED)
    y += height([""], LABEL) + LINE
    weight = "bold" if one.survives else "normal"
    page.text(x, y + 0.06, grid.change(one), size=SMALL, weight=weight)


def change(row: Any, t: Messages) -> str:
    """Write how many of the models in two rounds gained and lost a feature, else the change.

    Parameters
    ----------
    row : named tuple
        A row of the table.
    t : Messages
        The language.

    Returns
    -------
    str
        Empty where no two rounds can be compared.
    """
    if paired(row):
        return f"+{t.number(row.gained)} −{t.number(row.lost)} / {t.number(row.paired)}"
    if pd.isna(row.difference):
        return ""
    ends = [signed(end, t) for end in (row.difference_low, row.difference_high)]
    return f"{signed(row.difference, t)} ({ends[0]} … {ends[1]})"


def paired(row: Any) -> bool:
    """Say whether models were assessed in both rounds."""
    return not pd.isna(row.paired) and bool(row.paired > 0)


def compared(row: Any) -> bool:
    """Say whether a change is known, of models in both rounds or of all."""
    return paired(row) or not pd.isna(row.difference)


def _nothing(_axes: Axes, _x: float, _y: float) -> None:
    """Leave the words of a key to speak for themselves."""


def key(found: Sequence[Series], rounds: Sequence[Any], t: Messages) -> list[Entry]:
    """Name the marks that occur, and what the counts below a panel are."""

    def possible(axes: Axes, x: float, y: float) -> None:
        axes.plot([x, x], [y - 0.18, y + 0.18], **RANGE["line"])
        for end in (-0.18, 0.18):
            axes.plot(x, y + end, **RANGE["end"])

    entries = _shares_key(found, t)
    if any(row.basis == BOUNDED for one in found for row in one.known):
        entries.append(Entry(t("live.range"), possible))
    if any(row.segment > 1 for one in found for row in one.rows):
        entries.append(marks.upright_entry(t("change-over-rounds.key-break"), 0.2, **BREAK))
    for name, look in CHANGED.items():
        if any(name in row.changed.split() for row in rounds):
            entries.append(marks.mark_entry(t(f"change-over-rounds.key-{name}"), **look))
    for row in [one.first for one in found if paired(one.first)][:1]:
        counts = t("change-over-rounds.key-paired", change=change(row, t))
        entries.append(Entry(counts, _nothing, 0.0))
    return entries


def _shares_key(found: Sequence[Series], t: Messages) -> list[Entry]:
    """Name the lines of features whose change survives, and of others."""

    def share(axes: Axes, x: float, y: float, survives: bool, lined: bool, banded: bool) -> None:
        if banded:
            corners = [(x - 0.4, y - 0.15), (x + 0.4, y - 0.15), (x + 0.4, y + 0.15)]
            corners += [(x - 0.4, y + 0.15)]
            axes.add_patch(Polygon(corners, facecolor=BANDS[survives], linewidth=0, zorder=0.9))
        if lined:
            axes.plot([x - 0.4, x + 0.4], [y, y], **LINES[survives])
        axes.plot(x, y, **DOTS[survives])

    entries: list[Entry] = []
    for survives in (True, False):
        runs = [run for one in found if one.survives == survives for run in _runs(one)]
        if runs:
            lined = any(len(run) > 1 for run in runs)
            banded = any(row.low == row.low for run in runs for row in run)
            draw = partial(share, survives=survives, lined=lined, banded=banded)
            called = "survives" if survives else "other" if entries else "plain"
            entries.append(Entry(t(f"change-over-rounds.key-{called}"), draw, marks.LONG))
    return entries

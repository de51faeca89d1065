"""One look for all figures: page, type, colours, and text that is measured before it is set."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from soila_analysis.figures.palette import MUTED, PLUM, RULE, TEXT
from soila_analysis.figures.texts import Texts
from soila_analysis.language import Messages, messages

SCREEN = 96  # dots per inch of a notebook
WIDTH = 16.0  # cm, as are all lengths here
MARGIN = 0.3
TITLE, LABEL, SMALL = 12.0, 9.5, 8.5  # points
# No line ends between a number and its sign or unit; in a narrow column, at least not at a sign.
HELD = (r"(?<![\d=<>/–]) (?![=<>/–])", r"(?<![=<>/–]) (?![=<>/–])", " ")
LEADING = 1.18
FAMILY = "Soila Sans"  # fonts/README.md
FALLBACK = "DejaVu Sans"  # for characters that the shipped font lacks
CM = 1 / 2.54  # inches
PIXELS = 65_000  # matplotlib draws no more in a row or column
Draw = Callable[[Axes, float, float], None]
POINT = 2.54 / 72  # cm
LINE = SMALL * LEADING * POINT  # cm, height of a line of small print

RC: dict[Any, Any] = {
    "font.family": [FAMILY, FALLBACK],
    "font.size": LABEL,
    "text.color": TEXT,
    "text.parse_math": False,
    "text.hinting": "no_hinting",
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.linewidth": 0.8,
    "axes.labelsize": LABEL,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "xtick.labelsize": LABEL,
    "ytick.color": TEXT,
    "ytick.labelsize": LABEL,
    "svg.fonttype": "path",
    "svg.hashsalt": "soila_analysis",
    "pdf.fonttype": 42,
    "hatch.linewidth": 0.8,
    "figure.dpi": 100,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw inside this context to get the project's look; nothing leaks out of it."""
    _add_fonts()
    theme: dict[Any, Any] = sns.axes_style("ticks")
    with mpl.rc_context({**theme, **RC}):
        yield


class Drawing(Figure):
    """A matplotlib figure that a notebook shows, though pyplot does not know it.

    Attributes
    ----------
    key : list of (str, list of Artist)
        The names in its key, each with the marks beside it.
    """

    key: list[tuple[str, list[Artist]]]

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        buffer, (width, _) = BytesIO(), self.get_size_inches()
        with style():
            self.savefig(buffer, format="png", dpi=resolution(self, 2 * SCREEN))
        return buffer.getvalue(), {"width": round(width * SCREEN)}


class _Line(Text):
    """A line that begins at its position, so that no format need measure it before drawing it."""

    def draw(self, renderer: RendererBase) -> None:
        x, y = self.get_transform().transform(self.get_position())
        if renderer.flipy():
            y = renderer.get_canvas_width_height()[1] - y
        renderer.open_group("text")
        graphics, font = renderer.new_gc(), self.get_fontproperties()
        graphics.set_foreground(to_rgba(self.get_color()), isRGBA=True)
        renderer.draw_text(graphics, x, y, self.get_text(), font, self.get_rotation(), mtext=self)
        graphics.restore()
        renderer.close_group("text")


@dataclass(frozen=True, slots=True)
class Entry:
    """A mark of a key and its name.

    Attributes
    ----------
    name : str
    draw : callable
        (axes in cm, middle of the mark from the left and from the top) draws the mark.
    wide : float
        Room in cm for the mark.
    look : mapping
        Weight and colour of the name: those of the numbers that the mark stands for.
    """

    name: str
    draw: Draw
    wide: float = 0.5
    look: Mapping[str, Any] = field(default_factory=dict)


class Page:
    """A figure 16 cm wide: badge, title, subtitle and key above a body, notes and source below.

    Parameters
    ----------
    texts : Texts
        Title, subtitle, badge, notes and source.
    body : float
        Height of the body in cm; the page is as high as body and texts need.
    key : sequence of Entry, optional
        What the marks in the body are.

    Attributes
    ----------
    figure : Figure
    body : float
        Height of the body in cm. Positions on the page are in cm from the left edge and from the
        top of the body, downwards.
    """

    def __init__(self, texts: Texts, body: float, key: Sequence[Entry] = ()) -> None:
        width = WIDTH - 2 * MARGIN
        self.lang = lang = texts.lang
        blocks = [
            (lines(texts.title, width, TITLE, lang, bold=True), TITLE, TEXT, "bold"),
            (lines(texts.subtitle, width, LABEL, lang, even=False), LABEL, MUTED, "normal"),
        ]
        foot = [
            line
            for text in (texts.notes, texts.source)
            for line in lines(text, width, SMALL, lang, even=False)
        ]
        badge = lines(texts.badge, width - 0.4, SMALL, lang, bold=True) if texts.badge else []
        head = MARGIN + (height(badge, SMALL) + 0.45 if badge else 0)
        head += sum(height(block[0], block[1]) + 0.15 for block in blocks) + 0.15
        names = [lines(one.name, width - one.wide, SMALL, lang) for one in key]
        places, under = _placed(key, names)
        head += under
        self.body = body
        self._head = head
        self._height = head + body + 0.25 + height(foot, SMALL) + MARGIN
        self.figure = Drawing(figsize=(WIDTH * CM, self._height * CM))
        self.figure.canvas.draw_idle()
        y = MARGIN - head
        if badge:
            self._badge(badge, y)
            y += height(badge, SMALL) + 0.45
        for block, size, colour, weight in blocks:
            self.text(MARGIN, y, block, size=size, color=colour, weight=weight)
            y += height(block, size) + 0.15
        self.text(MARGIN, body + 0.25, foot, size=SMALL, color=MUTED)
        self.figure.key = []
        if key:
            canvas = self.canvas(-under, under)
            for one, rows, place in zip(key, names, places, strict=True):
                self._set_entry(canvas, one, rows, *place, under)

    def text(
        self,
        x: float,
        y: float,
        content: str | Sequence[str],
        *,
        size: float = LABEL,
        color: str = TEXT,
        weight: str = "normal",
        ha: str = "left",
        va: str = "top",
        slant: float = 0,
    ) -> None:
        """Set one or several lines at a position in cm; `va` centre is about the whole block.

        Slanted lines rise to the right from the position, the last of them lowest.
        """
        rows = [content] if isinstance(content, str) else list(content)
        step = size * LEADING * POINT
        top = y - (step * len(rows) / 2 if va == "center" else 0)
        sine, cosine = math.sin(math.radians(slant)), math.cos(math.radians(slant))
        for i, row in enumerate(rows):
            down = step * (i + 0.78) if not slant else step * (i - len(rows) + 0.78)
            line = (_Line if ha == "left" else Text)(
                (x + down * sine) / WIDTH,
                self._up(top + down * cosine),
                row,
                size=size,
                color=color,
                weight=weight,
                ha=ha,
                va="baseline",
                rotation=slant,
                rotation_mode="anchor" if slant else "default",
                transform=self.figure.transFigure,
            )
            line.set_figure(self.figure)
            self.figure.texts.append(line)

    def label(
        self, x: float, y: float, text: str, width: float, size: float = LABEL, **look: Any
    ) -> None:
        """Set a text of at most `width` cm that ends at x, its middle at y."""
        rows = lines(text, width, size, self.lang, bold=look.get("weight") == "bold")
        self.text(x, y, rows, size=size, ha="right", va="center", **look)

    @staticmethod
    def rows(canvas: Axes, top: float, heights: Sequence[float]) -> Iterator[float]:
        """Rule off rows of a canvas from `top` down; yield the upper edge of each."""
        for high in heights:
            canvas.plot([MARGIN, WIDTH - MARGIN], [top, top], color=RULE, lw=0.8)
            yield top
            top += high

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes whose upper left corner is at (x, y) cm."""
        box = (x / WIDTH, self._up(y + height), width / WIDTH, height / self._height)
        axes = self.figure.add_axes(box)
        axes.set_axisbelow(True)
        return axes

    def canvas(self, top: float = 0, high: float | None = None) -> Axes:
        """Add invisible axes over the body, or a part, in cm with y downwards, to draw on."""
        high = self.body if high is None else high
        axes = self.axes(0, top, WIDTH, high)
        axes.set(xlim=(0, WIDTH), ylim=(high, 0))
        axes.axis("off")
        return axes

    def _set_entry(
        self, canvas: Axes, one: Entry, rows: Sequence[str], x: float, y: float, under: float
    ) -> None:
        drawn = canvas.get_children()
        one.draw(canvas, x + (one.wide - 0.1) / 2, y + LINE / 2)
        marks = [mark for mark in canvas.get_children() if mark not in drawn]
        self.figure.key.append((one.name, marks))
        self.text(x + one.wide, y - under, rows, size=SMALL, **one.look)

    def _up(self, y: float) -> float:
        return 1 - (self._head + y) / self._height

    def _badge(self, rows: Sequence[str], y: float) -> None:
        wide = max(text_width(row, SMALL, bold=True) for row in rows) + 0.4
        high = height(rows, SMALL) + 0.2
        frame = Rectangle(
            (MARGIN / WIDTH, self._up(y + high)),
            wide / WIDTH,
            high / self._height,
            transform=self.figure.transFigure,
            fill=False,
            edgecolor=PLUM,
            linewidth=1.2,
            linestyle=(0, (4, 2)),
        )
        self.figure.add_artist(frame)
        self.text(MARGIN + 0.2, y + 0.1, rows, size=SMALL, color=PLUM, weight="bold")


def bare(axes: Axes, **ticks: Any) -> None:
    """Leave only the vertical rules of axes, and the labels of their ticks."""
    axes.tick_params(length=0, **ticks)
    axes.grid(axis="x")
    axes.spines[:].set_visible(False)


def percents(axes: Axes, rows: int, t: Messages, ticks: Sequence[int]) -> None:
    """Lay a scale from 0 to 100 % above rows that run downwards."""
    above(axes, rows, (0, 100), {x: t.percent(x) for x in ticks})


def above(
    axes: Axes,
    rows: int,
    ends: tuple[float, float],
    ticks: Mapping[Any, str],
    size: float = LABEL,
) -> None:
    """Lay a scale with these ends and ticks above rows that run downwards."""
    axes.set(xlim=ends, ylim=(rows - 0.5, -0.5), yticks=[])
    axes.set_xticks([*ticks], [*ticks.values()])
    bare(axes, top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=size)


def counts(axes: Axes, most: float, t: Messages) -> None:
    """Lay a scale from 0 to the first round number that is at least `most`."""
    locator = MaxNLocator(8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
    ticks = np.asarray(locator.tick_values(0, max(most, 1)))
    ticks = ticks[(ticks >= 0) & (ticks - np.diff(ticks)[0] < max(most, 1))]
    axes.set(xlim=(0, ticks[-1]), yticks=[])
    axes.set_xticks(ticks, [t.number(tick) for tick in ticks])
    bare(axes)


def row_height(labels: Iterable[str], width: float, size: float, lang: str, least: float) -> float:
    """Return the height in cm of rows that all labels fit in, at least `least`."""
    return max([least, *(height(lines(one, width, size, lang), size) + 0.15 for one in labels)])


def resolution(figure: Figure, dpi: float) -> float:
    """Return the dots per inch at which a figure can be drawn: those asked for, unless too many."""
    return float(min(dpi, PIXELS / max(figure.get_size_inches())))


def height(rows: Sequence[str], size: float) -> float:
    """Return the height in cm of lines set at a size in points."""
    return len(rows) * size * LEADING * POINT


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the measured width in cm of a line at a size in points."""
    return sum(_advance(character, bold) for character in text) * size / 100 * POINT


def _placed(
    key: Sequence[Entry], names: Sequence[Sequence[str]]
) -> tuple[list[tuple[float, float]], float]:
    """Place the entries of a key side by side, on as many rows as they need; say where it ends."""
    places, x, y, high = [], MARGIN, 0.0, 0.0
    for one, rows in zip(key, names, strict=True):
        bold = one.look.get("weight") == "bold"
        wide = one.wide + max(text_width(row, SMALL, bold=bold) for row in rows)
        if x > MARGIN and x + wide > WIDTH - MARGIN:
            x, y, high = MARGIN, y + high, 0.0
        places.append((x, y))
        x, high = x + wide + 0.5, max(high, height(rows, SMALL) + 0.12)
    return places, y + high + 0.2 if key else 0.0


def lines(
    text: str, width: float, size: float, lang: str, *, bold: bool = False, even: bool = True
) -> list[str]:
    """Break a text into lines no wider than `width` cm, on request as even as their number allows.

    Breaks fall at spaces, else at the joints of compounds that the language's catalogue knows,
    else, for a word that no line can hold, between letters. Nothing is ever cut off.
    """
    words = list(_words(text, width, size, bold))
    greedy = _fill(words, width, size, lang, bold)
    low, high = width / 2, width
    while even and len(greedy) > 1 and high - low > 0.05:
        middle = (low + high) / 2
        narrower = _fill(words, middle, size, lang, bold)
        if len(narrower) <= len(greedy) and not _splits_more(narrower, greedy):
            greedy, high = narrower, middle
        else:
            low = middle
    return greedy


def _splits_more(one: Sequence[str], other: Sequence[str]) -> bool:
    return len(" ".join(one).split(" ")) > len(" ".join(other).split(" "))


def _fill(words: Sequence[str], width: float, size: float, lang: str, bold: bool) -> list[str]:
    rows: list[str] = []
    line = ""
    for word in words:
        candidate = f"{line} {word}" if line else word
        if text_width(candidate, size, bold=bold) <= width:
            line = candidate
            continue
        if line:
            rows.append(line)
        line = word
        if text_width(word, size, bold=bold) > width:
            *full, line = _broken(word, width, size, lang, bold)
            rows.extend(full)
    return [*rows, line] if line else rows


def _words(
    text: str, width: float, size: float, bold: bool, held: Sequence[str] = HELD
) -> Iterator[str]:
    """Split a text where a line may end: a number and its unit are one word, if a line holds it."""
    for word in re.split(held[0], text):
        if len(held) > 1 and text_width(word, size, bold=bold) > width:
            yield from _words(word, width, size, bold, held[1:])
        else:
            yield word


def _broken(word: str, width: float, size: float, lang: str, bold: bool) -> list[str]:
    joints = messages(lang).joints(word)
    parts = re.findall(r"[^-/]+[-/]*|[-/]+", word)
    pieces, hyphen = (
        (joints, "-") if len(joints) > 1 else (parts if len(parts) > 1 else list(word), "")
    )
    rows, line = [], ""
    for piece in pieces:
        if line and text_width(line + piece + hyphen, size, bold=bold) > width:
            rows.append(line if line.endswith("-") else line + hyphen)
            line = piece
        else:
            line += piece
    return [*rows, line]


@cache
def _advance(character: str, bold: bool) -> float:
    """Width in points of a character at 100 points, without kerning; unknown ones are an em."""
    font = _font(bold)
    if not font.get_char_index(ord(character)):
        return 100.0
    return float(font.load_char(ord(character), LoadFlags.NO_HINTING).linearHoriAdvance) / 65536


@cache
def _font(bold: bool) -> FT2Font:
    font = FT2Font(str(_font_file("Bold" if bold else "Regular")))
    font.set_size(100, 72)
    return font


def _font_file(weight: str) -> Path:
    return Path(__file__).with_name("fonts") / f"SoilaSans-{weight}.ttf"


@cache
def _add_fonts() -> None:
    """Add the shipped font, and let the one for other characters be matplotlib's own copy."""
    fonts, bundled = font_manager.fontManager, Path(mpl.get_data_path()) / "fonts/ttf"
    fonts.ttflist = [font for font in fonts.ttflist if font.name != FALLBACK]
    for file in (
        *map(_font_file, ("Regular", "Bold")),
        *(bundled / f"DejaVuSans{cut}.ttf" for cut in ("", "-Bold")),
    ):
        fonts.addfont(file)
    found = font_manager.findfont(FontProperties(family=FAMILY), fallback_to_default=False)
    if Path(found) != _font_file("Regular"):
        raise RuntimeError(f"the shipped font is shadowed by {found}")

"""Figure 13: a language model against people, and its shares corrected by theirs."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from soila_analysis import metrics
from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    SMALL,
    WIDTH,
    Entry,
    Page,
    above,
    height,
    lines,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import BLUE, MUTED, PALETTE, PLUM, RULE
from soila_analysis.figures.rows import Rows, estimate
from soila_analysis.figures.spec import Coded, Spec, found
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.wording import base, percent_of, percent_text, written
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.prediction import FEW, FROZEN, WORTH

LABELS = 4.4  # cm, width of the column of labels
ROW = 0.95
GAP = 0.6  # cm between panels
PAD = 0.1  # cm between a number and the line beside it
LEAST = 1.65  # cm, width of a panel of sensitivities or specificities
LIFT, DROP = 0.19, 0.2  # cm: a number stands above the middle of its row, its mark below
LEVEL = 0.05  # of the test whether the sample is like the other models
LANE = 0.24  # cm between the marks of a share
RATES = ("sensitivity", "specificity")
SHARES = ("model", "corrected", "people")  # from above
ENDS = ("corrected", "width")  # columns of numbers, set flush right
TEAL = PALETTE[1]
LOOKS: dict[str, dict[str, dict[str, Any]]] = {
    "model": {"line": {"color": PLUM, "lw": 1.2}, "value": {"marker": "^", "ms": 5.5, "mec": PLUM}},
    "corrected": {"line": {"color": BLUE, "lw": 3.2}, "value": {"marker": "o", "ms": 7}},
    "people": {"line": {"color": TEAL, "lw": 1.2}, "value": {"marker": "s", "ms": 5, "mec": TEAL}},
    "rate": {"line": {"color": BLUE, "lw": 2}, "value": {"marker": "o", "ms": 5.5}},
}
BOX: dict[str, Any] = {"fill": False, "edgecolor": TEAL, "linewidth": 1.4}
NO_MODEL, NO_PEOPLE, NO_SAMPLE, NO_PAIRS = "no-model", "no-people", "no-sample", "no-pairs"


def metric(data: Coded, coder: str = "") -> pd.DataFrame:
    """Make the table of the figure, of one language model: by default the first that has coded."""
    made_up = data.info.kind == "reconstructed"
    coders = [one for one in data.language_models if one in data.cube.coders and not made_up]
    if coder:
        found("no language model", coder, dict.fromkeys(coders))
    chosen = coder or next(iter(coders), "")
    no_sample = pd.DataFrame({"model_id": [], "use": []}, dtype="str")
    sample = no_sample if data.sample is None else data.sample
    people = {*data.cube.coders} - {*data.language_models}
    none = data.status.iloc[:0]
    both = (data.status, data.consensus(f"coder:{chosen}")) if chosen and people else (none, none)
    table = metrics.model_and_people(*both, sample)
    lacking = {
        NO_MODEL: not chosen,
        NO_PEOPLE: not people,
        NO_SAMPLE: not (sample["use"] == FROZEN).any(),
        NO_PAIRS: not table["people_n"].any(),
    }
    return table.assign(
        **_named(data.coders, chosen), lacking=next((one for one, so in lacking.items() if so), "")
    )


def _named(coders: pd.DataFrame | None, chosen: str) -> dict[str, str]:
    """Say which language model it is."""
    rows = [] if coders is None else coders[coders["coder_id"] == chosen].to_dict("records")
    row = rows[0] if rows else {}
    told = {name: row.get(name, "") for name in ("name", "version", "prompt_sha256", "date")}
    return {"coder_id": chosen, **told}


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether people and a language model have coded a model of the frozen sample."""
    return bool(table["lacking"].iloc[0] == "")


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t, first = messages(lang), table.iloc[0]
    title = t("model-people.title")
    if not drawable(table):
        why = t(f"model-people.{first.lacking}", count=int(first.tuning))
        return without_figure(table, lang, title, why)
    known = table[table["people_n"] > 0]
    outside = known[known["outside"]]
    parts = {"k": t.number(len(outside)), "n": t.number(len(known))}
    if len(outside):
        title = t("model-people.lead-title", **parts)
    counts = {name: t.number(first[name]) for name in ("frozen", "tuning", "models")}
    return compose(
        table,
        lang,
        chart=t(f"model-people.chart-{variant}"),
        title=title,
        measure=t("model-people.measure", name=first["name"], version=first["version"], **counts),
        n=t("common.n", n=counts["models"]),
        notes=[*_notes(table, counts, t)],
        findings=[
            *_worth(known, t),
            t(f"model-people.{'outside' if len(outside) else 'inside'}", **parts)
            + _names(outside, t),
            *_worst(known, t),
            *_uneven(known, t),
            t("model-people.caveat"),
            t("model-people.coverage"),
            t("model-people.methods", **counts, **_told(first, t)),
        ],
        rows=[_sentence(row, t) for row in _ordered(table).itertuples()],
        marks=False,
    )


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a feature: how often the model is right, three shares, and what is won."""
    t = messages(words.lang)
    rows = [*_ordered(table).itertuples()]
    step = row_height(table["feature"], LABELS - 0.2, SMALL, t.lang, ROW)
    places = _places(rows, t)
    heads = {name: _head(name, wide, t) for name, (_, wide) in places.items()}
    head = max(height([*bold, *plain], SMALL) for bold, plain in heads.values()) + 0.55
    page = Page(words, head + step * len(rows) + 0.1, _key(table, t))
    for name in (*RATES, "shares"):
        x, wide = places[name]
        axes = page.axes(x, head, wide, step * len(rows))
        at = [50] if name == "shares" else []  # elsewhere numbers stand in the middle
        ticks = {x: t.number(x) for x in (0, *at)} | {100: t.percent(100)}
        above(axes, len(rows), (0, 100), ticks, SMALL)
        for i, row in enumerate(rows):
            _draw(axes, name, row, i, step)
    canvas = page.canvas()
    for name, (x, wide) in places.items():
        _print_head(page, name, x, wide, heads[name])
    for i, row in enumerate(rows):
        y = head + step * (i + 0.5)
        page.label(LABELS, y, row.feature, LABELS - 0.2, SMALL)
        if i:
            canvas.plot([0.3, WIDTH - 0.3], [y - step / 2] * 2, color=RULE, lw=0.5)
        _numbers(page, canvas, row, y, places, t)
    return page.figure


def _places(rows: list[Any], t: Messages) -> dict[str, tuple[float, float]]:
    """Give each column its left edge and width in cm."""
    rate = LEAST
    for row in rows:
        for name in RATES:
            bold, plain = _rate(row, name, t)
            both = text_width(bold, SMALL, bold=True) + text_width(plain, SMALL)
            rate = max(rate, both + 0.2 + 2 * PAD)
    columns = {
        "corrected": [_percent(row.corrected, t) for row in rows],
        "width": [_widths(row, t) for row in rows],
    }
    for name in ENDS:  # no word of a heading is broken
        columns[name] += f"{t(f'model-people.head-{name}')} {t(f'model-people.of-{name}')}".split(
            " "
        )
    wide = {n: max(text_width(x, SMALL, bold=True) for x in c) for n, c in columns.items()}
    left = LABELS + 0.3
    places = {name: (left + (rate + GAP) * i, rate) for i, name in enumerate(RATES)}
    start = left + (rate + GAP) * len(RATES)
    end = WIDTH - 0.45
    for name in reversed(ENDS):
        places[name] = (end - wide[name], wide[name])
        end -= wide[name] + 0.3
    return places | {"shares": (start, end - start)}


def _head(name: str, wide: float, t: Messages) -> tuple[list[str], list[str]]:
    """Break the heading of a column, bold, and what stands below it."""
    room = wide + (GAP - 0.15 if name in RATES else 0.1)
    bold = lines(t(f"model-people.head-{name}"), room, SMALL, t.lang, bold=True)
    return bold, lines(t(f"model-people.of-{name}"), room, SMALL, t.lang)


def _print_head(
    page: Page, name: str, x: float, wide: float, head: tuple[list[str], list[str]]
) -> None:
    """Set the heading of a column."""
    bold, plain = head
    side = "right" if name in ENDS else "left"
    x += wide if name in ENDS else 0
    page.text(x, 0, bold, size=SMALL, weight="bold", ha=side)
    page.text(x, height(bold, SMALL), plain, size=SMALL, color=MUTED, ha=side)


def _numbers(
    page: Page,
    canvas: Axes,
    row: Any,
    y: float,
    places: dict[str, tuple[float, float]],
    t: Messages,
) -> None:
    """Print what stands in a row, and box the width where the correction is worth it."""
    small: dict[str, Any] = {"size": SMALL, "va": "center"}
    for name in RATES:
        (x, wide), (bold, plain) = places[name], _rate(row, name, t)
        page.text(x + PAD, y - LIFT, bold, weight="bold", **small)
        page.text(x + wide - PAD, y - LIFT, plain, ha="right", color=MUTED, **small)
        if getattr(row, f"{name}_n") < FEW:
            few = t("model-people.few")
            page.text(x + wide - PAD, y + DROP, few, ha="right", color=MUTED, **small)
    x, wide = places["corrected"]
    page.text(x + wide, y, _percent(row.corrected, t), ha="right", weight="bold", **small)
    x, wide = places["width"]
    look: dict[str, Any] = {"weight": "bold"} if row.narrower else {"color": MUTED}
    page.text(x + wide, y, _widths(row, t), ha="right", **look, **small)
    if row.narrower:
        room = text_width(_widths(row, t), SMALL, bold=True)
        corner = (x + wide - room - 0.12, y - 0.24)
        canvas.add_patch(Rectangle(corner, room + 0.24, 0.48, **BOX))


def _draw(axes: Axes, name: str, row: Any, y: float, step: float) -> None:
    """Draw the marks of a row in one panel."""
    if name in RATES:
        _mark(axes, row, name, "rate", y + DROP / step)
        return
    for lane, one in enumerate(SHARES):
        _mark(axes, row, one, one, y + LANE * (lane - 1) / step)


def _mark(axes: Axes, row: Any, name: str, look: str, y: float) -> None:
    share, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    if pd.isna(share):
        return
    _marked(axes, (100 * low, 100 * high), 100 * share, y, look)


def _marked(axes: Axes, ends: tuple[float, float], x: float, y: float, look: str) -> None:
    """Draw an interval and a value on it."""
    line, value = LOOKS[look]["line"], LOOKS[look]["value"]
    axes.plot(ends, [y, y], solid_capstyle="butt", clip_on=False, **line)
    fill = {"mfc": "white", "mew": 1.4} if "mec" in value else {"color": line["color"]}
    axes.plot(x, y, clip_on=False, **fill, **value)


def _key(table: pd.DataFrame, t: Messages) -> list[Entry]:
    """Name the marks of the three shares, of the rates, and the box."""
    known = table[table["people_n"] > 0]
    entries = [
        _entry(t(f"model-people.key-{one}", n=base(known, t, n)), one)
        for one, n in zip(SHARES, ("model_n", "model_n", "people_n"), strict=True)
    ]
    if known[list(RATES)].notna().any(axis=None):
        entries.append(_entry(t("model-people.key-rate"), "rate"))
    if table["narrower"].any():
        worth = t("model-people.key-box", points=t.number(100 * WORTH))
        entries.append(marks.box_entry(worth, **BOX))
    return entries


def _entry(name: str, look: str) -> Entry:
    """Make an entry of the key, with one of `LOOKS`."""
    return Entry(name, lambda axes, x, y: _marked(axes, (x - 0.4, x + 0.4), x, y, look), marks.LONG)


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Put features in the order of their corrected share, those without last."""
    return table.sort_values(["corrected", "feature"], ascending=[False, True])


def _percent(share: float, t: Messages) -> str:
    """Write an estimated share as a rounded percentage."""
    if pd.isna(share):
        return "–"
    return written(percent_of(round(share * 10**6), 10**6), share, 1, t)


def _rate(row: Any, name: str, t: Messages) -> tuple[str, str]:
    """Write sensitivity or specificity, if there are enough cases, and k/n."""
    k, n = (int(getattr(row, f"{name}_{one}")) for one in ("k", "n"))
    return "" if n < FEW else percent_text(k, n, t), t.ratio(k, n)


def _widths(row: Any, t: Messages) -> str:
    """Write the width of the interval of people alone and of the corrected one, in points."""
    if pd.isna(row.corrected_width):
        return "–"
    return " → ".join(t.number(100 * w) for w in (row.people_width, row.corrected_width))


def _names(rows: pd.DataFrame, t: Messages) -> str:
    names = [t("common.quoted", name=name) for name in rows["feature"]]
    return f" {t.listing(names)}." if names else ""


def _worth(known: pd.DataFrame, t: Messages) -> Iterator[str]:
    """Say where the correction wins, or that it wins nothing."""
    rows, points = known[known["narrower"]], t.number(100 * WORTH)
    parts = {"points": points, "k": t.number(len(rows)), "n": t.number(len(known))}
    if len(rows):
        yield t("model-people.wins", **parts)
        yield t("model-people.narrower") + _names(rows, t)
    else:
        yield t("model-people.wins-nothing", points=points)
        yield t("model-people.left-out", n=base(known, t, "people_n"))


def _worst(known: pd.DataFrame, t: Messages) -> Iterator[str]:
    """Name the features that the language model misses, or finds falsely, most often."""
    for name in RATES:
        lowest = known[known[name] == known[name].min()]
        if len(lowest):
            told = [f"{row.feature} ({_rate(row, name, t)[1]})" for row in lowest.itertuples()]
            yield t(f"model-people.lowest-{name}", names=t.listing(told))


def _uneven(known: pd.DataFrame, t: Messages) -> Iterator[str]:
    """Name what the language model finds more or less often in the sample than elsewhere."""
    rows = known[known["sample_p"] < LEVEL]
    if len(rows):
        yield t("model-people.uneven") + _names(rows, t)


def _notes(table: pd.DataFrame, counts: dict[str, str], t: Messages) -> Iterator[str]:
    """Say how it was computed, and what was left out."""
    yield t("model-people.how")
    if table["tuning"].iloc[0]:
        yield t("model-people.tuned", n=counts["tuning"])
    if elsewhere := int(table["elsewhere"].max()):
        yield t("model-people.elsewhere", n=t.number(elsewhere))
    if undecided := int(table["undecided"].sum()):
        yield t("model-people.undecided", n=t.number(undecided))


def _told(first: Any, t: Messages) -> dict[str, str]:
    """Name the language model as a methods section does."""
    prompt = first["prompt_sha256"]
    further = [t("model-people.prompt", sha256=prompt)] if prompt else []
    further += [t("model-people.date", date=first["date"])] if first["date"] else []
    return {
        "name": first["name"],
        "version": first["version"],
        "further": "".join(f", {one}" for one in further),
    }


def cells(row: Any, t: Messages) -> dict[str, str]:
    """Write a row of the table in words: two lines a share, the second with what it rests on.

    Parameters
    ----------
    row : namedtuple
        Of the table of the figure.
    t : Messages
        The language.

    Returns
    -------
    dict of str to str
        ``sensitivity`` and ``specificity`` with k/n, the shares of ``model``, ``corrected`` and
        ``people`` with their intervals, and ``width``.
    """
    told = {name: "\n".join(filter(None, _rate(row, name, t))) for name in RATES}
    for name in SHARES:
        share, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
        ends = "" if pd.isna(share) else f"\n({t.number(100 * low)}–{_percent(high, t)})"
        told[name] = f"{_percent(share, t)}{ends}"
    return {**told, "width": _widths(row, t)}


def _sentence(row: Any, t: Messages) -> str:
    told = {name: text.replace("\n", " ") for name, text in cells(row, t).items()}
    for name in RATES:
        bold, plain = _rate(row, name, t)
        told[name] = f"{plain} ({bold})" if bold else plain
    return t("model-people.row", feature=row.feature, **told)


SPEC = Spec(
    "model-people",
    texts,
    (redesigned,),
    metric,
    drawable=drawable,
    rows=Rows(
        "feature",
        estimate("corrected", "corrected_low", "corrected_high"),
        _ordered,
        ("column.corrected",),
        key=lambda _rows, t: {"dot": t("column.corrected")},
    ),
)

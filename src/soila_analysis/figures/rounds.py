"""Figure 12: how common the features are in two rounds of coding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soila_analysis.figures import marks
from soila_analysis.figures.page import (
    LABEL,
    SMALL,
    WIDTH,
    Entry,
    Page,
    height,
    lines,
    percents,
    row_height,
    text_width,
)
from soila_analysis.figures.palette import GREY, MUTED
from soila_analysis.figures.spec import Spec
from soila_analysis.figures.texts import Texts, compose
from soila_analysis.figures.wording import BOUNDED, badge, p_value, percent, ratio, signed
from soila_analysis.language import Messages, messages

LABELS = 5.6  # cm, width of the column of labels
ROW = 0.95
HEAD = 2.4  # cm, widest heading of a column of numbers
GAP = 0.35  # cm between columns of numbers
EDGE = 0.75  # cm between the scale and the numbers: half of its last label
APART = 0.18  # of a row, from its middle
SIDE = ("k", "n", "share", "percent", *marks.INNER, "basis", "bound_low", "bound_high")
SIDES = ("1", "2")  # the earlier and the later round
EARLIER: dict[str, Any] = {"marker": "s", "ms": 9, "mfc": "white", "mew": 1.8}
LATER: dict[str, Any] = {"marker": "o", "ms": 5.5, "mew": 0}  # seen inside the square, too
LOOKS = {"1": EARLIER, "2": LATER}
CHANGE: dict[str, Any] = {"weight": "bold"}
PLAIN: dict[str, Any] = {"weight": "normal"}
LEVEL = 0.05  # of the tests of models in both rounds


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    first = table.iloc[0]
    names = {"earlier": first["round1"], "later": first["round2"]}
    inferred = table[["basis1", "basis2"]].eq(BOUNDED).any(axis=None)
    caveats = [t(f"rounds.caveat-{name}") for name in first["caveats"].split()]
    words = compose(
        table,
        lang,
        chart=t(f"rounds.chart-{variant}"),
        title=t("rounds.title", **names),
        measure=t("rounds.measure"),
        notes=[
            *(t(f"rounds.how-{name}") for name in _changes(table)),
            t("rounds.unknown") if inferred else "",
            t("rounds.dependent") if len(_changes(table)) > 1 else "",
            t("rounds.caveats", caveats="; ".join(caveats)) if caveats else "",
        ],
        findings=[*_findings(table, t), *_models(table, t)],
        rows=[_sentence(pair, _changes(table), t) for pair in _pairs(table)],
        marks=False,
    )
    return replace(words, badge=_badge(first, t))


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a row a feature: a square then, a circle now, and both in numbers with the change."""
    t = messages(words.lang)
    pairs = _pairs(table)
    changes = _changes(table)
    titles = [*(table[f"round{side}"].iloc[0] for side in SIDES)]
    titles += [t(f"rounds.{name}") for name in changes]
    heads = [lines(title, HEAD, SMALL, t.lang) for title in titles]
    cells = [
        [*(_share(p, side, t) for side in SIDES), *(CHANGES[c](p.row, t) for c in changes)]
        for p in pairs
    ]
    wide = [
        max(text_width(text, LABEL, bold=True) for text in (*head, *(x for c in column for x in c)))
        for head, column in zip(heads, zip(*cells, strict=True), strict=True)
    ]
    last = len(wide) - 1
    rights = [WIDTH - 0.2 - sum(wide[i + 1 :]) - GAP * (last - i) for i in range(len(wide))]
    top = max(height(head, SMALL) for head in heads) + 0.3
    step = row_height(table["feature"], LABELS - 0.5, LABEL, t.lang, ROW)
    page = Page(words, step * len(pairs) + top + 0.1, _key(pairs, titles, t))
    axes = page.axes(LABELS, top, rights[0] - wide[0] - EDGE - LABELS, step * len(pairs))
    percents(axes, len(pairs), t, ticks=(0, 50, 100))
    for head, right in zip(heads, rights, strict=True):
        page.text(right, 0.0, head, ha="right", size=SMALL, color=MUTED)
    for i, (pair, printed) in enumerate(zip(pairs, cells, strict=True)):
        y = top + step * (i + 0.5)
        page.label(LABELS - 0.25, y, pair.row.feature, LABELS - 0.5)
        _marks(axes, pair, i)
        kinds = [marks.type_of(pair.side[side].basis) for side in SIDES]
        kinds += [_weight(name, pair.row) for name in changes]
        for right, (upper, lower), kind in zip(rights, printed, kinds, strict=True):
            page.text(right, y - 0.4, upper, ha="right", **kind)
            page.text(right, y + 0.03, lower, ha="right", size=SMALL, color=MUTED)
    return page.figure


@dataclass(frozen=True, slots=True)
class _Pair:
    """One feature: its row, and by round what a figure of that round would show."""

    row: Any
    side: Mapping[str, Any]


def _pairs(table: pd.DataFrame) -> list[_Pair]:
    """Go through the features, the largest increase first, what is unknown last."""
    ordered = table.sort_values(["difference", "feature"], ascending=[False, True])
    sides = {
        side: ordered[[f"{name}{side}" for name in SIDE]].set_axis(list(SIDE), axis=1).itertuples()
        for side in SIDES
    }
    return [
        _Pair(row, dict(zip(SIDES, both, strict=True)))
        for row, *both in zip(ordered.itertuples(), *sides.values(), strict=True)
    ]


def _share(pair: _Pair, side: str, t: Messages) -> tuple[str, str]:
    """Write the percentage and k/n of one round, or that it does not have the feature."""
    row = pair.side[side]
    return ("–", "") if pd.isna(row.n) else (percent(row, t), ratio(row, t))


def _change(row: Any, t: Messages) -> tuple[str, str]:
    """Write the change in percentage points, and its interval, with signs."""
    if pd.isna(row.difference):
        return "–", ""
    return signed(row.difference, t), f"{signed(row.low, t)} … {signed(row.high, t)}"


def _paired_change(row: Any, t: Messages) -> tuple[str, str]:
    """Write the change of the models in both rounds, and how many gained and lost the feature."""
    if pd.isna(row.paired_difference):
        return "–", ""
    counts = f"+{t.number(row.gained)} −{t.number(row.lost)}"
    return signed(row.paired_difference, t), f"{counts} / {t.number(row.paired)}"


CHANGES = {"change": _change, "paired": _paired_change}


def _changes(table: pd.DataFrame) -> list[str]:
    """List the changes that are shown: of all models, if not all recur; of those in both rounds."""
    first = table.iloc[0]
    recur = bool(table["paired"].sum())
    alone = not recur or max(first["models1"], first["models2"]) > first["models_both"]
    return [name for name, shown in (("change", alone), ("paired", recur)) if shown]


def _weight(change: str, row: Any) -> dict[str, Any]:
    """Print a change of the models in both rounds bold only where the test finds one."""
    return PLAIN if change == "paired" and not row.p_holm < LEVEL else CHANGE


def _marks(axes: Axes, pair: _Pair, y: float) -> None:
    """Draw both rounds on one line; apart, if one of them is a range."""
    known = [side for side in SIDES if pair.side[side].n > 0]
    ranges = [side for side in known if pair.side[side].basis == BOUNDED]
    if len(known) == len(SIDES) and not ranges:
        axes.plot([100 * pair.side[side].share for side in known], [y, y], color=GREY, lw=1.6)
    for side, shift in zip(SIDES, (-APART, APART), strict=True):
        row, at = pair.side[side], y + (shift if ranges else 0)
        if side in ranges:
            marks.share(axes, row, at)
        elif side in known:
            shade = marks.colour(row.basis)
            axes.plot(100 * row.share, at, clip_on=False, color=shade, **LOOKS[side])


def _key(pairs: Sequence[_Pair], titles: Sequence[str], t: Messages) -> list[Entry]:
    """Name the marks of both rounds, and the parts of a range."""
    rows = [(side, pair.side[side]) for side in SIDES for pair in pairs]
    known = [(side, r.basis) for side, r in rows if r.n > 0 and r.basis != BOUNDED]
    entries = {
        side: marks.mark_entry(name, color=marks.colour(basis), **LOOKS[side])
        for side, basis in known
        for name in [t("rounds.round", round=titles[int(side) - 1])]
    }
    return [
        *entries.values(),
        *marks.range_key(pd.Series([r.basis for _, r in rows if r.n > 0]), t),
    ]


def _findings(table: pd.DataFrame, t: Messages) -> list[str]:
    """Name the changes that chance does not explain, or say that there is none."""
    rows, tested = table.sort_values("difference"), table[table["p_holm"] < LEVEL]
    if "change" not in _changes(table):
        rows = rows[:0]
    named = {
        "more": rows[rows["low"] > 0][::-1],
        "less": rows[rows["high"] < 0],
        "paired-more": tested[tested["gained"] > tested["lost"]],
        "paired-less": tested[tested["gained"] < tested["lost"]],
    }
    found = [
        t(f"rounds.{name}", names=t.listing(rows["feature"].tolist()))
        for name, rows in named.items()
        if len(rows)
    ]
    compared = int(table["difference"].notna().sum())
    if not compared:
        return [t("rounds.incomparable")]
    found += [t("rounds.many", count=compared)] if found else [t("rounds.none")]
    overall = _overall(table.iloc[0], t)
    return [*overall, *found] if table["p_models"].iloc[0] < LEVEL else [*found, *overall]


def _overall(row: Any, t: Messages) -> list[str]:
    """Say how many of the models in both rounds have more features than before, and fewer."""
    if pd.isna(row["p_models"]):
        return []
    counts = {name: t.number(row[f"models_{name}"]) for name in ("more", "fewer")}
    return [t("rounds.overall", **counts, p=p_value(row["p_models"], t))]


def _real(row: Any) -> bool:
    """Tell whether ids stand for models; in a reconstruction they are made up."""
    return "reconstructed" not in (row["kind1"], row["kind2"])


def _models(table: pd.DataFrame, t: Messages) -> list[str]:
    """Say which models came and went, and how many codes of the others changed."""
    first = table.iloc[0]
    if not _real(first):
        return []
    both, changed = first["models_both"], table["gained"].sum() + table["lost"].sum()
    counts = {
        "before": first["models1"],
        "now": first["models2"],
        "both": both,
        "gone": first["models1"] - both,
        "new": first["models2"] - both,
    }
    told = [t("rounds.models", **{name: t.number(count) for name, count in counts.items()})]
    if paired := table["paired"].sum():
        counts = {name: t.number(table[name].sum()) for name in ("gained", "lost")}
        told += [t("rounds.codes", ratio=t.ratio(changed, paired), **counts)]
    return told


def _sentence(pair: _Pair, changes: Sequence[str], t: Messages) -> str:
    before, now = (
        f"{share} ({counts})" if counts else share
        for share, counts in (_share(pair, side, t) for side in SIDES)
    )
    change, between = _change(pair.row, t)
    told = {
        "change": t("rounds.row-change", change=f"{change} ({between})" if between else change),
        "paired": _paired_sentence(pair.row, t),
    }
    said = t("rounds.row", feature=pair.row.feature, before=before, now=now)
    return " ".join([said, *(told[name] for name in changes if told[name])])


def _paired_sentence(row: Any, t: Messages) -> str:
    if pd.isna(row.paired_difference):
        return ""
    low, high = (signed(end, t) for end in (row.paired_low, row.paired_high))
    change = f"{signed(row.paired_difference, t)} ({low} … {high})"
    counts = {name: t.number(getattr(row, name)) for name in ("paired", "gained", "lost")}
    test = "" if pd.isna(row.p_holm) else t("rounds.row-test", p=p_value(row.p_holm, t))
    return t("rounds.row-paired", change=change, **counts, test=test)


def _badge(row: Any, t: Messages) -> str:
    """Say of both rounds what they are, in one badge where they are of one kind."""
    badges = {side: badge(row[f"kind{side}"], row[f"reading{side}"], t) for side in SIDES}
    return " / ".join(_of_each(badges, row))


def _of_each(said: Mapping[str, str], row: Any) -> list[str]:
    """Say of each round what there is to say, or once what holds for both."""
    if len(set(said.values())) == 1:
        return [text for text in said.values() if text][:1]
    return [f"{row[f'round{side}']}: {text}" for side, text in said.items() if text]


SPEC = Spec("rounds", texts, (redesigned,))

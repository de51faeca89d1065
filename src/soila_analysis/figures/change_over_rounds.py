"""Figure 15: how common the features are, round by round, and what changed in the same models."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from soila_analysis.figures.page import Page
from soila_analysis.figures.rows import Mark, Row, Rows
from soila_analysis.figures.spec import Spec
from soila_analysis.figures.texts import Texts, compose, without_figure
from soila_analysis.figures.time_panels import (
    CHANGED,
    LEVEL,
    Grid,
    Series,
    change,
    compared,
    key,
    paired,
    series,
)
from soila_analysis.figures.wording import BOUNDED, METHODS, badge, p_value, percent, ratio, signed
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.shares import WIDENED

NAMED = 2  # features that a title names, at most
SURE, UNSURE = ("interval", "dot"), ("interval-hollow", "hollow")  # on pages, kinds of marks


def drawable(table: pd.DataFrame, _variant: str = "") -> bool:
    """Say whether there is more than one round."""
    return bool((table["ordinal"] > 1).any())


def texts(table: pd.DataFrame, lang: str, variant: str) -> Texts:
    """Return the words of the figure."""
    t = messages(lang)
    title = t("change-over-rounds.title")
    if not drawable(table):
        return without_figure(table, lang, title, t("change-over-rounds.alone"))
    found, rounds = series(table), _rounds(table)
    last = rounds[-1]
    words = compose(
        table,
        lang,
        chart=t(f"change-over-rounds.chart-{variant}"),
        title=_title(found, t) or title,
        measure=t("change-over-rounds.measure"),
        n=t(
            "change-over-rounds.rounds",
            rounds=t.listing([row.round for row in rounds]),
            models=t.listing([t.number(row.models) for row in rounds]),
        ),
        notes=[
            *_numbered(rounds, t),
            *_bands(table, t),
            *(t(f"change-over-rounds.how-{name}") for name in _told(found)),
            t("change-over-rounds.not-covered") if _told(found) else "",
            t("change-over-rounds.unknown") if (table["basis"] == BOUNDED).any() else "",
            *_caveats(rounds, t),
        ],
        findings=[*_findings(found, last, t), *_models(found, rounds, t)],
        rows=[_sentence(one, t) for one in found],
        marks=False,
    )
    return replace(words, badge=_badge(rounds, t))


def redesigned(table: pd.DataFrame, words: Texts) -> Figure:
    """Draw a panel a feature: shares with their intervals over time, and the change below."""
    t = messages(words.lang)
    grid = Grid(series(table), _rounds(table), t)
    page = Page(words, grid.high, key(grid.all, grid.rounds, t))
    grid.draw(page)
    return page.figure


def _rounds(table: pd.DataFrame) -> list[Any]:
    """Go through the rounds: a row of each, for what it says of the round."""
    return list(table.drop_duplicates("ordinal").sort_values("ordinal").itertuples())


def _told(found: Sequence[Series]) -> list[str]:
    """List the kinds of change that are shown: of models in two rounds, else of all."""
    kinds = {"paired" if paired(one.first) else "all" for one in found if compared(one.first)}
    return [kind for kind in ("paired", "all") if kind in kinds]


def _numbered(rounds: Sequence[Any], t: Messages) -> list[str]:
    """Say which round has which number, where numbers may stand on the axis."""
    if max(len(row.round) for row in rounds) <= len("2025"):
        return []
    named = "; ".join(f"{t.number(row.ordinal)} = {row.round}" for row in rounds)
    return [t("change-over-rounds.numbered", named=named)]


def _bands(table: pd.DataFrame, t: Messages) -> list[str]:
    """Say what the bands are."""
    drawn = table[table["share"].notna() & table["basis"].ne(BOUNDED)]
    found = list(drawn["interval"].unique())
    methods = dict.fromkeys(METHODS[method.removesuffix(WIDENED)] for method in found)
    widened = any(method.endswith(WIDENED) for method in found)
    return [
        *([t("change-over-rounds.how-band", methods=t.listing([*methods]))] if methods else []),
        *([t("change-over-rounds.how-widened")] if widened else []),
    ]


def _title(found: Sequence[Series], t: Messages) -> str:
    """Name the features that changed in the same models, or of more than a few count them."""
    changed = [one.first for one in found if one.survives]
    if not changed:
        return ""
    if len(changed) > NAMED:
        tested = sum(1 for one in found if paired(one.first))
        return t("change-over-rounds.lead-many", ratio=t.ratio(len(changed), tested))
    parts = []
    for way, rows in _ways(changed).items():
        names = [t("common.quoted", name=row.feature) for row in rows]
        if rows:
            parts.append(t(f"change-over-rounds.lead-{way}", names=t.listing(names)))
    return "; ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])


def _ways(rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {
        "more": [row for row in rows if row.gained > row.lost],
        "less": [row for row in rows if row.gained < row.lost],
    }


def _findings(found: Sequence[Series], last: Any, t: Messages) -> list[str]:
    """Name the changes that chance does not explain, or say that there is none."""
    rows = [one.first for one in found if compared(one.first)]
    if not rows:
        return [t("change-over-rounds.incomparable")]
    tested = [row for row in rows if paired(row) and row.p_holm < LEVEL]
    others = [row for row in rows if not paired(row)]
    ways = {
        **{f"paired-{way}": changed for way, changed in _ways(tested).items()},
        "more": [row for row in others if row.difference_low > 0],
        "less": [row for row in others if row.difference_high < 0],
    }
    told = [
        t(f"change-over-rounds.{way}", names=t.listing([row.feature for row in changed]))
        for way, changed in ways.items()
        if changed
    ]
    told = told or [t("change-over-rounds.none")]
    if ways["more"] or ways["less"]:
        told.append(t("change-over-rounds.many", count=len(others)))
    overall = _overall(last, t)
    return [*overall, *told] if last.p_models < LEVEL else [*told, *overall]


def _overall(row: Any, t: Messages) -> list[str]:
    """Say how many of the models in the first and last round have more features, and fewer."""
    if pd.isna(row.p_models):
        return []
    counts = {"more": t.number(row.models_more), "fewer": t.number(row.models_fewer)}
    return [t("change-over-rounds.overall", **counts, p=p_value(row.p_models, t))]


def _models(found: Sequence[Series], rounds: Sequence[Any], t: Messages) -> list[str]:
    """Say which models came and went, and how many codes of the others changed."""
    first, last = rounds[0], rounds[-1]
    if "reconstructed" in (first.kind, last.kind):
        return []
    counts = {
        "before": first.models,
        "now": last.models,
        "both": last.models_both,
        "gone": first.models - last.models_both,
        "new": last.models - last.models_both,
    }
    told = [t("change-over-rounds.models", **{name: t.number(n) for name, n in counts.items()})]
    sums = {
        name: sum(getattr(one.first, name) for one in found if paired(one.first))
        for name in ("paired", "gained", "lost")
    }
    if sums["paired"]:
        changed = t.ratio(sums["gained"] + sums["lost"], sums["paired"])
        written = {name: t.number(sums[name]) for name in ("gained", "lost")}
        told.append(t("change-over-rounds.codes", ratio=changed, **written))
    return told


def _caveats(rounds: Sequence[Any], t: Messages) -> list[str]:
    """Say round by round what else is different from the one before."""
    told = [
        f"{row.round}: {'; '.join(_caveat(name, before, row, t) for name in row.changed.split())}"
        for before, row in pairwise(rounds)
        if row.changed
    ]
    return [t("change-over-rounds.caveats", caveats=". ".join(told))] if told else []


def _caveat(name: str, before: Any, now: Any, t: Messages) -> str:
    """Word what is different; of coders, who came and who left."""
    said = t(f"change-over-rounds.caveat-{name}")
    if name != "coders":
        return said
    then, there = (row.coders.split(", ") for row in (before, now))
    came = [f"+ {coder}" for coder in there if coder not in then]
    left = [f"− {coder}" for coder in then if coder not in there]
    return f"{said} ({', '.join([*came, *left])})"


def _sentence(one: Series, t: Messages) -> str:
    """Write a feature's share in each round, and its change."""
    row = one.first
    shares = ", ".join(f"{r.round} {ratio(r, t)} ({percent(r, t)})" for r in one.rows)
    return " ".join(filter(None, (f"{row.feature}: {shares}.", _change(row, t))))


def _change(row: Any, t: Messages) -> str:
    """Write how a feature changed in the same models, else in all, if that is known."""
    between = {"since": row.since, "until": row.until}
    if not compared(row):
        return ""
    if not paired(row):
        return t("change-over-rounds.row-change", change=change(row, t), **between)
    low, high = (signed(end, t) for end in (row.paired_low, row.paired_high))
    test = "" if pd.isna(row.p_holm) else t("change-over-rounds.row-test", p=p_value(row.p_holm, t))
    counts = {name: t.number(getattr(row, name)) for name in ("paired", "gained", "lost")}
    changed = f"{signed(row.paired_difference, t)} ({low} … {high})"
    return t("change-over-rounds.row-paired", **counts, **between, change=changed, test=test)


def _badge(rounds: Sequence[Any], t: Messages) -> str:
    """Say of the rounds what they are, in one badge where all are of one kind."""
    said = [(row.round, badge(row.kind, row.reading, t)) for row in rounds]
    kinds = {text for _, text in said}
    if len(kinds) == 1:
        return kinds.pop()
    return " / ".join(f"{name}: {text}" for name, text in said if text)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Give each feature a row a round, in the order of the panels."""
    rows = pd.DataFrame([row for one in series(table) for row in one.rows])
    before = rows.groupby("feature_id")["segment"].shift()
    return rows.assign(broken=before.notna() & before.ne(rows["segment"]))


def _marks(row: Row) -> Iterator[Mark]:
    """Give a share and its interval, or its range, and what is not as in the round before."""
    if row["broken"]:
        yield Mark("broken", 0, 1)
    for name in CHANGED:
        if name in row["changed"].split():
            yield Mark(name, 0, 0)
    if row["basis"] == BOUNDED:
        yield Mark("range", row["bound_low"] / row["n"], row["bound_high"] / row["n"])
        return
    line, dot = SURE if row["p_holm"] < LEVEL else UNSURE
    if not pd.isna(row["low"]):
        yield Mark(line, row["low"], row["high"])
    if not pd.isna(row["share"]):
        yield Mark(dot, row["share"], row["share"])


def _names(rows: pd.DataFrame, t: Messages) -> dict[str, str]:
    other = "other" if (rows["p_holm"] < LEVEL).any() else "plain"
    named = {SURE: "survives", UNSURE: other, ("broken",): "break"}
    named |= {(name,): name for name in CHANGED}
    return {
        kind: t(f"change-over-rounds.key-{name}") for kinds, name in named.items() for kind in kinds
    }


SPEC = Spec(
    "change-over-rounds",
    texts,
    (redesigned,),
    drawable=drawable,
    rows=Rows(
        "round",
        _marks,
        _in_order,
        key=_names,
        part="feature",
        told=lambda rows, t: _change(next(rows.itertuples()), t),
    ),
)

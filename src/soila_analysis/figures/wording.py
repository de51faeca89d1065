"""How figures word a number, where it is from, and what it leaves open."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from soila_analysis.language import Messages, messages
from soila_analysis.metrics import rounding
from soila_analysis.metrics.shares import WIDENED

BOUNDED = "bounded"
OWN = "share:"  # then a coder's id: the share by this coder's codes alone
HELD = (  # columns that count models
    *("n", "unclear", "disagreed", "not_assessed", "not_applicable", "not_coded"),
)
Value = Callable[[Any, Messages], str]
METHODS = {"wilson": "Wilson", "jeffreys": "Jeffreys", "clopper-pearson": "Clopper–Pearson"}


def spoken(table: pd.DataFrame, lang: str) -> Messages:
    """Return the messages of a table: of goals, or of groups by a column of the models."""
    told = table[["groups", "grouping"]].iloc[0] if "grouping" in table and len(table) else ()
    return messages(lang, *told)


def ungrouped(table: pd.DataFrame, t: Messages) -> str:
    """Say how many models are in no group, if any."""
    n = table["ungrouped"].max() if "ungrouped" in table else 0
    return t("common.ungrouped", n=t.number(n)) if n else ""


def ratio(row: Any, t: Messages) -> str:
    """Write k/n; where k is only bounded, its range."""
    if row.basis != BOUNDED:
        return t.ratio(row.k, row.n)
    return f"{t.number(row.bound_low)}–{t.ratio(row.bound_high, row.n)}"


def percent(row: Any, t: Messages) -> str:
    """Write the rounded percentage of a row, or its range, or why there is none."""
    if row.basis == BOUNDED:
        low, high = (percent_of(k, row.n) for k in (row.bound_low, row.bound_high))
        return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"
    if pd.isna(row.percent):
        return missing(row, t)
    return written(row.percent, row.k, row.n, t)


def percent_text(k: float, n: float, t: Messages) -> str:
    """Write k/n as a percentage, rounded half-up."""
    return written(percent_of(k, n), k, n, t)


def written(rounded: int, k: float, n: float, t: Messages) -> str:
    """Write the rounded percentage of k/n; some is never 0 %, and not all is never 100 %."""
    if rounded == 0 and k > 0:
        return t("common.under", percent=t.percent(1))
    if rounded == 100 and k < n:
        return t("common.over", percent=t.percent(99))
    return t.percent(rounded)


def leaders(rows: pd.DataFrame, name: str, t: Messages, value: Value | None = None) -> str:
    """Name the rows that share a place, each with its own k/n, once where that is the same."""
    write = value or (lambda row, t: f"{ratio(row, t)} ({percent(row, t)})")
    names, values = rows[name].tolist(), [write(row, t) for row in rows.itertuples()]
    if len(set(values)) == 1:
        return f"{t.listing(names)}, {values[0]}"
    return "; ".join(f"{n}, {v}" for n, v in zip(names, values, strict=True))


def missing(row: Any, t: Messages) -> str:
    """Say that a row has no models, or that none of them was assessed."""
    models = sum(getattr(row, column, 0) for column in HELD)
    return t("common.no-data" if models else "common.no-models")


def empty_goals(table: pd.DataFrame, t: Messages) -> str:
    """Name the goals that no model has, if there are any."""
    counts = [column for column in HELD if column in table]
    models = table.groupby("goal", sort=False)[counts].sum().sum(axis=1)
    names = models.index[models.eq(0)].tolist()
    return t("common.empty-goals", names=t.listing(names)) if names else ""


def percent_of(k: float, n: float) -> int:
    """Round k/n to a percentage, half-up, in integers."""
    return rounding.percent(int(k), int(n))


def p_value(p: float, t: Messages) -> str:
    """Write a p-value with three decimals, or that it is smaller."""
    least = 0.001
    return f"p < {t.number(least, 3)}" if p < least else f"p = {t.number(p, 3)}"


def signed(share: float, t: Messages) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    written = t.number(abs(100 * share))
    return written if written == "0" else f"{'+' if share > 0 else '−'}{written}"


def by_share(table: pd.DataFrame) -> pd.DataFrame:
    """Order rows from the largest share down, ties and what is only bounded by name."""
    middle = table["share"]
    if "bound_low" in table:
        bounds = (table["bound_low"] + table["bound_high"]) / 2 / table["n"]
        middle = middle.mask(table["basis"] == BOUNDED, bounds)
    names = [column for column in ("feature", "goal") if column in table]
    ordered = table.assign(middle=middle).sort_values(
        ["middle", *names], ascending=[False, *(True for _ in names)], kind="stable"
    )
    return ordered.drop(columns="middle")


def base(table: pd.DataFrame, t: Messages, column: str = "n") -> str:
    """Write the base of a table's shares: n, or its range."""
    low, high = table[column].min(), table[column].max()
    if low == high:
        return t("common.n", n=t.number(low))
    return t("common.n-range", low=t.number(low), high=t.number(high))


def interval(table: pd.DataFrame, t: Messages) -> str:
    """Say what the intervals are, if there are any."""
    found = list(table.loc[table["share"].notna(), "interval"].unique())
    plain = [t("common.interval", method=METHODS[m]) for m in found if m in METHODS]
    bare = [m.removesuffix(WIDENED) for m in found if m.endswith(WIDENED)]
    return " ".join([*plain, *(t("coders.widened", method=METHODS[m]) for m in bare)])


def coders(table: pd.DataFrame) -> list[str]:
    """List the coders whose own shares a table has."""
    return [column.removeprefix(OWN) for column in table if str(column).startswith(OWN)]


def bounds(row: Any, t: Messages) -> str:
    """Write the share if all that is open or disputed were absent, and if it were present."""
    total = row.n + row.unclear + row.disagreed + row.not_assessed
    if not total or pd.isna(row.share_min):
        return ""
    ends = (round(share * total) for share in (row.share_min, row.share_max))
    low, high = (percent_of(k, total) for k in ends)
    return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"


def sentences(table: pd.DataFrame, names: str, t: Messages) -> list[str]:
    """Write each row's share with its name, and what several coders make of it."""
    found = [f"{getattr(r, names)}: {ratio(r, t)} ({percent(r, t)})" for r in table.itertuples()]
    own = coders(table)
    if not own:
        return [f"{one}." for one in found]
    each = [
        ", ".join(f"{c} {t.ratio(row[f'k:{c}'], row[f'n:{c}'])}" for c in own)
        for row in table.to_dict("records")
    ]
    ends = [t("coders.between", bounds=bounds(row, t) or "–") for row in table.itertuples()]
    return [f"{one}; {end}; {said}." for one, end, said in zip(found, ends, each, strict=True)]


def open_codes(table: pd.DataFrame, t: Messages) -> str:
    """Say how many codes are unclear or disputed, and how many models not assessed, if any."""
    per_feature = table.groupby("feature_id")[
        ["unclear", "disagreed", "overruled", "not_assessed"]
    ].sum()
    counts = {
        **{key: per_feature[key].sum() for key in ("unclear", "disagreed", "overruled")},
        "not-assessed": per_feature["not_assessed"].max(),
    }
    return " ".join(t(f"common.{key}", n=t.number(n)) for key, n in counts.items() if n)


def other_reading(table: pd.DataFrame, t: Messages) -> str:
    """Explain the mark of the rival reading, where there is one."""
    readings = table.get("other_reading", pd.Series(dtype=str))
    named = [r for r in readings.dropna().unique() if r]
    name = t.catalogue["reading"].get(named[0], named[0]) if named else ""
    return t("feature-by-goal.other", reading=name) if named else ""


def badge(kind: str, reading: str, t: Messages) -> str:
    """Say what data are that were not observed, and under which reading."""
    if kind not in t.catalogue["badge"]:
        return ""
    badge, names = t(f"badge.{kind}"), t.catalogue["reading"]
    return f"{badge} · {names.get(reading, reading)}" if reading else badge


def explained(bases: pd.Series, t: Messages) -> str:
    """Say what the marks mean that tell where a number stands, if there are several."""
    basis = set(bases)
    return " ".join(
        t(f"marks.{name}")
        for name in ("published", "implied", BOUNDED)
        if name in basis and basis != {"published"}
    )

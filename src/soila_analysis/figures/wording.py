"""How figures word a number, where it is from, and what it leaves open."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from soila_analysis.language import Messages
from soila_analysis.metrics import rounding

BOUNDED = "bounded"
Value = Callable[[Any, Messages], str]
METHODS = {"wilson": "Wilson", "jeffreys": "Jeffreys", "clopper-pearson": "Clopper–Pearson"}


def ratio(row: Any, t: Messages) -> str:
    """Write k/n; where k is only bounded, its range."""
    if row.basis != BOUNDED:
        return t.ratio(row.k, row.n)
    return f"{t.number(row.bound_low)}–{t.ratio(row.bound_high, row.n)}"


def percent(row: Any, t: Messages) -> str:
    """Write the rounded percentage of a row, or its range, or that nothing was assessed."""
    if pd.isna(row.percent):
        return t("common.no-data")
    if row.basis == BOUNDED:
        low, high = (percent_of(k, row.n) for k in (row.bound_low, row.bound_high))
        return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"
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


def percent_of(k: float, n: float) -> int:
    """Round k/n to a percentage, half-up, in integers."""
    return rounding.percent(int(k), int(n))


def p_value(p: float, t: Messages) -> str:
    """Write a p-value with three decimals, or that it is smaller."""
    least = 0.001
    return f"p < {t.number(least, 3)}" if p < least else f"p = {t.number(p, 3)}"


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


def base(table: pd.DataFrame, t: Messages) -> str:
    """Write the base of a table's shares: n, or its range."""
    low, high = table["n"].min(), table["n"].max()
    if low == high:
        return t("common.n", n=t.number(low))
    return t("common.n-range", low=t.number(low), high=t.number(high))


def interval(table: pd.DataFrame, t: Messages) -> str:
    """Say what the intervals are, if there are any."""
    methods = [METHODS[m] for m in table["interval"].unique() if m in METHODS]
    return t("common.interval", method=methods[0]) if methods else ""


def open_codes(table: pd.DataFrame, t: Messages) -> str:
    """Say how many codes are unclear, and how many models were not assessed, if any."""
    per_feature = table.groupby("feature_id")[["unclear", "not_assessed"]].sum()
    unclear, missing = per_feature["unclear"].sum(), per_feature["not_assessed"].max()
    return " ".join(
        t(key, n=t.number(n))
        for key, n in (("common.unclear", unclear), ("common.not-assessed", missing))
        if n
    )


def other_reading(table: pd.DataFrame, t: Messages) -> str:
    """Explain the mark of the rival reading, where there is one."""
    readings = table.get("other_reading", pd.Series(dtype=str))
    named = [r for r in readings.unique() if r]
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
        for name in ("published", "implied", "reconstructed", BOUNDED)
        if name in basis and basis != {"published"}
    )

"""The table of a figure as people read it: labels for ids, ranges for bounds, its language."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from soila_analysis.figures import agreement
from soila_analysis.figures.share_bases import fitting
from soila_analysis.figures.wording import BOUNDED, by_share, percent_of
from soila_analysis.language import Messages, messages

Row = Mapping[str, Any]
LONG = ("share-bases", "agreement", "disagreement")  # a row each would be a long list
SHORT = {  # what is told by a figure's table where there is little room
    "taxonomy": ["feature", "definition", "basis"],
    "fragility": ["claim", "codes", "holds"],
    "claims": ["claim", "printed", "recomputed", "unit", "k", "n", "verdict"],
}


@dataclass(frozen=True, slots=True)
class Readable:
    """A table to be shown: heads, kinds ("text", "sentence", "number", "value"), and rows."""

    heads: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column to be read, from the columns of the table that it needs."""

    name: str
    needs: tuple[str, ...]
    write: Callable[[Row, Messages], str]
    kind: str = "number"


def read(file: Path) -> pd.DataFrame:
    """Read the CSV file of a table; only what is empty is missing.

    Parameters
    ----------
    file : Path
        As `figures.save_table` writes.

    Returns
    -------
    DataFrame
    """
    return pd.read_csv(file, keep_default_na=False, na_values=[""])


def readable(table: pd.DataFrame, labels: Mapping[str, str], lang: str) -> Readable:
    """Bring the table of a figure into the form in which people read it.

    What is the same in all rows and stands beside the figure anyway (source, kind, reading) is left
    out, as are columns without content. Numbers that are only bounded are given as ranges. The
    file of the table has everything.

    Parameters
    ----------
    table : DataFrame
        As `read` gives.
    labels : mapping of str to str
        Labels of features and goals by their ids.
    lang : {"fi", "sv", "en"}
        Language of heads, words and numbers.

    Returns
    -------
    Readable
        Rows that read the same are given once.
    """
    t = messages(lang)
    told = {"feature", "goal", "basis"} if "claim" in table else set()  # the sentence is enough
    columns = [c for c in COLUMNS if set(c.needs) <= set(table) and c.name not in told]
    records = table.to_dict("records")
    written = {c.name: [_named(c.write(row, t), labels) for row in records] for c in columns}
    kept = [c for c in columns if any(written[c.name]) and not _told(c.name, written)]
    rows = dict.fromkeys(zip(*(written[c.name] for c in kept), strict=True))
    heads = tuple(t(f"column.{c.name}") for c in kept)
    return Readable(heads, tuple(c.kind for c in kept), tuple(rows))


def _told(name: str, written: Mapping[str, list[str]]) -> bool:
    """Say whether a table is about one feature or one goal only, which its figure names."""
    if name not in ("feature", "goal") or not {"feature", "goal"} <= set(written):
        return False
    same = [column for column in ("feature", "goal") if len(set(written[column])) == 1]
    return same[:1] == [name]


def compact(table: pd.DataFrame, labels: Mapping[str, str], lang: str, figure: str) -> Readable:
    """Bring the table of a figure into a form that fits on a page.

    Features are crossed with goals, all models last; the bases that can give a share stand in a
    list; what another table of the same report tells is left out.

    Parameters
    ----------
    table, labels, lang
        As for `readable`.
    figure : str
        Name of the figure.

    Returns
    -------
    Readable
    """
    t = messages(lang)
    if figure in CROSSED:
        return CROSSED[figure](table, t)
    if figure in SHORT:
        return readable(table[SHORT[figure]], labels, lang)
    return readable(table.drop(columns="rank", errors="ignore"), labels, lang)  # intervals tell it


def _bases(table: pd.DataFrame, t: Messages) -> Readable:
    heads = (t("column.feature"), t("column.printed"), t("report.bases"))
    possible = table[table["k"].notna()].groupby("feature_id")["n"].agg(list)
    rows = [
        (r.feature, t.percent(r.printed), _numbers(possible.get(r.feature_id, []), t))
        for r in table.drop_duplicates("feature_id").itertuples()
    ]
    every = (t("report.every"), "", _numbers(fitting(table), t))
    return Readable(heads, ("text", "number", "text"), (*rows, every))


def _numbers(values: Iterable[int], t: Messages) -> str:
    return ", ".join(map(t.number, values)) or "–"


def _crossed(table: pd.DataFrame, t: Messages) -> Readable:
    """Cross features with goals; a cell has the share and below it k/n."""
    goals = table.drop_duplicates("goal_id").sort_values("goal_id", key=pd.isna, kind="stable")
    names = [_goal(row, t) for row in goals.to_dict("records")]
    written = table.apply(lambda row: f"{_percent(row, t)}\n{_ratio(row, t)}", axis=1)
    cells = table.assign(written=written.str.removeprefix("\n")).set_index("feature_id")
    last = goals["goal_id"].iloc[-1]
    margin = table[table["goal_id"].isna() if pd.isna(last) else table["goal_id"] == last]
    rows = tuple(
        (r.feature, *cells.loc[[r.feature_id], "written"]) for r in by_share(margin).itertuples()
    )
    heads = (t("column.feature"), *names)
    return Readable(heads, ("text", *("value" for _ in names)), rows)


def _agreement(table: pd.DataFrame, t: Messages) -> Readable:
    return _by_feature(table, agreement.shown(table), "coefficient", _estimate, t)


def _disagreement(table: pd.DataFrame, t: Messages) -> Readable:
    table = table.assign(outcome=[_outcome(row, t) for row in table.to_dict("records")])
    return _by_feature(table, [*dict.fromkeys(table["outcome"])], "outcome", _number("k"), t)


CROSSED: Mapping[str, Callable[[pd.DataFrame, Messages], Readable]] = {
    "share-bases": _bases,
    "evidence-map": _crossed,
    "agreement": _agreement,
    "disagreement": _disagreement,
}
"""By figure, what brings a long table into one with a row a feature."""


def _by_feature(
    table: pd.DataFrame,
    names: Sequence[str],
    column: str,
    write: Callable[[Row, Messages], str],
    t: Messages,
) -> Readable:
    """Give a row a feature and a column each of the named values of a column."""
    records = [row for row in table.to_dict("records") if row[column] in names]
    heads = {n: next(row for row in records if row[column] == n) for n in names}
    called = [n if column == "outcome" else _coefficient(row, t) for n, row in heads.items()]
    rows: dict[str, list[str]] = {}
    for row in records:
        rows.setdefault(_feature(row, t), []).append(write(row, t))
    return Readable(
        (t("column.feature"), *called),
        ("text", *("value" for _ in names)),
        tuple((feature, *cells) for feature, cells in rows.items()),
    )


def _estimate(row: Row, t: Messages) -> str:
    """Write a coefficient and below it its interval, or why it has none."""
    if pd.isna(row["value"]):
        return _reason(row, t)
    return "\n".join(part for part in (t.number(row["value"], 2), _ends(row, t)) if part)


def _named(text: str, labels: Mapping[str, str]) -> str:
    """Put labels in the place of ids, also in a list of them."""
    ids = text.split(";")
    return "; ".join(labels[i] for i in ids) if all(i in labels for i in ids) else text


def _unknown(row: Row) -> bool:
    """Say whether the row's counts are those of one compatible data set only."""
    return row.get("basis") == BOUNDED and not pd.isna(row.get("mean_bound_low"))


def _text(name: str) -> Callable[[Row, Messages], str]:
    return lambda row, t: "" if pd.isna(row[name]) else str(row[name])


def _feature(row: Row, t: Messages) -> str:
    label = _text("feature")(row, t)
    return label or t("agreement.all")


def _goal(row: Row, t: Messages) -> str:
    return t("common.all") if pd.isna(row["goal"]) else str(row["goal"])


def _number(name: str, decimals: int = 0) -> Callable[[Row, Messages], str]:
    def write(row: Row, t: Messages) -> str:
        return "" if pd.isna(row[name]) or _unknown(row) else t.number(row[name], decimals)

    return write


def _some(name: str) -> Callable[[Row, Messages], str]:
    """Write a count that is worth a word only where it is not 0."""
    return lambda row, t: t.number(row[name]) if row[name] > 0 else ""


def _fraction(name: str) -> Callable[[Row, Messages], str]:
    def write(row: Row, t: Messages) -> str:
        value = row[name]
        return "" if pd.isna(value) or _unknown(row) else t.percent(percent_of(value * 1000, 1000))

    return write


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"


def _bounded(row: Row) -> bool:
    return row.get("basis") == BOUNDED and not pd.isna(row.get("bound_low"))


def _ratio(row: Row, t: Messages) -> str:
    if _unknown(row) or pd.isna(row["k"]):
        return ""
    ends = ("bound_low", "bound_high") if _bounded(row) else ("k", "k")
    k = _span(*(t.number(row[end]) for end in ends))
    return k if pd.isna(row["n"]) else f"{k}/{t.number(row['n'])}"


def _base(row: Row, t: Messages) -> str:
    """Write n where it is not part of k/n."""
    return t.number(row["n"]) if _unknown(row) or "stated" in row else ""


def _percent(row: Row, t: Messages) -> str:
    if _unknown(row) or pd.isna(row["percent"]):
        return ""
    if not _bounded(row):
        return t.percent(row["percent"])
    low, high = (percent_of(row[end], row["n"]) for end in ("bound_low", "bound_high"))
    return t.percent(low) if low == high else f"{t.number(low)}–{t.percent(high)}"


def _interval(row: Row, t: Messages) -> str:
    if _unknown(row) or pd.isna(row["low"]):
        return ""
    low, high = (100 * row[end] for end in ("low", "high"))
    return f"{t.number(low)}–{t.percent(percent_of(high * 10, 1000))}"


def _rank(row: Row, t: Messages) -> str:
    ends = _span(t.number(row["rank_low"]), t.number(row["rank_high"]))
    return "" if row["basis"] == BOUNDED else f"{t.number(row['rank'])} ({ends})"


def _mean(row: Row, t: Messages) -> str:
    ends = ("mean_bound_low", "mean_bound_high") if _unknown(row) else ("mean", "mean")
    return "" if pd.isna(row[ends[0]]) else _span(*(t.number(row[end], 1) for end in ends))


def _value(name: str) -> Callable[[Row, Messages], str]:
    """Write a printed or recomputed value in the unit of its claim."""

    def write(row: Row, t: Messages) -> str:
        value = str(row[name])
        if pd.isna(row[name]):
            return t("common.no-data")
        if not value.isdigit():
            same = name == "recomputed" and value == row["printed"]
            return t("column.same") if same else value
        percent = row.get("unit", "percent") == "percent"
        return t.percent(int(value)) if percent else t.number(int(value))

    return write


def _word(name: str) -> Callable[[Row, Messages], str]:
    """Write a word of the tables in the language; "printed" goes without saying."""

    def write(row: Row, t: Messages) -> str:
        if pd.isna(row[name]) or row[name] == "printed":
            return ""
        words = {**t.catalogue["word"], **t.catalogue["claims"]["verdict"]}
        return str(words.get(str(row[name]).replace(" ", "-"), row[name]))

    return write


def _coefficient(row: Row, t: Messages) -> str:
    if row["coefficient"] == "present":
        return t("agreement-by-coders.cell-present")
    return t(f"agreement.long-{agreement.key(row['coefficient'], row['compared'])}")


def _ends(row: Row, t: Messages) -> str:
    return "" if pd.isna(row["low"]) else agreement.interval(pd.Series(row), t)


def _reason(row: Row, t: Messages) -> str:
    reason = _text("reason")(row, t)
    return t(f"agreement.why-{reason}") if reason else ""


def _outcome(row: Row, t: Messages) -> str:
    return t(f"disagreement.outcome-{row['outcome']}", coder=row["coder_id"])


COLUMNS = (
    Column("coder", ("coder_id", "other_id"), _text("coder_id"), "text"),
    Column("other-coder", ("coder_id", "other_id"), _text("other_id"), "text"),
    Column("feature", ("feature",), _feature, "text"),
    Column("outcome", ("outcome",), _outcome, "text"),
    Column("coefficient", ("coefficient",), _coefficient, "text"),
    Column("value", ("coefficient", "value"), _number("value", 2)),
    Column("ends", ("coefficient", "low", "high"), _ends),
    Column("reason", ("reason",), _reason, "text"),
    Column("goal", ("goal", "goal_id"), _goal, "text"),
    Column("claim", ("claim",), _text("claim"), "sentence"),
    Column("definition", ("definition",), _text("definition"), "sentence"),
    Column("printed", ("printed",), _value("printed"), "value"),
    Column("recomputed", ("recomputed",), _value("recomputed"), "value"),
    Column("ratio", ("k", "n"), _ratio),
    Column("base", ("n",), _base),
    Column("share", ("percent",), _percent),
    Column("interval", ("percent", "low", "high"), _interval),
    Column("rank", ("rank", "rank_low", "rank_high", "basis"), _rank),
    Column("features", ("features",), _number("features")),
    Column("mean", ("mean",), _mean),
    Column("median", ("median",), _number("median", 1)),
    Column("leads", ("leads",), _fraction("leads")),
    Column("unclear", ("unclear",), _some("unclear")),
    Column("not-assessed", ("not_assessed",), _some("not_assessed")),
    Column("not-applicable", ("not_applicable",), _some("not_applicable")),
    Column("not-coded", ("not_coded",), _some("not_coded")),
    Column("other-share", ("other_share",), _fraction("other_share")),
    Column("verdict", ("verdict",), _word("verdict"), "text"),
    Column("codes", ("codes",), _number("codes")),
    Column("holds", ("holds",), _fraction("holds")),
    Column("status", ("status",), _word("status"), "text"),
    Column("basis", ("basis",), _word("basis"), "text"),
    Column("wording", ("wording",), _word("wording"), "text"),
)

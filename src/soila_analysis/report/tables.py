"""The table of a figure as people read it: labels for ids, ranges for bounds, its language."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from soila_analysis.dataset import Dataset
from soila_analysis.figures import agreement, coder_error, model_people
from soila_analysis.figures.contrasts import contrast
from soila_analysis.figures.share_bases import fitting
from soila_analysis.figures.time_panels import change, series
from soila_analysis.figures.wording import (
    BOUNDED,
    bounds,
    by_share,
    missing,
    p_value,
    percent,
    percent_of,
    ratio,
    signed,
    spoken,
)
from soila_analysis.language import Messages, messages
from soila_analysis.metrics.shares import WIDENED

Row = Any  # of a table, as `itertuples` gives
LONG = (  # a row each would be a long list
    *("share-bases", "evidence-map", "agreement", "disagreement"),
    *("change-over-rounds", "contrasts"),
)
LISTS = ("conflicts", "identified", "features")  # ids within a text
LONG_VALUE = 16  # letters of a line; columns of shorter ones are set as numbers
WORD = re.compile(r"[\w-]+")
MOST, MANY = 200, 5000  # rows that a notebook shows; beyond which the others are not written
RANKS = {"rank", "rank-interval"}
SHORT = {  # what is told by a figure's table where there is little room
    "taxonomy": ("feature", "definition", "definition-basis"),
    "fragility": ("claim", "codes", "holds"),
    "claims": ("claim", "printed", "recomputed", "ratio", "verdict"),
    "ranks": ("feature", "rank", "rank-interval", "ratio", "share"),
}


@dataclass(frozen=True, slots=True)
class Readable:
    """A table to be shown: heads, kinds ("text", "sentence", "number", "value"), and rows."""

    heads: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def looks(self) -> list[str]:
        """The kinds; columns of values are numbers, or if any of them is long, long."""
        return [self._of_values(at) if k == "value" else k for at, k in enumerate(self.kinds)]

    def _of_values(self, place: int) -> str:
        lines = (line for row in self.rows for line in row[place].split("\n"))
        return "long" if any(len(line) >= LONG_VALUE for line in lines) else "number"


@dataclass(frozen=True, slots=True)
class Column:
    """One column to be read: from which columns, the first above all, and what empty cells say.

    Where the first is missing because only bounds are known, those in ``bounds`` are written.
    """

    needs: tuple[str, ...]
    write: Callable[[Any, Row, Messages], str]
    kind: str = "number"
    empty: str = ""
    bounds: str = ""

    def cell(self, row: Row, t: Messages) -> str:
        """Write the cell of a row."""
        value = getattr(row, self.needs[0])
        ranged = not pd.isna(getattr(row, self.bounds, None))
        if not ranged and (pd.isna(value) or value == ""):
            return t(self.empty) if self.empty else ""
        return self.write(value, row, t)


def readable(
    table: pd.DataFrame, labels: Mapping[str, str], lang: str, *, columns: Collection[str] = ()
) -> Readable:
    """Bring the table of a figure into the form in which people read it.

    What is the same in all rows and stands beside the figure anyway (source, kind, reading) is left
    out, as are columns without content. Numbers that are only bounded are given as ranges. The
    file of the table has everything.

    Parameters
    ----------
    table : DataFrame
        As `figures.read_table` gives.
    labels : mapping of str to str
        Labels of features and goals by their ids.
    lang : {"fi", "sv", "en"}
        Language of heads, words and numbers.
    columns : collection of str, optional
        Names in `COLUMNS`, of those that are to be shown; by default all.

    Returns
    -------
    Readable
        Rows that read the same are given once.
    """
    cells = written(table, labels, lang)
    chosen = {n: c for n, c in cells.items() if n in (columns or COLUMNS) and not repeats(n, cells)}
    read = in_columns(chosen, spoken(table, lang))
    return replace(read, rows=tuple(dict.fromkeys(read.rows)))


def written(table: pd.DataFrame, labels: Mapping[str, str], lang: str) -> dict[str, list[str]]:
    """Write all that can be read of a table, by column; `readable` says how."""
    t = spoken(table, lang)
    told = {"feature", "goal", "basis"} if "claim" in table else set()  # the sentence is enough
    told |= {"basis"} if "definition" in table else set()  # which is that of the definition
    records = list(table.itertuples())
    cells = {
        name: [_named(column.cell(row, t), labels) for row in records]
        for name, column in COLUMNS.items()
        if set(column.needs) <= set(table) and name not in told
    }
    return {name: column for name, column in cells.items() if any(column)}


def in_columns(cells: Mapping[str, list[str]], t: Messages) -> Readable:
    """Put columns of cells side by side."""
    return Readable(
        heads=tuple(t(f"column.{name}") for name in cells),
        kinds=tuple(COLUMNS[name].kind for name in cells),
        rows=tuple(zip(*cells.values(), strict=True)),
    )


def repeats(name: str, cells: Mapping[str, list[str]]) -> bool:
    """Say whether a table is about one feature or one goal only, which its figure names."""
    if name not in ("feature", "goal") or not {"feature", "goal"} <= set(cells):
        return False
    same = [column for column in ("feature", "goal") if len(set(cells[column])) == 1]
    return same[:1] == [name]


def compact(table: pd.DataFrame, labels: Mapping[str, str], lang: str, figure: str) -> Readable:
    """Bring the table of a figure into a form that fits on a page.

    Features are crossed with goals, all models last; the bases that can give a share stand in a
    list, and so do the features that go together with another; what another table of the same
    report tells is left out.

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
    t, brief = spoken(table, lang), {**CROSSED, "together": _partners}
    if figure in brief:
        return brief[figure](table, t)
    columns = SHORT.get(figure, COLUMNS.keys() - RANKS)  # intervals tell as much
    return readable(table, labels, lang, columns=columns)


class Shown(pd.DataFrame):  # type: ignore[misc]  # pandas is untyped
    """A frame of texts; a notebook shows them whole, and says so of rows that it leaves out."""

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            headed = self.rename_axis(index=None, columns=self.index.name)
            written = headed.to_html(max_rows=MOST, border=0, show_dimensions="truncate")
        if len(self) == 2 * MOST and "rows" in self.attrs:
            written = written.replace(f"<p>{2 * MOST} rows", f"<p>{self.attrs['rows']} rows")
        left = re.sub("<t([dh])>", r'<t\1 style="text-align: left">', written)
        heads, rows = left.split("<tbody>")
        rows = re.sub('(?<=left)(?=">[^<]{1,19}<)', "; white-space: nowrap", rows)
        rows = re.sub('(?<=left)(?=">[^<]{20})', "; min-width: 9em", rows)
        return f"{heads}<tbody>{rows}"


def shown(table: pd.DataFrame, data: Dataset | None = None, lang: str = "fi") -> pd.DataFrame:
    """Show a table as people read it: names for ids, ranges where only bounds are known, rounded.

    Parameters
    ----------
    table : DataFrame
        Without `data`, what `front_door.table` gives, or some of its rows; with it, any frame.
    data : Dataset, optional
        What the frame is about: its names take the place of ids.
    lang : {"fi", "sv", "en"}, default "fi"
        With `data`, the language of labels and numbers.

    Returns
    -------
    DataFrame
        Texts. Of the table of a figure, in its language, the largest share first, the evidence map
        with features crossed with goals; of any other frame, its columns under their own heads, of
        one with thousands of rows the first and the last, and under ``attrs["rows"]`` how many
        there are. Columns without content are left out; the first one is the index.

    Raises
    ------
    ValueError
        Without `data`, for a frame that `front_door.table` did not make.
    """
    if data is not None:
        ends = [table] if len(table) <= MANY else [table.head(MOST), table.tail(MOST)]
        told = _texts(_in_names(pd.concat(ends), data, lang))
        told.attrs["rows"] = len(table)
        return told
    if "figure" not in table.attrs:
        raise ValueError(
            "shown takes a table of a figure: soila.table(figure, data, lang); "
            "of another frame give the data set as well: soila.shown(frame, data, lang)"
        )
    figure, lang = table.attrs["figure"], table.attrs["lang"]
    if figure in CROSSED:
        read = CROSSED[figure](table, spoken(table, lang))
    else:
        told = by_share(table) if "percent" in table else table
        read = readable(told, table.attrs["labels"], lang)
    cells = [[cell.replace("\n", ", ") for cell in row] for row in read.rows]
    return _texts(pd.DataFrame(cells, columns=list(read.heads)))


def _texts(frame: pd.DataFrame) -> Shown:
    return Shown(frame.set_index(frame.columns[0]) if len(frame) else frame)


def _in_names(table: pd.DataFrame, data: Dataset, lang: str) -> pd.DataFrame:
    """Put names for ids in any frame, and round its numbers."""
    t, labels = messages(lang), data.taxonomy.labels(lang)
    frame = table.reset_index() if any(table.index.names) else table
    told = ["name"] * ("model_id" in frame) + [f"{c}_id" for c in frame if f"{c}_id" in frame]
    written = frame.drop(columns=told, errors="ignore").astype(object)
    of_ids = [column for column in written if column.endswith("_id") or column in LISTS]
    cells = (str(cell) for column in of_ids for cell in written[column])
    words = {word for cell in cells for word in WORD.findall(cell)}
    models = data.models[data.models["model_id"].isin(words) & (data.models["name"] != "")]
    labels |= dict(zip(models["model_id"], models["name"], strict=True))
    for column in written:
        named = labels if column in of_ids else {}
        digits = _digits(written[column])
        written[column] = [_plain(value, named, t, digits) for value in written[column]]
    kept = [column for column in written if written[column].any()]
    return written[kept].rename(columns=lambda column: column.removesuffix("_id"))


def _digits(values: Iterable[Any]) -> int:
    """Say with how many decimals the numbers of a column are written."""
    numbers = [abs(value) for value in values if isinstance(value, float) and not pd.isna(value)]
    if all(number.is_integer() for number in numbers):
        return 0
    return 3 if max(numbers) <= 1 else 1


def _plain(value: Any, labels: Mapping[str, str], t: Messages, digits: int) -> str:
    """Write any value: ids by their names, what is missing as nothing."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return t.number(value, digits)
    return WORD.sub(lambda word: labels.get(word[0], word[0]), str(value))


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
    names = [COLUMNS["goal"].cell(row, t) for row in goals.itertuples()]
    written = [_stacked(row, t, "share", "ratio") for row in table.itertuples()]
    cells = table.assign(written=written).set_index("feature_id")["written"]
    margin = table[table["goal_id"].isin(goals["goal_id"].tail(1))]
    rows = tuple((r.feature, *cells[[r.feature_id]]) for r in by_share(margin).itertuples())
    return Readable((t("column.feature"), *names), ("text", *("value" for _ in names)), rows)


def _partners(table: pd.DataFrame, t: Messages) -> Readable:
    """Give each feature a row with those that it goes together with, more or less often."""
    sides = ("feature", "other_feature"), ("other_feature", "feature")
    names = dict.fromkeys(name for own, _ in sides for name in table[own])

    def found(name: str, kind: str) -> str:
        rows = table[table["found"] == kind]
        named = (rows.loc[rows[own] == name, other] for own, other in sides)
        return "; ".join(one for some in named for one in some)

    heads = (t("column.feature"), t("together.key-more"), t("together.key-fewer"))
    rows = tuple((name, *(found(name, kind) for kind in ("more", "fewer"))) for name in names)
    return Readable(heads, ("text", "text", "text"), rows)


def _agreement(table: pd.DataFrame, t: Messages) -> Readable:
    """Give a column to each coefficient; a cell has its value and interval, or why it has none."""

    def estimate(row: Row) -> str:
        return _stacked(row, t, *(["reason"] if pd.isna(row.value) else ["value", "ends"]))

    shown = table[table["coefficient"].isin(agreement.shown(table))]
    return _by_feature(shown, "coefficient", estimate, t)


def _disagreement(table: pd.DataFrame, t: Messages) -> Readable:
    """Give a column to each outcome, after the disagreements of the models that were decided."""
    counts = _by_feature(table, "outcome", lambda row: t.number(row.k), t)
    first = table.drop_duplicates("feature_id").itertuples()
    disputed = [t.ratio(row.disputed, row.decided) for row in first]
    rows = zip(counts.rows, disputed, strict=True)
    return Readable(
        (counts.heads[0], t("column.disagreed"), *counts.heads[1:]),
        (counts.kinds[0], "value", *counts.kinds[1:]),
        tuple((name, ratio, *cells) for (name, *cells), ratio in rows),
    )


def _over_rounds(table: pd.DataFrame, t: Messages) -> Readable:
    """Give a column to each round, with share and k/n, and one to the change and its test."""
    rounds = table.drop_duplicates("ordinal").sort_values("ordinal")["round"].tolist()
    heads = (t("column.feature"), *rounds, *([t("change-over-rounds.change")] * (len(rounds) > 1)))
    rows = []
    for one in series(table):
        shares = {row.round: _stacked(row, t, "share", "ratio") for row in one.rows}
        p = "" if pd.isna(one.first.p_holm) else p_value(one.first.p_holm, t)
        told = "\n".join(filter(None, (change(one.first, t), p)))
        row = (one.first.feature, *(shares.get(name, "–") for name in rounds), told)
        rows.append(row[: len(heads)])
    return Readable(heads, ("text", *("value" for _ in heads[1:])), tuple(rows))


def _contrasts(table: pd.DataFrame, t: Messages) -> Readable:
    """Give a column to each goal, with difference and k/n, and one to the overall test."""
    goals = table.drop_duplicates("goal_id")["goal"].tolist()
    rows = []
    for _, part in table.groupby("feature_id", sort=False):
        first = part.iloc[0]
        known = [] if pd.isna(first["cramers_v"]) else [t.number(first["cramers_v"], 2)]
        known += [] if pd.isna(first["p_feature_holm"]) else [p_value(first["p_feature_holm"], t)]
        cells = (contrast(row, t) or t("common.no-data") for row in part.itertuples())
        rows.append((first["feature"], *cells, "\n".join(known) or "–"))
    heads = (t("column.feature"), *goals, t("contrasts.overall-test"))
    return Readable(heads, ("text", *("value" for _ in heads[1:])), tuple(rows))


def _model_people(table: pd.DataFrame, t: Messages) -> Readable:
    """Give a row to each feature: how often the language model is right, and three shares."""
    rows = {row.feature: model_people.cells(row, t) for row in table.itertuples()}
    heads = [t(f"column.{name}") for name in next(iter(rows.values()))]
    return Readable(
        (t("column.feature"), *heads),
        ("text", *("value" for _ in heads)),
        tuple((feature, *told.values()) for feature, told in rows.items()),
    )


def _by_feature(
    table: pd.DataFrame, column: str, write: Callable[[Row], str], t: Messages
) -> Readable:
    """Give a row to each feature, and a column to each value of a column."""
    records = list(table.itertuples())
    heads = dict.fromkeys(COLUMNS[column].cell(row, t) for row in records)
    rows: dict[str, list[str]] = {}
    for row in records:
        rows.setdefault(COLUMNS["feature"].cell(row, t), []).append(write(row))
    return Readable(
        (t("column.feature"), *heads),
        ("text", *("value" for _ in heads)),
        tuple((feature, *cells) for feature, cells in rows.items()),
    )


def _stacked(row: Row, t: Messages, *columns: str) -> str:
    """Write what several columns say of a row, below each other."""
    return "\n".join(filter(None, (COLUMNS[name].cell(row, t) for name in columns)))


CROSSED: Mapping[str, Callable[[pd.DataFrame, Messages], Readable]] = {
    "share-bases": _bases,
    "evidence-map": _crossed,
    "agreement": _agreement,
    "disagreement": _disagreement,
    "change-over-rounds": _over_rounds,
    "contrasts": _contrasts,
    "model-people": _model_people,
}
"""By figure, what brings a long table into one with a row a feature."""


def _named(text: str, labels: Mapping[str, str]) -> str:
    """Put labels in the place of ids, also in a list of them."""
    ids = text.split(";")
    return "; ".join(labels[i] for i in ids) if all(i in labels for i in ids) else text


def _text(value: Any, _row: Row, _t: Messages) -> str:
    return str(value)


def _number(value: Any, _row: Row, t: Messages, decimals: int = 0) -> str:
    return t.number(value, decimals)


def _some(value: Any, _row: Row, t: Messages) -> str:
    """Write a count that is worth a word only where it is not 0."""
    return t.number(value) if value else ""


def _fraction(value: Any, _row: Row, t: Messages) -> str:
    return t.percent(percent_of(value * 1000, 1000))


def _ratio(k: Any, row: Row, t: Messages) -> str:
    return t.number(k) if pd.isna(row.n) else ratio(row, t)


def _base(n: Any, row: Row, t: Messages) -> str:
    """Write n where it is not part of k/n."""
    ranged = not pd.isna(getattr(row, "mean_bound_low", None)) and row.basis == BOUNDED
    return t.number(n) if ranged or hasattr(row, "stated") or not hasattr(row, "k") else ""


def _percent(_n: Any, row: Row, t: Messages) -> str:
    """Write a percentage, but of few models, where a figure leaves it out, none."""
    return "" if getattr(row, "few", False) else percent(row, t)


def _interval(low: Any, row: Row, t: Messages) -> str:
    """Write a confidence interval; ranges of what is bounded or disputed are none."""
    return "" if row.basis == BOUNDED or _disputed(row) else _from_to(low, row, t)


def _widened(low: Any, row: Row, t: Messages) -> str:
    return _from_to(low, row, t) if _disputed(row) else ""


def _bounds(_low: Any, row: Row, t: Messages) -> str:
    return bounds(row, t) if row.disagreed + row.overruled else ""


def _mean_bounds(low: Any, row: Row, t: Messages) -> str:
    return "" if low == row.mean_max else f"{t.number(low, 1)}–{t.number(row.mean_max, 1)}"


def _disputed(row: Row) -> bool:
    return str(getattr(row, "interval", "")).endswith(WIDENED)


def _from_to(low: Any, row: Row, t: Messages) -> str:
    high = _fraction(row.high, row, t)
    return high and f"{t.number(100 * low)}–{high}"


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"


def _rank_ends(low: Any, row: Row, t: Messages) -> str:
    return _span(t.number(low), t.number(row.rank_high))


def _mean(_n: Any, row: Row, t: Messages) -> str:
    ends = (row.mean_bound_low, row.mean_bound_high) if row.basis == BOUNDED else (row.mean,) * 2
    if pd.isna(ends[0]):
        return missing(row, t)
    return _span(*(t.number(end, 1) for end in ends))


def _value(value: Any, row: Row, t: Messages) -> str:
    """Write a printed or recomputed value in the unit of its claim."""
    if not str(value).isdigit():
        return str(value)
    percents = getattr(row, "unit", "percent") == "percent"
    return t.percent(int(value)) if percents else t.number(int(value))


def _recomputed(value: Any, row: Row, t: Messages) -> str:
    same = value == row.printed and not str(value).isdigit()
    return t("column.same") if same else _value(value, row, t)


def _word(value: Any, _row: Row, t: Messages) -> str:
    """Write a word of the tables in the language; "printed" goes without saying."""
    words = {**t.catalogue["word"], **t.catalogue["claims"]["verdict"], "printed": ""}
    return str(words.get(value.replace(" ", "-"), value))


def _coefficient(coefficient: str, row: Row, t: Messages) -> str:
    if coefficient == "present":
        return t("agreement-by-coders.cell-present")
    return t(f"agreement.long-{agreement.key(coefficient, row.compared)}")


def _ends(_low: Any, row: Row, t: Messages) -> str:
    return agreement.interval(row, t)


def _times(low: Any, row: Row, t: Messages) -> str:
    return f"{t.number(low, 2)}–{t.number(row.high, 2)}"


def _p(p: Any, _row: Row, t: Messages) -> str:
    return p_value(p, t)


def _difference(difference: Any, _row: Row, t: Messages) -> str:
    return signed(difference, t)


def _difference_ends(low: Any, row: Row, t: Messages) -> str:
    return f"{signed(low, t)} … {signed(row.high, t)}"


def _others(k: Any, row: Row, t: Messages) -> str:
    return t.ratio(k, row.other_n)


def _reason(reason: str, _row: Row, t: Messages) -> str:
    return t(f"agreement.why-{reason}")


def _range(_low: Any, row: Row, t: Messages, name: str) -> str:
    """Write a corrected interval or bounds, in per cent."""
    return coder_error.ends(row, name, t)


def _unknown(reason: str, _row: Row, t: Messages) -> str:
    return t(f"coder-error.why-{reason}")


def _outcome(outcome: str, row: Row, t: Messages) -> str:
    return t(f"disagreement.outcome-{outcome}", coder=row.coder_id)


COLUMNS: Mapping[str, Column] = {
    "pair": Column(("pair",), _text, "text"),
    "coder": Column(("coder_id", "other_id"), _text, "text"),
    "other-coder": Column(("other_id", "coder_id"), _text, "text"),
    "feature": Column(("feature",), _text, "text", empty="agreement.all"),
    "other-feature": Column(("other_feature",), _text, "text"),
    "round": Column(("round", "ordinal"), _text, "text"),
    "features-pair": Column(("both", "expected"), _text, "text"),
    "region": Column(("region", "region_id"), _text, "text"),
    "outcome": Column(("outcome",), _outcome, "text"),
    "coefficient": Column(("coefficient",), _coefficient, "text"),
    "value": Column(("value", "coefficient"), partial(_number, decimals=2)),
    "ends": Column(("low", "high", "coefficient"), _ends),
    "reason": Column(("reason", "coefficient"), _reason, "text"),
    "goal": Column(("goal", "goal_id"), _text, "text", empty="common.all"),
    "claim": Column(("claim",), _text, "sentence"),
    "definition": Column(("definition",), _text, "sentence"),
    "printed": Column(("printed",), _value, "value", empty="common.no-data"),
    "recomputed": Column(("recomputed",), _recomputed, "value", empty="common.no-data"),
    "ratio": Column(("k", "n"), _ratio, bounds="bound_low"),
    "others-ratio": Column(("other_k", "other_n", "difference"), _others),
    "difference": Column(("difference", "other_k"), _difference),
    "difference-ends": Column(("low", "high", "other_k"), _difference_ends),
    "p-holm": Column(("p_holm", "other_k"), _p),
    "p-bh": Column(("p_bh", "other_k"), _p),
    "v": Column(("cramers_v", "other_k"), partial(_number, decimals=2)),
    "p-feature": Column(("p_feature_holm", "other_k"), _p),
    "base": Column(("n",), _base),
    "expected": Column(("expected", "ratio"), partial(_number, decimals=1)),
    "times": Column(("ratio", "expected"), partial(_number, decimals=2)),
    "times-ends": Column(("low", "high", "expected", "ratio"), _times),
    "adjusted": Column(("adjusted", "ratio"), _p),
    "share": Column(("n", "percent"), _percent),
    "interval": Column(("low", "high", "percent"), _interval),
    "widened": Column(("low", "high", "interval"), _widened),
    "bounds": Column(("share_min", "share_max", "overruled"), _bounds),
    "rank": Column(("rank", "rank_low"), _number),
    "rank-interval": Column(("rank_low", "rank_high"), _rank_ends),
    "features": Column(("features",), _number),
    "mean": Column(("n", "mean"), _mean),
    "mean-bounds": Column(("mean_min", "mean_max", "mean"), _mean_bounds),
    "median": Column(("median",), partial(_number, decimals=1)),
    "leads": Column(("leads",), _fraction),
    "corrected-share": Column(("corrected",), _fraction),
    "corrected-ends": Column(
        ("corrected_low", "corrected_high"), partial(_range, name="corrected")
    ),
    "sampling-ends": Column(("sampling_low", "sampling_high"), partial(_range, name="sampling")),
    "possible-ends": Column(("possible_low", "possible_high"), partial(_range, name="possible")),
    "errors-unknown": Column(("reason", "identified_by"), _unknown, "text"),
    "unclear": Column(("unclear",), _some),
    "disagreed": Column(("disagreed",), _some),
    "overruled": Column(("overruled",), _some),
    "not-assessed": Column(("not_assessed",), _some),
    "not-applicable": Column(("not_applicable",), _some),
    "not-coded": Column(("not_coded",), _some),
    "other-share": Column(("other_share",), _fraction),
    "verdict": Column(("verdict",), _word, "text"),
    "codes": Column(("codes",), _number),
    "holds": Column(("holds",), _fraction),
    "status": Column(("status",), _word, "text"),
    "basis": Column(("basis",), _word, "text"),
    "definition-basis": Column(("basis", "definition"), _word, "text"),
    "wording": Column(("wording",), _word, "text"),
}
"""What can be read of a figure's table, in order."""
